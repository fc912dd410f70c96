"""All exercises: what they know of themselves holds, and no answer ends in a traceback."""

from __future__ import annotations

import re
from fractions import Fraction
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from gevbook import answers
from gevbook.answers import Choice, Exercise, Known, Number, Numbers, Selection

COMPANION = Path(answers.__file__).parent
EXERCISES = {
    f"{path.parent.name}.{name}": exercise
    for path in sorted(COMPANION.glob("*/exercises.py"))
    for name, exercise in vars(import_module(f"gevbook.{path.parent.name}.exercises")).items()
    if isinstance(exercise, Exercise)
}
ODD = [
    "thirty",
    "",
    True,
    float("nan"),
    float("inf"),
    10**400,
    1j,
    [],
    [1],
    ["C", 2],
    [[1, 2], "x"],
    {"x"},
    {"a": 1},
    {},
    b"c",
    object(),
    print,
    torch.zeros(2, 2),
    np.array(["x"]),
]

every = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


def known(kind):
    found = {name: e for name, e in EXERCISES.items() if isinstance(e, kind)}
    return pytest.mark.parametrize("exercise", found.values(), ids=found)


def test_the_notebooks_use_all_of_them():
    used = {
        f"{path.stem}.{name}"
        for path in (COMPANION.parents[1] / "book").rglob("*.ipynb")
        for name in re.findall(r"exercises\.(check_\w+)", path.read_text())
    }
    assert used == set(EXERCISES)


@every
def test_without_an_answer_the_reader_is_told_what_to_do(exercise, capsys):
    exercise(None)
    assert capsys.readouterr().out == f"{answers.EMPTY}\n"


@every
@pytest.mark.parametrize("answer", ODD, ids=lambda answer: type(answer).__name__)
def test_whatever_the_answer_one_line_is_said(exercise, answer, capsys):
    exercise(answer)
    printed = capsys.readouterr().out
    assert printed.startswith("Not yet. ")
    assert printed.count("\n") == 1


@known(Known)
def test_right_and_every_slip_get_their_sentence(exercise):
    """In particular no slip is so near to another, or to the right answer, that it is hidden."""
    assert exercise.verdict(exercise.right) == f"Right. {exercise.because}"
    for slip, says in exercise.slips.items():
        assert exercise.verdict(slip) == f"Not yet. {says}"


@known((Number, Numbers))
def test_other_numbers_get_a_nudge(exercise):
    other = 12345.678 if isinstance(exercise, Number) else (5, 5)
    assert exercise.otherwise
    assert exercise.verdict(other) == f"Not yet. {exercise.otherwise}"


@known(Number)
@pytest.mark.parametrize("kind", [np.float64, torch.tensor, np.array, Fraction])
def test_numbers_of_other_libraries_are_numbers(exercise, kind, capsys):
    exercise(kind(exercise.right))
    assert capsys.readouterr().out == f"Right. {exercise.because}\n"


@known(Choice)
def test_capitals_and_blanks_do_not_count(exercise, capsys):
    exercise(f" {exercise.right.upper()} ")
    assert capsys.readouterr().out == f"Right. {exercise.because}\n"


@known(Selection)
@pytest.mark.parametrize("kind", [list, tuple, set])
def test_selection_in_any_brackets(exercise, kind, capsys):
    exercise(kind(name.upper() for name in exercise.right))
    assert capsys.readouterr().out == f"Right. {exercise.because}\n"


@known(Selection)
def test_each_word_wrongly_left_out_or_taken_in_gets_its_sentence(exercise):
    for name, says in exercise.slips.items():
        assert exercise.verdict(exercise.right ^ {name}) == f"Not yet. {says}"


@pytest.mark.parametrize(
    ("name", "answer", "says"),
    [
        ("training.check_updates", "thirty", "a number, without quotes or brackets; this is 'th"),
        ("representations.check_reading", "e", "one of 'a', 'b', 'c', 'd'; this is 'e'"),
        ("meaning.check_local", "gate", "a set, in curly brackets, of some of 'shared kernel', "),
        ("meaning.check_local", {"backprop"}, "this is {'backprop'}"),
        ("convolutions.check_kernel", 4, "a list of 2 numbers, in square brackets; this is 4"),
        ("building_a_vnn.check_gate", (1, 0, 0), "a gating vector of two numbers"),
        ("credit_assignment.check_no_scalar", ((2, 1),), "two units with two output weights each"),
        ("sign_match.check_batch", [(1, 3)], "two examples"),
        ("sign_match.check_paths", 3, "(number of paths, dhat)"),
        ("training.check_order", ["backward", "step"], "each of these once: zero_grad, backward"),
    ],
)
def test_an_answer_of_another_form_is_told_the_form(name, answer, says, capsys):
    EXERCISES[name](answer)
    printed = capsys.readouterr().out
    assert printed.startswith("Not yet. Wanted is ")
    assert says in printed
