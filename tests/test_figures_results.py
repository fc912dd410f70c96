"""Figures of the results chapter: they show the values they are given."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from conftest import make_record

import gevb
from gevb.lab.comparison import findings, table
from gevb.lab.experiments import experiments
from gevbook.results import figures as pictures

GEVB, BP = experiments(["mnist"], "fc-vectorized-nonnegative")


def run(experiment: gevb.Experiment, seed: int, errors, angles=(40.0, 20.0)) -> gevb.lab.Record:
    history = [
        gevb.Evaluation(10 * n, error / 2, float(error), 0.1, 0.2, angles)
        for n, error in enumerate(errors)
    ]
    return replace(make_record(experiment.run(seed=seed), 0.0), history=history)


def test_results_show_seeds_means_and_references():
    records = [make_record(GEVB.run(seed=seed), error) for seed, error in enumerate((2, 3, 4))]
    cells = table(records, [GEVB, BP], range(5))
    figure = pictures.results({"test": cells, "again": cells})
    assert len(figure.data) == 6
    seeds, means, references = figure.data[:3]
    assert list(seeds.x) == [2, 3, 4]
    assert list(means.x) == pytest.approx([3, math.nan], nan_ok=True)
    assert list(references.x) == pytest.approx([1.87, 1.93])
    assert list(means.y) == ["fc GEVB+ vectorized", "fc BP+ vectorized"]
    assert [button.label for button in figure.layout.updatemenus[0].buttons] == ["test", "again"]
    alt = figure.layout.meta["alt"]
    assert (
        "fc GEVB+ vectorized: ours 3.00 ± 1.00 %, compared with 1.87 %, 3 finished, 2 missing"
        in alt
    )
    assert "fc BP+ vectorized: compared with 1.93 %, 5 missing." in alt


def test_results_name_only_what_they_draw():
    figure = pictures.results({"test": table([], [GEVB, BP], range(5))})
    assert [trace.name for trace in figure.data] == ["compared with"]
    assert not figure.layout.updatemenus, "nothing to choose"
    caption = figure.layout.meta["caption"]
    assert "by the rule: diamonds what they are compared with." in caption
    assert "finished in 0 of 2 experiments." in caption


def panel(figure, title):
    """What is drawn under a title."""
    titles = [note.text.replace("<br>", " ") for note in figure.layout.annotations]
    axis = f"x{1 + titles.index(title)}".removesuffix("1")
    return [trace for trace in figure.data if trace.xaxis == axis]


def test_curves_are_means_over_seeds_and_carry_on_the_last_value():
    records = [run(GEVB, 0, (90, 4, 2)), run(GEVB, 1, (88, 0))]
    figure = pictures.curves({"mnist fc": records}, {})
    band, line, training = panel(figure, "VNN")
    assert list(line.x) == [0, 10, 20]
    assert list(line.y) == [89, 2, 1]
    assert list(band.y) == [90, 4, 2, 0, 0, 88]
    assert list(training.y) == [44.5, 1, 0.5]
    assert (line.name, training.name) == ("GEVB, test", "GEVB, training")
    assert (line.line.dash, training.line.dash) == ("solid", "dash")


def test_one_seed_has_no_range():
    figure = pictures.curves({"mnist fc": [run(GEVB, 0, (90, 4))]}, {})
    assert [trace.name for trace in panel(figure, "VNN")] == ["GEVB, test", "GEVB, training"]


def test_a_panel_without_a_run_says_so():
    figure = pictures.curves({"mnist fc": [run(GEVB, 0, (90, 4))]}, {})
    notes = [note.xref for note in figure.layout.annotations if note.text == "no run yet"]
    assert notes == ["x2 domain", "x3 domain", "x4 domain"]


def test_angles_leave_out_what_was_not_measured():
    records = [run(GEVB, 0, (90, 4)), run(GEVB, 1, (88, 3), angles=(42.0, None))]
    figure = pictures.angles({"mnist fc": records})
    _, first = panel(figure, "VNN")
    assert first.name == "GEVB, layer 1"
    assert list(first.y) == [41, 41]
    assert "GEVB, layer 1: VNN 41 to 41°" in figure.layout.meta["alt"]


def test_order_shows_what_was_tested():
    records = [
        make_record(config.run(seed=seed), error + seed / 100)
        for config, error in ((GEVB, 2.0), (BP, 2.1))
        for seed in range(5)
    ]
    found = findings(records, ["mnist"])
    figure = pictures.order(found)
    (trace,) = figure.data
    assert list(trace.y) == ["mnist fc:<br>GEVB+ vectorized<br>− BP+ vectorized"]
    assert list(trace.x) == pytest.approx([-0.1])
    assert "supported" in figure.layout.meta["alt"]
    assert "first: 1 supported (green)." in figure.layout.meta["caption"]


def test_published_errors_are_drawn_where_curves_are_to_arrive():
    """Also where there is no run yet, and on a scale of their own."""
    other = replace(GEVB, dataset="cifar10")
    figure = pictures.curves(
        {"MNIST": [run(GEVB, 0, (90, 4))], "CIFAR-10": []},
        {"MNIST": {GEVB: 2.0}, "CIFAR-10": {other: 40.0}},
    )
    aims = [t for t in figure.data if (t.name or "").endswith("published")]
    assert [(t.x[0], t.y[0]) for t in aims] == [(190, 2.0), (190, 40.0)]
    assert [t.visible for t in aims] == [True, False]
    ranges = [b.args[1]["yaxis.range"] for b in figure.layout.updatemenus[0].buttons]
    assert ranges == [[0, 8.0], [0, 80.0]]
    assert {tuple(axis.range) for axis in figure.select_yaxes()} == {(0, 8.0)}


def test_mistakes_show_the_wrong_images_the_surest_first():
    images = torch.arange(4).reshape(4, 1, 1, 1).expand(4, 1, 3, 3).double()
    scores = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 5.0]]).double()
    figure = pictures.mistakes(images, scores, torch.tensor([1, 1, 1, 0]), ["no", "yes"])
    tiles, text = figure.data
    assert list(text.text) == ["no, not yes<br>99 %", "yes, not no<br>95 %", "yes, not no<br>88 %"]
    assert [tiles.z[0][4 * n] for n in range(3)] == [3, 2, 0]
    assert text.hovertext[1] == "no: 95.3 %<br>yes: 4.7 %"
    assert figure.layout.meta["caption"].startswith("3 of 4 test images are wrong")
