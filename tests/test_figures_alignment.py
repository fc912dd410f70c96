"""Figures on signs, kernels, alignment and ON/OFF initialization show what they were given."""

from __future__ import annotations

import copy
import math

import pytest
import torch

import gevb
from gevbook.alignment import figures as alignment
from gevbook.convolutions import figures as convolutions
from gevbook.figures import what_units_hear
from gevbook.on_off import figures as on_off
from gevbook.plots import COLOURS
from gevbook.sign_match import figures as sign_match


def test_triangle_has_the_angle():
    figure = alignment.angle_triangle({8: [0.5, 1.0], 1024: [0.0, 1.0]}, ("first", "last"))
    assert [frame.name for frame in figure.frames] == ["8", "1,024"]
    first, last = (figure.frames[1].data[n] for n in (4, 9))
    assert first.text == ("r = 0.00<br>θ = 0.0°",)
    assert last.text == ("r = 1.00<br>θ = 45.0°",)
    upright, slope = figure.frames[0].data[1:3]
    assert (list(upright.y), list(slope.y)) == ([0, 0.5], [0, 0.5])
    assert "last, 45.0° at width 8, 45.0° at width 1,024" in figure.layout.meta["alt"]
    axes = [(axis.scaleanchor, axis.matches) for axis in figure.select_yaxes()]
    assert axes == [("x", None), ("x2", None)]


def test_measured_leaves_out_networks_without_feedback():
    got = alignment.Measured.of([torch.tensor([1.0, 1.0, math.nan], dtype=torch.float64)])
    assert got.mean == pytest.approx([45.0])
    assert got.error == pytest.approx([0.0])


def test_angles_by_width_has_a_panel_a_layer():
    one = alignment.Measured([50.0, 40.0], [45.0, 35.0], [55.0, 45.0], [1.0, 1.0])
    two = alignment.Measured([5.0, 4.0], [4.0, 3.0], [6.0, 5.0], [1.0, 1.0])
    figure = alignment.angles_by_width(
        [8, 16], {"drawn": [one, two]}, {"Eq. 15": [[50, 40], [5, 4]]}
    )
    _, line, _, last, band, points = figure.data
    assert list(last.y) == [50, 40]
    assert list(points.error_y.array) == list(points.error_y.arrayminus) == [1, 1]
    assert list(points.y) == [5, 4]
    assert list(line.y) == [5, 4]
    assert list(band.y) == [6, 5, 3, 4]
    assert [trace.xaxis for trace in figure.data] == ["x", "x2", "x", "x", "x2", "x2"]
    assert [trace.name for trace in figure.data if trace.showlegend] == ["Eq. 15", "drawn"]
    assert not figure.frames
    assert "drawn, 0 below the last: 50.0 to 40.0" in figure.layout.meta["alt"]
    said = "in the last hidden layer and 1 below it: 40.0° and 4.0° (drawn)."
    assert figure.layout.meta["caption"].endswith(said)


def test_more_kinds_than_looks_are_refused():
    one = alignment.Measured([50.0], [45.0], [55.0], [1.0])
    with pytest.raises(ValueError, match="zip"):
        alignment.angles_by_width([8], {name: [one] for name in "abc"}, {})
    with pytest.raises(ValueError, match="zip"):
        on_off.cosines_by_layer({name: [0.0] for name in "abc"}, [0.0])


def test_angles_in_training():
    measured = torch.tensor([[8.0, 54.0], [13.0, 60.0]])
    figure = alignment.angles_in_training([0, 30], measured, measured + 1)
    assert [list(t.y) for t in figure.data] == [[9, 14], [8, 13], [55, 61], [54, 60]]
    assert [t.showlegend for t in figure.data] == [True, True, False, False]
    assert "layer 1: measured: 8 to 13;" in figure.layout.meta["alt"]


def test_histogram_counts_all_units():
    figure = alignment.feedback_histogram({"1": torch.tensor([1.0, 1.0]), "2": torch.ones(4)})
    assert [sum(bars.y) for bars in figure.data] == pytest.approx([100, 100])
    assert not figure.frames
    figure = alignment.feedback_histogram({"1": torch.tensor([0.0, 0.0, 0.0, 4.0])})
    assert "75 % of the units have none" in figure.layout.meta["alt"]


def test_units_in_the_plane():
    h = torch.tensor([[3.0, 0.0], [0.0, 3.0]])
    figure = on_off.units_in_the_plane({"a": [h, 2 * h], "b": [h, h]})
    assert figure.data[0].x == (0, 1, None, 0, 0, None)
    assert len(figure.frames) == 2
    assert len(figure.data) == 2
    one_way = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    figure = on_off.units_in_the_plane({"a": [h, one_way]})
    assert "a 0.71 in the first hidden layer, 1.00 in the last" in figure.layout.meta["alt"]


def test_cosines_by_layer():
    figure = on_off.cosines_by_layer({"plain": [0.0, 0.5]}, [0.0, 0.3])
    assert list(figure.data[1].y) == [0, 0.5]
    assert "plain 0.50" in figure.layout.meta["alt"]
    assert "layer by layer: 0.00, 0.30." in figure.layout.meta["alt"]


def test_spectra_buttons_show_one_matrix():
    values = torch.tensor([1 + 2j])
    figure = on_off.spectra({"M": {"M": values, "W": values}, "N": {"N": values}})
    shown = [b.args[0]["visible"] for b in figure.layout.updatemenus[0].buttons]
    assert shown == [[True, True, False], [False, False, True]]
    matrix, parts = (
        torch.tensor([3 + 0j, 4]),
        {"W": torch.tensor([3 + 0j]), "|W|": torch.tensor([4.5 + 0j])},
    )
    alt = on_off.spectra({"both": {"M": matrix, **parts}}).layout.meta["alt"]
    assert "both, M: 4.0, all others up to 3.0;" in alt
    assert "each of M is within 0.50 of one of the others" in alt


def test_training_from():
    figure = on_off.training_from([0, 1], {"two": {"ON/OFF": torch.tensor([[90.0, 5.0]])}})
    assert list(figure.data[0].y) == [90, 5]
    assert "ON/OFF, two: 5.0 %" in figure.layout.meta["alt"]


def test_a_dragged_weight_shows_the_wrong_signs():
    network = gevb.Network((1, 1, 5), 3, [gevb.FC(4)] * 3, seed=0).double()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():  # all senders and weights act
        for layer in network.layers:
            layer.weights.bias.normal_(generator=generator)
        for layer in network.layers[1:]:
            layer.weights.weight.uniform_(0.1, 1, generator=generator)
    x, y = torch.ones(1, 1, 1, 5).double(), torch.tensor([1])
    before = copy.deepcopy(network.state_dict())
    unit = int(network.trace(x).gates[-1][0].int().argmax())  # an active one
    figure = sign_match.one_weight(network, x, y, unit, [0.5, -1.0])
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    for value, frame in zip((0.5, -1.0), figure.frames, strict=True):
        with torch.no_grad():
            network.layers[-1].weights.weight[0, unit] = value
        both = zip(gevb.BP(network).updates(x, y), gevb.GEVB(network).updates(x, y), strict=True)
        signs = torch.cat([(g * u).sign().flatten() for g, u in list(both)[1:]])
        drawn = [len(trace.x) // 3 for trace in frame.data[:3]]
        assert drawn == [(signs == s).sum() for s in (0, 1, -1)]
        assert (drawn[2] > 0) == (value < 0)


def test_each_rule_has_its_routes():
    figure = what_units_hear()
    routes = [trace for trace in figure.data if trace.line.color in COLOURS.values()]
    assert [trace.line.color for trace in routes] == list(COLOURS.values())
    tips = [sum(size > 0 for size in trace.marker.size) for trace in routes]
    layer_by_layer, to_all = 4 + 4 * 4, 4 + 4  # arrows
    assert tips == [layer_by_layer, layer_by_layer, to_all, to_all]


def test_a_kernels_update_grows_position_by_position():
    terms = torch.arange(24.0).double().reshape(2, 3, 2, 2) - 9
    image = signal = mask = torch.eye(2, 3).double()
    figure = convolutions.kernel_sum(image, signal, mask, terms)
    assert [frame.name for frame in figure.frames] == list("123456")
    total = torch.zeros(2, 2).double()
    for frame, term in zip(figure.frames, terms.flatten(0, 1), strict=True):
        total += term
        assert torch.equal(torch.tensor(frame.data[-1].z), total.float())
    assert figure.layout.sliders[0].active == 1  # neither the start nor the end
    axes = list(figure.select_yaxes())
    assert [axis.scaleanchor for axis in axes] == ["x", "x2", "x3", "x4"]


def test_feedback_maps_are_in_units_of_their_largest():
    same, mixed = torch.full((2, 2), 3.0), torch.tensor([[-4.0, 1.0], [2.0, 0.0]])
    figure = convolutions.feedback_maps({"one": same, "other": mixed})
    assert [float(abs(trace.z).max()) for trace in figure.data] == [1, 1]
    assert figure.data[1].z[0][0] == -1
    caption = figure.layout.meta["caption"]
    assert "one: the same everywhere; other: positive at 2 of 4 positions" in caption
