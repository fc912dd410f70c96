"""Exercises on training: the right answer, each misconception, no answer."""

from __future__ import annotations

import pytest

from gevbook.training import exercises as training


def says(capsys, check, answer):
    check(answer)
    return capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (89_110, "Right"),
        (88_920, "leaves out the last batch"),
        (89_062.5, "no fractions"),
        (469, "one epoch"),
        (11_400_000, "counts examples"),
        (5, "How many batches"),
    ],
)
def test_updates(capsys, answer, wanted):
    assert wanted in says(capsys, training.check_updates, answer)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (["zero_grad", "backward", "step", "clamp_"], "Right"),
        (["backward", "step", "zero_grad", "clamp_"], "Right"),
        (["backward", "step", "clamp_", "zero_grad"], "Right"),
        (["zero_grad", "backward", "clamp_", "step"], "next forward pass"),
        (["clamp_", "zero_grad", "backward", "step"], "after the last batch"),
        (["zero_grad", "step", "backward", "clamp_"], "of the batch before"),
        (["backward", "zero_grad", "step", "clamp_"], "erases"),
    ],
)
def test_order(capsys, answer, wanted):
    assert wanted in says(capsys, training.check_order, answer)


NEEDED = {"network", "optimizer", "order", "epoch"}


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (NEEDED, "Right"),
        (NEEDED - {"network"}, "nothing to go on with"),
        (NEEDED - {"optimizer"}, "Adam"),
        (NEEDED - {"order"}, "order of epoch 1"),
        (NEEDED - {"epoch"}, "when to stop"),
        (NEEDED | {"feedback"}, "DFA's and FA's"),
        (NEEDED | {"gating vectors"}, "never change"),
        (NEEDED | {"data"}, "known sums"),
    ],
)
def test_checkpoint(capsys, answer, wanted):
    assert wanted in says(capsys, training.check_checkpoint, answer)
