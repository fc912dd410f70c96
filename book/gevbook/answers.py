"""Exercises as data: what is right, the known slips with what each gets wrong, and the checker.

An exercise is called with the reader's answer and prints what there is to say about it, whatever
the answer's type. `Number`, `Numbers`, `Choice` and `Selection` hold all that they know as
attributes, so that something else can ask the same question. Where an answer is judged by its
properties instead, a function becomes an exercise by `construction`.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from numbers import Complex
from typing import Generic, TypeVar

EMPTY = "Put your answer in and run the cell again."
Read = TypeVar("Read")
Values = tuple[complex | float | int, ...]


class Unfit(Exception):
    """An answer of another form than the one that was asked for."""


class Exercise(Generic[Read]):
    """What all of them have; each kind says what an answer looks like and how it is read."""

    asks: str

    def __call__(self, answer: object) -> None:
        """Print the verdict; or what is wanted, if there is no answer or none of that form."""
        if answer is None:
            print(EMPTY)
            return
        try:
            read = self._read(answer)
        except Unfit:
            print(f"Not yet. Wanted is {self._form}; this is {reprlib.repr(answer)}.")
        else:
            print(self.verdict(read))

    def verdict(self, answer: Read) -> str:
        """What is to be said about an answer of the right form, beginning with Right or Not yet."""
        raise NotImplementedError

    @property
    def _form(self) -> str:
        raise NotImplementedError

    def _read(self, answer: object) -> Read:
        raise NotImplementedError


@dataclass(frozen=True)
class Known(Exercise[Read]):
    """An exercise with one right answer.

    Attributes:
        asks: the question, in short.
        right: the right answer.
        because: why it is right.
        slips: wrong answers with the misconception behind each.
        otherwise: a nudge for all other answers.
    """

    asks: str
    right: Read
    because: str
    slips: Mapping[Read, str]
    otherwise: str = ""

    def verdict(self, answer: Read) -> str:
        """Right, a known slip, or the nudge."""
        if self._same(answer, self.right):
            return f"Right. {self.because}"
        known = (says for slip, says in self.slips.items() if self._same(answer, slip))
        return f"Not yet. {next(known, self.otherwise)}"

    def _same(self, answer: Read, wanted: Read) -> bool:
        return answer == wanted


@dataclass(frozen=True)
class Number(Known[float | int]):
    """A number is asked for.

    Attributes:
        tolerance: relative deviation that still counts as the same number.
    """

    tolerance: float | int = 0.02
    _form = "a number, without quotes or brackets"

    def _read(self, answer: object) -> float:
        return number(answer)

    def _same(self, answer: float | int, wanted: float | int) -> bool:
        return math.isclose(answer, wanted, rel_tol=self.tolerance, abs_tol=1e-9)


@dataclass(frozen=True)
class Numbers(Known[Values]):
    """A few numbers are asked for.

    Attributes:
        in_order: whether their order counts.
    """

    in_order: bool = True

    @property
    def _form(self) -> str:
        return f"a list of {len(self.right)} numbers, in square brackets"

    def _read(self, answer: object) -> Values:
        return tuple(complex_number(value) for value in members(answer))

    def _same(self, answer: Values, wanted: Values) -> bool:
        left = list(answer)
        for value in wanted:
            places = range(min(1, len(left)) if self.in_order else len(left))
            match = next((p for p in places if abs(left[p] - value) < 1e-6), None)
            if match is None:
                return False
            del left[match]
        return not left


@dataclass(frozen=True)
class Choice(Known[str]):
    """One of several words is asked for, the right one or a slip; capitals do not count."""

    @property
    def _form(self) -> str:
        return f"one of {', '.join(map(repr, sorted({self.right, *self.slips})))}"

    def _read(self, answer: object) -> str:
        return word(answer, (self.right, *self.slips))


@dataclass(frozen=True)
class Selection(Exercise[frozenset[str]]):
    """Several of a list of words are asked for, in any order; capitals do not count.

    Attributes:
        asks: the question, in short.
        right: the words that belong to the answer.
        because: why just these.
        slips: every word of the list, with what is to be said if it is left out, or taken in, by
            mistake; of several such words the first counts.
    """

    asks: str
    right: frozenset[str]
    because: str
    slips: Mapping[str, str]

    def verdict(self, answer: frozenset[str]) -> str:
        """Right, or the first slip."""
        wrong = (says for name, says in self.slips.items() if name in answer ^ self.right)
        slip = next(wrong, None)
        return f"Right. {self.because}" if slip is None else f"Not yet. {slip}"

    @property
    def _form(self) -> str:
        return f"a set, in curly brackets, of some of {', '.join(map(repr, self.slips))}"

    def _read(self, answer: object) -> frozenset[str]:
        return frozenset(word(name, self.slips) for name in members(answer))


def construction(
    form: str, read: Callable[[object], Read]
) -> Callable[[Callable[[Read], str]], Exercise[Read]]:
    """Decorator: a function that says something about an answer, as an exercise.

    Args:
        form: what an answer looks like, in words.
        read: brings an answer to the form that the function takes, or raises `Unfit`.
    """

    def as_exercise(judge: Callable[[Read], str]) -> Exercise[Read]:
        class Construction(Exercise[Read]):
            asks, _form = judge.__doc__ or "", form

            def verdict(self, answer: Read) -> str:
                return judge(answer)

            def _read(self, answer: object) -> Read:
                return read(answer)

        return Construction()

    return as_exercise


def number(answer: object) -> float:
    """A real number, Python's, numpy's or torch's, as a float; else `Unfit`."""
    value = complex_number(answer)
    if value.imag:
        raise Unfit
    return value.real


def complex_number(answer: object) -> complex:
    """A finite number, Python's, numpy's or torch's, as a complex one; else `Unfit`."""
    if getattr(answer, "ndim", None) == 0:
        answer = answer.item()  # type: ignore[attr-defined]
    if isinstance(answer, bool) or not isinstance(answer, Complex):
        raise Unfit
    try:
        value = complex(answer)
    except OverflowError:
        raise Unfit from None
    if not (math.isfinite(value.real) and math.isfinite(value.imag)):
        raise Unfit
    return value


def numbers(count: int) -> Callable[[object], tuple[float, ...]]:
    """Reader of so many numbers; else `Unfit`."""
    return lambda answer: tuple(number(value) for value in members(answer, count))


def members(answer: object, count: int | None = None) -> list[object]:
    """What is in a list, a tuple, a set or an array; else, or if not so many, `Unfit`."""
    if hasattr(answer, "tolist"):
        answer = answer.tolist()
    if not isinstance(answer, list | tuple | set | frozenset):
        raise Unfit
    if count is not None and len(answer) != count:
        raise Unfit
    return list(answer)


def word(answer: object, words: Iterable[str]) -> str:
    """The word that is meant, whatever its capitals; else `Unfit`."""
    found = [w for w in words if isinstance(answer, str) and w.lower() == answer.strip().lower()]
    if not found:
        raise Unfit
    return found[0]
