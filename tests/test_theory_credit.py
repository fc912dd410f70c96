"""Perturbation: unbiased, of the variance that theory says, refused where it has no meaning."""

from __future__ import annotations

import pytest
import torch

import gevb
from gevb.networks import FC, Conv, Network, Pool
from gevb.theory.credit import (
    NodePerturbation,
    WeightPerturbation,
    cross_entropies,
    squared_errors,
)

ARCHITECTURES = {"fc": (FC(6), FC(4)), "conv": (Conv(2, 2), Pool(2), FC(4))}


def network_and_image(arch):
    network = Network((1, 4, 3), 3, ARCHITECTURES[arch], vectorized=False).double()
    generator = torch.Generator().manual_seed(1)
    image = torch.randn(1, 1, 4, 3, generator=generator, dtype=torch.float64)
    return network, image, torch.tensor([2])


def gradient(network):
    flat = torch.cat([p.grad.flatten() for p in network.parameters()])
    network.zero_grad()
    return flat


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_mean_of_node_perturbation_is_the_gradient(arch):
    network, image, label = network_and_image(arch)
    gevb.BP(network).backward(image, label)
    wanted = gradient(network)
    trials, repeats = 2000, 20
    rule = NodePerturbation(network, sigma=1e-6)
    images, labels = image.expand(trials, -1, -1, -1), label.expand(trials)
    means = []
    for _ in range(repeats):
        rule.backward(images, labels)
        means.append(gradient(network))
    means = torch.stack(means)
    error = means.std(0) / repeats**0.5
    off = ((means.mean(0) - wanted).abs() / error.clamp(min=1e-12))[error > 1e-9]
    assert off.max() < 5


def test_the_variance_of_weight_perturbation():
    network, image, label = network_and_image("fc")
    gevb.BP(network).backward(image, label)
    g = gradient(network)
    rule, trials = WeightPerturbation(network, sigma=1e-6), 1000
    estimates = []
    for _ in range(trials):
        rule.backward(image, label)
        estimates.append(gradient(network))
    estimates = torch.stack(estimates)
    spread = (estimates - g).square().sum(1)
    ratio, error = spread.mean() / g.square().sum(), spread.std() / trials**0.5
    assert abs(ratio - (len(g) + 1)) < 5 * error / g.square().sum()
    off = (estimates.mean(0) - g).abs() / (estimates.std(0) / trials**0.5)
    assert off.max() < 5


def test_losses_are_those_of_the_rules():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    y = torch.tensor([0, 2, 1, 1])
    torch.testing.assert_close(cross_entropies(logits, y).mean(), gevb.cross_entropy(logits, y)[0])
    target = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(
        squared_errors(logits, target).mean(), gevb.mean_squared_error(logits, target)[0]
    )


@pytest.mark.parametrize("rule", [NodePerturbation, WeightPerturbation])
def test_bad_input_is_refused_in_one_line(rule):
    network, _, _ = network_and_image("fc")
    with pytest.raises(gevb.InputError, match=r"sigma: got 0\.0, wanted a number above 0"):
        rule(network, sigma=0.0)
    with pytest.raises(gevb.InputError, match="got units with 10 components, wanted one number"):
        rule(gevb.build("digits", "fc"))


def test_gradients_accumulate():
    network, image, label = network_and_image("fc")
    NodePerturbation(network, seed=1).backward(image, label)
    once = gradient(network)
    gevb.BP(network).backward(image, label)
    NodePerturbation(network, seed=1).backward(image, label)
    both = gradient(network)
    gevb.BP(network).backward(image, label)
    torch.testing.assert_close(both - gradient(network), once)


def test_widget_follows_its_sliders():
    from gevbook.credit_assignment.widget import perturbation_by_hand

    box = perturbation_by_hand()
    says = box.children[-2]
    before = says.value
    box.children[1].children[1].value = 1000
    assert before != says.value
    assert "about 18° expected" in says.value


def test_figures_say_what_they_show():
    from gevbook.credit_assignment import figures as pictures

    curves = {"node perturbation": ((1, 2), (3.0, 4.0)), "GEVB": ((1, 2), (0.5, 0.25))}
    alt = pictures.perturbation_against_width(curves, curves).layout.meta["alt"]
    assert "node perturbation: noise / signal 3 to 4, cosine 3 to 4; GEVB: noise" in alt
    figure = pictures.how_fast({"odd": curves, "ten": curves})
    assert "GEVB: odd 0.5 to 0.25 %, ten 0.5 to 0.25 %" in figure.layout.meta["alt"]
