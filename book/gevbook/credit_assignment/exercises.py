"""Exercises of the chapter on credit assignment."""

from __future__ import annotations

from gevbook.answers import Number, construction, members, numbers

_N_0, _N_1, _N_2, _CLASSES = 784, 1024, 512, 10  # the conventional FC network for MNIST
_UNITS = _N_1 + _N_2 + _CLASSES
_LATER = _N_1 * _N_2 + _N_2 * _CLASSES
_WEIGHTS = _N_0 * _N_1 + _LATER

check_transport = Number(
    asks="Weights that back-propagation needs a second time, for its way back.",
    right=_LATER,
    because="Every weight past the first layer. The pixels below the first layer do not learn.",
    slips={
        _WEIGHTS: "That includes the first layer. Its weights lead back to the pixels, which have "
        "nothing to learn.",
        _N_1 * _N_2: "That leaves out the output weights; the last hidden layer gets its feedback "
        "through them.",
        _CLASSES * (_N_1 + _N_2): "That is direct feedback alignment: one random number for each "
        "hidden unit and class.",
        _N_1 + _N_2: "That is the number of hidden units. How many weights carry their feedback?",
    },
    otherwise="Through which weights does the error travel back?",
    tolerance=0.0,
)

check_trials = Number(
    asks="Trials of node perturbation until noise and signal are equal, 1546 units.",
    right=_UNITS + 1,
    because="The variance of a mean of T trials is (n + 1) |g|² / T.",
    slips={
        _UNITS: "Nearly: the variance of one trial is (n + 1) |g|², not n |g|².",
        **dict.fromkeys(
            (_WEIGHTS, _WEIGHTS + 1, _WEIGHTS + _UNITS, _WEIGHTS + _UNITS + 1),
            "That is for weight perturbation. Here only the units are perturbed.",
        ),
        **dict.fromkeys((_N_1 + _N_2, _N_1 + _N_2 + 1), "The output units are perturbed as well."),
        **dict.fromkeys(
            (39, 40),
            "That is the square root: averaging T trials divides the variance by T, not by T².",
        ),
    },
    otherwise="Set the variance of a mean of T trials equal to |g|².",
    tolerance=0.0,
)


def _two_units(answer: object) -> list[tuple[float, ...]]:
    """Read two units' output weights."""
    return [numbers(2)(unit) for unit in members(answer, 2)]


@construction("two units with two output weights each, as in ((1, 2), (3, 4))", _two_units)
def check_no_scalar(answer: list[tuple[float, ...]]) -> str:
    """Find output weights of two hidden units that should get opposite signs if e = (0.6, -0.6)."""
    if any(w < 0 for unit in answer for w in unit):
        return (
            "Not yet. The weights must be nonnegative. (With mixed signs one output is enough to "
            "fail.)"
        )
    first, second = (0.6 * unit[0] - 0.6 * unit[1] for unit in answer)
    if first * second < 0:
        return (
            f"Right. The gradient with respect to their activity is {first:.2g} and {second:.2g}. "
            "Any one number for both is wrong for one of them."
        )
    if first * second == 0:
        return (
            "Not yet. One of these units acts on both outputs alike, so its gradient is 0 and has "
            "no sign."
        )
    return (
        "Not yet. Both units favour the same output, so one number can serve both. Make them "
        "differ."
    )
