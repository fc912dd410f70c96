"""Vector input units, and multiply-adds against hand counts and PyTorch's own counter."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

import gevb
from gevb.networks import FC, Conv, Network, Pool
from gevb.theory.costs import Cost, multiply_adds
from gevb.theory.vnn import shared_first_layer, vector_input_units
from gevbook.building_a_vnn import figures as pictures


def total(costs):
    return sum(costs[1:], costs[0])


def test_vector_input_units_follow_the_formula():
    x = torch.randn(2, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    vectors = vector_input_units(x, 3)
    assert vectors.shape == (2, 3, 12)
    for i in range(12):
        for mu in range(3):
            wanted = x[:, i % 4] if mu == i // 4 else torch.zeros(2)
            torch.testing.assert_close(vectors[:, mu, i], wanted.double(), rtol=0, atol=0)


def test_shared_first_layer_gives_the_same_pre_activations():
    first = gevb.Linear(3, 4, 5, first=True).double()
    torch.nn.init.normal_(first.weight, generator=torch.Generator().manual_seed(0))
    torch.nn.init.normal_(first.bias, generator=torch.Generator().manual_seed(1))
    x = torch.randn(2, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    shared = shared_first_layer(first)
    assert shared.weight.shape == (5, 12)
    torch.testing.assert_close(
        shared(vector_input_units(x, 3)), first(x[:, None]), rtol=1e-12, atol=1e-12
    )


def test_bad_input_is_refused_in_one_line():
    with pytest.raises(gevb.InputError, match="K: got 0, wanted at least 1 component"):
        vector_input_units(torch.zeros(1, 2), 0)
    with pytest.raises(gevb.InputError, match="wanted a first layer"):
        shared_first_layer(gevb.Linear(3, 4, 5))
    conventional = gevb.build("digits", "fc", vectorized=False)
    with pytest.raises(gevb.InputError, match="wanted a vectorized one"):
        multiply_adds(conventional, "gevb")
    with pytest.raises(gevb.InputError, match="wanted one of bp"):
        multiply_adds(conventional, "hebb")


def test_fully_connected_by_hand():
    """Inputs 6, hidden 4 and 2, K = 3 classes."""
    network = Network((1, 2, 3), 3, (FC(4), FC(2)))
    assert multiply_adds(network, "bp") == [
        # 3 * 24 weights; 3 * 4 projections; back through 4 * 2; 3 * 4 products e delta + 3 * 24
        Cost(forward=72, gates=12, feedback=8, update=12 + 72),
        # 3 * 8; 3 * 2; back through 2 * 1; 3 * 4 products e a + 8
        Cost(forward=24, gates=6, feedback=2, update=12 + 8),
        Cost(forward=6, gates=0, feedback=0, update=6 + 2),
    ]
    assert total(multiply_adds(network, "gevb")).feedback == 0
    assert total(multiply_adds(network, "dfa")).feedback == 4 + 2
    assert total(multiply_adds(network, "bp", contract_first=False)) == Cost(
        forward=102, gates=18, feedback=3 * (8 + 2), update=102
    )
    scalars = Network((1, 2, 3), 3, (FC(4), FC(2)), vectorized=False)
    assert multiply_adds(scalars, "bp") == [
        Cost(forward=24, gates=0, feedback=8, update=24),
        Cost(forward=8, gates=0, feedback=6, update=8),
        Cost(forward=6, gates=0, feedback=0, update=6),
    ]
    assert total(multiply_adds(scalars, "dfa")).feedback == 3 * (4 + 2)


def test_convolution_by_hand():
    """A 4 x 4 image, 2 channels of 3 x 3 kernels with padding, pooled to 2 x 2; K = 5."""
    network = Network((1, 4, 4), 5, (Conv(2, 3, 1, 1), Pool(2)))
    hidden, output = multiply_adds(network, "bp")
    synapses = 16 * 2 * 9
    assert hidden == Cost(
        forward=5 * synapses, gates=5 * 32, feedback=8, update=5 * 32 + 5 * synapses
    )
    assert output == Cost(forward=5 * 8, gates=0, feedback=0, update=5 * 8 + 8)


@pytest.mark.parametrize("vectorized", [True, False])
@pytest.mark.parametrize("arch", ["fc", "conv", "lc"])
def test_against_the_counter_of_pytorch(arch, vectorized):
    network = gevb.build("digits", arch, vectorized=vectorized)
    B = 3
    x, y = torch.randn(B, 1, 8, 8), torch.arange(B)

    def counted(function):
        # PyTorch counts a product that is added to a sum, but not one that is added in place.
        in_place = {torch.ops.aten.baddbmm_: lambda h, a, b, **_: 2 * math.prod(a) * b[-1]}
        with FlopCounterMode(display=False, custom_mapping=in_place) as counter:
            function()
        return counter.get_total_flops() / 2 / B

    cost = total(multiply_adds(network, "bp", contract_first=False))
    assert counted(lambda: network(x)) == cost.forward
    assert counted(lambda: F.cross_entropy(network(x), y).backward()) == (
        cost.forward + cost.feedback + cost.update
    )
    # The package's own BP: the counter sees the products of the updates, biases included, but not
    # those element by element, e . a and e delta. The first convolution adds up its positions
    # before it multiplies by e.
    cost = total(multiply_adds(network, "bp"))
    update = 0
    for weights in (layer.weights for layer in network.layers):
        synapses = math.prod(weights.out_units) * weights.fan_in
        update += network.K * weights.bias[0].numel()
        if weights.first and isinstance(weights, gevb.Conv2d):
            update += synapses + weights.weight.numel()
        else:
            update += synapses * (network.K if weights.first else 1)
    assert counted(lambda: gevb.BP(network).backward(x, y)) == cost.forward + cost.feedback + update


def test_widget_follows_its_sliders():
    from gevbook.building_a_vnn.widget import gate_by_hand

    box = gate_by_hand()
    turn = box.children[0].children[1]
    says = box.children[-2]
    assert "open, a = (1.5, -0.5)" in says.value
    turn.value = 180
    assert "closed, a = (0.0, 0.0)" in says.value


def test_figures_say_what_they_show():
    gate = pictures.gate_half_space()
    assert len(gate.frames) == len(gate.layout.sliders[0].steps) == 24
    for frame, step in zip(gate.frames, gate.layout.sliders[0].steps, strict=True):
        assert list(step.args[0]) == [frame.name]
    # At 90 degrees the open points are those whose second component is not negative.
    points = next(frame for frame in gate.frames if frame.name == "90°").data[2]
    assert list(points.marker.color) == [int(y >= 0) for y in points.y]
    ratios = {"BP by autograd": {"MNIST FC": 10.0}, "GEVB": {"MNIST FC": 7.0}}
    for figure, says in (
        (pictures.units_and_weights(), "later layers: 6 lines for 2 weights"),
        (pictures.gate_and_rectifier(), "two rectifiers, direction changed: 12"),
        (pictures.cost_ratios(ratios), "BP by autograd: 10.0 to 10.0; GEVB: 7.0 to 7.0"),
    ):
        assert says in figure.layout.meta["alt"]


def test_bars_of_a_unit_are_the_network_s_values():
    network = gevb.build("digits", "fc", seed=0).double()
    x = gevb.load("digits").test.x[:1].double()
    figure = pictures.one_unit(network, x, [0, 1])
    below, layer = network.layers[:2]
    a = below(x.flatten(1)[:, None])
    h = layer.weights(a)
    for unit, frame in enumerate(figure.frames):
        strongest, all_senders, products, passed = (torch.tensor(bar.y) for bar in frame.data)
        shares = layer.weights.weight[unit] * a[0]
        j = shares.square().sum(0).argmax()
        wanted = (shares[:, j], h[0, :, unit], layer.gate.t[:, unit] * h[0, :, unit])
        for got, value in zip((strongest, all_senders, products), wanted, strict=True):
            assert torch.allclose(got.double(), value.detach(), atol=1e-3)
        is_open = products.sum() >= 0
        assert torch.equal(passed, all_senders * is_open)
        assert frame.name.endswith("open" if is_open else "closed")
