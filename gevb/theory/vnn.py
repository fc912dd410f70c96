"""Vectorized networks by the numbers: vector input units (Eq. A1), cost of a training step.

Source: Clark, Abbott and Chung (2021), Section 3.1, Appendices B and L.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from gevb.errors import InputError, check_choice
from gevb.layers import Linear, WeightLayer
from gevb.networks import Network
from gevb.rules import RULES


def vector_input_units(x: Float[Tensor, "B n_0"], K: int) -> Float[Tensor, "B K K*n_0"]:
    r""":math:`K n_0` vector units that hold :math:`n_0` scalar inputs, one each (Eq. A1).

    Unit :math:`i = \nu n_0 + j` holds :math:`x_j` in component :math:`\nu`, and zeros elsewhere:
    :math:`a_{i\mu}^0 = \delta_{\mu\nu}\, x_j`.

    Raises:
        InputError: K is below 1.
    """
    if K < 1:
        raise InputError(f"K: got {K}, wanted at least 1 component")
    return torch.einsum("km,bj->bkmj", torch.eye(K).to(x), x).flatten(2)


def shared_first_layer(first: Linear) -> Linear:
    r"""The layer over `vector_input_units` that does what a first layer does over scalars (Eq. A1).

    The weight from unit :math:`i = \nu n_0 + j` is that from scalar j to component :math:`\nu`.

    Raises:
        InputError: not a first layer.
    """
    if not first.first:
        raise InputError("layer: got one that shares its weights already, wanted a first layer")
    layer = Linear(first.K, first.K * first.in_units[0], first.out_units[0], output=first.output)
    layer.to(first.weight)
    with torch.no_grad():
        layer.weight.copy_(first.unit_view().movedim(0, 1).flatten(1))
        layer.bias.copy_(first.bias)
    return layer


@dataclass(frozen=True)
class Cost:
    r"""Multiply-adds for one example.

    Attributes:
        forward: weights times activations.
        gates: projections :math:`\mathbf t_i \cdot \mathbf h_i`.
        feedback: what it takes to tell the hidden units their :math:`\hat\delta_i`.
        update: what it takes to add the example to `.grad` of the weights.
    """

    forward: int
    gates: int
    feedback: int
    update: int

    @property
    def step(self) -> int:
        """All of them."""
        return self.forward + self.gates + self.feedback + self.update

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.forward + other.forward,
            self.gates + other.gates,
            self.feedback + other.feedback,
            self.update + other.update,
        )


def multiply_adds(network: Network, rule: str, *, contract_first: bool = True) -> list[Cost]:
    r"""What each layer of a network costs per example, by the learning rule.

    A product with a kernel entry that lies over padding counts; biases, pooling and masking by a
    gate do not. Where units are scalars, a gate is a comparison and costs nothing.

    Args:
        network: vectorized or conventional; only its shapes matter.
        rule: "bp", "fa", "dfa" or "gevb".
        contract_first: past the first layer, form :math:`\mathbf e \cdot \mathbf a_j` once per
            presynaptic unit and carry one scalar per unit backwards (Eq. 9, 13), as this package
            does. Otherwise carry all K components through every synapse, as plain automatic
            differentiation does.

    Raises:
        InputError: no such rule, or gevb in a conventional network.
    """
    check_choice("rule", rule, RULES)
    RULES[rule].check(network.vectorized)
    layers = [layer.weights for layer in network.layers]
    above: list[WeightLayer | None] = [*layers[1:], None]
    return [
        _layer_cost(network, layer, up, rule, contract_first)
        for layer, up in zip(layers, above, strict=True)
    ]


def _layer_cost(
    network: Network, layer: WeightLayer, above: WeightLayer | None, rule: str, contract_first: bool
) -> Cost:
    """`above` is None at the output, which has no gate and hears its error for nothing."""
    K, units = layer.K, math.prod(layer.out_units)
    carried = 1 if contract_first else K  # numbers per unit that go backwards
    feedback = 0
    if above is not None and rule in ("bp", "fa"):
        feedback = carried * _synapses(above)
    elif above is not None and rule == "dfa":
        feedback = network.outputs * units
    if K == 1 or not contract_first:
        update = K * _synapses(layer)
    elif layer.first:
        update = K * units + K * _synapses(layer)  # delta_i e_mu, then times a_j
    else:
        update = K * math.prod(layer.in_units) + _synapses(layer)  # e . a_j, then times delta_i
    return Cost(
        forward=K * _synapses(layer),
        gates=0 if K == 1 or above is None else K * units,
        feedback=feedback,
        update=update,
    )


def _synapses(layer: WeightLayer) -> int:
    """Connections between units, or to one component of them: a kernel's count per position."""
    return math.prod(layer.out_units) * layer.fan_in
