"""The exception for errors that a user can correct, and the checks that raise it."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

#: Largest whole number accepted.
LARGEST = 2**31 - 1
#: Longest path accepted; systems refuse longer ones.
LONGEST = 4096


class InputError(ValueError):
    """Wrong input, in one line: its name, what was got and what was wanted."""


def shown(value: object) -> str:
    """Shorten a value to one line for a message."""
    if shape := getattr(value, "shape", None):
        return f"{type(value).__name__} of shape {tuple(shape)}"
    try:
        text = " ".join(repr(str(value) if isinstance(value, Path) else value).split())
    except ValueError:  # Python does not print a whole number of thousands of digits.
        text = f"a very large {type(value).__name__}"
    return text if len(text) <= 100 else f"{text[:97]}..."


def check_kind(name: str, got: object, wanted: type) -> None:
    """Refuse anything but an instance of the wanted class.

    Raises:
        InputError: it is not.
    """
    if not isinstance(got, wanted):
        raise InputError(f"{name}: got {shown(got)}, wanted a gevb.{wanted.__name__}")


def check_choice(name: str, got: object, wanted: Iterable[str]) -> None:
    """Refuse a value that is not among those wanted.

    Raises:
        InputError: `got` is not among `wanted`.
    """
    choices = list(wanted)
    if not isinstance(got, str) or got not in choices:
        raise InputError(f"{name}: got {shown(got)}, wanted one of {', '.join(choices)}")


def check_flag(name: str, got: object) -> bool:
    """Check a truth value; NumPy's is accepted too.

    Raises:
        InputError: anything else, also values that Python treats as true or false.
    """
    if not isinstance(got, bool | np.bool_):
        raise InputError(f"{name}: got {shown(got)}, wanted True or False")
    return bool(got)


def check_whole(name: str, got: object, minimum: int = 0, maximum: int = LARGEST) -> int:
    """Check a whole number in a range; NumPy's is accepted too.

    Raises:
        InputError: anything else, also True and False.
    """
    value = int(got) if isinstance(got, Integral) and not isinstance(got, bool) else minimum - 1
    if value < minimum:
        raise InputError(f"{name}: got {shown(got)}, wanted a whole number >= {minimum}")
    if value > maximum:
        raise InputError(f"{name}: got {shown(got)}, wanted at most {maximum}")
    return value


def check_image(name: str, got: object) -> tuple[int, int, int]:
    """Check the shape of an image, (channels, height, width).

    Raises:
        InputError: anything but three whole numbers of at least 1.
    """
    if not isinstance(got, tuple | list) or len(got) != 3:
        raise InputError(f"{name}: got {shown(got)}, wanted (channels, height, width)")
    channels, height, width = (check_whole(name, size, 1) for size in got)
    return channels, height, width


def check_number(
    name: str,
    got: object,
    minimum: float | int = 0,
    maximum: float | int = math.inf,
    above: bool = False,
) -> float:
    """Check a finite number in a range; with `above`, the minimum itself is refused.

    Raises:
        InputError: anything else, also True and False.
    """
    with suppress(OverflowError):
        value = float(got) if isinstance(got, Real) and not isinstance(got, bool) else math.nan
        if minimum <= value <= maximum and value < math.inf and not (above and value == minimum):
            return value
    range_ = f"above {minimum:g}" if above else f">= {minimum:g}"
    if maximum < math.inf:
        range_ += f" and <= {maximum:g}"
    raise InputError(f"{name}: got {shown(got)}, wanted a number {range_}")


def as_tensor(name: str, got: object) -> Tensor:
    """Return a tensor unchanged, or convert a NumPy array or a list of numbers.

    Raises:
        InputError: anything else, also a sparse tensor.
    """
    if isinstance(got, Tensor):
        if got.layout is not torch.strided:
            raise InputError(f"{name}: got a tensor of layout {got.layout}, wanted a dense one")
        return got
    try:
        return torch.tensor(np.asarray(got))
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{name}: got {shown(got)}, wanted a tensor") from error


def check_names(name: str, got: object, wanted: Collection[object]) -> None:
    """Refuse anything but a dictionary with exactly the wanted keys.

    Raises:
        InputError: not a dictionary, or a key is missing or not wanted.
    """
    if not isinstance(got, dict):
        raise InputError(f"{name}: got {shown(got)}, wanted {', '.join(map(str, wanted))}")
    if missing := [key for key in wanted if key not in got]:
        raise InputError(f"{name}: got no {', '.join(map(str, missing))}")
    if more := [key for key in got if key not in wanted]:
        raise InputError(f"{name}: got {shown(more[0])}, which is not wanted")


def check_path(name: str, got: str | os.PathLike[str]) -> Path:
    """Convert text to a path, with `~` for the home folder.

    Raises:
        InputError: empty text, an impossible file name, or an unknown home folder.
    """
    try:
        text = os.fspath(got)
        if not text.strip() or b"\0" in os.fsencode(text) or len(text) > LONGEST:
            raise ValueError("no file can be called so")
        return Path(text).expanduser()
    except (TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise InputError(f"{name}: got {shown(got)}, wanted the name of a folder") from error


@contextmanager
def one_line(doing: str) -> Iterator[None]:
    """Report in one line the system's error about a file.

    Raises:
        InputError: instead of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot {doing}: {error.strerror or error}") from error
