"""Checkers of the chapter on alignment."""

from __future__ import annotations

import pytest

from gevbook.alignment import exercises


@pytest.mark.parametrize(
    ("checker", "answer", "says"),
    [
        (exercises.check_uniform_weights, 30, "Right. Uniform weights"),
        (exercises.check_uniform_weights, 55.65, "ON/OFF"),
        (exercises.check_uniform_weights, 0, "further down"),
        (exercises.check_uniform_weights, 0.5236, "radians"),
        (exercises.check_uniform_weights, 18.43, "take the root"),
        (exercises.check_uniform_weights, 54.74, "took r for the cosine"),
        (exercises.check_uniform_weights, 77, "In the last hidden layer"),
        (exercises.check_width_for_five_degrees, 1758, "Right."),
        (exercises.check_width_for_five_degrees, 559.6, r"sqrt(1 + r^2)"),
        (exercises.check_width_for_five_degrees, 879, "gates"),
        (exercises.check_width_for_five_degrees, 1201.5, "squared ratio"),
        (exercises.check_width_for_five_degrees, 0.538, "tan(theta)"),
        (exercises.check_width_for_five_degrees, 1, "Set r of Eq. 15"),
        (exercises.check_without_gates, 2**-0.5, "Right."),
        (exercises.check_without_gates, 0.5, "grows as well"),
        (exercises.check_without_gates, 1, "half of the terms"),
        (exercises.check_without_gates, 2**0.5, "from open gates"),
        (exercises.check_without_gates, 2, "average better"),
        (exercises.check_without_gates, 7, "A9 and A13"),
    ],
)
def test_answers(checker, answer, says, capsys):
    checker(answer)
    printed = capsys.readouterr().out
    assert says in printed
    assert printed.startswith("Right") == (says.startswith("Right"))
