"""Cost of a step and of a whole training run: multiply-adds and memory.

Source: Clark, Abbott and Chung (2021), Appendices I and L.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from gevb.datasets import DATASETS
from gevb.errors import check_choice
from gevb.layers import WeightLayer
from gevb.networks import Network
from gevb.rules import RULES
from gevb.training import DTYPES, Config, Experiment

LABEL_BYTES = 8  # Labels are int64.
IMAGE_BYTES = 4  # The data set is kept in float32.


@dataclass(frozen=True)
class Cost:
    r"""Multiply-adds for one example.

    Attributes:
        forward: weights times activations.
        gates: projections :math:`\mathbf t_i \cdot \mathbf h_i`.
        feedback: computing :math:`\hat\delta_i` of the hidden units.
        update: adding the example to `.grad` of the weights.
    """

    forward: int
    gates: int
    feedback: int
    update: int

    @property
    def step(self) -> int:
        """Multiply-adds of the four parts together."""
        return self.forward + self.gates + self.feedback + self.update

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.forward + other.forward,
            self.gates + other.gates,
            self.feedback + other.feedback,
            self.update + other.update,
        )


def multiply_adds(network: Network, rule: str, *, contract_first: bool = True) -> list[Cost]:
    r"""Count the multiply-adds per example of each layer of a network, by the learning rule.

    Products with kernel entries over padding count; biases, pooling and masking by a gate do
    not. With scalar units a gate is a comparison and costs nothing.

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
    """Count one layer's multiply-adds; `above` is None at the output, which needs no feedback."""
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
    """Count connections between units, or to one component of them; kernels count per position."""
    return math.prod(layer.out_units) * layer.fan_in


@dataclass(frozen=True)
class Memory:
    """Bytes that a training run holds all the time, or at the end of a forward pass.

    Temporary results of the layers are not included, so a device needs more than `total`.

    Attributes:
        data: images and labels of both sets.
        parameters: weights and biases four times: themselves, their updates, Adam's two averages.
        activations: kept for the updates of one batch: the senders' activations and the gates.
    """

    data: int
    parameters: int
    activations: int

    @property
    def total(self) -> int:
        """Sum of the three."""
        return self.data + self.parameters + self.activations


def unfilled(experiment: Experiment) -> Network:
    """Build an experiment's network with all weights zero, for its shapes only."""

    def nothing(layer: WeightLayer, _: object) -> WeightLayer:
        return layer

    return experiment.build(initializer=nothing)


def run_cost(config: Config, *, contract_first: bool = True) -> int:
    """Count the multiply-adds of a run of all its epochs, evaluations included.

    Adam, biases and the angles that an evaluation measures on one batch do not count.

    Args:
        config: the run.
        contract_first: as in `multiply_adds`.
    """
    costs = multiply_adds(unfilled(config), config.rule, contract_first=contract_first)
    cost = sum(costs[1:], costs[0])
    data = DATASETS[config.dataset]
    once = (data.train + data.test) * (cost.forward + cost.gates)
    return config.epochs * data.train * cost.step + len(config.evaluated) * once


def memory(config: Config) -> Memory:
    """Estimate the memory of a run, in bytes."""
    network, number = unfilled(config), DTYPES[config.dtype].itemsize
    images = DATASETS[config.dataset].train + DATASETS[config.dataset].test
    image = math.prod(network.input_shape)
    senders = image + sum(
        network.K * math.prod(layer.weights.in_units) for layer in network.layers[1:]
    )
    gates = sum(math.prod(units) for units in network.hidden_units)
    return Memory(
        data=images * (image * IMAGE_BYTES + LABEL_BYTES),
        parameters=4 * number * sum(p.numel() for p in network.parameters()),
        activations=config.batch_size * (senders * number + gates),
    )
