"""Layers: equivalences between kinds, Eq. A1, gates, pooling, bad shapes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from conftest import relative_difference
from jaxtyping import TypeCheckError

import gevb
from gevb.layers import WeightLayer, contract
from gevb.theory.alignment import relative_std

K, B = 3, 4


def randomize(layer: WeightLayer, seed: int = 0) -> WeightLayer:
    layer.double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return layer


def randn(*shape: int, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize(
    "call",
    [
        lambda: contract(randn(B, K, 5), randn(B + 1, K)),
        lambda: relative_std(torch.tensor(1.0)),
    ],
)
def test_the_tests_check_shapes(call):
    with pytest.raises(TypeCheckError):
        call()


MAKERS = {
    "linear": lambda channels, first: gevb.Linear(K, channels, 4, first=first),
    "conv": lambda channels, first: gevb.Conv2d(
        K, (channels, 6, 5), 4, 3, stride=2, padding=1, first=first
    ),
    "lc": lambda channels, first: gevb.LocallyConnected2d(
        K, (channels, 6, 5), 4, 3, stride=2, padding=1, first=first
    ),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_first_layer_is_a_shared_layer_over_vector_input_units(kind):
    """Eq. A1: K n_0 vector units that hold one scalar input in one component each."""
    n_0 = 2
    first = randomize(MAKERS[kind](n_0, True))
    shared = MAKERS[kind](K * n_0, False).double()
    x = randn(B, *first.in_units)
    vectors = torch.zeros(B, K, *shared.in_units, dtype=torch.float64)
    for i in range(K * n_0):
        j, nu = i % n_0, i // n_0
        vectors[:, nu, i] = x[:, j]
    with torch.no_grad():
        per_component = first.unit_view()  # (nu, unit, j, ...)
        for i in range(K * n_0):
            shared.unit_view()[0, :, i] = per_component[i // n_0, :, i % n_0]
        shared.bias.copy_(first.bias)
    torch.testing.assert_close(first(x[:, None]), shared(vectors), rtol=1e-12, atol=1e-12)
    e, delta = randn(B, K, seed=2), randn(B, *first.out_units, seed=3)
    first.accumulate(x[:, None], e, delta)
    shared.accumulate(vectors, e, delta)
    torch.testing.assert_close(first.bias.grad, shared.bias.grad)
    first.weight.data, shared.weight.data = first.weight.grad, shared.weight.grad
    for i in range(K * n_0):
        torch.testing.assert_close(
            first.unit_view()[i // n_0, :, i % n_0], shared.unit_view()[0, :, i]
        )


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 0), (2, 1), (3, 2)])
def test_tied_locally_connected_layer_is_the_convolution(first, stride, padding):
    shape = {"stride": stride, "padding": padding, "first": first}
    conv = randomize(gevb.Conv2d(K, (2, 6, 5), 4, 3, **shape))
    lc = gevb.LocallyConnected2d(K, (2, 6, 5), 4, 3, **shape).double()
    with torch.no_grad():
        lc.unit_view().copy_(conv.unit_view().flatten(3)[..., None])
        lc.bias.copy_(conv.bias.expand_as(lc.bias))
    a = randn(B, 1 if first else K, 2, 6, 5)
    e, delta = randn(B, K, seed=2), randn(B, *conv.out_units, seed=3)
    torch.testing.assert_close(conv(a), lc(a), rtol=1e-12, atol=1e-12)
    if not first:
        torch.testing.assert_close(conv.transpose(delta), lc.transpose(delta))
    conv.accumulate(a, e, delta)
    lc.accumulate(a, e, delta)
    # The shared weight's update is the sum over positions (Appendix H).
    lc.weight.data = lc.weight.grad
    summed = lc.unit_view().detach().sum(-1).reshape(conv.weight.shape)
    assert relative_difference(summed, conv.weight.grad) <= 1e-12
    assert relative_difference(lc.bias.grad.sum((2, 3), keepdim=True), conv.bias.grad) <= 1e-12


@pytest.mark.parametrize(("kernel", "padding"), [(5, 0), (5, 2), (5, 4), (6, 3), (6, 5)])
def test_products_of_spectra_are_the_convolution(kernel, padding):
    """Large kernels over vector units, with their gradients."""
    conv = randomize(gevb.Conv2d(K, (2, 7, 10), 4, kernel, padding=padding))
    a = randn(B, K, 2, 7, 10).requires_grad_()
    assert conv._by_spectra(a)
    direct = F.conv2d(a.flatten(0, 1), conv.weight, padding=padding)
    wanted = direct.unflatten(0, (B, K)) + conv.bias
    got = conv(a)
    assert torch.allclose(got, wanted, rtol=0, atol=1e-12)
    signal = randn(*got.shape)
    inputs = (a, conv.weight, conv.bias)
    pairs = (torch.autograd.grad((h * signal).sum(), inputs) for h in (got, wanted))
    for ours, theirs in zip(*pairs, strict=True):
        assert torch.allclose(ours, theirs, rtol=0, atol=1e-11)


def test_spectra_are_left_out_where_they_do_not_pay():
    vectors, scalars = randn(B, K, 2, 7, 10), randn(B, 1, 2, 7, 10)
    for a, layer in (
        (vectors, gevb.Conv2d(K, (2, 7, 10), 4, 3)),
        (vectors, gevb.Conv2d(K, (2, 7, 10), 4, 5, stride=2)),
        (vectors, gevb.Conv2d(K, (2, 7, 10), 4, 5, padding=5)),
        (scalars, gevb.Conv2d(K, (2, 7, 10), 4, 5, first=True)),
        (scalars, gevb.Conv2d(1, (2, 7, 10), 4, 5)),
    ):
        assert not layer._by_spectra(a)


@pytest.mark.parametrize("kind", MAKERS)
def test_transpose_is_the_adjoint(kind):
    layer = randomize(MAKERS[kind](2, False))
    layer.bias.data.zero_()
    a, delta = randn(B, *layer.in_units), randn(B, *layer.out_units, seed=2)
    h = layer(a[:, None].expand(-1, K, *a.shape[1:]))[:, 0]
    torch.testing.assert_close((h * delta).sum(), (a * layer.transpose(delta)).sum())


def test_first_layer_has_no_transpose():
    with pytest.raises(gevb.InputError, match="first layer has no vector units below"):
        gevb.Linear(K, 2, 2, first=True).transpose(torch.zeros(1, 2))


def test_contract():
    a, e = randn(B, K, 2, 3), randn(B, K, seed=2)
    wanted = sum(e[:, mu, None, None] * a[:, mu] for mu in range(K))
    torch.testing.assert_close(contract(a, e), wanted)


def test_gate():
    """Eq. 7, 8: the whole vector passes, or nothing; zero projection passes."""
    t = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])  # ON and OFF unit, t_OFF = -t_ON
    h = torch.tensor([[[2.0, 2.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]])
    gate = gevb.Gate(t)
    assert gate.mask(h).tolist() == [[True, False], [True, True]]
    assert gate(h).tolist() == [[[2, 0], [1, 0]], [[1, 1], [1, 1]]]


@pytest.mark.parametrize("vectorized", [True, False])
@pytest.mark.parametrize("arch", ["fc", "conv", "lc"])
def test_gating_vectors(arch, vectorized):
    network = gevb.build("digits", arch, vectorized=vectorized, seed=3)
    for layer in network.layers[:-1]:
        t = layer.gate.t
        assert t.shape[:2] == (network.K, layer.weights.out_units[0])
        assert t.shape[2:] == (1,) * (len(layer.weights.out_units) - 1)
        assert set(t.unique().tolist()) == {-1, 1}
        assert torch.equal(t[:, 1::2], -t[:, 0::2])
        if not vectorized:  # The ON unit passes h >= 0.
            assert (t[:, 0::2] == 1).all()
        else:
            assert len(t[:, 0::2].flatten(1).T.unique(dim=0)) > 1
    assert network.layers[-1].gate is None


@pytest.mark.parametrize(("size", "image"), [(2, (4, 6)), (2, (5, 7)), (3, (7, 6))])
def test_pooling_and_its_transpose(size, image):
    pool = gevb.AvgPool2d((2, *image), size)
    a = randn(B, K, 2, *image)
    pooled = torch.stack([F.avg_pool2d(a[:, mu], size) for mu in range(K)], 1)
    torch.testing.assert_close(pool(a), pooled)
    signal = randn(B, *pool.out_units, seed=2)
    torch.testing.assert_close(
        (pool(a)[:, 0] * signal).sum(), (a[:, 0] * pool.transpose(signal)).sum()
    )


def test_flatten_keeps_channel_pairs_together():
    flatten = gevb.Flatten((4, 2, 3))
    a = torch.arange(24.0).reshape(1, 1, 4, 2, 3)
    flat = flatten(a)
    assert flat.shape == (1, 1, 24)
    assert flat[0, 0, :4].tolist() == a[0, 0, :, 0, 0].tolist()
    assert torch.equal(flatten.transpose(flat[:, 0]), a[:, 0])


@pytest.mark.parametrize("kind", [gevb.Conv2d, gevb.LocallyConnected2d])
def test_kernel_that_does_not_fit(kind):
    with pytest.raises(gevb.InputError, match=r"kernel 5 .* got an image of 4 x 8, wanted at leas"):
        kind(K, (1, 4, 8), 2, 5)


def test_window_that_does_not_fit():
    with pytest.raises(gevb.InputError, match=r"window 3 does not fit: got an image of 2 x 8"):
        gevb.AvgPool2d((1, 2, 8), 3)


def test_a_pooling_window_as_large_as_the_image():
    assert gevb.AvgPool2d((2, 2, 2), 2).out_units == (2, 1, 1)
    assert gevb.AvgPool2d((2, 2, 3), 2).out_units == (2, 1, 1)
