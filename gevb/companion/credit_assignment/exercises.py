"""Exercises of the chapter on credit assignment."""

from __future__ import annotations

from collections.abc import Sequence

EMPTY = "Put your answer in and run the cell again."
N_0, N_1, N_2, CLASSES = 784, 1024, 512, 10  # the conventional FC network for MNIST


def check_transport(answer: int | None) -> None:
    """Weights that back-propagation needs a second time, for its way back."""
    if answer is None:
        print(EMPTY)
        return
    right = N_1 * N_2 + N_2 * CLASSES
    says = {
        right: "Right: every weight past the first layer. Below the first layer nobody listens.",
        N_0 * N_1 + right: "That includes the first layer. Its weights lead back to the pixels, "
        "which have nothing to learn.",
        N_1 * N_2: "That leaves out the output weights; the last hidden layer hears through them.",
        CLASSES * (N_1 + N_2): "That is direct feedback alignment: one random number for each "
        "hidden unit and class.",
        N_1 + N_2: "That is the number of listeners. How many weights lead to what they hear?",
    }
    print(says.get(answer, "Not that number. Through which weights does the error travel back?"))


def check_trials(answer: int | None) -> None:
    """Trials of node perturbation until noise and signal are equal, 1546 units."""
    if answer is None:
        print(EMPTY)
        return
    units = N_1 + N_2 + CLASSES
    weights = N_0 * N_1 + N_1 * N_2 + N_2 * CLASSES
    if answer == units + 1:
        print("Right: the variance of a mean of T trials is (n + 1) |g|^2 / T.")
    elif answer == units:
        print("Nearly: the variance of one trial is (n + 1) |g|^2, not n |g|^2.")
    elif answer in (weights, weights + 1, weights + units, weights + units + 1):
        print("That is for weight perturbation. Here only the units are perturbed.")
    elif answer in (N_1 + N_2, N_1 + N_2 + 1):
        print("The output units are perturbed as well.")
    elif answer in (39, 40):
        print("That is the square root: averaging T trials divides the variance by T, not by T^2.")
    else:
        print("Not that number. Set the variance of a mean of T trials equal to |g|^2.")


def check_no_scalar(answer: Sequence[Sequence[float | int]] | None) -> None:
    """Output weights of two hidden units that should hear opposite signs when e = (0.6, -0.6)."""
    if answer is None:
        print(EMPTY)
        return
    if len(answer) != 2 or any(len(unit) != 2 for unit in answer):
        print("Two units are wanted, with two output weights each, as in ((1, 2), (3, 4)).")
        return
    if any(w < 0 for unit in answer for w in unit):
        print("The weights are to be nonnegative: with mixed signs one output is enough to fail.")
        return
    first, second = (0.6 * unit[0] - 0.6 * unit[1] for unit in answer)
    if first * second < 0:
        print(
            f"Right: the gradient with respect to their activity is {first:.2g} and {second:.2g}. "
            "One number for both is wrong for one of them, whatever it is."
        )
    elif first * second == 0:
        print("One of these units acts on both outputs alike: its gradient is 0, of no sign.")
    else:
        print("Both units favour the same output, so one number can serve both. Make them differ.")
