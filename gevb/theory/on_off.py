"""ON/OFF weights: the matrix, the equivalent half-width network, and plain nonnegative weights.

Source: Clark, Abbott and Chung (2021), Section 5. `cosine_recursion` is not in the paper.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from gevb.errors import InputError
from gevb.initializers import he, normal, on_off
from gevb.layers import WeightLayer
from gevb.networks import Architecture, Network, Pool


def on_off_matrix(W: Float[Tensor, "m n"]) -> Float[Tensor, "two_m two_n"]:
    r"""Build nonnegative weights between pairs from mixed-sign ones, in the order ON, OFF, ON, OFF.

    Connections ON to ON and OFF to OFF are :math:`[W]_+`, the crossed ones :math:`[-W]_+`.
    """
    positive, negative = W.relu(), (-W).relu()
    rows = [torch.stack(row, 2).flatten(1) for row in ((positive, negative), (negative, positive))]
    return torch.stack(rows, 1).flatten(0, 1)


def half_width(network: Network) -> Network:
    """Build the mixed-sign network of half width formed by the ON units of an ON/OFF network.

    Raises:
        InputError: the weights are not those of ON/OFF initialization.
    """
    if network.initializer is not on_off:
        raise InputError("half_width: got a network that is not initialized ON/OFF, wanted one")
    half = Network(
        network.input_shape,
        network.classes,
        _halved(network.architecture),
        vectorized=network.vectorized,
        nonnegative=False,
    ).to(network.layers[0].weights.weight)
    with torch.no_grad():
        for whole, small in zip(network.layers, half.layers, strict=True):
            w, bias = whole.weights.unit_view(), whole.weights.bias
            on = w if whole.gate is None else w[:, 0::2]
            if not whole.weights.first:
                on = on[:, :, 0::2] - on[:, :, 1::2]
            small.weights.unit_view().copy_(on)
            small.weights.bias.copy_(bias if whole.gate is None else bias[:, 0::2])
            if whole.gate is not None and small.gate is not None:
                small.gate.t.copy_(whole.gate.t[:, 0::2])
    return half


def _halved(architecture: Architecture) -> Architecture:
    halves = []
    for spec in architecture:
        values = dict(vars(spec))
        if not isinstance(spec, Pool):
            values |= {name: values[name] // 2 for name in ("width", "channels") if name in values}
        halves.append(type(spec)(**values))
    return halves


@torch.no_grad()
def plain_nonnegative(layer: WeightLayer, generator: torch.Generator) -> WeightLayer:
    """Initialize later layers with independent positive parts of normal numbers.

    Each entry has the distribution of ON/OFF weights, up to the scale. The scale is chosen so that
    parallel activations, half of them with an open gate, keep their size.
    """
    if layer.first:
        return he(layer, generator)
    w = layer.unit_view()
    scale = 2 * math.sqrt(2 * math.pi) / layer.fan_in
    w.copy_(normal(tuple(w.shape), scale**2, generator).relu_())
    return layer


def mean_cosine(h: Float[Tensor, "B K n"]) -> Float[Tensor, " B"]:
    """Average the cosine between the vectors of two different units, per example."""
    u = torch.nn.functional.normalize(h, dim=1)
    n = h.shape[2]
    return (u.sum(2).square().sum(1) - n) / (n * (n - 1))


def cosine_recursion(widths: Sequence[int]) -> Float[Tensor, " hidden"]:
    r"""Compute the mean cosine between units, layer by layer, for plain nonnegative weights.

    It starts from :math:`c = 0` in the first hidden layer; half of the n units below are active:

    .. math::

        c' = \frac{A}{A + (\pi - 1)(1 - c)}, \qquad A = 1 + \left(\frac n2 - 1\right) c.

    Args:
        widths: units of the hidden layers, :math:`n_1` to :math:`n_{L-1}`.

    Raises:
        InputError: no width, or one below 2.
    """
    if not widths or min(widths) < 2:
        raise InputError(f"widths: got {list(widths)}, wanted at least one, each at least 2")
    cosines = [0.0]
    for n in widths[:-1]:
        c = cosines[-1]
        shared = 1 + (n / 2 - 1) * c
        cosines.append(shared / (shared + (math.pi - 1) * (1 - c)))
    return torch.tensor(cosines, dtype=torch.float64)
