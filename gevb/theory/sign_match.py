"""Sign match: counts, the terms of its proof, and experiments that break the assumptions.

Source: Clark, Abbott and Chung (2021), Section 3.3, Appendices C and D.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from random import Random
from typing import NamedTuple

import torch
from jaxtyping import Float, Num
from torch import Tensor

from gevb.errors import InputError
from gevb.networks import Network
from gevb.rules import BP, Rule
from gevb.theory import exact

#: Inputs and hidden units of the networks in `broken_case`.
WIDTHS = (4, 10, 10, 6, 6)


class Signs(NamedTuple):
    """Counts of weights with a gradient, and of those whose update has the gradient's sign.

    Attributes:
        same: update and gradient are both above zero, or both below.
        acting: the gradient is not zero.
    """

    same: int
    acting: int

    @property
    def percent(self) -> float:
        """Share of equal signs; nan if no weight has a gradient."""
        return 100 * self.same / self.acting if self.acting else float("nan")


def equal_signs(
    updates: Iterable[Float[Tensor, "..."]], gradients: Iterable[Float[Tensor, "..."]]
) -> Signs:
    """Compare the signs of updates and gradients, weight by weight, and add up.

    Args:
        updates: of one or more layers, in one or more steps; or a single tensor.
        gradients: of the same weights.
    """
    same = acting = 0
    for update, gradient in zip(updates, gradients, strict=True):
        has_one = gradient != 0
        same += int((update.sign() == gradient.sign())[has_one].sum())
        acting += int(has_one.sum())
    return Signs(same, acting)


def example_signs(
    rule: Rule,
    x: Float[Tensor, "B *input"],
    y: Num[Tensor, "B *target"],
    layers: slice = slice(None),
) -> Signs:
    """Compare a rule's signs with back-propagation's, example by example, as the theorem does.

    Args:
        rule: rule that makes the updates.
        x: images.
        y: labels or targets of the rule's loss, one per image.
        layers: layers to compare; all if not given.

    Raises:
        InputError: images of another shape, or labels that do not fit the network.
    """
    gradient, updates, gradients = BP(rule.network, rule.loss), [], []
    for k in range(len(x)):
        updates += rule.updates(x[k : k + 1], y[k : k + 1])[layers]
        gradients += gradient.updates(x[k : k + 1], y[k : k + 1])[layers]
    return equal_signs(updates, gradients)


def global_jacobian(
    network: Network, x: Float[Tensor, "B *input"], l: int
) -> Float[Tensor, "mu nu *units"]:
    r"""Differentiate the output by layer l, :math:`\partial a_\mu^L / \partial a_{i\nu}^\ell`.

    It uses automatic differentiation, for one example. Layers count from 1, as in the paper; the
    output layer L has the identity (Eq. 11). In a vectorized network the result is
    :math:`\delta_{\mu\nu}\,\hat\delta_i^\ell` (Eq. 12, 13).

    Raises:
        InputError: no such layer, a conventional network, or not exactly one example.
    """
    L = len(network.layers)
    if not 1 <= l <= L:
        raise InputError(f"layer: got {l}, wanted 1 to {L}")
    if not network.vectorized or len(x) != 1:
        raise InputError(
            f"global Jacobian: got {len(x)} examples in a "
            f"{'vectorized' if network.vectorized else 'conventional'} network, wanted one in a "
            "vectorized one"
        )
    trace = network.trace(x)

    def above(a: Tensor) -> Tensor:
        a = network.layers[l - 1].arranged(a)
        for layer in network.layers[l:]:
            a = layer(a)
        return a[0].flatten()

    layer = network.layers[l - 1]
    with torch.no_grad():
        a = layer.weights(trace.inputs[l - 1])
        a = a if layer.gate is None else layer.gate(a)
    return torch.autograd.functional.jacobian(above, a)[:, 0]


#: Network, input and error vector.
Case = tuple[exact.ExactNetwork, exact.Vector, exact.Vector]


def broken_case(
    nonlinearity: str = "gate",
    percent: float | int = 0,
    *,
    seed: int = 0,
    K: int = 3,
    widths: Sequence[int] = WIDTHS,
) -> Case:
    """Draw an exact network with some of its weights turned negative, an input and an error.

    Args:
        nonlinearity: "gate", or "relu" for a ReLU per component.
        percent: share of the non-zero weights past the first layer that are negative. From the
            same seed, a larger share makes the same weights negative and some more.
        seed: of weights, input and error vector.
        K: components.
        widths: inputs, then hidden units.

    Raises:
        InputError: no such nonlinearity, or a share outside 0 to 100.
    """
    if not 0 <= percent <= 100:
        raise InputError(f"percent: got {percent}, wanted 0 to 100")
    rng = Random(seed)
    network = exact.random_network(rng, nonlinearity=nonlinearity, K=K, widths=widths)
    x, e = exact.random_example(network, rng)
    weights = sum(bool(w[0]) for layer in network.layers if layer.shared for w in layer.weight)
    network = exact.with_negative(network, rng, round(weights * percent / 100))
    return exact.centred(network, x), x, e


def sign_matrix(case: Case, l: int) -> list[list[int]]:
    """Compare the update's sign with the gradient's, per weight of layer l, ``[receiver][sender]``.

    1: equal, -1: not equal, 0: the gradient is zero. Layers count from 1; layer l is fully
    connected and its components share the weights.

    Raises:
        InputError: no such layer.
    """
    network, x, e = case
    if not 2 <= l <= len(network.layers):
        raise InputError(f"layer: got {l}, wanted 2 to {len(network.layers)}")
    synapses = network.layers[l - 1].synapses
    rows, columns = (1 + max(s[side] for s in synapses) for side in (0, 1))
    matrix = [[0] * columns for _ in range(rows)]
    for layer, s, g, u in exact.pairs(network, [(exact.forward(network, x), e)]):
        if layer == l - 1 and g:
            i, j, _ = synapses[s]
            matrix[i][j] = 1 if exact.sign(g) == exact.sign(u) else -1
    return matrix


def agreement(cases: Iterable[Case]) -> list[float]:
    """Compute the percentage of right signs among weights with a gradient, layer by layer."""
    right: list[int] = []
    total: list[int] = []
    for network, x, e in cases:
        right += [0] * (len(network.layers) - len(right))
        total += [0] * (len(network.layers) - len(total))
        for l, _, g, u in exact.pairs(network, [(exact.forward(network, x), e)]):
            total[l] += bool(g)
            right[l] += bool(g) and exact.sign(g) == exact.sign(u)
    return [100 * r / t if t else float("nan") for r, t in zip(right, total, strict=True)]


def small_network() -> exact.ExactNetwork:
    """Build the drawn network: three hidden layers of four units, K = 2, one output weight zero."""
    half, t = Fraction(1, 2), [(1, 1), (-1, -1), (1, -1), (-1, 1)]
    second: list[list[exact.Number]] = [
        [1, half, 0, 0],
        [0, 2, 1, 0],
        [1, 0, half, 1],
        [0, 0, 1, 2],
    ]
    third: list[list[exact.Number]] = [
        [1, 0, half, 0],
        [half, 1, 0, 0],
        [0, 1, 1, 1],
        [0, half, 0, 1],
    ]
    output: list[list[exact.Number]] = [[1, half, 2, 0]]
    first = [[(2, 1), (-1, 1)], [(-1, 2), (1, 1)], [(1, -2), (2, 1)], [(1, -1), (-1, 2)]]
    zeros = [(0, 0)] * 4
    return exact.ExactNetwork(
        [
            exact.first_layer(first, zeros, t),
            exact.later_layer(second, zeros, t),
            exact.later_layer(third, zeros, t),
            exact.later_layer(output, zeros[:1]),
        ]
    )


def small_inputs() -> list[exact.Vector]:
    """Return the examples of the chapter's drawing."""
    pairs = [(3, -1), (1, 1), (2, -1), (1, 2), (-4, 2), (0, -4)]
    return [[Fraction(v) for v in pair] for pair in pairs]
