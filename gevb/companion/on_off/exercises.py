"""Checkers of the chapter on ON/OFF initialization."""

from __future__ import annotations

import cmath
from collections.abc import Sequence

from gevb.companion.answers import EMPTY, judge_number


def check_eigenvalues(answer: Sequence[complex | float | int] | None) -> None:
    """The four eigenvalues of the ON/OFF matrix of W = [[0, 1], [-1, 0]]."""
    if answer is None:
        print(EMPTY)
    elif _same(answer, [1, -1, 1j, -1j]):
        print(
            "Right. |W| swaps two entries and has the eigenvalues 1 and -1; W is a quarter turn "
            "and has i and -i. The ON/OFF matrix has all four: it is a permutation, a cycle."
        )
    elif _same(answer, [1j, -1j]) or _same(answer, [1j, 1j, -1j, -1j]):
        print("Not yet. Those are the eigenvalues of W, for (v, -v). The vectors (v, v) see |W|.")
    elif _same(answer, [1, -1]) or _same(answer, [1, 1, -1, -1]):
        print("Not yet. Those are the eigenvalues of |W|, for (v, v). The vectors (v, -v) see W.")
    elif _same(answer, [0, 0, 0, 0]):
        print("Not yet. A zero diagonal makes the sum of the eigenvalues zero, not each of them.")
    else:
        print("Not yet. Find the eigenvalues of |W| and of W; together they are four numbers.")


def check_variance(answer: float | int | None) -> None:
    """Squared activity after ten layers with variance 2 / n_in instead of 4 / n_in."""
    judge_number(
        answer,
        2.0**-10,
        "The ON subnetwork has n_in / 2 inputs, half of them active: 2 / n_in is half of what it "
        "needs, in every layer.",
        {
            1.0: "2 / n_in is right for a mixed-sign network of n_in inputs. The ON subnetwork "
            "has half of them.",
            0.5: "That is one layer; ten layers multiply.",
            2.0**-5: "That is the factor of the activity. The question is about its square.",
            4.0**-10: "The gates' half is there with 4 / n_in, too: compare the two variances.",
            2.0**10: "Smaller weights make the activity smaller.",
        },
        "Compare He's variance, 2 / inputs, for the half-width network with the one given.",
    )


def check_pair_updates(answer: str | None) -> None:
    """Sign of the update of OFF to OFF against that of ON to ON: "same" or "opposite"."""
    if answer is None:
        print(EMPTY)
    elif answer.strip().lower() == "opposite":
        print(
            "Right. The gates of the receiving twins agree, and the senders' activations are "
            "opposite. To stay a pair the two weights would have to change alike."
        )
    elif answer.strip().lower() == "same":
        print(
            "Not yet. That would keep the pairs, but the update is G (e . a): what changes in it "
            "from the ON units to their OFF twins?"
        )
    else:
        print('Not yet. The answer is "same" or "opposite".')


def _same(answer: Sequence[complex | float | int], wanted: Sequence[complex | float | int]) -> bool:
    """Whether two lists hold the same numbers in any order."""
    left = list(answer)
    for value in wanted:
        match = next((v for v in left if cmath.isclose(v, value, abs_tol=1e-6)), None)
        if match is None:
            return False
        left.remove(match)
    return not left
