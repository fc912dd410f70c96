"""Exercises of the chapter on the sign match."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor

from gevb.theory import exact
from gevb.theory.sign_match import small_inputs, small_network
from gevbook.answers import Selection, construction, members, numbers

T = torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)
NONLINEARITIES: dict[str, Callable[[Tensor], Tensor]] = {
    "leaky gate": lambda h: h * (1.0 if T @ h >= 0 else 0.1),
    "flipping gate": lambda h: h * (1.0 if T @ h >= 0 else -1.0),
    "ball gate": lambda h: h * (1.0 if h @ h >= 1 else 0.0),
    "soft gate": lambda h: h * torch.sigmoid(T @ h),
    "length": lambda h: h * h.norm(),
    "tanh per component": torch.tanh,
}


def keeps_signs(nonlinearity: Callable[[Tensor], Tensor], samples: int = 50) -> bool:
    """Check if the Jacobian is a nonnegative multiple of the identity, at random points."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(samples):
        h = torch.randn(len(T), generator=generator, dtype=torch.float64)
        jacobian = torch.autograd.functional.jacobian(nonlinearity, h)
        c = jacobian[0, 0]
        if c < 0 or (jacobian - c * torch.eye(len(T), dtype=torch.float64)).abs().max() > 1e-12:
            return False
    return True


check_nonlinearities = Selection(
    asks="Which of `NONLINEARITIES` keep the sign match in the place of the gate.",
    right=frozenset({"leaky gate", "ball gate"}),
    because="Just those whose Jacobian is, at every h, a nonnegative number times the identity.",
    slips={
        "leaky gate": "The leaky gate belongs to them: its Jacobian is 1 or 0.1 times the "
        "identity. A factor has to be nonnegative, not 0 or 1.",
        "flipping gate": "The flipping gate does not: its Jacobian is minus the identity on one "
        "side, which turns dhat negative. A multiple of the identity is not enough, it must be "
        "nonnegative.",
        "ball gate": "The ball gate belongs to them: where the gate switches does not matter, only "
        "that it stays put for small changes of h.",
        "soft gate": "The soft gate does not: its factor changes with h, which adds h times the "
        "gradient of the factor to the Jacobian. One factor for all components is not enough.",
        "length": "The length does not: its factor |h| changes with h, which adds h h^T / |h| to "
        "the Jacobian. One factor for all components is not enough.",
        "tanh per component": "tanh per component does not: its Jacobian is diagonal, but the "
        "entries differ.",
    },
)


def _examples(answer: object) -> list[tuple[Fraction, ...]]:
    """Read (dhat, update) of two examples."""
    return [tuple(map(Fraction, numbers(2)(pair))) for pair in members(answer, 2)]


@construction("two examples, (dhat, u) of each, as in [(1, 2), (3, 4)]", _examples)
def check_batch(examples: list[tuple[Fraction, ...]]) -> str:
    """Find two examples, (dhat, GEVB update) each, whose sums differ in sign."""
    dhat, update = zip(*examples, strict=True)
    ours, gradient = sum(update), sum(d * u for d, u in examples)
    if min(dhat) < 0:
        return "Not yet. A negative dhat needs a negative weight: in a VNN this cannot happen."
    if min(dhat) == 0:
        return (
            "Not yet. That uses a unit without an active path. It can be done with both dhat "
            "positive."
        )
    if update[0] * update[1] >= 0:
        return (
            "Not yet. Updates of one sign add up to that sign, whatever the weights: the two "
            "examples have to disagree."
        )
    if ours * gradient >= 0:
        return (
            f"Not yet. The sums are {float(ours):g} (GEVB) and {float(gradient):g} (gradient), of "
            "one sign or zero: let the example with the smaller update have the larger dhat."
        )
    return (
        f"Right. GEVB adds up to {float(ours):g}, the gradient to {float(gradient):g}. "
        "Each example agrees, their sums do not: only the gradient weighs them by dhat."
    )


@construction("two numbers, (number of paths, dhat)", numbers(2))
def check_paths(answer: tuple[float, ...]) -> str:
    """Count the active paths and find dhat of unit 2 of the first layer, in example 3."""
    network = small_network()
    trace = exact.forward(network, small_inputs()[2])
    paths = exact.active_paths(network, trace, 0, 1)
    everyone = trace._replace(slopes=[[[1] * 2 for _ in layer] for layer in trace.slopes])
    count, dhat = answer
    values = list(paths.values())
    if (count, dhat) == (len(paths), sum(values)):
        return (
            f"Right. {len(paths)} active paths, and dhat = {' + '.join(map(str, values))} = "
            f"{sum(values)}. The unit's own gate does not enter into it."
        )
    if count == len(exact.active_paths(network, everyone, 0, 1)):
        return (
            "Not yet. Those are all paths of non-zero value. Leave out those through inactive "
            "units."
        )
    if count == len(paths) and dhat == max(values):
        return (
            "Not yet. The number is right. The value is that of the largest path: add up all of "
            "them."
        )
    if count == len(paths):
        return (
            "Not yet. The number is right. Multiply the weights along each path, then add the "
            "products."
        )
    return (
        "Not yet. Follow the thick lines of the drawing, from the unit to the output, and count "
        "the ways to choose them. Weights of zero are not drawn and do not count."
    )
