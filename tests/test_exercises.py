"""All exercises: what they know of themselves holds, and no answer ends in a traceback."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

import gevb
from gevb.lab.maps import cluster_quality
from gevb.networks import FC, Network
from gevb.theory.costs import multiply_adds
from gevbook import answers
from gevbook.answers import Choice, Exercise, Known, Number, Numbers, Selection
from gevbook.convolutions.exercises import MASK, SIGNAL
from gevbook.sign_match.exercises import NONLINEARITIES, keeps_signs

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
    """No slip is hidden by another one, or by the right answer, that is too near."""
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
        (
            "training.check_updates",
            "thirty",
            "a number, with a decimal point and without brackets; this is 'th",
        ),
        ("training.check_updates", (89, 110), "without brackets; this is (89, 110)"),
        ("representations.check_reading", "e", "one of 'a', 'b', 'c', 'd'; this is 'e'"),
        ("meaning.check_local", "gate", "a set, in curly brackets, of some of 'shared kernel', "),
        ("meaning.check_local", {"backprop"}, "this is {'backprop'}"),
        ("convolutions.check_kernel", 4, "a list of 2 numbers, in square brackets; this is 4"),
        ("building_a_vnn.check_gate", (1, 0, 0), "a gating vector of two numbers"),
        ("credit_assignment.check_no_scalar", ((2, 1),), "two units with two output weights each"),
        ("sign_match.check_batch", [(1, 3)], "two examples"),
        ("sign_match.check_paths", 3, "(number of paths, δ̂)"),
        ("training.check_order", ["backward", "step"], "each of these once: zero_grad, backward"),
    ],
)
def test_an_answer_of_another_form_is_told_the_form(name, answer, says, capsys):
    EXERCISES[name](answer)
    printed = capsys.readouterr().out
    assert printed.startswith("Not yet. The answer must be ")
    assert says in printed


# ------------------------------------------------------------------- answers found in another way


def forward(vectorized, classes=1000):
    """Multiply-adds of a forward pass, counted on a network."""
    with torch.device("meta"):  # shapes only
        network = Network(
            (1, 28, 28),
            classes,
            (FC(1024), FC(512)),
            vectorized=vectorized,
            initializer=lambda layer, generator: layer,
        )
    return sum(cost.forward for cost in multiply_adds(network, "bp"))


def weights(dataset, vectorized):
    """Weights of each layer, and all parameters, of a fully connected network."""
    with torch.device("meta"):
        network = gevb.build(
            dataset, "fc", vectorized=vectorized, initializer=lambda layer, generator: layer
        )
    counts = [layer.weights.weight.numel() for layer in network.layers]
    return counts, sum(p.numel() for p in network.parameters())


(FIRST, SECOND, OUTPUT), _ = weights("mnist", False)
VECTORIZED, ALL = weights("cifar10", True)
SHARED = [VECTORIZED[0] // 10, *VECTORIZED[1:]]
CONVENTIONAL = sum(weights("cifar10", False)[0])
SMALL = multiply_adds(Network((1, 1, 7), 10, (FC(100), FC(50))), "gevb")
PLACES, CLASSES = np.array([0.0, 2.0, 10.0, 12.0]), np.array([0, 0, 1, 1])
SQUARES = [(p - q) ** 2 for p, q in itertools.combinations(PLACES, 2)]
KERNEL = [sum(m * SIGNAL[p + q] for p, m in enumerate(MASK)) for q in (0, 1)]

# What an answer is told; numbers are written out, or computed from networks, points and counts.
TOLD = {
    "alignment.check_uniform_weights": [
        (30, "Right"), (55.65, "ON/OFF"), (0.5236, "radians"), (18.43, "take the root"),
        (54.74, "took r for the cosine"),
    ],
    "alignment.check_width_for_five_degrees": [
        (1758, "Right"), (559.6, "√(1 + r²)"), (879, "gates"), (1201.5, "squared ratio"),
        (0.538, "tan θ"),
    ],
    "alignment.check_without_gates": [(2**-0.5, "Right"), (2**0.5, "from open gates")],
    "building_a_vnn.check_weights": [
        (sum(VECTORIZED), "Right"), (ALL, "includes the biases"), (CONVENTIONAL, "conventional"),
        (sum(SHARED), "first layer does not share"), (10 * sum(SHARED), "counted K times"),
        (sum(VECTORIZED) + 9 * SHARED[-1], "one output unit"),
    ],
    "building_a_vnn.check_gate": [
        ((1, 0.2), "Right"), ((10, 2), "Right"), ((-1, -0.2), "OFF twin"), ((0, 1), "(1.0, -1.0)"),
        ((0, 0), "gate is always open"),
    ],
    "building_a_vnn.check_contraction": [
        (SMALL[1].update, "Right"), (50_000, "at every synapse"), (5_000, "forgets"),
        (6_500, "one number"), (50_500, "first layer"),
    ],
    "convolutions.check_kernel": [(KERNEL, "Right"), ((1, 2, 3), "its update has two entries")],
    "credit_assignment.check_transport": [
        (SECOND + OUTPUT, "Right"), (FIRST + SECOND + OUTPUT, "first layer"),
        (SECOND, "output weights"), (15360, "direct feedback"), (1536, "number of hidden units"),
    ],
    "credit_assignment.check_trials": [
        (1547, "Right"), (1546, "Nearly"), (FIRST + SECOND + OUTPUT, "weight perturbation"),
        (1536, "output units"), (39, "square root"),
    ],
    "credit_assignment.check_no_scalar": [
        (((1, 0), (0, 1)), "Right"), (((1, -1), (0, 1)), "nonnegative"),
        (((1, 1), (0, 1)), "has no sign"), (((2, 1), (1, 0.5)), "same output"),
    ],
    "meaning.check_thousand_classes": [
        (forward(True) / forward(False), "Right"), (1000, "hidden layers"),
        ((forward(True) - 512_000) / forward(False), "512 weights"),
        (forward(True) / forward(True, 10), "itself"),
    ],
    "on_off.check_eigenvalues": [([-1j, 1, 1j, -1], "Right"), ([1, -1, 1, -1], "of |W|, for")],
    "on_off.check_variance": [(1 / 1024, "Right"), (1 / 32, "its square")],
    "representations.check_quality": [
        (cluster_quality(PLACES[:, None], CLASSES), "Right"),
        (2 / np.mean(np.sqrt(SQUARES)), "mean of the distances"),
        (2**0.5 / (2 * np.var(PLACES)) ** 0.5, "own neighbour"),
        (4 / np.mean(SQUARES), "mean squares"),
        (2 / ((100 + 100 + 64 + 144) / 4) ** 0.5, "different classes only"),
        (np.mean(SQUARES) ** 0.5 / 2, "upside down"),
    ],
    "representations.check_shuffled": [(0.97, "Right")],
    "results.check_false_alarms": [(1.2, "Right"), (1 - 0.95**24, "at least one")],
    "results.check_seeds": [(4, "Right"), (3.556, "whole numbers")],
    "sign_match.check_batch": [
        ([(1, 3), (5, -1)], "Right. GEVB adds up to 2, the gradient to -2."),
        ([(-1, 3), (1, 1)], "negative weight"), ([(0, 3), (1, -1)], "without an active path"),
        ([(1, 3), (5, 1)], "updates of different signs"),
        ([(5, 3), (1, -1)], "smaller update have the larger δ̂"),
    ],
    "sign_match.check_paths": [
        ((3, Fraction(13, 8)), "Right. 3 active paths"),
        ((3, 1.625), "δ̂ = 1/2 + 1/8 + 1 = 13/8"), ((4, 4), "inactive units"),
        ((3, 1), "largest path"), ((3, 2), "Multiply the weights"), ((7, 2), "thick lines"),
    ],
    "speed.check_saving": [
        (8.33, "Right. A twelfth"), (33.3, "conventional"), (47.6, "one scalar per unit"),
        (4.76, "contracted first"),
    ],
    "training.check_updates": [
        (89_110, "Right"), (88_920, "leaves out the last batch"), (89_062.5, "no fractions"),
        (469, "one epoch"), (11_400_000, "counts examples"),
    ],
    "training.check_order": [
        (["zero_grad", "backward", "step", "clamp_"], "Right"),
        (["backward", "step", "zero_grad", "clamp_"], "Right"),
        (["backward", "step", "clamp_", "zero_grad"], "Right"),
        (["zero_grad", "backward", "clamp_", "step"], "next forward pass"),
        (["clamp_", "zero_grad", "backward", "step"], "after the last batch"),
        (["zero_grad", "step", "backward", "clamp_"], "of the batch before"),
        (["backward", "zero_grad", "step", "clamp_"], "erases"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "answer", "says"), [(name, *told) for name, by in TOLD.items() for told in by]
)
def test_an_answer_found_in_another_way_is_known(name, answer, says, capsys):
    EXERCISES[name](answer)
    printed = capsys.readouterr().out
    assert says in printed
    assert printed.startswith("Right") == (says.startswith("Right") or "13/8" in says)


def test_nonlinearities_are_judged_by_their_jacobians():
    check = EXERCISES["sign_match.check_nonlinearities"]
    assert set(check.slips) == set(NONLINEARITIES)
    assert check.right == {name for name, phi in NONLINEARITIES.items() if keeps_signs(phi)}
