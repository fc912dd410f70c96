"""The one exception for what a user can put right."""

from __future__ import annotations

from collections.abc import Iterable


class InputError(ValueError):
    """Wrong input, in one line that names what was wrong, what was got and what was wanted."""


def check_choice(name: str, got: str, wanted: Iterable[str]) -> None:
    """Refuse a value that is not one of those wanted.

    Raises:
        InputError: `got` is not among `wanted`.
    """
    if got not in (choices := list(wanted)):
        raise InputError(f"{name}: got {got!r}, wanted one of {', '.join(choices)}")
