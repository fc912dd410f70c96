"""Figures of the results chapter: they show the values they are given."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from conftest import make_record

import gevb
from gevb.companion.results import figures as pictures
from gevb.lab.comparison import findings, table
from gevb.lab.experiments import experiments

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


def test_curves_are_means_over_seeds_and_carry_on_the_last_value():
    records = [run(GEVB, 0, (90, 4, 2)), run(GEVB, 1, (88, 0))]
    figure = pictures.curves({"mnist fc": records})
    band, line = (trace for trace in figure.data if trace.xaxis == "x")
    assert list(line.x) == [0, 10, 20]
    assert list(line.y) == [89, 2, 1]
    assert list(band.y) == [90, 4, 2, 0, 0, 88]
    training = [trace for trace in figure.data if trace.xaxis == "x2"][1]
    assert list(training.y) == [44.5, 1, 0.5]


def test_angles_leave_out_what_was_not_measured():
    records = [run(GEVB, 0, (90, 4)), run(GEVB, 1, (88, 3), angles=(42.0, None))]
    figure = pictures.angles({"mnist fc": records})
    first = [trace for trace in figure.data if trace.xaxis == "x" and trace.name]
    second = [trace for trace in figure.data if trace.xaxis == "x2" and trace.name]
    assert list(first[0].y) == [41, 41]
    assert not len(second[0].y)
    assert "GEVB+ vectorized: layer 1 41 to 41°" in figure.layout.meta["alt"]


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
