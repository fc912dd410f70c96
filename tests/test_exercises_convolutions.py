"""The checkers of the chapter on convolutions name right answers and misconceptions."""

from __future__ import annotations

import pytest

from gevbook.convolutions import exercises as convolutions


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((4, -1), "Right"),
        ([-1, 4], "back to front"),
        ((2, 2), "second one is closed"),
        ((2, -0.5), "mean"),
        ((-2, 3), "closed position"),
        ((0, 0), "Not yet"),
        ((1, 2, 3), "two weights, so its update has two entries"),
    ],
)
def test_kernel(answer, says, capsys):
    convolutions.check_kernel(answer)
    assert says in capsys.readouterr().out


def test_kernel_by_definition(capsys):
    signal, mask = convolutions.SIGNAL, convolutions.MASK
    convolutions.check_kernel([sum(m * signal[p + q] for p, m in enumerate(mask)) for q in (0, 1)])
    assert capsys.readouterr().out.startswith("Right")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (2, "Right"),
        (0.5, "upside down"),
        (1, "equal feedback"),
        (3, "already"),
        (-2, "never negative"),
        (7, "Write the gradient"),
    ],
)
def test_turning_point(answer, says, capsys):
    convolutions.check_turning_point(answer)
    assert says in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("whole units", "Right"),
        ("components", "not a multiple of the identity"),
        ("both", "Not both"),
        ("neither", "One of them does"),
    ],
)
def test_pooling(answer, says, capsys):
    convolutions.check_pooling(answer)
    assert says in capsys.readouterr().out
