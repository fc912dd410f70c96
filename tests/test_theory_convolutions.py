"""Shared kernels: position by position against sums over indices, autograd and the package."""

from __future__ import annotations

import math

import pytest
import torch
from conftest import make_batch, make_network, relative_difference

import gevb
from gevb.layers import Conv2d, contract
from gevb.theory.convolutions import (
    position_updates,
    sign_disagreement,
    untied,
    update_angle,
)

CONV = ["conv", "conv-stride-padding", "conv-pool", "mixed-kinds"]


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 1)])
def test_position_updates_are_the_sum_over_indices(stride, padding):
    layer = Conv2d(3, (2, 5, 4), 3, 3, stride=stride, padding=padding)
    generator = torch.Generator().manual_seed(0)
    pre = torch.randn(layer.in_units, generator=generator, dtype=torch.float64)
    post = torch.randn(layer.out_units, generator=generator, dtype=torch.float64)
    terms = position_updates(layer, pre, post)
    assert terms.shape == (*layer.out_units[1:], 3, 2, 3, 3)
    wanted = torch.zeros_like(terms)
    for index in torch.cartesian_prod(*map(torch.arange, wanted.shape)).tolist():
        y, x, i, j, qy, qx = index
        at = y * stride + qy - padding, x * stride + qx - padding
        if 0 <= at[0] < 5 and 0 <= at[1] < 4:
            wanted[tuple(index)] = post[i, y, x] * pre[j, at[0], at[1]]
    assert torch.equal(terms, wanted)


@pytest.mark.parametrize("arch", ["conv", "conv-stride-padding", "conv-pool"])
@pytest.mark.parametrize("rule", [gevb.GEVB, gevb.BP])
def test_positions_add_up_to_the_kernels_update(arch, rule):
    network = make_network(arch)
    x, y = make_batch(size=1)
    trace = network.trace(x)
    e, _ = network.readout(gevb.cross_entropy(trace.logits, y)[1])
    delta = trace.gates[1][0] * rule(network).feedbacks(x, y)[1][0]
    terms = position_updates(
        network.layers[1].weights, contract(trace.inputs[1], e)[0], delta.double()
    )
    got = rule(network).updates(x, y)[1]
    assert relative_difference(terms.sum((0, 1)), got) < 1e-12


def test_position_updates_refuse_other_shapes():
    layer = Conv2d(3, (2, 5, 4), 3, 3)
    with pytest.raises(gevb.InputError, match=r"got shapes \(2, 5, 5\) and \(3, 3, 2\), wanted"):
        position_updates(layer, torch.zeros(2, 5, 5), torch.zeros(3, 3, 2))


@pytest.mark.parametrize("arch", CONV)
@pytest.mark.parametrize(("vectorized", "nonnegative"), [(True, True), (False, False)])
def test_untied_is_the_same_function_with_the_updates_apart(arch, vectorized, nonnegative):
    network = make_network(arch, vectorized=vectorized, nonnegative=nonnegative)
    free = untied(network)
    assert not any(isinstance(layer.weights, Conv2d) for layer in free.layers)
    x, y = make_batch()
    torch.testing.assert_close(free(x), network(x), rtol=1e-12, atol=1e-12)
    shared, apart = (gevb.BP(n).updates(x, y) for n in (network, free))
    for layer, tied, own in zip(network.layers, shared, apart, strict=True):
        if isinstance(layer.weights, Conv2d):
            own = own.sum(0).reshape(tied.movedim(1, -1).shape).movedim(-1, 1)
        torch.testing.assert_close(own, tied, rtol=1e-10, atol=1e-12)


def test_sign_disagreement():
    gradient = torch.tensor([[1.0, -2.0], [0.0, 5.0]])
    update = torch.tensor([[1.0, 2.0], [-3.0, 0.0]])
    assert sign_disagreement(update, gradient) == (pytest.approx(1 / 3), pytest.approx(2 / 8))
    assert sign_disagreement(gradient, gradient) == (0, 0)


def test_update_angle():
    angle = update_angle(torch.tensor([1.0, 0.0]), torch.tensor([3.0, 3.0]))
    assert math.isclose(angle, 45, rel_tol=1e-6)


@pytest.mark.parametrize("measure", [sign_disagreement, update_angle])
def test_measures_refuse_what_has_no_direction(measure):
    with pytest.raises(gevb.InputError, match="zero everywhere"):
        measure(torch.ones(2), torch.zeros(2))
    with pytest.raises(gevb.InputError, match=r"got shapes \(2,\) and \(3,\)"):
        measure(torch.ones(2), torch.zeros(3))
