"""The words that figures are made of."""

from __future__ import annotations

import math

import plotly.graph_objects as go
import pytest
import torch

from gevb.companion import plots
from gevb.companion.plots import Curve


def test_short_rounds_and_keeps_gaps():
    values = plots.short([0.12345, None, torch.tensor(2.0)])
    assert values.dtype == "float32"
    assert values.tolist() == pytest.approx([0.123, math.nan, 2], nan_ok=True)
    assert plots.short([0.126], 2).tolist() == pytest.approx([0.13])


def test_strokes_have_gaps_between_them():
    assert plots.strokes([(0, 1), (2, 3)], [(4, 5)]) == [
        [0, 2, None, 4, None],
        [1, 3, None, 5, None],
    ]


def test_panels_share_a_scale_or_not():
    figure = plots.panels(("a", "b"))
    assert [note.text for note in figure.layout.annotations] == ["a", "b"]
    assert figure.layout.yaxis2.matches == "y"
    assert plots.panels(("a", "b"), shared=False).layout.yaxis2.matches is None
    assert len(list(plots.panels("abcd", rows=2).select_xaxes())) == 4


def curves():
    left, right = ([0, 1], [9.0, 1.0]), ([0, 2], [8.0, None])
    return [
        Curve("one", {"L": left, "R": right}, "red", owner="x"),
        Curve("two", {"R": right}, "red", owner="x", note="seed 1: "),
        Curve("one", {"L": left}, "red", owner="y", band={"L": ([1, 0], [10, 2])}),
    ]


def test_over_epochs_draws_every_value_in_its_panel():
    figure = plots.over_epochs(curves(), "error (%)", " %")
    assert [note.text for note in figure.layout.annotations] == ["L", "R"]
    panels = [(trace.name, trace.xaxis, list(trace.x)) for trace in figure.data]
    assert panels == [
        ("one", "x", [0, 1]),
        ("one", "x2", [0, 2]),
        ("two", "x2", [0, 2]),
        (None, "x", [0, 1, 1, 0]),  # the band
        ("one", "x", [0, 1]),
    ]
    assert list(figure.data[3].y) == [10, 2, 0, 1]
    assert math.isnan(figure.data[1].y[1])
    # One entry of the legend for a name of an owner; the second of a colour is dashed.
    assert [trace.showlegend for trace in figure.data] == [True, False, True, False, True]
    assert [t.line.dash for t in figure.data if t.name] == ["solid", "solid", "dash", "solid"]
    assert [trace.visible for trace in figure.data] == [True] * 3 + [False] * 2
    assert figure.data[2].hovertemplate.startswith("seed 1: ")


def test_ends_in_words():
    assert plots.ends(curves(), " %") == (
        "x: one: L 9 to 1 %, R 8 to none %; seed 1: two: R 8 to none %; y: one: L 9 to 1 %"
    )


@pytest.mark.parametrize(
    ("value", "words"), [(0.0, "0"), (2.3456, "2.35"), (59912.0, "59900"), (None, "none")]
)
def test_number_has_three_digits(value, words):
    assert plots.number(value) == words


def test_switch_shows_one_owner_and_what_is_always_there():
    figure = go.Figure([go.Scatter(), go.Scatter(), go.Scatter()])
    layouts = {"a": {"yaxis.range": [0, 1]}, "b": {"yaxis.range": [0, 2]}}
    plots.switch(figure, [None, "a", "b"], start="b", layouts=layouts)
    assert [trace.visible for trace in figure.data] == [True, False, True]
    (menu,) = figure.layout.updatemenus
    assert menu.active == 1
    assert [button.args[0]["visible"] for button in menu.buttons] == [
        [True, True, False],
        [True, False, True],
    ]
    assert menu.buttons[0].args[1] == {"yaxis.range": [0, 1]}
    assert figure.layout.yaxis.range == (0, 2)
    with pytest.raises(ValueError, match="zip"):
        plots.switch(figure, ["a"])


def test_many_words_make_a_menu():
    for owners, kind in ((["a", "b"], "buttons"), (["a" * 40, "b" * 40], "dropdown")):
        figure = go.Figure([go.Scatter(), go.Scatter()])
        plots.switch(figure, owners)
        assert figure.layout.updatemenus[0].type == kind


def views(*names):
    return {name: [go.Scatter(y=[n]), go.Scatter(y=[-n])] for n, name in enumerate(names)}


def test_frames_move_the_traces_that_they_add():
    figure = plots.panels(("a", "b"))
    figure.add_scatter(y=[7])
    plots.frames(figure, views("0", "1"), "step ", start="1", places=(1, 2))
    assert [trace.y for trace in figure.data] == [(7,), (1,), (-1,)]
    assert [trace.xaxis for trace in figure.data[1:]] == [None, "x2"]
    assert [frame.traces for frame in figure.frames] == [(1, 2), (1, 2)]
    (slider,) = figure.layout.sliders
    assert slider.active == 1
    assert [step.args[0] for step in slider.steps] == [("0",), ("1",)]


def test_frames_of_one_view_have_nothing_to_choose():
    figure = go.Figure()
    plots.frames(figure, views("0"), "step ")
    assert len(figure.data) == 2
    assert not figure.frames
    assert not figure.layout.sliders


def test_finished_makes_room_for_what_is_there():
    bare = plots.finished(go.Figure(go.Scatter(y=[1])), "words", 200)
    assert bare.layout.meta["alt"] == "words"
    margin = bare.layout.margin
    assert bare.layout.height == 200 + margin.t + margin.b
    titled = plots.finished(plots.panels(("a", "b")), "words", 200)
    assert titled.layout.margin.t > margin.t
    named = go.Figure([go.Scatter(y=[1], name="a" * 30), go.Scatter(y=[1], name="b" * 30)])
    two = plots.finished(named, "words", 200).layout.margin.b
    named.data[1].showlegend = False
    one = plots.finished(named, "words", 200).layout.margin.b
    assert margin.b < one < two
    plots.frames(named, views("0", "1"), "step ")  # a slider above takes none of it
    assert plots.finished(named, "words", 200).layout.margin.b == one
    assert plots.finished(named, "words", 200, showlegend=False).layout.margin.b == margin.b
    named.update_xaxes(title="epoch")
    assert plots.finished(named, "words", 200).layout.margin.b > margin.b
    named.update_xaxes(visible=False)
    assert plots.finished(named, "words", 200).layout.margin.b < margin.b


def test_dots_lines_and_areas_without_a_name_stay_out_of_the_legend():
    for draw in (plots.dots, plots.line):
        quiet, named = draw(([1], [2]), "red"), draw(([1], [2]), "red", "name", "%{y}")
        assert (quiet.showlegend, quiet.hoverinfo) == (False, "skip")
        assert (named.showlegend, named.hovertemplate) == (True, "%{y}")
    area = plots.area([1, 2], [3, 4], [5, 6], "red")
    assert (list(area.x), list(area.y)) == ([1, 2, 2, 1], [5, 6, 4, 3])
