"""Exercises on vectorized networks: the right answer, each misconception, no answer."""

from __future__ import annotations

import math

import gevb
from gevb.networks import FC, Network
from gevb.theory.vnn import multiply_adds
from gevbook.building_a_vnn import exercises as vnn


def says(capsys, check, answer):
    check(answer)
    return capsys.readouterr().out.strip()


def test_weights(capsys):
    network = gevb.build("cifar10", "fc")
    count = sum(layer.weights.weight.numel() for layer in network.layers)
    assert says(capsys, vnn.check_weights, count).startswith("Right")
    everything = sum(p.numel() for p in network.parameters())
    assert "includes the biases" in says(capsys, vnn.check_weights, everything)
    scalar = gevb.build("cifar10", "fc", vectorized=False)
    count = sum(layer.weights.weight.numel() for layer in scalar.layers)
    assert "conventional" in says(capsys, vnn.check_weights, count)
    first, *later, output = (math.prod(layer.weights.weight.shape[-2:]) for layer in network.layers)
    first //= 10
    assert "first layer does not share" in says(
        capsys, vnn.check_weights, first + sum(later) + output
    )
    assert "counted K times" in says(capsys, vnn.check_weights, 10 * (first + sum(later) + output))
    assert "one output unit" in says(
        capsys, vnn.check_weights, 10 * first + sum(later) + 10 * output
    )
    assert "layer by layer" in says(capsys, vnn.check_weights, 7)


def test_gate(capsys):
    assert says(capsys, vnn.check_gate, (1, 0.2)).startswith("Right")
    assert says(capsys, vnn.check_gate, (10, 2)).startswith("Right")
    assert "OFF twin" in says(capsys, vnn.check_gate, (-1, -0.2))
    assert "(1.0, -1.0)" in says(capsys, vnn.check_gate, (0, 1))
    assert "not both zero" in says(capsys, vnn.check_gate, (0, 0))


def test_contraction(capsys):
    network = Network((1, 1, 7), 10, (FC(100), FC(50)))
    assert says(capsys, vnn.check_contraction, multiply_adds(network, "gevb")[1].update).startswith(
        "Right"
    )
    assert "at every synapse" in says(capsys, vnn.check_contraction, 50_000)
    assert "forgets" in says(capsys, vnn.check_contraction, 5_000)
    assert "one number" in says(capsys, vnn.check_contraction, 6_500)
    assert "first layer" in says(capsys, vnn.check_contraction, 50_500)
    assert "depend on i" in says(capsys, vnn.check_contraction, 3)
