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
    because="The Jacobian of these two is a nonnegative number times the identity, at every h.",
    slips={
        "leaky gate": "The leaky gate keeps the sign match: its Jacobian is 1 or 0.1 times the "
        "identity. The factor must be nonnegative; it need not be 0 or 1.",
        "flipping gate": "The flipping gate does not keep it: its Jacobian is minus the identity "
        "on one side, which turns δ̂ negative. A multiple of the identity is not enough: the "
        "factor must be nonnegative.",
        "ball gate": "The ball gate keeps the sign match: it may switch anywhere, if small "
        "changes of h do not switch it.",
        "soft gate": "The soft gate does not keep it: its factor changes with h, which adds h "
        "times the gradient of the factor to the Jacobian. One factor for all components is not "
        "enough.",
        "length": "The length does not keep it: its factor |h| changes with h, which adds h hᵀ / "
        "|h| to the Jacobian. One factor for all components is not enough.",
        "tanh per component": "tanh per component does not keep it: its Jacobian is diagonal, but "
        "the entries differ.",
    },
)


def _examples(answer: object) -> list[tuple[Fraction, ...]]:
    """Read (dhat, update) of two examples."""
    return [tuple(map(Fraction, numbers(2)(pair))) for pair in members(answer, 2)]


@construction("two examples, (δ̂, u) of each, as in [(1, 2), (3, 4)]", _examples)
def check_batch(examples: list[tuple[Fraction, ...]]) -> str:
    """Find two examples, (δ̂, GEVB update) each, whose sums differ in sign."""
    dhat, update = zip(*examples, strict=True)
    ours, gradient = sum(update), sum(d * u for d, u in examples)
    if min(dhat) < 0:
        return "Not yet. A negative δ̂ needs a negative weight: in a VNN this cannot happen."
    if min(dhat) == 0:
        return (
            "Not yet. That uses a unit without an active path. It can be done with both δ̂ positive."
        )
    if update[0] * update[1] >= 0:
        return (
            "Not yet. Updates of one sign add up to that sign, with any factors: choose updates "
            "of different signs."
        )
    if ours * gradient >= 0:
        return (
            f"Not yet. The sums are {float(ours):g} (GEVB) and {float(gradient):g} (gradient), of "
            "one sign or zero: let the example with the smaller update have the larger δ̂."
        )
    return (
        f"Right. GEVB adds up to {float(ours):g}, the gradient to {float(gradient):g}. "
        "The signs agree in each example but not in the sums, because only the gradient weighs "
        "the examples by δ̂."
    )


@construction("two numbers, (number of paths, δ̂)", numbers(2))
def check_paths(answer: tuple[float, ...]) -> str:
    """Count the active paths and find δ̂ of unit 2 of the first layer, in example 3."""
    network = small_network()
    trace = exact.forward(network, small_inputs()[2])
    paths = exact.active_paths(network, trace, 0, 1)
    everyone = trace._replace(slopes=[[[1] * 2 for _ in layer] for layer in trace.slopes])
    count, dhat = answer
    values = list(paths.values())
    if (count, dhat) == (len(paths), sum(values)):
        return (
            f"Right. {len(paths)} active paths, and δ̂ = {' + '.join(map(str, values))} = "
            f"{sum(values)}. The unit's own gate plays no part."
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
        "the different ways. Weights of zero are not drawn and do not count."
    )
