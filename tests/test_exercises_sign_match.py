"""Exercises on the sign match: right answers, misconceptions, no answer."""

from __future__ import annotations

from fractions import Fraction

import pytest

from gevbook.sign_match import exercises

RIGHT = {"leaky gate", "ball gate"}


def test_nonlinearities_are_judged_by_their_jacobians():
    check = exercises.check_nonlinearities
    assert set(check.slips) == set(exercises.NONLINEARITIES)
    kept = {name for name, phi in exercises.NONLINEARITIES.items() if exercises.keeps_signs(phi)}
    assert check.right == kept


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (RIGHT, "Right."),
        ({"ball gate"}, "not 0 or 1"),
        ({"leaky gate"}, "does not matter"),
        (RIGHT | {"flipping gate"}, "must be nonnegative"),
        (RIGHT | {"soft gate"}, "changes with h"),
        (RIGHT | {"length"}, "|h| changes"),
        (RIGHT | {"tanh per component"}, "entries differ"),
    ],
)
def test_nonlinearities(answer, says, capsys):
    exercises.check_nonlinearities(answer)
    assert says in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ([(1, 3), (5, -1)], "Right. GEVB adds up to 2, the gradient to -2."),
        ([(-1, 3), (1, 1)], "negative weight"),
        ([(0, 3), (1, -1)], "without an active path"),
        ([(1, 3), (5, 1)], "have to disagree"),
        ([(5, 3), (1, -1)], "smaller update have the larger dhat"),
    ],
)
def test_batch(answer, says, capsys):
    exercises.check_batch(answer)
    assert says in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((3, Fraction(13, 8)), "dhat = 1/2 + 1/8 + 1 = 13/8"),
        ((3, 1.625), "Right. 3 active paths"),
        ((4, 4), "inactive units"),
        ((3, 1), "largest path"),
        ((3, 2), "Multiply the weights"),
        ((7, 2), "thick lines"),
    ],
)
def test_paths(answer, says, capsys):
    exercises.check_paths(answer)
    assert says in capsys.readouterr().out
