"""Figures of the chapter on speed, from rows as a benchmark records them."""

from __future__ import annotations

import pytest

from gevb.lab.timings import against_textbook, find, geometric_mean, networks
from gevbook.speed import figures as speed


def row(arch, rule, way, seconds, **more):
    keys = {"dataset": "mnist", "arch": arch, "vectorized": True, "rule": rule, "way": way}
    return {**keys, "seconds": seconds, "rated": 0.1, "multiply_adds": 100, **more}


ROWS = [
    row("fc", "gevb", "ours", 0.2, multiply_adds=90),
    row("fc", "bp", "ours", 0.25),
    row("fc", "gevb", "textbook", 1.0),
    row("fc", "bp", "textbook", 2.0),
    row("lc", "gevb", "ours", 0.5),
    row("lc", "bp", "ours", 0.5),
    row("lc", "gevb", "textbook loop", 4.0),
    row("lc", "bp", "textbook loop", 6.0),
    row("lc", "bp", "textbook unfold", 1.0),
]


def test_comparisons():
    assert [n["arch"] for n in networks(ROWS)] == ["fc", "lc"]
    assert find(ROWS, arch="lc", way="textbook unfold")["seconds"] == 1
    assert find(ROWS, arch="conv") is None
    assert against_textbook(ROWS, ROWS[0]) == 5
    assert against_textbook(ROWS, ROWS[5]) == 12
    assert geometric_mean([2.0, 8.0]) == pytest.approx(4)


def test_step_times():
    figure = speed.step_times(ROWS)
    traces = {trace.name: list(trace.x) for trace in figure.data}
    assert traces["GEVB, ours"] == [200, 500]
    assert traces["BP, textbook"] == [2000, 6000]
    assert traces["GEVB, rated"] == [100, 100]
    assert "BP, textbook: MNIST fc 2000 ms, MNIST lc 6000 ms" in figure.layout.meta["alt"]


def test_saved_by_gevb():
    figure = speed.saved_by_gevb(ROWS)
    counted, measured = figure.data
    assert list(counted.x) == [90, 100]
    assert list(measured.x) == [80, 100]
    assert "measured, 80 to 100 per cent" in figure.layout.meta["alt"]


def test_growth():
    rows = [
        {
            "quantity": quantity,
            "values": [10, 100],
            "seconds": [0.001, 0.1],
            "exponent": 2.0,
            "multiply_adds_exponent": 1.0,
        }
        for quantity in ("width", "image size")
    ]
    figure = speed.growth(rows)
    measured, fitted, counted, *others = figure.data
    assert list(measured.y) == pytest.approx([1, 100])
    assert list(fitted.y) == pytest.approx([1, 100])
    assert counted.y[1] / counted.y[0] == pytest.approx(10, rel=0.01)
    assert [trace.xaxis for trace in others] == ["x2"] * 3
    assert not any(trace.showlegend for trace in others)
    titles = [note.text.replace("<br>", " ") for note in figure.layout.annotations]
    assert titles == ["width: 2.00 (1.00)", "image size: 2.00 (1.00)"]
    assert not figure.frames
