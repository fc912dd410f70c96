"""Figures and widget of the chapter on what the layers learned show what they were given."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gevb
from gevb.datasets import DATASETS
from gevb.lab.embedding import RecordedMap
from gevb.lab.maps import Map, Settings
from gevb.lab.published import published_gains
from gevbook.plots import COLOURS
from gevbook.representations import figures as embedding
from gevbook.representations import widget

XY, LABELS = np.array([[0.0, 2.0], [-4.0, 1.0], [1.0, 1.0]]), np.array([0, 1, 0])


def test_cifar10_classes_are_the_data_sets(real_data):
    from torchvision.datasets import CIFAR10

    assert (
        list(DATASETS["cifar10"].class_names) == CIFAR10(real_data("cifar10"), train=False).classes
    )


def test_classes_differ_in_colour_and_are_no_rules():
    colours = {embedding._look(c, "", 0)["marker"]["color"] for c in range(10)}
    assert len(colours) == 10
    assert colours.isdisjoint(COLOURS.values())


def test_pair_of_maps():
    pairs = {"one": ((XY, LABELS), (2 * XY, LABELS)), "two": ((XY / 2, LABELS), (XY, LABELS))}
    sides, words = (("left", "right"), ("cat", "dog")), {"alt": "seen", "caption": "to see"}
    figure = embedding.pair_of_maps(pairs, *sides, **words)
    assert [trace.name for trace in figure.data] == ["cat", "dog"] * 2
    assert [list(trace.x) for trace in figure.data] == [[0, 250], [-1000]] * 2
    assert [list(trace.y) for trace in figure.frames[1].data] == [[250, 125], [125]] * 2
    assert all(trace.x.dtype == np.int16 for trace in figure.data)
    menu = figure.layout.updatemenus[0].buttons
    assert [button.label for button in menu] == [frame.name for frame in figure.frames]
    one = embedding.pair_of_maps({"one": pairs["one"]}, *sides, **words)
    assert not one.frames  # nothing to choose
    assert not one.layout.updatemenus
    assert "dog" in figure.data[1].hovertemplate
    assert (figure.layout.meta["alt"], figure.layout.meta["caption"]) == ("seen", "to see")


def test_pair_of_maps_with_a_slider_and_few_points():
    pairs = {"5": ((XY, LABELS), (XY, LABELS)), "20": ((XY, LABELS), (XY, LABELS))}
    figure = embedding.pair_of_maps(
        pairs, ("a", "b"), ("0", "1"), alt="", caption="", prefix="perplexity ", shown=2
    )
    assert not figure.layout.updatemenus
    assert [step.label for step in figure.layout.sliders[0].steps] == ["5", "20"]
    assert [len(trace.x) for trace in figure.data] == [1, 1, 1, 1]


def run(gain: float, **change: object) -> tuple[RecordedMap, RecordedMap]:
    config = gevb.Config(**{"arch": "conv", **change})
    before, after = (
        RecordedMap(config, epoch, Settings(), Map(XY, LABELS, 3, 2, 640, *qualities), {})
        for epoch, qualities in ((0, (0.5, 0.8)), (190, (0.5 - gain, 0.8 - gain / 2)))
    )
    return before, after


def test_trained_maps_show_the_first_run_of_each_network():
    pairs = [run(0.25), run(0.2, seed=1), run(0.1, rule="bp")]
    figure = embedding.trained_maps(pairs)
    assert [frame.name for frame in figure.frames] == [
        "GEVB+ vectorized, 190 epochs", "BP+ vectorized, 190 epochs"
    ]  # fmt: skip
    assert "GEVB+ vectorized, 190 epochs 0.50 to 0.25; BP+" in figure.layout.meta["alt"]
    changes = "by -0.25 (GEVB+ vectorized, 190 epochs) to -0.10 (BP+ vectorized, 190 epochs)."
    assert changes in figure.layout.meta["caption"]


def test_quality_improvements():
    some = [run(0.1), run(0.2, seed=1), run(-0.05, rule="dfa", vectorized=False)]
    figure = embedding.quality_improvements({"digits": some, "CIFAR-10": []})
    bars, seeds, bars_pca, _, missing, published = figure.data
    rows = dict(zip(bars.y, map(float, bars.x), strict=True))
    assert rows["GEVB+<br>vectorized"] == pytest.approx(0.15)
    assert rows["DFA+<br>conventional"] == pytest.approx(-0.05)
    assert math.isnan(rows["BP<br>vectorized"])
    assert list(seeds.x) == [0.1, 0.2, -0.05]
    assert bars_pca.x[0] == pytest.approx(0.075)
    assert len(missing.y) == 6
    for axis, points in (
        (figure.layout.xaxis, [-0.05, 0.2]),
        (figure.layout.xaxis2, [-0.025, 0.1]),
    ):
        assert axis.range[0] < points[0] < points[1] < axis.range[1]
    drawn = zip(published.x, published.y, strict=True)
    assert [float(x) for x, row in drawn if row == "GEVB+<br>vectorized"] == pytest.approx(
        published_gains()["cifar10-conv-vectorized-nonnegative-gevb"], abs=1e-4
    )
    assert len(published.x) == 8 * 5
    assert not figure.frames, "nothing to choose"
    alt = figure.layout.meta["alt"]
    assert "digits: 2, after 190 epochs; CIFAR-10: 0" in alt
    assert "five runs on CIFAR-10: GEVB+ vectorized 0.16 to 0.19, BP+ vectorized 0.1" in alt


def test_quality_by_perplexity():
    plane = {"before": [0.5, 0.4], "after": [0.3, 0.2]}
    figure = embedding.quality_by_perplexity([5, 80], plane, {"before": 0.9, "after": 0.8})
    assert [list(trace.y) for trace in figure.data] == [
        pytest.approx(y) for y in ([0.5, 0.4], [0.9, 0.9], [0.3, 0.2], [0.8, 0.8])
    ]
    assert "after from 0.20 to 0.30, after PCA 0.80" in figure.layout.meta["alt"]


@pytest.mark.parametrize(("rule", "says"), [("bp", "cluster quality 0."), ("gevb", "wanted a vec")])
def test_map_explorer(rule, says, monkeypatch):
    drawn = []
    monkeypatch.setattr(widget, "display", drawn.append)
    box = widget.map_explorer()
    choices = [row.children[1] for row in box.children[:5]]
    choices[0].value, choices[1].value = rule, "conventional, nonnegative"
    choices[2].value = 1
    buttons, told, _ = box.children[5].children
    buttons.children[0].click()
    assert says in told.value
    assert len(drawn) == (rule == "bp")
