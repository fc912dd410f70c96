"""Initial weights: He for mixed-sign networks, ON/OFF for nonnegative ones.

An initializer fills the weights of one layer in place and returns the layer. Draws are made in
float64 from the given CPU generator, so they do not depend on the layer's dtype.

Source: Clark, Abbott and Chung (2021), Section 5.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from gevb.errors import InputError
from gevb.layers import WeightLayer

#: Function that fills the weights of one layer in place and returns the layer.
Initializer = Callable[[WeightLayer, torch.Generator], WeightLayer]


def normal(
    shape: tuple[int, ...], variance: float, generator: torch.Generator
) -> Float[Tensor, "..."]:
    r"""Draw independent entries from :math:`\mathcal N(0, \text{variance})`, in float64."""
    draws = torch.randn(shape, generator=generator, dtype=torch.float64)
    return draws.mul_(math.sqrt(variance))


@torch.no_grad()
def he(layer: WeightLayer, generator: torch.Generator) -> WeightLayer:
    r"""Fill a layer with mixed-sign weights (He et al. 2015).

    :math:`w_{ij} \sim \mathcal N(0, 1 / n_\text{in})` in the first layer and
    :math:`\mathcal N(0, 2 / n_\text{in})` in later ones; :math:`n_\text{in}` is the layer's fan-in,
    kernel included.
    """
    w = layer.unit_view()
    w.copy_(normal(tuple(w.shape), (1 if layer.first else 2) / layer.fan_in, generator))
    return layer


@torch.no_grad()
def on_off(layer: WeightLayer, generator: torch.Generator) -> WeightLayer:
    r"""Fill a layer with nonnegative weights; OFF units respond with minus ON units (Section 5).

    Units are ON, OFF, ON, OFF, ... on both sides; :math:`\tilde W` has half of them on each side.
    Written with the ON units first, the first layer and later layers are

    .. math::

        \begin{pmatrix} \tilde W \\ -\tilde W \end{pmatrix},\;
        \tilde W \sim \mathcal N\!\left(0, \tfrac 1{n_\text{in}}\right); \qquad
        \begin{pmatrix}
            [\tilde W]_+ & [-\tilde W]_+ \\ [-\tilde W]_+ & [\tilde W]_+
        \end{pmatrix},\;
        \tilde W \sim \mathcal N\!\left(0, \tfrac 4{n_\text{in}}\right).

    The output layer has ON rows only, because it has no gates to pair.

    Raises:
        InputError: a hidden layer, or the input of a later one, has an odd number of channels.
    """
    w = layer.unit_view()
    paired = not layer.output
    if paired and w.shape[1] % 2:
        raise InputError(
            f"ON/OFF initialization pairs units: got {w.shape[1]} output channels in "
            f"{type(layer).__name__}{layer.in_units}, wanted an even number"
        )
    on_rows = w[:, 0::2] if paired else w
    if layer.first:
        on_rows.copy_(normal(tuple(on_rows.shape), 1 / layer.fan_in, generator))
        if paired:
            w[:, 1::2] = -on_rows
        return layer
    if w.shape[2] % 2:
        raise InputError(
            f"ON/OFF initialization pairs units: got {w.shape[2]} input channels in "
            f"{type(layer).__name__}{layer.in_units}, wanted an even number"
        )
    W = normal(tuple(on_rows[:, :, 0::2].shape), 4 / layer.fan_in, generator)
    on_rows[:, :, 0::2], on_rows[:, :, 1::2] = W.relu(), (-W).relu()
    if paired:
        w[:, 1::2, 0::2], w[:, 1::2, 1::2] = (-W).relu(), W.relu()
    return layer
