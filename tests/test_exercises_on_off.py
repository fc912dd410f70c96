"""Checkers of the chapter on ON/OFF initialization."""

from __future__ import annotations

import pytest

from gevbook.on_off import exercises


@pytest.mark.parametrize(
    ("checker", "answer", "says"),
    [
        (exercises.check_eigenvalues, [-1j, 1, 1j, -1], "Right. |W|"),
        (exercises.check_eigenvalues, [1j, -1j], "eigenvalues of W, for"),
        (exercises.check_eigenvalues, [1, -1, 1, -1], "eigenvalues of |W|, for"),
        (exercises.check_eigenvalues, [0, 0, 0, 0], "zero diagonal"),
        (exercises.check_eigenvalues, [1, 2], "four numbers"),
        (exercises.check_variance, 1 / 1024, "Right."),
        (exercises.check_variance, 1, "has half of them"),
        (exercises.check_variance, 0.5, "one layer"),
        (exercises.check_variance, 1 / 32, "its square"),
        (exercises.check_variance, 4**-10, "compare the two variances"),
        (exercises.check_variance, 1024, "smaller"),
        (exercises.check_variance, 0.3, "Compare He's"),
        (exercises.check_pair_updates, "Opposite", "Right."),
        (exercises.check_pair_updates, "same", "would keep the pairs"),
    ],
)
def test_answers(checker, answer, says, capsys):
    checker(answer)
    printed = capsys.readouterr().out
    assert says in printed
    assert printed.startswith("Right") == (says.startswith("Right"))
