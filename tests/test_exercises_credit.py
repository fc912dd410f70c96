"""Exercises on credit assignment: the right answer, each misconception, no answer."""

from __future__ import annotations

import gevb
from gevbook.credit_assignment import exercises as credit


def says(capsys, check, answer):
    check(answer)
    return capsys.readouterr().out.strip()


def test_transport(capsys):
    network = gevb.build("mnist", "fc", vectorized=False)
    first, second, output = (layer.weights.weight.numel() for layer in network.layers)
    check = credit.check_transport
    assert says(capsys, check, second + output).startswith("Right")
    assert "first layer" in says(capsys, check, first + second + output)
    assert "output weights" in says(capsys, check, second)
    assert "direct feedback" in says(capsys, check, 15360)
    assert "listeners" in says(capsys, check, 1536)
    assert "travel back" in says(capsys, check, 1)


def test_trials(capsys):
    check = credit.check_trials
    assert says(capsys, check, 1547).startswith("Right")
    assert says(capsys, check, 1546).startswith("Not yet. Nearly")
    assert "weight perturbation" in says(capsys, check, 784 * 1024 + 1024 * 512 + 512 * 10)
    assert "output units" in says(capsys, check, 1536)
    assert "square root" in says(capsys, check, 39)
    assert "variance of a mean" in says(capsys, check, 2)


def test_no_scalar(capsys):
    check = credit.check_no_scalar
    assert says(capsys, check, ((1, 0), (0, 1))).startswith("Right")
    assert "nonnegative" in says(capsys, check, ((1, -1), (0, 1)))
    assert "of no sign" in says(capsys, check, ((1, 1), (0, 1)))
    assert "same output" in says(capsys, check, ((2, 1), (1, 0.5)))
