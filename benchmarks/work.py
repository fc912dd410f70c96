"""Work of a training step, and its rated time: by its arithmetic or its bytes.

The rates are those of large matrix products and of copies. They are no lower bound: convolutions of
the libraries, for example, do more multiply-adds per second than their matrix products.

For a batch, the count includes:

* multiply-adds of the forward pass, the gates, the feedback and the updates
  (`gevb.theory.costs.multiply_adds`), where a first convolution adds up its positions before it
  multiplies by e, which is the same at all of them;
* bytes of the parameters: read once by the forward pass, their update written once, and Adam's
  reading of parameter, update and two averages and its writing of three of them;
* bytes of the images, read twice (forward pass, update), and of each hidden layer's output,
  written once and read twice; for the gates, one byte written and one read per unit.

Pre-activations, the pooling's input and all temporary results are assumed to stay in the caches.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from gevb.layers import Conv2d
from gevb.networks import Layer, Network
from gevb.theory.costs import multiply_adds

FLOAT = 4  # bytes


@dataclass(frozen=True)
class Work:
    """Work of a step."""

    multiply_adds: int
    bytes: int

    def seconds(self, rates: Rates) -> float:
        """Return the longer of the times at the machine's rates, by arithmetic or by bytes."""
        return max(
            self.multiply_adds / rates.multiply_adds_per_second,
            self.bytes / rates.bytes_per_second,
        )


@dataclass(frozen=True)
class Rates:
    """Rates of the machine: large matrix products, and copies (bytes read and written)."""

    multiply_adds_per_second: float
    bytes_per_second: float


def step_work(network: Network, rule: str, batch: int) -> Work:
    """Count the work of one training step by Adam on `batch` examples."""
    products = sum(cost.step for cost in multiply_adds(network, rule))
    first = network.layers[0].weights
    if isinstance(first, Conv2d) and first.K > 1:
        units = math.prod(first.out_units)
        products -= first.K * units * (1 + first.fan_in)
        products += units * first.fan_in + first.weight.numel()
    parameters = sum(p.numel() for p in network.parameters())
    handed_on = sum(network.K * _handed_on(layer) for layer in network.layers[:-1])
    gates = sum(math.prod(units) for units in network.hidden_units)
    images = 2 * math.prod(network.input_shape)
    return Work(
        multiply_adds=batch * products,
        bytes=FLOAT * (9 * parameters + batch * (images + 3 * handed_on)) + 2 * batch * gates,
    )


def _handed_on(layer: Layer) -> int:
    """Count the numbers that the next layer receives."""
    units = layer.arrange[-1].out_units if len(layer.arrange) else layer.weights.out_units
    return math.prod(units)
