"""Exercises on limits and meaning: the right answer, each misconception, no answer."""

from __future__ import annotations

import pytest
import torch

from gevb.networks import FC, Network
from gevb.theory.vnn import multiply_adds
from gevbook.meaning import exercises as meaning


def says(capsys, check, answer):
    check(answer)
    return capsys.readouterr().out.strip()


def forward(vectorized, classes=1000):
    with torch.device("meta"):  # shapes only
        network = Network(
            (1, 28, 28),
            classes,
            (FC(1024), FC(512)),
            vectorized=vectorized,
            initializer=lambda layer, generator: layer,
        )
    return sum(cost.forward for cost in multiply_adds(network, "bp"))


def test_thousand_classes(capsys):
    check = meaning.check_thousand_classes
    assert says(capsys, check, forward(True) / forward(False)).startswith("Right")
    assert "hidden layers" in says(capsys, check, 1000)
    assert "512 weights" in says(capsys, check, (forward(True) - 512_000) / forward(False))
    assert "itself" in says(capsys, check, forward(True) / forward(True, 10))
    assert "layer by layer" in says(capsys, check, 3)


@pytest.mark.parametrize(
    ("answer", "wanted"), [(9, "Right"), (10, "add them up"), (1, "One number"), (5, "equation")]
)
def test_independent_errors(capsys, answer, wanted):
    assert wanted in says(capsys, meaning.check_independent_errors, answer)


LOCAL = {"Adam", "clamping", "mean over a batch", "gate"}


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (LOCAL, "Right"),
        (LOCAL | {"shared kernel"}, "sum over all positions"),
        (LOCAL | {"softmax error"}, "scores of all classes"),
        (LOCAL - {"Adam"}, "two numbers for each weight"),
        (LOCAL - {"clamping"}, "stays at zero"),
        (LOCAL - {"mean over a batch"}, "a trace"),
        (LOCAL - {"gate"}, "where its inputs arrive"),
    ],
)
def test_local(capsys, answer, wanted):
    assert wanted in says(capsys, meaning.check_local, answer)
