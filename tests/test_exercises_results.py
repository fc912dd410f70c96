"""Checkers of the results chapter."""

from __future__ import annotations

import pytest

from gevbook.results import exercises


@pytest.mark.parametrize(
    ("checker", "answer", "says"),
    [
        (exercises.check_false_alarms, 1.2, "Right."),
        (exercises.check_false_alarms, 0.05, "chance of one test"),
        (exercises.check_false_alarms, 1 - 0.95**24, "at least one"),
        (exercises.check_false_alarms, 24, "All of them"),
        (exercises.check_false_alarms, 7, "how many tests"),
        (exercises.check_seeds, 4, "Right."),
        (exercises.check_seeds, 2, "takes the published mean for exact"),
        (exercises.check_seeds, 8 * 0.04 / 0.09, "whole numbers"),
        (exercises.check_seeds, 3, "round up"),
        (exercises.check_seeds, 8, "squared"),
        (exercises.check_seeds, 20, "solve for n"),
    ],
)
def test_answers(checker, answer, says, capsys):
    checker(answer)
    printed = capsys.readouterr().out
    assert says in printed
    assert printed.startswith("Right") == (says.startswith("Right"))
