"""Alignment angles: by their definition, and at initialization of the paper's MNIST network."""

from __future__ import annotations

import math

import pytest
import torch
from conftest import make_batch, make_network

import gevb


@pytest.mark.parametrize("name", ["bp", "fa", "dfa", "gevb"])
@pytest.mark.parametrize("arch", ["fc", "conv-pool"])
def test_angles_are_those_between_the_feedback_vectors(name, arch):
    network = make_network(arch, nonnegative=False)
    rule = gevb.make_rule(name, network, seed=1)
    x, y = make_batch(size=6)
    got = gevb.alignment_angles(rule, x, y)
    for l, angle in enumerate(got):
        wanted = []
        for b in range(len(x)):
            u = rule.feedbacks(x[b : b + 1], y[b : b + 1])[l].flatten()
            v = gevb.BP(network).feedbacks(x[b : b + 1], y[b : b + 1])[l].flatten()
            if v.norm() >= 1e-6:
                cosine = float(torch.dot(u, v) / u.norm() / v.norm())
                wanted.append(math.degrees(math.acos(min(1.0, max(-1.0, cosine)))))
        assert wanted
        assert float(angle) == pytest.approx(sum(wanted) / len(wanted), abs=1e-5)
        if name == "bp":
            assert float(angle) == pytest.approx(0, abs=1e-5)


def test_small_gradients_are_left_out_example_by_example():
    """|dhat| < 1e-6 for the loss of one example, whatever the batch it comes in."""
    network = make_network("fc", vectorized=False, nonnegative=False)
    rule = gevb.DFA(network)
    x, y = make_batch(size=40)
    hidden = gevb.BP(network)
    norms = torch.stack([hidden.feedbacks(x[[b]], y[[b]])[-1].norm() for b in range(len(x))])
    with torch.no_grad():  # Put the threshold between the examples.
        network.layers[-1].weights.weight.mul_(1e-6 / norms.median())
        network.layers[-1].weights.bias.zero_()
    one_by_one = [gevb.alignment_angles(rule, x[[b]], y[[b]])[-1] for b in range(len(x))]
    kept = [angle for angle in one_by_one if not angle.isnan()]
    assert 5 < len(kept) < 35
    torch.testing.assert_close(gevb.alignment_angles(rule, x, y)[-1], torch.stack(kept).mean())


def test_a_gradient_of_exactly_the_threshold_counts():
    heard, gradient = torch.tensor([[[0.0, 1.0]], [[1e-6, 0.0]]], dtype=torch.float64)
    assert gradient.norm(dim=1) == 1e-6
    assert float(gevb.rules._mean_angle(heard, gradient)) == pytest.approx(90)
    assert gevb.rules._mean_angle(heard, 0.999 * gradient).isnan()


def test_network_without_hidden_layers_has_no_angles():
    network = make_network("linear")
    assert gevb.alignment_angles(gevb.GEVB(network), *make_batch()).shape == (0,)


def test_layers_without_gradient_have_no_angle():
    network = make_network("fc")
    network.layers[-1].weights.weight.data.zero_()
    assert gevb.alignment_angles(gevb.GEVB(network), *make_batch()).isnan().all()


def test_angles_at_initialization_of_the_mnist_network():
    """Section 4: near 9 degrees in the first hidden layer, atan(sqrt(pi - 1)) in the last."""
    network = gevb.build("mnist", "fc", seed=0)
    x = torch.rand(128, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    first, last = gevb.alignment_angles(gevb.GEVB(network), x, torch.arange(128) % 10)
    # tan(theta) = r with r = sqrt(2 / n) sqrt(pi - 1) sqrt(1 + pi - 1), n = 512 (Eq. 15).
    assert float(first) == pytest.approx(
        math.degrees(math.atan(math.sqrt(math.pi * (math.pi - 1) / 256))), abs=1
    )
    assert 8 < first < 10
    assert float(last) == pytest.approx(math.degrees(math.atan(math.sqrt(math.pi - 1))), abs=1.5)
