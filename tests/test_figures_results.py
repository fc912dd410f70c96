"""Figures of the results chapter: they show the values they are given."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from conftest import make_record

import gevb
from gevb.lab.comparison import LEVEL, at_equal_epochs, findings
from gevb.lab.experiments import experiments
from gevb.lab.published import published_angles, published_curves
from gevbook import curves
from gevbook.results import figures as pictures
from gevbook.results import simulation, words

GEVB, BP = experiments(["mnist"], "fc-vectorized-nonnegative")


def run(experiment: gevb.Experiment, seed: int, errors, angles=(40.0, 20.0)) -> gevb.lab.Record:
    history = [
        gevb.Evaluation(10 * n, error / 2, float(error), 0.1, 0.2, angles)
        for n, error in enumerate(errors)
    ]
    return replace(make_record(experiment.run(seed=seed), 0.0), history=history)


def panel(figure, title):
    """Traces drawn under a title."""
    titles = [note.text.replace("<br>", " ") for note in figure.layout.annotations]
    axis = f"x{1 + titles.index(title)}".removesuffix("1")
    return [trace for trace in figure.data if trace.xaxis == axis]


def test_curves_are_means_over_the_seeds_that_have_got_so_far():
    records = [run(GEVB, 0, (90, 4, 2)), run(GEVB, 1, (88, 2))]
    figure = curves.errors_beside(records)
    shown = [t for t in panel(figure, "fully connected, vectorized") if t.name == "GEVB+, ours"]
    (line,) = (t for t in shown if t.visible)
    assert (list(line.x), list(line.y)) == ([10, 20], [3, 2])
    assert line.line.dash == "solid"


def test_curves_of_one_architecture():
    figure = curves.errors_beside([], start="cifar10", arch="conv")
    titles = [note.text.replace("<br>", " ") for note in figure.layout.annotations]
    assert titles == ["convolutional, vectorized", "convolutional, conventional"]
    whole = curves.errors_beside([], start="cifar10")
    for title in titles:
        one, other = ([list(t.y) for t in panel(f, title)] for f in (figure, whole))
        assert one == other != []


def test_published_curves_are_drawn_in_their_bands():
    figure = curves.errors_beside([])
    traces = panel(figure, "fully connected, vectorized")
    (place,) = [n for n, t in enumerate(traces) if t.name == "GEVB+, paper" and t.visible]
    paper = published_curves()[GEVB.name]
    assert list(traces[place].y) == pytest.approx([r.mean for r in paper.values()], abs=1e-3)
    highest, lowest = max(traces[place - 1].y), min(traces[place - 1].y)
    assert highest == pytest.approx(max(r.mean + r.sd for r in paper.values()), abs=1e-3)
    assert lowest == pytest.approx(min(r.mean - r.sd for r in paper.values()), abs=1e-3)
    assert [b.label for b in figure.layout.updatemenus[0].buttons] == ["MNIST", "CIFAR-10"]


def test_angles_leave_out_what_was_not_measured():
    records = [run(GEVB, 0, (90, 4)), run(GEVB, 1, (88, 3), angles=(42.0, None))]
    traces = panel(curves.angles_beside(records), "fully connected, nonnegative")
    first, second = (
        next(t for t in traces if t.name == f"GEVB, layer {n}, ours" and t.visible) for n in (1, 2)
    )
    assert (list(first.y), list(second.y)) == ([41, 41], [20, 20])


def test_every_network_beside_the_papers():
    """Values beyond the axis stand at its end; networks without a run stay in sight."""
    curve = published_curves()[GEVB.name]
    far = run(GEVB, 0, [90, *(curve[t].mean + 20 for t in (10, 20))])
    cells = at_equal_epochs([far], experiments(["mnist", "cifar10"]))
    figure = pictures.beside(cells, reach=6)
    (dot,) = [t for t in figure.data if t.name == "differs"]
    assert (list(dot.x), list(dot.y)) == ([6], ["fc GEVB+ vectorized"])
    texts = [text for t in figure.data if t.mode == "text" for text in t.text]
    assert (texts.count("20"), texts.count("–")) == (1, 47)
    assert "1 differs" in figure.layout.meta["caption"]


def test_words_count_what_they_are_given():
    curve = published_curves()[GEVB.name]
    same = run(GEVB, 0, [90, *(curve[t].mean for t in (10, 20))])
    cells = at_equal_epochs([same], experiments(["mnist", "cifar10"]))
    said = words.answer(cells, findings([same])).data
    assert "1 network of the paper's 48 " in said
    assert "0 networks *differ*" in said
    assert "47 without a run" in said
    assert "In 47 networks there is no run yet" in words.undecided(cells).data
    assert "Finished so far: 1; under way: 0;" in words.missing([same]).data


def test_a_reason_for_every_undecided_network():
    """Each cell that is not consistent stands once, under the reason of its verdict and p."""
    curve = published_curves()[GEVB.name]
    cells = [
        next(c for c in at_equal_epochs([record], experiments(["mnist"])) if c.ours)
        for record in (
            run(GEVB, 0, [90, *(curve[t].mean + by for t in (10, 20))]) for by in (20, 0)
        )
    ]
    far, near = cells
    assert far.p < LEVEL < near.p
    made = [replace(far, verdict=verdict) for verdict in ("differs", "undecidable", "consistent")]
    made.append(replace(near, verdict="undecidable"))
    lines = words.undecided(made).data.split("\n")
    for line, part in zip(lines, ("also after Holm", "but not after", "is wide"), strict=True):
        assert line.startswith("* In 1 network ")
        assert part in line


def test_side_by_side_is_at_the_last_epoch_that_all_have():
    kinds = [gevb.Experiment("mnist", "fc", *kind) for kind in words.GEVB_AND_BP.values()]
    records = [run(e, 0, (90, 4 + n, 2 + n)) for n, e in enumerate(kinds)]
    records[0] = run(kinds[0], 0, (90, 4))
    rows = {row[0]: row[1:] for row in words.side_by_side(records, words.GEVB_AND_BP).rows}
    # `run` says that they have finished, so the last value of each counts.
    assert rows["MNIST fc, ours"] == ("end", "4.00", "3.00", "4.00", "5.00", "1")
    going = [replace(r, status="running") for r in records]
    rows = {row[0]: row[1:] for row in words.side_by_side(going, words.GEVB_AND_BP).rows}
    assert rows["MNIST fc, ours"] == ("10", "4.00", "5.00", "6.00", "7.00", "1")
    assert rows["MNIST fc, paper"][1:3] == ("1.87", "1.93")
    assert rows["CIFAR-10 lc, ours"] == ("-", *["no run"] * 4, "-")


def test_angles_are_compared_at_the_last_common_epoch():
    first, second = (layer[10].mean for layer in published_angles()[GEVB.name])
    said = words.angles([run(GEVB, 0, (90, 4), angles=(first + 1, second - 3))]).data
    assert "2 hidden layers of 1 networks" in said
    assert "within 2.0 degrees of the paper's mean, all within 3;" in said


def test_simulated_runs_differ_as_often_as_they_should(monkeypatch):
    """Rarely without a difference, nearly always with one of ten margins."""
    records = [
        run(e, 0, [90, *(published_curves()[e.name][t].mean for t in (10, 20))])
        for e in experiments(["mnist", "cifar10"])
    ]
    cells = at_equal_epochs(records, experiments(["mnist", "cifar10"]))
    same = [c.verdict for seed in range(8) for c in simulation.simulated(cells, 0.0, False, seed)]
    far = [c.verdict for seed in range(8) for c in simulation.simulated(cells, 20.0, True, seed)]
    assert same.count("differs") <= 4
    assert far.count("differs") > 0.7 * len(far)
    plain = [c.standardised for c in simulation.simulated(cells, 0.0, False, 3)]
    assert plain == [c.standardised for c in simulation.simulated(cells, 0.0, False, 3)]
    # Spikes are in units of the published spread: those of no size change nothing.
    monkeypatch.setattr(simulation, "CHANCE", 1.0)
    monkeypatch.setattr(simulation, "SIZE", 0.0)
    assert plain == [c.standardised for c in simulation.simulated(cells, 0.0, True, 3)]
    monkeypatch.setattr(simulation, "SIZE", 4.0)
    assert plain != [c.standardised for c in simulation.simulated(cells, 0.0, True, 3)]
    assert all(on == (name != "no difference") for name, (_, on) in simulation.SCENARIOS.items())


def test_the_recorded_simulation_keeps_the_level():
    """Up to the scatter of its rounds, without spikes; each row of verdicts adds up."""
    scenarios = simulation.read_rates()["scenarios"]
    assert list(scenarios) == list(simulation.SCENARIOS)
    assert scenarios["no difference"]["any differs"] < 0.08
    for shares in scenarios.values():
        assert shares["consistent"] + shares["undecidable"] + shares["differs"] == pytest.approx(1)


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
    assert "first: 1 supported (filled circles)." in figure.layout.meta["caption"]


def test_mistakes_show_the_wrong_images_the_surest_first():
    images = torch.arange(4).reshape(4, 1, 1, 1).expand(4, 1, 3, 3).double()
    scores = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 5.0]]).double()
    figure = pictures.mistakes(images, scores, torch.tensor([1, 1, 1, 0]), ["no", "yes"])
    tiles, text = figure.data
    assert list(text.text) == ["no, not yes<br>99 %", "yes, not no<br>95 %", "yes, not no<br>88 %"]
    assert [tiles.z[0][4 * n] for n in range(3)] == [3, 2, 0]
    assert text.hovertext[1] == "no: 95.3 %<br>yes: 4.7 %"
    assert figure.layout.meta["caption"].startswith("3 of 4 test images are wrong")


def test_shared_spikes_are_correlations_of_what_is_off_the_median():
    """Both networks are off alike at epoch 10, and in opposite directions at epoch 30."""
    kinds = experiments(["mnist"], "fc-conventional-*-dfa")
    records = [
        run(e, seed, (90, 3 + seed, 2, 2 + sign * seed))
        for e, sign in zip(kinds, (1, -1), strict=True)
        for seed in range(3)
    ]
    said = words.shared_spikes(records).data
    assert "Over the 3 seeds" in said
    assert "of 1.00 up to epoch 20 and of -1.00 later" in said


def test_columns_are_the_networks_that_they_name():
    for columns in (words.GEVB_AND_BP, words.GEVB_AND_DFA):
        for name, (rule, vectorized, nonnegative) in columns.items():
            experiment = gevb.Experiment("mnist", "fc", rule, vectorized, nonnegative)
            assert (name.split()[0], "(" in name) == (experiment.label, vectorized)
