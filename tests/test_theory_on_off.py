"""Theory of ON/OFF weights: by hand, against the initializer, and against real networks."""

from __future__ import annotations

import pytest
import torch
from conftest import ARCHITECTURES, INPUT, make_batch

import gevb
from gevb.networks import FC, Network
from gevb.theory.on_off import (
    cosine_recursion,
    half_width,
    mean_cosine,
    on_off_matrix,
    plain_nonnegative,
)


def test_matrix_by_hand():
    W = torch.tensor([[1.0, -2.0]])
    assert on_off_matrix(W).tolist() == [[1, 0, 0, 2], [0, 1, 2, 0]]


def test_matrix_is_that_of_the_initializer():
    layer = gevb.on_off(gevb.Linear(3, 8, 6), torch.Generator().manual_seed(0))
    w = layer.weight.detach()
    assert torch.equal(on_off_matrix(w[0::2, 0::2] - w[0::2, 1::2]), w)


@pytest.mark.parametrize("vectorized", [True, False])
@pytest.mark.parametrize("arch", ["fc", "one-hidden", "linear", "conv-pool", "lc-pool"])
def test_half_the_width_gives_the_same_logits(arch, vectorized):
    network = Network(INPUT, 3, ARCHITECTURES[arch], vectorized=vectorized, seed=3).double()
    half = half_width(network)
    assert [u[0] for u in half.hidden_units] == [u[0] // 2 for u in network.hidden_units]
    x, _ = make_batch()
    torch.testing.assert_close(half(x), network(x), rtol=1e-12, atol=1e-13)
    assert half(x).abs().max() > 0


def test_half_width_wants_on_off():
    with pytest.raises(gevb.InputError, match="not initialized ON/OFF"):
        half_width(Network(INPUT, 3, (FC(4),), nonnegative=False))


def test_plain_weights_keep_the_size_of_parallel_activations():
    n = 400
    layer = plain_nonnegative(gevb.Linear(1, n, n), torch.Generator().manual_seed(0))
    w = layer.weight.detach()
    assert (w >= 0).all()
    assert float((w == 0).double().mean()) == pytest.approx(0.5, abs=0.01)
    active = torch.ones(n)
    active[::2] = 0
    assert float((w @ active).mean()) == pytest.approx(1, abs=0.02)
    first = plain_nonnegative(gevb.Linear(2, 50, 60, first=True), torch.Generator().manual_seed(0))
    assert (first.weight < 0).any()


def test_mean_cosine_by_hand():
    h = torch.tensor([[[2.0, 0.0, -1.0], [0.0, 3.0, 0.0]]])  # cosines 0, -1, 0
    assert mean_cosine(h).tolist() == pytest.approx([-1 / 3])


def test_plain_weights_follow_the_cosine_recursion_and_on_off_weights_stay_apart():
    widths = [200] * 4
    x = torch.randn(16, 1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for initializer in (plain_nonnegative, gevb.on_off):
        rows = []
        for seed in range(5):
            network = Network(
                (1, 8, 8), 10, [FC(n) for n in widths], initializer=initializer, seed=seed
            ).double()
            inputs = network.trace(x).inputs
            h = [layer.weights(a) for layer, a in zip(network.layers, inputs, strict=True)]
            rows.append(torch.stack([mean_cosine(v.detach()).mean() for v in h[:-1]]))
        got = torch.stack(rows).mean(0).tolist()
        if initializer is gevb.on_off:
            assert got == pytest.approx([-1 / 199] * 4, abs=1e-9)
        else:
            assert got == pytest.approx(cosine_recursion(widths).tolist(), abs=0.04)
            assert got[-1] > 0.99


@pytest.mark.parametrize("widths", [[], [4, 1]])
def test_bad_widths(widths):
    with pytest.raises(gevb.InputError, match="widths: got"):
        cosine_recursion(widths)


def test_spectrum():
    W = torch.randn(12, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    got = torch.linalg.eigvals(on_off_matrix(W))
    wanted = torch.cat([torch.linalg.eigvals(W), torch.linalg.eigvals(W.abs())])
    distance = (got[:, None] - wanted).abs()
    assert distance.min(0).values.max() < 1e-10
    assert distance.min(1).values.max() < 1e-10
