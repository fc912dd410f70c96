"""What the checkers share."""

from __future__ import annotations

import math
from collections.abc import Mapping

EMPTY = "Put your answer in and run the cell again."


def judge_number(
    answer: float | int | None,
    wanted: float,
    because: str,
    slips: Mapping[float, str],
    otherwise: str,
    tolerance: float = 0.02,
) -> None:
    """Print whether a number is right, and why; a known slip is named.

    Args:
        answer: the reader's number, None if there is none yet.
        wanted: the right number.
        because: why it is right.
        slips: wrong numbers with the misconception behind each.
        otherwise: a nudge for all other numbers.
        tolerance: relative deviation that still counts as the same number.
    """
    if answer is None:
        print(EMPTY)
    elif _close(answer, wanted, tolerance):
        print(f"Right. {because}")
    else:
        known = (text for slip, text in slips.items() if _close(answer, slip, tolerance))
        print(f"Not yet. {next(known, otherwise)}")


def _close(answer: float | int, wanted: float, tolerance: float) -> bool:
    return math.isclose(answer, wanted, rel_tol=tolerance, abs_tol=1e-9)
