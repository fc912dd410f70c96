"""Learning rules by value: against autograd, and against the equations as plain sums."""

from __future__ import annotations

import math
from functools import partial

import oracle
import pytest
import torch
import torch.nn.functional as F
from conftest import ARCHITECTURES, gradients, make_batch, make_network, relative_difference

import gevb
from gevb.networks import FC, Network

KINDS = [(v, n) for v in (True, False) for n in (True, False)]


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize(("vectorized", "nonnegative"), KINDS)
@pytest.mark.parametrize("classes", [1, 2, 3, 10])
@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_bp_is_the_gradient(arch, vectorized, nonnegative, classes, loss):
    network = make_network(arch, classes, vectorized, nonnegative)
    x, y = make_batch(classes)
    logits = network(x)
    one_hot = F.one_hot(y, classes)
    if loss == "mse":
        rule = gevb.BP(network, gevb.mean_squared_error)
        autograd_loss = ((logits - one_hot) ** 2).sum(1).mean() / 2
    else:
        rule = gevb.BP(network)
        autograd_loss = F.cross_entropy(logits, y)
    autograd_loss.backward()
    wanted = gradients(network)
    got_loss = rule.backward(x, y)
    torch.testing.assert_close(got_loss, autograd_loss.detach(), rtol=1e-12, atol=1e-14)
    for name, got in gradients(network).items():
        assert got.shape == wanted[name].shape
        if loss == "cross_entropy" and classes == 1:  # One class is always right.
            assert not got.any()
            assert not wanted[name].any()
        else:
            assert relative_difference(got, wanted[name]) <= 1e-10, name


def heard_by(rule, network):
    """Feedback of each rule's units, written from the equations."""

    def feedback(l, delta, output):
        units = network.hidden_units[l]
        every = list(torch.cartesian_prod(*map(torch.arange, units)).reshape(-1, len(units)))
        every = [tuple(map(int, unit)) for unit in every]
        if isinstance(rule, gevb.GEVB):
            return dict.fromkeys(every, 1.0)
        if isinstance(rule, gevb.DFA):
            return {
                unit: sum(output[(k,)] * float(rule.matrix[k, n]) for k in range(network.outputs))
                for n, unit in enumerate(every)
            }
        above = rule.above[l] if isinstance(rule, gevb.FA) else network.layers[l + 1].weights
        return oracle.transposed(network, l, delta, above)

    return feedback


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("nonnegative", [True, False])
@pytest.mark.parametrize(
    ("name", "vectorized"),
    [(name, v) for name in gevb.rules.RULES for v in (True, False) if v or name != "gevb"],
)
def test_rules_are_the_index_sums(arch, vectorized, nonnegative, name):
    network = make_network(arch, 2, vectorized, nonnegative)
    rule = gevb.make_rule(name, network, seed=1)
    x, y = make_batch(2, size=3)
    rule.backward(x, y)
    got = gradients(network)
    _, error = gevb.cross_entropy(network(x).detach(), y)
    wanted = {name: torch.zeros_like(p) for name, p in network.named_parameters()}
    with torch.no_grad():
        for b in range(len(x)):
            for key, value in oracle.updates(
                network, x[b], error[b], heard_by(rule, network)
            ).items():
                wanted[key] += value
    for key, value in wanted.items():
        assert value.any(), f"{key}: the comparison would be empty"
        assert relative_difference(got[key], value) <= 1e-12, key


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("vectorized", [True, False])
def test_forward_is_the_index_sum(arch, vectorized):
    network = make_network(arch, 3, vectorized)
    x, _ = make_batch(3, size=2)
    trace = network.trace(x)
    with torch.no_grad():
        for b in range(len(x)):
            records, logits = oracle.forward(network, x[b])
            torch.testing.assert_close(network(x)[b].detach(), logits, rtol=1e-12, atol=1e-13)
            torch.testing.assert_close(trace.logits[b], logits, rtol=1e-12, atol=1e-13)
            for gate, (_, _, wanted) in zip(trace.gates, records, strict=False):
                assert {i: bool(g) for i, g in wanted.items()} == {
                    i: bool(gate[(b, *i)]) for i in wanted
                }


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("vectorized", [True, False])
@pytest.mark.parametrize("size", [1, 10_000, 2**23])
@pytest.mark.parametrize("few_and_large", [False, True])  # as on a processor, and on a GPU
def test_blocks_change_nothing(arch, vectorized, size, few_and_large, monkeypatch):
    network = make_network(arch, vectorized=vectorized)
    x, y = make_batch()
    rule = gevb.BP(network)
    rule.backward(x, y)
    whole = gradients(network)
    monkeypatch.setitem(gevb.layers.BLOCK, "cpu", size)
    monkeypatch.setattr(gevb.layers, "few_and_large", lambda example: few_and_large)
    rule.backward(x, y)
    for name, p in network.named_parameters():
        assert p.grad.stride() == p.stride(), name
        torch.testing.assert_close(p.grad, whole[name], rtol=1e-11, atol=1e-14)


def test_updates_accumulate_as_autograd_does():
    network = make_network("conv-pool")
    x, y = make_batch(size=4)
    rule = gevb.GEVB(network)
    rule.backward(x, y)
    whole = gradients(network)
    rule.backward(x[:2], y[:2])
    rule.backward(x[2:], y[2:])
    for name, got in gradients(network).items():
        torch.testing.assert_close(got / 2, whole[name], rtol=1e-12, atol=1e-15)


def channels_last(network):
    network.to(memory_format=torch.channels_last)


def transposed(network):
    for parameter in network.parameters():
        parameter.data = parameter.data.mT.contiguous().mT


OPTIMIZERS = {
    "adam": partial(torch.optim.Adam, fused=True),
    "adamw": partial(torch.optim.AdamW, fused=True),
    "sgd": partial(torch.optim.SGD, momentum=0.9, fused=True),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("lay_out", [channels_last, transposed])
@pytest.mark.parametrize("arch", ["fc", "conv-pool", "lc-pool"])
def test_the_layout_in_memory_changes_nothing(arch, lay_out, optimizer):
    """Fused optimizers read a gradient as its parameter lies in memory."""
    usual, network = make_network(arch), make_network(arch)
    lay_out(network)
    strides = [p.stride() for p in network.parameters()]
    assert lay_out is channels_last or strides != [p.stride() for p in usual.parameters()]
    x, y = make_batch(size=8)
    for trained in (usual, network):
        rule, steps = gevb.GEVB(trained), OPTIMIZERS[optimizer](trained.parameters(), lr=1e-2)
        for _ in range(3):
            steps.zero_grad()
            rule.backward(x[:5], y[:5])
            rule.backward(x[5:], y[5:])
            assert [p.grad.stride() for p in trained.parameters()] == [
                p.stride() for p in trained.parameters()
            ]
            steps.step()
    assert [p.stride() for p in network.parameters()] == strides
    for got, wanted in zip(network.parameters(), usual.parameters(), strict=True):
        assert relative_difference(got.detach(), wanted.detach()) <= 1e-10


def test_updates_are_those_of_one_batch_and_leave_no_grad():
    network = make_network("conv")
    x, y = make_batch()
    weights = [layer.weights.weight for layer in network.layers]
    wanted = torch.autograd.grad(F.cross_entropy(network(x), y), weights)
    rule = gevb.BP(network)
    rule.backward(x, y)  # lost
    for got, gradient in zip(rule.updates(x, y), wanted, strict=True):
        torch.testing.assert_close(got, gradient, rtol=1e-10, atol=1e-14)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_gevb_needs_a_vectorized_network():
    with pytest.raises(gevb.InputError, match="got a conventional network, wanted a vectorized"):
        gevb.GEVB(make_network("fc", vectorized=False))


def test_unknown_rule():
    with pytest.raises(gevb.InputError, match=r"rule: got 'hebb', wanted one of bp, fa, dfa, gevb"):
        gevb.make_rule("hebb", make_network("fc"))


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0]])
@pytest.mark.parametrize("loss", [gevb.cross_entropy, gevb.mean_squared_error])
def test_labels_outside_the_classes(labels, loss):
    network = make_network("fc")
    x, _ = make_batch(size=2)
    with pytest.raises(gevb.InputError, match=r"labels: got values from .* wanted 0 to 2 for 3"):
        gevb.BP(network, loss).backward(x, torch.tensor(labels))
    assert all(p.grad is None for p in network.parameters())


@pytest.mark.parametrize(
    ("y", "wanted"),
    [
        (torch.zeros(5), r"targets: got shape \(5,\), wanted \(5, 3\), or whole numbers as labels"),
        (torch.zeros(4, dtype=torch.long), r"labels: got shape \(4,\), wanted \(5,\)"),
        (torch.zeros(5, 1, dtype=torch.long), r"labels: got shape \(5, 1\), wanted \(5,\)"),
    ],
)
def test_labels_that_are_none(y, wanted):
    x, _ = make_batch(size=5)
    with pytest.raises(gevb.InputError, match=wanted):
        gevb.BP(make_network("fc")).backward(x, y)


@pytest.mark.parametrize("shape", [(5,), (3,), (1, 3), (5, 1)])
def test_targets_of_another_shape(shape):
    x, _ = make_batch(size=5)
    with pytest.raises(gevb.InputError, match=r"targets: got shape .*, wanted \(5, 3\)"):
        gevb.BP(make_network("fc"), gevb.mean_squared_error).backward(x, torch.zeros(shape))


@pytest.mark.parametrize("loss", [gevb.cross_entropy, gevb.mean_squared_error])
def test_targets_are_labels_that_were_looked_up(loss):
    logits, (_, y) = torch.randn(5, 3), make_batch(size=5)
    by_label, by_target = loss(logits, y), loss(logits, F.one_hot(y, 3).float())
    assert all(torch.equal(one, other) for one, other in zip(by_label, by_target, strict=True))


@pytest.mark.parametrize("shape", [(2, 2, 6, 7), (2, 84), (0, 2, 7, 6)])
def test_input_of_another_shape(shape):
    network = make_network("conv")
    x, y = torch.zeros(shape, dtype=torch.float64), torch.zeros(shape[0], dtype=torch.long)
    wanted = r"input: got shape \(.*\), wanted \(B >= 1, 2, 7, 6\)"
    with pytest.raises(gevb.InputError, match=wanted):
        network(x)
    with pytest.raises(gevb.InputError, match=wanted):
        gevb.GEVB(network).backward(x, y)


@pytest.mark.parametrize("nonnegative", [True, False])
def test_dfa_matrix(nonnegative):
    """One matrix, its left columns for every layer, uniform on [0, 1] or [-1, 1]."""
    network = Network(
        (1, 28, 28), 10, (FC(400), FC(100)), vectorized=False, nonnegative=nonnegative
    )
    rule = gevb.DFA(network, seed=3)
    assert rule.matrix.shape == (10, 400)
    low = 0 if nonnegative else -1
    assert low <= rule.matrix.min() < low + 0.01
    assert 0.99 < rule.matrix.max() <= 1
    # The mean of 4,000 uniform draws, within five standard errors.
    assert abs(rule.matrix.mean() - (low + 1) / 2) < 5 * (1 - low) / math.sqrt(12 * 4000)
    x, y = torch.randn(2, 1, 28, 28), torch.tensor([1, 2])
    first, second = rule.feedbacks(x, y)
    torch.testing.assert_close(first[:, :100], second)
    assert torch.equal(gevb.DFA(network, seed=3).matrix, rule.matrix)
    assert not torch.equal(gevb.DFA(network, seed=4).matrix, rule.matrix)


@pytest.mark.parametrize("nonnegative", [True, False])
def test_fa_weights_are_drawn_like_the_network_and_independently(nonnegative):
    network = make_network("fc", nonnegative=nonnegative)
    rule = gevb.FA(network, seed=0)
    for feedback, layer in zip(rule.above, network.layers[1:], strict=True):
        assert feedback.weight.shape == layer.weights.weight.shape
        assert not torch.equal(feedback.weight, layer.weights.weight)
        assert bool((feedback.weight >= 0).all()) == nonnegative
