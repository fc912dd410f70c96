"""Checks of the exercises on the sign match; each says what a wrong answer gets wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from gevb.companion.answers import EMPTY
from gevb.theory import exact
from gevb.theory.sign_match import small_inputs, small_network

T = torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)
NONLINEARITIES: dict[str, Callable[[Tensor], Tensor]] = {
    "leaky gate": lambda h: h * (1.0 if T @ h >= 0 else 0.1),
    "flipping gate": lambda h: h * (1.0 if T @ h >= 0 else -1.0),
    "ball gate": lambda h: h * (1.0 if h @ h >= 1 else 0.0),
    "soft gate": lambda h: h * torch.sigmoid(T @ h),
    "length": lambda h: h * h.norm(),
    "tanh per component": torch.tanh,
}
_WRONG = {
    "leaky gate": "the leaky gate belongs to them: its Jacobian is 1 or 0.1 times the identity. A "
    "factor has to be nonnegative, not 0 or 1",
    "flipping gate": "the flipping gate does not: its Jacobian is minus the identity on one side, "
    "which turns dhat negative. A multiple of the identity is not enough, it must be nonnegative",
    "ball gate": "the ball gate belongs to them: where the gate switches does not matter, only "
    "that it stays put for small changes of h",
    "soft gate": "the soft gate does not: its factor changes with h, which adds h times the "
    "gradient of the factor to the Jacobian. One factor for all components is not enough",
    "length": "the length does not: its factor |h| changes with h, which adds h h^T / |h| to the "
    "Jacobian. One factor for all components is not enough",
    "tanh per component": "tanh per component does not: its Jacobian is diagonal, but the entries "
    "differ",
}


def keeps_signs(nonlinearity: Callable[[Tensor], Tensor], samples: int = 50) -> bool:
    """Whether the Jacobian is a nonnegative multiple of the identity, at random points."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(samples):
        h = torch.randn(len(T), generator=generator, dtype=torch.float64)
        jacobian = torch.autograd.functional.jacobian(nonlinearity, h)
        c = jacobian[0, 0]
        if c < 0 or (jacobian - c * torch.eye(len(T), dtype=torch.float64)).abs().max() > 1e-12:
            return False
    return True


def check_nonlinearities(answer: Collection[str] | None) -> None:
    """Exercise 1: which nonlinearities of `NONLINEARITIES` keep the sign match."""
    if answer is None:
        print(EMPTY)
        return
    if unknown := set(answer) - set(NONLINEARITIES):
        print(f"There is no {sorted(unknown)[0]!r} in the list: {', '.join(NONLINEARITIES)}.")
        return
    for name, nonlinearity in NONLINEARITIES.items():
        if keeps_signs(nonlinearity) != (name in answer):
            print(f"Not quite: {_WRONG[name]}.")
            return
    print(
        "Right: just those whose Jacobian is, at every h, a nonnegative number times the identity."
    )


def check_batch(answer: Sequence[tuple[float | int, float | int]] | None) -> None:
    """Exercise 2: two examples, (dhat, GEVB update) each, whose sums differ in sign."""
    if answer is None:
        print(EMPTY)
        return
    dhat, update = ([Fraction(pair[side]) for pair in answer] for side in (0, 1))
    gradient = sum(d * u for d, u in zip(dhat, update, strict=True))
    if len(answer) != 2:
        print(f"Two examples are wanted, these are {len(answer)}.")
    elif min(dhat) < 0:
        print("A negative dhat needs a negative weight: in a VNN this cannot happen.")
    elif min(dhat) == 0:
        print("That uses a unit without an active path. It can be done with both dhat positive.")
    elif update[0] * update[1] >= 0:
        print(
            "Updates of one sign add up to that sign, whatever the weights: the two examples have "
            "to disagree."
        )
    elif sum(update) * gradient >= 0:
        print(
            f"The sums are {float(sum(update)):g} (GEVB) and {float(gradient):g} (gradient), of "
            "one sign or zero: let the example with the smaller update have the larger dhat."
        )
    else:
        print(
            f"Right: GEVB adds up to {float(sum(update)):g}, the gradient to {float(gradient):g}. "
            "Each example agrees, their sums do not: only the gradient weighs them by dhat."
        )


def check_paths(answer: tuple[int, Any] | None, example: int = 3, unit: int = 2) -> None:
    """Exercise 3: number of active paths and dhat of a unit of the first layer (both from 1)."""
    if answer is None:
        print(EMPTY)
        return
    network = small_network()
    trace = exact.forward(network, small_inputs()[example - 1])
    paths = exact.active_paths(network, trace, 0, unit - 1)
    everyone = trace._replace(slopes=[[[1] * 2 for _ in layer] for layer in trace.slopes])
    number, dhat = answer[0], Fraction(answer[1])
    values = list(paths.values())
    if (number, dhat) == (len(paths), sum(values)):
        print(
            f"Right: {len(paths)} active paths, and dhat = {' + '.join(map(str, values))} = "
            f"{sum(values)}. The unit's own gate does not enter into it."
        )
    elif number == len(exact.active_paths(network, everyone, 0, unit - 1)):
        print("Those are all paths of non-zero value. Leave out those through inactive units.")
    elif number == len(paths) and dhat == max(values):
        print("The number is right. The value is that of the largest path: add up all of them.")
    elif number == len(paths):
        print("The number is right. Multiply the weights along each path, then add the products.")
    else:
        print(
            "Follow the thick lines of the drawing, from the unit to the output, and count the "
            "ways to choose them. Weights of zero are not drawn and do not count."
        )
