"""He and ON/OFF initialization: distributions, pairs, and the half-width equivalence."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import stats

import gevb
from gevb.networks import FC, LC, Conv, Network, Pool
from gevb.seeds import stream

K = 3
LAYERS = {
    "linear": lambda **role: gevb.Linear(K, 200, 100, **role),
    "conv": lambda **role: gevb.Conv2d(K, (20, 5, 5), 60, 3, padding=1, **role),
    "lc": lambda **role: gevb.LocallyConnected2d(K, (8, 4, 4), 10, 3, padding=1, **role),
}
FAN_IN = {"linear": 200, "conv": 180, "lc": 72}


def is_normal(sample: torch.Tensor, variance: float) -> bool:
    """Kolmogorov-Smirnov against N(0, variance)."""
    return stats.kstest(sample.flatten().numpy(), "norm", (0, math.sqrt(variance))).pvalue > 1e-3


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("first", [True, False])
def test_he(kind, first):
    layer = gevb.he(LAYERS[kind](first=first), stream(0, "weights"))
    assert layer.fan_in == FAN_IN[kind]
    weight = layer.weight.detach()
    assert is_normal(weight, (1 if first else 2) / FAN_IN[kind])
    assert not is_normal(weight, (2 if first else 1) / FAN_IN[kind])


@pytest.mark.parametrize("kind", LAYERS)
def test_on_off_first_layer(kind):
    w = gevb.on_off(LAYERS[kind](first=True), stream(0, "weights")).unit_view().detach()
    assert torch.equal(w[:, 1::2], -w[:, 0::2])
    assert is_normal(w[:, 0::2], 1 / FAN_IN[kind])


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("output", [True, False])
def test_on_off_later_layers(kind, output):
    w = gevb.on_off(LAYERS[kind](output=output), stream(0, "weights")).unit_view().detach()[0]
    on = w if output else w[0::2]
    half = on[:, 0::2] - on[:, 1::2]  # W = [W]+ - [-W]+
    assert (w >= 0).all()
    assert torch.equal(on[:, 0::2], half.relu())
    assert torch.equal(on[:, 1::2], (-half).relu())
    assert is_normal(half, 4 / FAN_IN[kind])
    if not output:
        assert torch.equal(w[1::2, 0::2], on[:, 1::2])
        assert torch.equal(w[1::2, 1::2], on[:, 0::2])


@pytest.mark.parametrize("initializer", [gevb.he, gevb.on_off])
@pytest.mark.parametrize("kind", LAYERS)
def test_draws_do_not_depend_on_dtype_and_do_on_seed(initializer, kind):
    single, double, other = (LAYERS[kind](), LAYERS[kind]().double(), LAYERS[kind]().double())
    for layer, seed in ((single, 0), (double, 0), (other, 1)):
        initializer(layer, stream(seed, "weights"))
    assert torch.equal(single.weight, double.weight.float())
    assert not torch.equal(double.weight, other.weight)


@pytest.mark.parametrize(
    ("architecture", "wanted"),
    [
        ((FC(5),), r"got 5 output channels in Linear\(84,\), wanted an even number"),
        ((FC(4), FC(3)), r"got 3 output channels in Linear\(4,\)"),
        ((Conv(3, 3),), r"got 3 output channels in Conv2d\(2, 7, 6\)"),
        ((LC(7, 3),), r"got 7 output channels in LocallyConnected2d"),
    ],
)
def test_odd_widths(architecture, wanted):
    with pytest.raises(gevb.InputError, match=wanted):
        Network((2, 7, 6), 3, architecture)
    Network((2, 7, 6), 3, architecture, nonnegative=False)  # He does not pair units.


ON_OFF = {
    "fc": (FC(12), FC(8), FC(6)),
    "conv": (Conv(8, 3, 1, 1), Pool(2), Conv(6, 2, 1, 0), FC(10)),
    "lc": (LC(8, 3, 1, 1), Pool(2), LC(6, 2, 1, 0), FC(10)),
}


@pytest.mark.parametrize("vectorized", [True, False])
@pytest.mark.parametrize("arch", ON_OFF)
def test_off_units_are_minus_on_units_and_half_the_width_is_enough(arch, vectorized):
    """Section 5: the ON units are a mixed-sign network of half the width, to machine precision."""
    whole = Network((2, 7, 6), 3, ON_OFF[arch], vectorized=vectorized, seed=5).double()
    half_widths = [
        spec if isinstance(spec, Pool) else type(spec)(*_halved(spec)) for spec in ON_OFF[arch]
    ]
    half = Network((2, 7, 6), 3, half_widths, vectorized=vectorized, nonnegative=False).double()
    with torch.no_grad():
        for full, small in zip(whole.layers, half.layers, strict=True):
            w = full.weights.unit_view()
            on = w if full.gate is None else w[:, 0::2]
            small.weights.unit_view().copy_(
                on if full.weights.first else on[:, :, 0::2] - on[:, :, 1::2]
            )
            if full.gate is not None:
                small.gate.t = full.gate.t[:, 0::2]
    x = torch.randn(4, 2, 7, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    a, b = x.reshape(4, 1, *whole.layers[0].weights.in_units), None
    b = a
    with torch.no_grad():
        for full, small in zip(whole.layers, half.layers, strict=True):
            a, b = full(a), small(b)
            if full.gate is not None:
                on, off = a[:, :, 0::2], a[:, :, 1::2]
                torch.testing.assert_close(off, -on, rtol=1e-12, atol=1e-13)
                torch.testing.assert_close(on, b, rtol=1e-12, atol=1e-13)
                assert on.abs().sum() > 0
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-13)


def _halved(spec):
    if isinstance(spec, FC):
        return (spec.width // 2,)
    return spec.channels // 2, spec.kernel_size, spec.stride, spec.padding
