"""Layers over vector units: forward pass, weight update and transpose, written out.

Activations have shape (B, K, *units): B examples, K components of every vector unit. Fully
connected units are (n,), convolutional and locally connected ones (channels, height, width).
A conventional network is the case K = 1.

A weight layer is an ordinary linear map, used in one of two ways:

* later layers share each scalar weight among the K components, so K joins the batch;
* the first layer has a weight for every component, so K joins the output channels. Its input
  has a single component, and the K-fold expanded input of Eq. A1 is never formed.

All learning rules update weights alike (Eq. 9, 14): with the broadcast vector e (B, K) and the
gated feedback delta (B, *units) of the postsynaptic units,

    dw_ij = sum_b delta_bi sum_mu e_bmu a_bjmu,        db_imu = sum_b delta_bi e_bmu.

Source: Clark, Abbott and Chung (2021), Sections 3.1 to 3.3, Appendices B and H.
"""

from __future__ import annotations

import math
from typing import TypedDict, Unpack

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.grad import conv2d_input, conv2d_weight

from gevb.errors import InputError


def contract(a: Float[Tensor, "B K *units"], e: Float[Tensor, "B K"]) -> Float[Tensor, "B *units"]:
    """What one unit broadcasts to its targets, (e . a_j), for every unit j (Eq. 9)."""
    return torch.bmm(e[:, None], a.flatten(2))[:, 0].unflatten(1, a.shape[2:])


class Role(TypedDict, total=False):
    """A weight layer's place in the network; each is False unless given."""

    first: bool
    output: bool
    nonnegative: bool


class WeightLayer(nn.Module):
    """Weights and biases from the units of one layer to those of the next: h = W a + b.

    Subclasses say how the ordinary map, its weight gradient and its transpose are computed.

    Attributes:
        K: components of every unit of the output.
        first: the input has one component and every output component its own weights.
        output: no gate follows.
        nonnegative: `clamp_` sets negative weights to zero.
        in_units, out_units: shapes of one example, without the component axis.
        fan_in: weights arriving at one component of one output unit.
        weight: leading axis K * out if first, else out. Zeros until an initializer fills them.
        bias: (K, out, ...), zeros. A convolution's bias is shared by all positions.
    """

    weight: nn.Parameter
    bias: nn.Parameter

    def __init__(
        self,
        K: int,
        in_units: tuple[int, ...],
        out_units: tuple[int, ...],
        fan_in: int,
        weight_shape: tuple[int, ...],
        bias_shape: tuple[int, ...],
        role: Role,
    ) -> None:
        super().__init__()
        self.K = K
        self.first = role.get("first", False)
        self.output = role.get("output", False)
        self.nonnegative = role.get("nonnegative", False)
        self.in_units, self.out_units, self.fan_in = in_units, out_units, fan_in
        self.weight = nn.Parameter(torch.zeros(weight_shape))
        self.bias = nn.Parameter(torch.zeros(K, *bias_shape))

    def extra_repr(self) -> str:
        """Show the shapes in `print(network)`."""
        roles = [name for name in Role.__annotations__ if getattr(self, name)]
        return ", ".join([f"{self.in_units} -> {self.out_units}", f"K={self.K}", *roles])

    def forward(self, a: Float[Tensor, "B K_in *in_units"]) -> Float[Tensor, "B K *out_units"]:
        """Pre-activations h_i = sum_j w_ij a_j + b_i (Section 3.1)."""
        if self.first:
            return self._map(a[:, 0]).unflatten(1, (self.K, -1)) + self.bias
        return self._map(a.flatten(0, 1)).unflatten(0, (-1, self.K)) + self.bias

    def accumulate(
        self,
        a: Float[Tensor, "B K_in *in_units"],
        e: Float[Tensor, "B K"],
        delta: Float[Tensor, "B *out_units"],
    ) -> None:
        """Add the update of Eq. 9 and 14 to `.grad` of weight and bias.

        Contracting a with e first leaves B presynaptic signals instead of B * K.
        """
        if self.first:
            pre, post = a[:, 0], torch.einsum("bk,b...->bk...", e, delta).flatten(1, 2)
        else:
            pre, post = contract(a, e), delta
        bias = torch.einsum("bk,b...->k...", e, delta)
        _add_to_grad(self.weight, self._weight_gradient(pre, post))
        _add_to_grad(self.bias, bias.sum_to_size(self.bias.shape))

    def transpose(self, delta: Float[Tensor, "B *out_units"]) -> Float[Tensor, "B *in_units"]:
        """Send one scalar per unit back through the weights: sum_k w_ki delta_k (Eq. 13).

        Raises:
            InputError: in the first layer, whose input units are scalars.
        """
        if self.first:
            raise InputError("the first layer has no vector units below it to send feedback to")
        return self._transpose(delta)

    def clamp_(self) -> None:
        """Set negative weights to zero if the layer is nonnegative (Appendix I)."""
        if self.nonnegative:
            with torch.no_grad():
                self.weight.clamp_(min=0)

    def unit_view(self) -> Float[Tensor, "K_w out in *rest"]:
        """The weights as a view with axes component (1 if shared), output, input, the rest."""
        return self.weight.unflatten(0, (self.K if self.first else 1, -1))

    def _map(self, x: Float[Tensor, "N *in_units"]) -> Float[Tensor, "N *out"]:
        raise NotImplementedError

    def _weight_gradient(
        self, pre: Float[Tensor, "B *in_units"], post: Float[Tensor, "B *out"]
    ) -> Float[Tensor, "*weight"]:
        raise NotImplementedError

    def _transpose(self, delta: Float[Tensor, "B *out_units"]) -> Float[Tensor, "B *in_units"]:
        raise NotImplementedError


def _add_to_grad(parameter: nn.Parameter, update: Tensor) -> None:
    """Accumulate as `loss.backward()` does."""
    parameter.grad = update if parameter.grad is None else parameter.grad + update


class Linear(WeightLayer):
    """Fully connected layer: h_imu = sum_j w_ij a_jmu + b_imu.

    weight: (out, in), or (K * out, in) if first. bias: (K, out).
    """

    def __init__(self, K: int, in_features: int, out_features: int, **role: Unpack[Role]) -> None:
        rows = K * out_features if role.get("first") else out_features
        super().__init__(
            K,
            in_units=(in_features,),
            out_units=(out_features,),
            fan_in=in_features,
            weight_shape=(rows, in_features),
            bias_shape=(out_features,),
            role=role,
        )

    def _map(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight)

    def _weight_gradient(self, pre: Tensor, post: Tensor) -> Tensor:
        return post.T @ pre

    def _transpose(self, delta: Tensor) -> Tensor:
        return delta @ self.weight


class _Spatial(WeightLayer):
    """What convolutions and locally connected layers share: the geometry of a kernel."""

    def __init__(
        self,
        K: int,
        in_units: tuple[int, ...],
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int = 0,
        **role: Unpack[Role],
    ) -> None:
        channels, *image = in_units
        height, width = ((n + 2 * padding - kernel_size) // stride + 1 for n in image)
        if min(height, width) < 1:
            raise InputError(
                f"kernel {kernel_size} with padding {padding} does not fit: got an image of "
                f"{image[0]} x {image[1]}, wanted at least {kernel_size - 2 * padding} a side"
            )
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        out_units = (out_channels, height, width)
        rows = K * out_channels if role.get("first") else out_channels
        weight_shape, bias_shape = self._parameter_shapes(rows, channels, kernel_size, out_units)
        super().__init__(
            K,
            in_units=in_units,
            out_units=out_units,
            fan_in=channels * kernel_size**2,
            weight_shape=weight_shape,
            bias_shape=bias_shape,
            role=role,
        )

    @staticmethod
    def _parameter_shapes(
        rows: int, channels: int, kernel_size: int, out_units: tuple[int, ...]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        raise NotImplementedError


class Conv2d(_Spatial):
    """Convolution: one kernel for all positions, its update the sum over positions (Appendix H).

    weight: (out, in, kernel, kernel), or (K * out, ...) if first. bias: (K, out, 1, 1).

    Raises:
        InputError: the kernel does not fit into the image.
    """

    @staticmethod
    def _parameter_shapes(
        rows: int, channels: int, kernel_size: int, out_units: tuple[int, ...]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (rows, channels, kernel_size, kernel_size), (out_units[0], 1, 1)

    def _map(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, stride=self.stride, padding=self.padding)

    def _weight_gradient(self, pre: Tensor, post: Tensor) -> Tensor:
        shape = tuple(self.weight.shape)
        return conv2d_weight(pre, shape, post, stride=self.stride, padding=self.padding)

    def _transpose(self, delta: Tensor) -> Tensor:
        shape = (len(delta), *self.in_units)
        return conv2d_input(shape, self.weight, delta, stride=self.stride, padding=self.padding)


class LocallyConnected2d(_Spatial):
    """Locally connected layer: a convolution's wiring, with its own kernel at every position.

    weight: (positions, out, in * kernel * kernel), out replaced by K * out if first, so that the
    layer is one matrix product per position. bias: (K, out, height, width).

    Raises:
        InputError: the kernel does not fit into the image.
    """

    @staticmethod
    def _parameter_shapes(
        rows: int, channels: int, kernel_size: int, out_units: tuple[int, ...]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        positions = out_units[1] * out_units[2]
        return (positions, rows, channels * kernel_size**2), out_units

    def unit_view(self) -> Float[Tensor, "K_w out in *rest"]:
        """The weights as a view with axes component, output, input, kernel position, position."""
        rows = (self.K if self.first else 1, -1)
        weight = self.weight.unflatten(2, (self.in_units[0], -1)).unflatten(1, rows)
        return weight.movedim(0, -1)

    def _map(self, x: Tensor) -> Tensor:
        h = torch.bmm(self.weight, self._patches(x))
        return h.permute(2, 1, 0).unflatten(2, self.out_units[1:])

    def _weight_gradient(self, pre: Tensor, post: Tensor) -> Tensor:
        return torch.bmm(post.flatten(2).permute(2, 1, 0), self._patches(pre).mT)

    def _transpose(self, delta: Tensor) -> Tensor:
        patches = torch.bmm(self.weight.mT, delta.flatten(2).permute(2, 1, 0))
        return F.fold(
            patches.permute(2, 1, 0),
            self.in_units[1:],
            self.kernel_size,
            stride=self.stride,
            padding=self.padding,
        )

    def _patches(self, x: Tensor) -> Tensor:
        """Receptive fields of all positions, (positions, in * kernel * kernel, N)."""
        unfolded = F.unfold(x, self.kernel_size, stride=self.stride, padding=self.padding)
        return unfolded.permute(2, 1, 0)


class Gate(nn.Module):
    """Nonlinearity of vector units: a_i = G(h_i) h_i, G(h_i) = 1 if t_i . h_i >= 0, else 0.

    Eq. 7 and 8. In convolutional and locally connected layers all positions of a channel share
    one gating vector, given as t of shape (K, channels, 1, 1). With K = 1 and t = 1 or -1 this
    is the ON or OFF rectifier of a conventional network.

    Args:
        t: gating vectors, (K, n) or (K, channels, 1, 1).
    """

    t: Tensor

    def __init__(self, t: Float[Tensor, "K *units"]) -> None:
        super().__init__()
        self.register_buffer("t", t)

    def mask(self, h: Float[Tensor, "B K *units"]) -> Bool[Tensor, "B *units"]:
        """G(h_i) of every unit (Eq. 8)."""
        h = h.detach()
        projection = h[:, 0] * self.t[0]
        for mu in range(1, h.shape[1]):
            projection.addcmul_(h[:, mu], self.t[mu])
        return projection >= 0

    def forward(self, h: Float[Tensor, "B K *units"]) -> Float[Tensor, "B K *units"]:
        """Activations a_i = G(h_i) h_i (Eq. 7)."""
        return h * self.mask(h)[:, None]


class AvgPool2d(nn.Module):
    """Mean over windows of size x size positions; a remainder at the border is dropped."""

    def __init__(self, in_units: tuple[int, ...], size: int) -> None:
        super().__init__()
        channels, height, width = in_units
        if size > min(height, width):
            raise InputError(
                f"pooling window {size} does not fit: got an image of {height} x {width}, "
                f"wanted at least {size} a side"
            )
        self.in_units, self.size = in_units, size
        self.out_units = (channels, height // size, width // size)

    def forward(self, a: Float[Tensor, "B K C H W"]) -> Float[Tensor, "B K C H_out W_out"]:
        """Pool every component by itself."""
        return F.avg_pool2d(a.flatten(0, 1), self.size).unflatten(0, a.shape[:2])

    def transpose(self, signal: Float[Tensor, "B C H_out W_out"]) -> Float[Tensor, "B C H W"]:
        """Spread a unit's feedback evenly over its window; dropped positions get none."""
        spread = signal.repeat_interleave(self.size, -2).repeat_interleave(self.size, -1)
        bottom, right = (n % self.size for n in self.in_units[1:])
        return F.pad(spread, (0, right, 0, bottom)) / self.size**2


class Flatten(nn.Module):
    """Units (channels, height, width) in a row, channels last.

    Channels last keeps ON and OFF units neighbours, as ON/OFF weights need them.
    """

    def __init__(self, in_units: tuple[int, ...]) -> None:
        super().__init__()
        self.in_units, self.out_units = in_units, (math.prod(in_units),)

    def forward(self, a: Float[Tensor, "B K C H W"]) -> Float[Tensor, "B K n"]:
        """Order (height, width, channel)."""
        return a.movedim(2, -1).flatten(2)

    def transpose(self, signal: Float[Tensor, "B n"]) -> Float[Tensor, "B C H W"]:
        """Back to (channel, height, width)."""
        channels, height, width = self.in_units
        return signal.unflatten(1, (height, width, channels)).movedim(-1, 1)
