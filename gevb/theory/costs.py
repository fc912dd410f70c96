"""What a whole training run costs: multiply-adds, and memory.

Source: Clark, Abbott and Chung (2021), Appendices I and L.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from gevb.datasets import DATASETS
from gevb.layers import WeightLayer
from gevb.networks import Network
from gevb.theory.vnn import multiply_adds
from gevb.training import DTYPES, Config, Experiment

LABEL_BYTES = 8  # Labels are int64.
IMAGE_BYTES = 4  # The data set is kept in float32.


@dataclass(frozen=True)
class Memory:
    """Bytes that a training run holds all the time, or at the end of a forward pass.

    Temporary results of the layers come on top, so a device needs more than `total`.

    Attributes:
        data: images and labels of both sets.
        parameters: weights and biases four times: themselves, their updates, Adam's two averages.
        activations: what one batch leaves for the updates, the senders' activations and the gates.
    """

    data: int
    parameters: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.data + self.parameters + self.activations


def unfilled(experiment: Experiment) -> Network:
    """An experiment's network with all weights zero: shapes, without the work of drawing."""

    def nothing(layer: WeightLayer, _: object) -> WeightLayer:
        return layer

    return experiment.build(initializer=nothing)


def run_cost(config: Config, *, contract_first: bool = True) -> int:
    """Multiply-adds of a run of all its epochs, evaluations included.

    Adam and biases do not count, nor the angles that an evaluation measures on one batch.

    Args:
        config: the run.
        contract_first: as in `gevb.theory.vnn.multiply_adds`.
    """
    costs = multiply_adds(unfilled(config), config.rule, contract_first=contract_first)
    cost = sum(costs[1:], costs[0])
    data = DATASETS[config.dataset]
    once = (data.train + data.test) * (cost.forward + cost.gates)
    return config.epochs * data.train * cost.step + len(config.evaluated) * once


def memory(config: Config) -> Memory:
    """What a run holds in memory, in bytes."""
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
