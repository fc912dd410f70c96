"""Exercises as data: the right answer, known mistakes with a reply to each, and the checker.

Call an exercise with an answer of any type; it prints the reply. `Number`, `Numbers`, `Choice` and
`Selection` hold their data as attributes, so that other code can ask the same question. If an
answer is checked by its properties instead, `construction` makes an exercise of a function.

A number may be given as text, as people write it. `readings` and `lists` find its possible
meanings; the page's script (book/assets/quiz/answers.js) follows the same rule.
"""

from __future__ import annotations

import itertools
import math
import re
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from numbers import Complex
from typing import Any, Generic, TypeVar

EMPTY = "Put your answer in and run the cell again."
Read = TypeVar("Read")
Values = tuple[complex | float | int, ...]


class Unfit(Exception):
    """An answer whose form is not the requested one."""


class Unclear(Exception):
    """An answer with several meanings, more than one of them known to the question."""


class Exercise(Generic[Read]):
    """Common part of all exercises; each kind defines the form of an answer and its reading."""

    asks: str

    def __call__(self, answer: object) -> None:
        """Print the verdict; or the wanted form, if there is no answer or one of another form."""
        if answer is None:
            print(EMPTY)
            return
        try:
            read = self._read(answer)
        except Unfit:
            print(f"Not yet. The answer must be {self._form}; this is {reprlib.repr(answer)}.")
        except Unclear as unclear:
            print(f"Not yet. {reprlib.repr(answer)} {unclear}.")
        else:
            print(self.verdict(read))

    def verdict(self, answer: Read) -> str:
        """Compose the reply to an answer of the right form, beginning with Right or Not yet."""
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
        asks: the question in short.
        right: the right answer.
        because: reason why it is right.
        slips: wrong answers with the misconception behind each.
        otherwise: a hint for all other answers.
    """

    asks: str
    right: Read
    because: str
    slips: Mapping[Read, str]
    otherwise: str = ""

    def verdict(self, answer: Read) -> str:
        """Return Right, the reply to a known slip, or the hint."""
        if self._same(answer, self.right):
            return f"Right. {self.because}"
        known = (says for slip, says in self.slips.items() if self._same(answer, slip))
        return f"Not yet. {next(known, self.otherwise)}"

    def _same(self, answer: Read, wanted: Read) -> bool:
        return answer == wanted

    def _meant(self, meanings: list[Read]) -> Read:
        """Return the meaning of a text that the question knows; the first one if it knows none.

        Raises:
            Unfit: the text has no meaning.
            Unclear: the question knows several.
        """
        if not meanings:
            raise Unfit
        wanted = (self.right, *self.slips)
        known = [m for m in meanings if any(self._same(m, answer) for answer in wanted)]
        if len(known) > 1:
            words = " or ".join(map(written, known))
            raise Unclear(f"can mean {words}: please write it with a point, or without a comma")
        return (known or meanings)[0]


@dataclass(frozen=True)
class Number(Known[float | int]):
    """An exercise that asks for a number.

    Attributes:
        tolerance: relative deviation that still counts as the same number.
        percent: True if it is wanted in percent, so that 8 % is 8 and not 0.08.
    """

    tolerance: float | int = 0.02
    percent: bool = False
    _form = "a number, with a decimal point and without brackets"

    def _read(self, answer: object) -> float:
        if isinstance(answer, str):
            return self._meant(list(readings(answer, self.percent)))
        return as_number(answer)

    def _same(self, answer: float | int, wanted: float | int) -> bool:
        return math.isclose(answer, wanted, rel_tol=self.tolerance, abs_tol=1e-9)


@dataclass(frozen=True)
class Numbers(Known[Values]):
    """An exercise that asks for a few numbers.

    Attributes:
        in_order: True if their order counts.
    """

    in_order: bool = True

    @property
    def _form(self) -> str:
        return f"a list of {len(self.right)} numbers, in square brackets"

    def _read(self, answer: object) -> Values:
        if isinstance(answer, str):
            return self._meant(lists(answer))
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
    """An exercise that asks for one of several words, the right one or a slip; case is ignored."""

    @property
    def _form(self) -> str:
        return f"one of {', '.join(map(repr, sorted({self.right, *self.slips})))}"

    def _read(self, answer: object) -> str:
        return word(answer, (self.right, *self.slips))


@dataclass(frozen=True)
class Selection(Exercise[frozenset[str]]):
    """An exercise that asks for several words of a list, in any order; case is ignored.

    Attributes:
        asks: the question in short.
        right: the words that belong to the answer.
        because: reason for this choice.
        slips: every word of the list, with the reply if it is left out, or included, by mistake; of
            several such words the first counts.
    """

    asks: str
    right: frozenset[str]
    because: str
    slips: Mapping[str, str]

    def verdict(self, answer: frozenset[str]) -> str:
        """Return Right, or the reply to the first slip."""
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
    """Make an exercise of a function that replies to an answer; its docstring is the question.

    Args:
        form: form of an answer, in words.
        read: converts an answer to the function's type, or raises `Unfit`.
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


_SIGNS = str.maketrans("−–‑", "---")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "}
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
_PLAIN = re.compile(_NUMBER, re.ASCII)
_IMAGINARY = re.compile(rf"([+-]?(?:{_NUMBER})?)[ij]", re.ASCII)
_SPACED = re.compile(r"[1-9]\d{0,2}(?:[ \xa0\u2009\u202f'’]\d{3})+(?:[.,]\d+)?", re.ASCII)
_COMMAS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_POINTS = re.compile(r"[1-9]\d{0,2}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2,})", re.ASCII)
_OPERATOR = re.compile(r"\s*(/|\^|\*\*)\s*")


def readings(text: str, percent: bool = False) -> tuple[float, ...]:
    """List the meanings of a text as a number, a fraction or a power; () for anything else.

    A comma before three digits separates thousands or decimals, so that "1,758" is 1758 or 1.758.
    It separates only decimals after a zero, as in "0,707", or before more or fewer digits, because
    these cannot be thousands. "%" means a hundredth, unless percent are wanted; "°" is ignored.
    """
    plain = _as_typed(text)
    share = plain.endswith("%") and not percent
    plain = re.sub(r"\s*[°%]$", "", plain)
    first, *more = _OPERATOR.split(plain)
    if not more:
        found = _values(first)
    elif len(more) == 2:
        pairs = itertools.product(_values(first), _values(more[1]))
        found = [_combined(a, more[0], b) for a, b in pairs]
    else:
        return ()
    values = [value / 100 if share else value for value in found]
    return tuple(dict.fromkeys(value for value in values if math.isfinite(value)))


def lists(text: str) -> list[Values]:
    """List the meanings of a text as a list.

    A comma separates numbers, or decimals if digits touch it on both sides; beside semicolons it
    separates only decimals.
    """
    plain = re.sub(r"[\[\](){}]", " ", _OPERATOR.sub(r"\1", _as_typed(text)))
    decimal = re.sub(r"(?<=\d),(?=\d)", ".", plain)
    found: dict[Values, None] = {}
    for way in (decimal,) if ";" in plain else (plain, decimal):
        parts = [_complex(part) for part in re.split(r"[\s,;]+", way) if part]
        if parts and None not in parts:
            found[tuple(part for part in parts if part is not None)] = None
    return list(found)


def _as_typed(text: str) -> str:
    """Replace full-width characters and printed minus signs by those of a keyboard."""
    return text.translate(_FULL_WIDTH).translate(_SIGNS).strip().lower()


def _values(text: str) -> list[float]:
    sign = -1 if text.startswith("-") else 1
    plain = text[1:] if text[:1] in ("+", "-") else text
    if _SPACED.fullmatch(plain):
        plain = re.sub(r"[^\d.,]", "", plain).replace(",", ".")
    found = []
    if _COMMAS.fullmatch(plain):
        found.append(plain.replace(",", ""))
    if _POINTS.fullmatch(plain):
        found.append(plain.replace(".", "").replace(",", "."))
    found.append(plain.replace(",", ".") if "." not in plain else plain)
    return [sign * float(value) for value in found if _PLAIN.fullmatch(value)]


def _combined(a: float, sign: str, b: float) -> float:
    try:
        value = a / b if sign == "/" else a**b
    except ArithmeticError:
        return math.nan
    return math.nan if isinstance(value, complex) else value


def _complex(text: str) -> complex | None:
    if match := _IMAGINARY.fullmatch(text):
        factor = match[1]
        return complex(0, float(factor if factor[-1:].isdigit() else f"{factor}1"))
    values = readings(text)
    return complex(values[0]) if values else None


def written(answer: Any) -> str:
    """Format an answer as a reader would type it."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, tuple):
        return ", ".join(map(written, answer))
    if isinstance(answer, complex):
        return f"{answer.imag:g}i".replace("1i", "i") if answer.imag else f"{answer.real:g}"
    return f"{answer:.6g}" if isinstance(answer, float) else str(answer)


def as_number(answer: object) -> float:
    """Convert a real number of Python, numpy or torch to a float; else raise `Unfit`."""
    value = complex_number(answer)
    if value.imag:
        raise Unfit
    return value.real


def complex_number(answer: object) -> complex:
    """Convert a finite number of Python, numpy or torch to a complex one; else raise `Unfit`."""
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
    """Make a reader of so many numbers; it raises `Unfit` for anything else."""
    return lambda answer: tuple(as_number(value) for value in members(answer, count))


def members(answer: object, count: int | None = None) -> list[object]:
    """List the members of a list, tuple, set or array; raise `Unfit` for others or other counts."""
    if hasattr(answer, "tolist"):
        answer = answer.tolist()
    if not isinstance(answer, list | tuple | set | frozenset):
        raise Unfit
    if count is not None and len(answer) != count:
        raise Unfit
    return list(answer)


def word(answer: object, words: Iterable[str]) -> str:
    """Find the word that is meant, ignoring case; else raise `Unfit`."""
    found = [w for w in words if isinstance(answer, str) and w.lower() == answer.strip().lower()]
    if not found:
        raise Unfit
    return found[0]
