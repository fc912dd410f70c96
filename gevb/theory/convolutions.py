"""Shared kernels: updates per position, and the network with all positions untied.

Source: Clark, Abbott and Chung (2021), Appendix H.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from gevb.errors import InputError
from gevb.layers import Conv2d
from gevb.networks import LC, Conv, Network


@torch.no_grad()
def position_updates(
    layer: Conv2d, pre: Float[Tensor, "in height width"], post: Float[Tensor, "out h w"]
) -> Float[Tensor, "h w out in kernel kernel"]:
    r"""Compute the contribution of every position to the kernel's update (Appendix H).

    The update is the sum over positions p, here with stride 1,

    .. math::

        \Delta w_{ij}(q) = \sum_p \delta_i(p)\, s_j(p + q),

    and q is a place in the kernel.

    Args:
        layer: convolution that owns the kernel.
        pre: presynaptic signals :math:`s_j`; in GEVB :math:`\mathbf e \cdot \mathbf a_j`.
        post: gated feedback :math:`\delta_i`; in GEVB the gate :math:`G(\mathbf h_i)`.

    Raises:
        InputError: signals that are not of the layer's shape.
    """
    wanted = (tuple(layer.in_units), tuple(layer.out_units))
    if (tuple(pre.shape), tuple(post.shape)) != wanted:
        raise InputError(
            f"signals: got shapes {tuple(pre.shape)} and {tuple(post.shape)}, "
            f"wanted {wanted[0]} below and {wanted[1]} above the layer"
        )
    k = layer.kernel_size
    patches = F.unfold(pre[None], k, stride=layer.stride, padding=layer.padding)[0]
    terms = torch.einsum("op,jp->poj", post.flatten(1), patches)
    return terms.unflatten(0, post.shape[1:]).unflatten(-1, (pre.shape[0], k, k))


@torch.no_grad()
def untied(network: Network) -> Network:
    """Build the same function with a separate kernel at every position of each convolution.

    Convolutions become locally connected layers whose kernels start out equal; gates, pooling
    and fully connected layers stay as they are.
    """
    architecture = [
        LC(spec.channels, spec.kernel_size, spec.stride, spec.padding)
        if isinstance(spec, Conv)
        else spec
        for spec in network.architecture
    ]
    free = Network(
        network.input_shape,
        network.classes,
        architecture,
        vectorized=network.vectorized,
        nonnegative=network.nonnegative,
    ).to(network.layers[0].weights.weight)
    for tied, own in zip(network.layers, free.layers, strict=True):
        weight = tied.weights.weight.data
        if isinstance(tied.weights, Conv2d):
            weight = weight.movedim(1, -1).flatten(1)
        own.weights.weight.copy_(weight.expand_as(own.weights.weight))
        own.weights.bias.copy_(tied.weights.bias.expand_as(own.weights.bias))
        if own.gate is not None and tied.gate is not None:
            own.gate.t.copy_(tied.gate.t)
    return free


class Disagreement(NamedTuple):
    """Sign disagreement of two updates, as shares between 0 and 1.

    Attributes:
        weights: share of the weights with a gradient on which the signs differ.
        gradient: share of the gradient's summed magnitude that lies on these weights.
    """

    weights: float
    gradient: float


def sign_disagreement(update: Float[Tensor, "..."], gradient: Float[Tensor, "..."]) -> Disagreement:
    """Measure how many weights get an update with the opposite sign of the gradient.

    Raises:
        InputError: different shapes, or a gradient that is zero everywhere.
    """
    _check_pair(update, gradient)
    wrong = update * gradient < 0
    magnitude = gradient.abs()
    return Disagreement(
        float(wrong.sum() / (magnitude > 0).sum()),
        float(magnitude[wrong].sum() / magnitude.sum()),
    )


def update_angle(update: Float[Tensor, "..."], gradient: Float[Tensor, "..."]) -> float:
    """Compute the angle in degrees between two updates, as vectors of all weights.

    Raises:
        InputError: different shapes, or an update or gradient that is zero everywhere.
    """
    _check_pair(update, gradient)
    _check_pair(gradient, update)
    cosine = (update * gradient).sum() / (update.norm() * gradient.norm())
    return float(cosine.clamp(-1, 1).acos().rad2deg())


def _check_pair(update: Tensor, gradient: Tensor) -> None:
    if update.shape != gradient.shape:
        raise InputError(
            f"updates: got shapes {tuple(update.shape)} and {tuple(gradient.shape)}, "
            "wanted the same shape twice"
        )
    if not gradient.any():
        raise InputError("updates: got one that is zero everywhere, wanted a direction")
