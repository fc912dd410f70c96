"""Architectures: the tables of Appendix G, as built, and what cannot be built."""

from __future__ import annotations

import pytest
import torch
from conftest import ARCHITECTURES as SMALL
from conftest import make_batch, make_network

import gevb
from gevb import layers
from gevb.networks import FC, Conv, Network, Pool

# From Tables 1 and 2: units of the hidden layers (gated units, before pooling), and fan-ins.
TABLES = {
    ("mnist", "fc"): ([(1024,), (512,)], [784, 1024, 512]),
    ("mnist", "conv"): ([(64, 28, 28), (32, 14, 14), (1024,)], [9, 576, 1568, 1024]),
    ("mnist", "lc"): ([(32, 28, 28), (32, 14, 14), (1024,)], [9, 288, 1568, 1024]),
    ("cifar10", "fc"): ([(1024,), (512,), (512,)], [3072, 1024, 512, 512]),
    ("cifar10", "conv"): (
        [(128, 32, 32), (64, 16, 16), (64, 4, 4), (1024,)],
        [75, 3200, 256, 1024, 1024],
    ),
    ("cifar10", "lc"): (
        [(64, 32, 32), (32, 16, 16), (32, 4, 4), (512,)],
        [75, 1600, 128, 512, 512],
    ),
}


@pytest.mark.parametrize(("dataset", "arch"), TABLES)
@pytest.mark.parametrize("vectorized", [True, False])
def test_the_twelve_architectures(dataset, arch, vectorized):
    with torch.device("meta"):  # Shapes only.
        network = gevb.build(
            dataset,
            arch,
            vectorized=vectorized,
            initializer=lambda layer, generator: layer,
        )
    units, fan_in = TABLES[dataset, arch]
    assert network.hidden_units == units
    assert [layer.weights.fan_in for layer in network.layers] == fan_in
    assert network.layers[-1].weights.out_units == ((1,) if vectorized else (10,))
    first, *later = (layer.weights for layer in network.layers)
    assert ((10, 10) if vectorized else (1, 1)) == (network.K, first.K)
    assert first.unit_view().shape[0] == network.K
    assert all(layer.unit_view().shape[0] == 1 for layer in later)
    assert not first.nonnegative
    assert all(layer.nonnegative for layer in later)


@pytest.mark.parametrize("arch", ["fc", "conv", "lc"])
@pytest.mark.parametrize("vectorized", [True, False])
def test_build_is_reproducible(arch, vectorized):
    one, same, other = (
        gevb.build("digits", arch, vectorized=vectorized, seed=s) for s in (1, 1, 2)
    )
    x = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert one(x).shape == (3, 10)
    assert torch.equal(one(x), same(x))
    assert not torch.equal(one(x), other(x))


@pytest.mark.parametrize(
    ("dataset", "arch", "wanted"),
    [
        ("imagenet", "fc", "dataset: got 'imagenet', wanted one of digits, mnist, cifar10"),
        ("mnist", "rnn", "arch: got 'rnn', wanted one of fc, conv, lc"),
    ],
)
def test_unknown_names(dataset, arch, wanted):
    with pytest.raises(gevb.InputError, match=wanted):
        gevb.build(dataset, arch)


@pytest.mark.parametrize(
    ("architecture", "wanted"),
    [
        ((FC(4), Conv(4, 3)), r"got Conv\(.*\) after FC, wanted a Conv or LC before any Pool"),
        ((FC(4), Pool(2)), r"got Pool\(size=2\) after FC"),
        ((Pool(2), FC(4)), r"got Pool\(size=2\) first"),
        ((Conv(4, 9),), "kernel 9"),
        ((FC(0),), "width: got 0, wanted a whole number >= 1"),
        ((FC(-2),), "width: got -2, wanted a whole number >= 1"),
        ((FC(True),), "width: got True, wanted a whole number >= 1"),
        ((Conv(0, 3),), "channels: got 0, wanted a whole number >= 1"),
        ((Conv(4, 3, 0),), "stride: got 0, wanted a whole number >= 1"),
        ((Conv(4, 3, 1, -1),), "padding: got -1, wanted a whole number >= 0"),
        ((Conv(4, 3), Pool(0)), "pooling window: got 0, wanted a whole number >= 1"),
    ],
)
def test_architectures_that_make_no_sense(architecture, wanted):
    with pytest.raises(gevb.InputError, match=wanted):
        Network((1, 8, 8), 3, architecture)


def test_no_classes():
    with pytest.raises(gevb.InputError, match="classes: got 0, wanted a whole number >= 1"):
        Network((1, 8, 8), 0, (FC(4),))


def test_negative_seed():
    with pytest.raises(gevb.InputError, match="seed: got -1, wanted a whole number >= 0"):
        gevb.build("digits", "fc", seed=-1)


def test_print_shows_the_shapes():
    assert "(64,) -> (128,), K=10, first" in str(gevb.build("digits", "fc"))


@pytest.mark.parametrize("vectorized", [True, False])
@pytest.mark.parametrize("arch", SMALL)
def test_what_trains_is_equation_7_as_one_reads_it(arch, vectorized, monkeypatch):
    """Gated and pooled block by block, and as a whole."""
    network = make_network(arch, vectorized=vectorized)
    a = make_batch()[0].flatten(1).reshape(5, 1, *network.layers[0].weights.in_units)
    monkeypatch.setitem(layers.BLOCK, "cpu", 2000)  # of a few examples, or rows
    for layer in network.layers[:-1]:
        whole = layer.gate(layer.weights(a))
        above, mask = layer.respond(a)
        assert torch.equal(mask, layer.gate.mask(layer.weights(a)))
        torch.testing.assert_close(above, layer.arranged(whole), rtol=1e-13, atol=1e-14)
        a = above
