"""Checks of the paper's equations, printed in chapters and read by the index of equations."""

from __future__ import annotations

import math
import textwrap

ROUNDING = 1e-9  # Smaller errors differ between machines.
WIDTH = 80  # columns of the book's pages
UNBROKEN = "\N{NO-BREAK SPACE}"


def check(equation: str, statement: str, error: float, tolerance: float, unit: str = "") -> None:
    """Print that an equation holds to within `tolerance`, or fail.

    The line is broken at 80 columns. An error of the size of rounding is printed as the next power
    of ten, so that the line is the same on all machines.

    Args:
        equation: the paper's number, such as "9" or "A7", or "M1" to "M6" for the results of
            Appendix M.
        statement: the equation in one line of plain text.
        error: the largest deviation found between its two sides.
        tolerance: the largest deviation accepted.
        unit: unit of both, such as "standard errors", if it is not that of the sides.

    Raises:
        AssertionError: the error is larger than the tolerance, or not a number.
    """
    name = f"Result {equation}" if equation.startswith("M") else f"Eq. {equation}"
    if not error <= tolerance:
        raise AssertionError(f"{name} fails: {statement}; error {error:.2g}, wanted {tolerance:g}")
    if error == 0 or error >= ROUNDING:
        size = f"{error:.2g}"
    else:
        size = f"below {10.0 ** math.ceil(math.log10(error)):g}"
    size = f"{size} {unit}".strip()
    found = f"largest error {size} (wanted: {tolerance:g})".replace(" ", UNBROKEN)
    line = f"{name} holds: {statement}; {found}"
    lines = textwrap.fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    print(lines.replace(UNBROKEN, " "))


def told(what: str, found: float, said: float, within: float) -> None:
    """Print that a number agrees with the text, or fail; for results that depend on the machine.

    Args:
        what: name of the number.
        found: computed value.
        said: value in the text.
        within: largest difference accepted between two machines.

    Raises:
        AssertionError: the difference is larger, or the number is nan.
    """
    if not abs(found - said) <= within:
        raise AssertionError(f"{what}: found {found:.3g}, the text says {said:g}")
    print(f"{what}: {said:g} to within {within:g}, as the text says")
