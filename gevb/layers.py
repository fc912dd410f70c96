r"""Layers over vector units: forward pass, weight update and transpose, written out.

Activations have shape ``(B, K, *units)``: B examples, K components of every vector unit. Fully
connected units are ``(n,)``, convolutional and locally connected ones ``(channels, height,
width)``. A conventional network is the case K = 1.

A weight layer is an ordinary linear map, used in one of two ways:

* later layers share each scalar weight among the K components, so K joins the batch;
* the first layer has a weight for every component, so K joins the output channels. Its input
  has a single component, and the K-fold expanded input of Eq. A1 is never formed.

All learning rules update weights alike (Eq. 9, 14): with the broadcast vector
:math:`\mathbf e`, ``(B, K)``, and the gated feedback :math:`\delta = G\,\hat\delta`,
``(B, *units)``, of the postsynaptic units,

.. math::

    \Delta w_{ij} = \sum_b \delta_{bi} \sum_\mu e_{b\mu}\, a_{bj\mu}, \qquad
    \Delta b_{i\mu} = \sum_b \delta_{bi}\, e_{b\mu},

which is what a layer adds to `.grad`.

Activations of a whole batch do not fit into a processor's caches, and moving them to and from
memory takes longer than the arithmetic. So pre-activations are computed in blocks, and the caller
gates and pools a block before the next one is computed. Each layer orders its activations in
memory for its own arithmetic; the axes' order stays as above. On a GPU, starting an operation
takes the time. Its blocks are so large that there is one or few, and where `few_and_large`
returns True, small operations are joined.

Source: Clark, Abbott and Chung (2021), Sections 3.1 to 3.3, Appendices B and H.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import TypedDict, Unpack

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn
from torch.nn.grad import conv2d_input, conv2d_weight

from gevb.errors import InputError, as_tensor, check_image, check_whole

#: Bytes of a block: about a cache on a processor, and large on a GPU.
BLOCK = {"cpu": 2**23, "cuda": 2**30}


def _per_block(example: Tensor, numbers: int) -> int:
    """Compute how many items of `numbers` numbers each fill a block; at least one."""
    size = BLOCK.get(example.device.type, BLOCK["cuda"])
    return max(1, size // (numbers * example.element_size()))


def few_and_large(example: Tensor) -> bool:
    """Return True on a device that prefers few, large operations (a GPU) to blocks in a cache."""
    return example.device.type != "cpu"


def _stacked(parts: Iterable[Shaped[Tensor, "..."]], length: int) -> Shaped[Tensor, "..."]:
    """Stack parts along the first axis; each is freed before the next is made."""
    whole, done = None, 0
    for part in parts:
        if whole is None:  # One part of full length needs no copy; empty parts may follow.
            whole = part if len(part) == length else part.new_empty(length, *part.shape[1:])
        if whole is not part:
            whole[done : done + len(part)] = part
        done += len(part)
    assert whole is not None
    return whole


def contract(a: Float[Tensor, "B K *units"], e: Float[Tensor, "B K"]) -> Float[Tensor, "B *units"]:
    r"""Compute the signal :math:`\mathbf e \cdot \mathbf a_j` that each unit j sends (Eq. 9)."""
    e = e.T.contiguous().T  # One component of all examples is contiguous.
    return _dot(a, e.reshape(*e.shape, *(1 for _ in a.shape[2:])))


def _dot(a: Float[Tensor, "B K *units"], v: Float[Tensor, "..."]) -> Float[Tensor, "B *units"]:
    """Multiply with v (broadcast) and sum over the K components; keep a's memory layout."""
    if few_and_large(a) and a.shape[1] > 1:
        return torch.sum(a * v, 1, out=torch.empty_like(a[:, 0]))
    total = a[:, 0] * v[:, 0]
    for mu in range(1, a.shape[1]):
        total.addcmul_(a[:, mu], v[:, mu])
    return total


class Role(TypedDict, total=False):
    """A weight layer's place in the network; each is False unless given.

    Attributes:
        first, output, nonnegative: as in `WeightLayer`.
    """

    first: bool
    output: bool
    nonnegative: bool


class WeightLayer(nn.Module):
    r"""Weights and biases from the units of one layer to those of the next.

    They give :math:`\mathbf h_i = \sum_j w_{ij} \mathbf a_j + \mathbf b_i`. `Linear`, `Conv2d` and
    `LocallyConnected2d` define the map, its weight gradient and its transpose.

    Attributes:
        K: components of every unit of the output.
        first: the input has one component and every output component its own weights.
        output: no gate follows.
        nonnegative: `clamp_` sets negative weights to zero.
        in_units, out_units: shapes of one example, without the component axis.
        fan_in: weights arriving at one component of one output unit.
        weight: leading axis ``K * out`` if first, else ``out``. Zeros until an initializer fills
            them.
        bias: ``(K, out, ...)``, zeros. A convolution's bias is shared by all positions.
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
        r"""Compute :math:`\mathbf h_i = \sum_j w_{ij} \mathbf a_j + \mathbf b_i`."""
        return self.join(self.blocks(a), len(a), self.out_units)

    def blocks(
        self, a: Float[Tensor, "B K_in *in_units"], rows: int = 1
    ) -> Iterator[Float[Tensor, "..."]]:
        """Yield pre-activations in parts: some of the examples or some rows of the image.

        Args:
            a: activations below.
            rows: parts begin at a multiple of this number of rows, so that they can be pooled.
        """
        raise NotImplementedError

    def join(
        self, parts: Iterable[Shaped[Tensor, "..."]], examples: int, units: tuple[int, ...]
    ) -> Shaped[Tensor, "..."]:
        """Join the results computed from the parts of `blocks`."""
        raise NotImplementedError

    def accumulate(
        self,
        a: Float[Tensor, "B K_in *in_units"],
        e: Float[Tensor, "B K"],
        delta: Float[Tensor, "B *out_units"],
    ) -> None:
        r"""Add the update of Eq. 9 and 14 to `.grad` of weight and bias.

        Forming :math:`\mathbf e \cdot \mathbf a_j` first leaves B presynaptic signals instead of
        B times K.
        """
        if self.first:
            weight = self._first_weight_gradient(a[:, 0], e, delta)
        else:
            weight = self._weight_gradient(contract(a, e), delta)
        _add_to_grad(self.weight, weight)
        _add_to_grad(self.bias, self._bias_gradient(e, delta))

    def transpose(self, delta: Float[Tensor, "B *out_units"]) -> Float[Tensor, "B *in_units"]:
        r"""Send one scalar per unit back through the weights.

        That is :math:`\sum_k w_{ki}\, \delta_k`, a step of the recursion of Eq. 13.

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
        """View the weights with axes component (1 if shared), output, input, the rest."""
        return self.weight.unflatten(0, (self.K if self.first else 1, -1))

    def _weight_gradient(
        self, pre: Float[Tensor, "B *in_units"], delta: Float[Tensor, "B *out_units"]
    ) -> Float[Tensor, "*weight"]:
        """Compute sum_b delta_bi pre_bj."""
        raise NotImplementedError

    def _first_weight_gradient(
        self,
        x: Float[Tensor, "B *in_units"],
        e: Float[Tensor, "B K"],
        delta: Float[Tensor, "B *out_units"],
    ) -> Float[Tensor, "*weight"]:
        """Compute sum_b e_bmu delta_bi x_bj."""
        raise NotImplementedError

    def _bias_gradient(
        self, e: Float[Tensor, "B K"], delta: Float[Tensor, "B *out_units"]
    ) -> Float[Tensor, "K *bias"]:
        """Compute sum_b e_bmu delta_bi."""
        raise NotImplementedError

    def _transpose(self, delta: Float[Tensor, "B *out_units"]) -> Float[Tensor, "B *in_units"]:
        raise NotImplementedError


def _add_to_grad(parameter: nn.Parameter, update: Tensor) -> None:
    """Accumulate like `loss.backward()`, in the parameter's memory layout; skip frozen parameters.

    Fused optimizers need parameter and gradient in the same memory layout.
    """
    if not parameter.requires_grad:
        return
    if parameter.grad is not None:
        update = parameter.grad + update
    if update.stride() != parameter.stride():
        update = torch.empty_like(parameter).copy_(update)
    parameter.grad = update


class Linear(WeightLayer):
    r"""Fully connected layer, :math:`h_{i\mu} = \sum_j w_{ij} a_{j\mu} + b_{i\mu}`.

    Attributes:
        weight: ``(out, in)``, or ``(K * out, in)`` if first.
        bias: ``(K, out)``.
    """

    def __init__(self, K: int, in_features: int, out_features: int, **role: Unpack[Role]) -> None:
        check_whole("K", K, 1)
        check_whole("inputs", in_features, 1)
        check_whole("width", out_features, 1)
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

    def blocks(self, a: Tensor, rows: int = 1) -> Iterator[Tensor]:
        """Yield everything as one part."""
        if self.first:
            h = F.linear(a[:, 0], self.weight, self.bias.flatten())
            yield h.unflatten(1, (self.K, -1))
        else:
            h = F.linear(a.flatten(0, 1), self.weight)
            yield h.unflatten(0, (-1, self.K)).add_(self.bias)

    def join(self, parts: Iterable[Tensor], examples: int, units: tuple[int, ...]) -> Tensor:
        """Return the only part."""
        (part,) = parts
        return part

    def _weight_gradient(self, pre: Tensor, delta: Tensor) -> Tensor:
        return delta.T @ pre

    def _first_weight_gradient(self, x: Tensor, e: Tensor, delta: Tensor) -> Tensor:
        return (e[:, :, None] * delta[:, None]).flatten(1).T @ x

    def _bias_gradient(self, e: Tensor, delta: Tensor) -> Tensor:
        return e.T @ delta

    def _transpose(self, delta: Tensor) -> Tensor:
        return delta @ self.weight


class _Spatial(WeightLayer):
    """Kernel geometry shared by convolutions and locally connected layers."""

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
        channels, *image = in_units = check_image("in_units", in_units)
        check_whole("K", K, 1)
        check_whole("channels", out_channels, 1)
        check_whole("kernel_size", kernel_size, 1)
        check_whole("stride", stride, 1)
        check_whole("padding", padding)
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
    """Convolution: one kernel for all positions; its update is a sum over positions (Appendix H).

    On a processor, large kernels over vector units are products of Fourier spectra: a product a
    frequency takes fewer multiply-adds than one for each position and entry of the kernel.

    Attributes:
        weight: ``(out, in, kernel, kernel)``, or ``(K * out, ...)`` if first.
        bias: ``(K, out, 1, 1)``.

    Raises:
        InputError: the kernel does not fit into the image.
    """

    @staticmethod
    def _parameter_shapes(
        rows: int, channels: int, kernel_size: int, out_units: tuple[int, ...]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (rows, channels, kernel_size, kernel_size), (out_units[0], 1, 1)

    def blocks(self, a: Tensor, rows: int = 1) -> Iterator[Tensor]:
        """Yield some examples at a time; the channels are the last axis in memory."""
        weight = self.weight.contiguous(memory_format=torch.channels_last)
        kernels = self._transformed(self.weight.flip(2, 3)) if self._by_spectra(a) else None
        for part in a.split(_per_block(a, self.K * math.prod(self.out_units))):
            if self.first:
                h = F.conv2d(part[:, 0], weight, self.bias.flatten(), self.stride, self.padding)
                yield h.unflatten(1, (self.K, -1))
                continue
            images = part.flatten(0, 1)
            if kernels is None:
                h = F.conv2d(images, weight, None, self.stride, self.padding)
            else:
                h = self._cut(self._transformed(images) @ kernels.mT)
            yield h.unflatten(0, (-1, self.K)).add_(self.bias)

    def _by_spectra(self, a: Float[Tensor, "B K_in C H W"]) -> bool:
        """Return True where products of spectra are faster: many large images on a processor."""
        fits = self.stride == 1 and self.padding < self.kernel_size
        return fits and self.kernel_size >= 5 and a.shape[1] > 1 and not few_and_large(a)

    def _transformed(self, a: Float[Tensor, "N C H W"]) -> Shaped[Tensor, "frequencies N C"]:
        """Transform images that the padding of one edge extends to a torus.

        Around the torus only positions that `_cut` leaves out get wrong sums.
        """
        height, width = self.in_units[1:]
        sides = (height + self.padding, width + self.padding)
        return torch.fft.rfft2(a, s=sides).flatten(2).permute(2, 0, 1).contiguous()

    def _cut(self, spectra: Shaped[Tensor, "frequencies N C"]) -> Float[Tensor, "N C H_out W_out"]:
        """Transform back, and keep the output positions."""
        (height, width), (_, *out) = self.in_units[1:], self.out_units
        y, x = height + self.padding, width + self.padding
        h = torch.fft.irfft2(spectra.permute(1, 2, 0).unflatten(2, (y, -1)), s=(y, x))
        return h[..., y - out[0] :, x - out[1] :]

    def join(self, parts: Iterable[Tensor], examples: int, units: tuple[int, ...]) -> Tensor:
        """Stack the examples."""
        return _stacked((part.movedim(-3, -1) for part in parts), examples).movedim(-1, -3)

    def _weight_gradient(self, pre: Tensor, delta: Tensor) -> Tensor:
        shape = tuple(self.weight.shape)
        return conv2d_weight(pre, shape, delta, stride=self.stride, padding=self.padding)

    def _first_weight_gradient(self, x: Tensor, e: Tensor, delta: Tensor) -> Tensor:
        """Sum over the positions of each example first: the sum is the same for all components."""
        k, s, p = self.kernel_size, self.stride, self.padding
        windows = F.pad(x, (p,) * 4).unfold(2, k, s).unfold(3, k, s)  # (B, in, H, W, k, k)
        patches = windows.permute(0, 1, 4, 5, 2, 3).flatten(1, 3).flatten(2)  # copied here
        per_example = torch.bmm(patches, delta.flatten(2).mT)  # (B, fan_in, out)
        summed = (e.T @ per_example.flatten(1)).unflatten(1, (self.fan_in, -1))
        return summed.mT.reshape(self.weight.shape)

    def _bias_gradient(self, e: Tensor, delta: Tensor) -> Tensor:
        return (e.T @ delta.sum((2, 3)))[:, :, None, None]

    def _transpose(self, delta: Tensor) -> Tensor:
        shape = (len(delta), *self.in_units)
        return conv2d_input(shape, self.weight, delta, stride=self.stride, padding=self.padding)


class LocallyConnected2d(_Spatial):
    """Locally connected layer: a convolution with a separate kernel at every position.

    Attributes:
        weight: ``(positions, out, kernel * kernel * in)``, with ``K * out`` for ``out`` if first,
            so that the layer is one matrix product per position.
        bias: ``(K, out, height, width)``.

    Raises:
        InputError: the kernel does not fit into the image.
    """

    @staticmethod
    def _parameter_shapes(
        rows: int, channels: int, kernel_size: int, out_units: tuple[int, ...]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        positions = out_units[1] * out_units[2]
        return (positions, rows, kernel_size**2 * channels), out_units

    def unit_view(self) -> Float[Tensor, "K_w out in *rest"]:
        """View the weights with axes component, output, input, kernel position, position."""
        rows = (self.K if self.first else 1, -1)
        weight = self.weight.unflatten(2, (-1, self.in_units[0])).unflatten(1, rows)
        return weight.permute(1, 2, 4, 3, 0)

    def blocks(self, a: Tensor, rows: int = 1) -> Iterator[Tensor]:
        """Yield some rows at a time; the examples are the last axis in memory."""
        out, height, width = self.out_units
        # Components precede channels in memory if each component has its own weights.
        order = (3, 4, 1, 2, 0) if self.first else (3, 4, 2, 1, 0)
        count = max(_per_block(a, self.K * out * width * len(a)) // rows, 1) * rows
        whole = self._windows(self._padded(a))
        for start in range(0, height, count):
            block = slice(start, start + count)
            bias = self.bias[:, :, block].expand(len(a), -1, -1, -1, -1)  # (B, K, out, H, W)
            h = bias.permute(order).clone(memory_format=torch.contiguous_format)
            weight = self._by_position(self.weight)[block]  # (H, W, out or K * out, k, k * C)
            windows = whole[block]  # (H, W, k, k * C, K_in * B)
            products = h.flatten(2).unflatten(2, (weight.shape[2], -1))  # (H, W, rows of weight, .)
            for y, k in self._pieces(windows):
                products[y].flatten(0, 1).baddbmm_(_entries(weight[y], k), _seen(windows[y], k))
            yield h.permute([order.index(axis) for axis in range(5)])  # (B, K, out, H, W)

    def join(self, parts: Iterable[Tensor], examples: int, units: tuple[int, ...]) -> Tensor:
        """Stack the rows."""
        return _examples_first(_stacked((_positions_first(part) for part in parts), units[1]))

    def _weight_gradient(self, pre: Tensor, delta: Tensor) -> Tensor:
        return self._outer_products(lambda row: row, pre, delta)

    def _first_weight_gradient(self, x: Tensor, e: Tensor, delta: Tensor) -> Tensor:
        e = e.T.contiguous()[:, None]  # (K, 1, B)
        return self._outer_products(lambda row: (e * row[:, :, None]).flatten(2, 3), x, delta)

    def _outer_products(
        self, post: Callable[[Tensor], Tensor], pre: Tensor, delta: Tensor
    ) -> Float[Tensor, "positions out fan_in"]:
        """Compute the weight gradient per position; `post` maps rows of delta to signals."""
        gradient = self.weight.new_empty(self.weight.shape)  # contiguous, so that views work
        by_position, deltas = self._by_position(gradient), _positions_first(delta)
        windows = self._windows(self._padded(pre[:, None]))
        for y, k in self._pieces(windows):
            heard = post(deltas[y]).flatten(0, 1)  # (positions, out, B)
            torch.bmm(heard, _seen(windows[y], k).mT, out=_entries(by_position[y], k))
        return gradient

    def _bias_gradient(self, e: Tensor, delta: Tensor) -> Tensor:
        return _examples_first(_positions_first(delta) @ e)

    def _transpose(self, delta: Tensor) -> Tensor:
        weight = self._by_position(self.weight)  # (H, W, out, k, k * C)
        deltas = _positions_first(delta)  # (H, W, out, B)
        padded = self._padded(delta.new_zeros(len(delta), 1, *self.in_units))
        windows = self._windows(padded)  # (H, W, k, k * C, B), a view into `padded`
        for y, k in self._pieces(windows):
            heard = deltas[y].flatten(0, 1)  # (positions, out, B)
            sent = torch.bmm(_entries(weight[y], k).mT, heard)  # (positions, entries, B)
            pixels = windows[y, :, k].unflatten(3, (self.kernel_size, -1))  # (H, W, k, k, C, B)
            for ky, kx in product(*map(range, pixels.shape[2:4])):  # windows overlap, these do not
                pixels[:, :, ky, kx].add_(sent.view(pixels.shape)[:, :, ky, kx])
        p, (height, width) = self.padding, self.in_units[1:]
        return _examples_first(padded[p : p + height, p : p + width, :, 0])

    def _pieces(self, windows: Tensor) -> Iterator[tuple[slice, slice]]:
        """Yield the rows of the image and of the kernel that one batched product covers.

        A GPU takes as many rows as fill a block, and copies their windows. A processor takes one of
        each, with a view of the windows; with few channels (first layer), the whole kernel.
        """
        rows, kernel = 1, self.kernel_size if self.first else 1
        if few_and_large(windows):
            rows, kernel = _per_block(windows, windows[0].numel()), self.kernel_size
        for y in range(0, len(windows), rows):
            for k in range(0, self.kernel_size, kernel):
                yield slice(y, y + rows), slice(k, k + kernel)

    def _padded(self, a: Float[Tensor, "B K C H W"]) -> Float[Tensor, "H_padded W_padded C K B"]:
        """Pad the image and put its axes in memory order."""
        p = self.padding
        return F.pad(_positions_first(a), (0,) * 6 + (p,) * 4).contiguous()

    def _windows(
        self, padded: Float[Tensor, "H_padded W_padded C K B"]
    ) -> Float[Tensor, "H W kernel kernel_C N"]:
        """View the input of every row of the kernel at every position."""
        k, s = self.kernel_size, self.stride
        windows = padded.flatten(3).unfold(0, k, s).unfold(1, k, s)  # (H, W, C, N, k, k)
        return windows.permute(0, 1, 4, 5, 2, 3).flatten(3, 4)

    def _by_position(
        self, weight: Float[Tensor, "positions out fan_in"]
    ) -> Float[Tensor, "H W out kernel kernel_C"]:
        """View weights, or as many numbers, by row of the kernel."""
        return weight.unflatten(2, (self.kernel_size, -1)).unflatten(0, self.out_units[1:])


def _entries(
    weight: Float[Tensor, "H W out kernel kernel_C"], k: slice
) -> Float[Tensor, "positions out entries"]:
    """View the weights of some rows of the kernel."""
    return weight[:, :, :, k].flatten(3).flatten(0, 1)


def _seen(
    windows: Float[Tensor, "H W kernel kernel_C N"], k: slice
) -> Float[Tensor, "positions entries N"]:
    """Collect the input of these rows; a view for one row of the image and one of the kernel."""
    return windows[:, :, k].flatten(2, 3).flatten(0, 1)


def _positions_first(a: Shaped[Tensor, "B *K C H W"]) -> Shaped[Tensor, "H W C *K B"]:
    """View with the axes in the memory order of a locally connected layer."""
    return a.permute(-2, -1, *range(a.ndim - 3, -1, -1))


def _examples_first(a: Shaped[Tensor, "H W C *K B"]) -> Shaped[Tensor, "B *K C H W"]:
    """Undo `_positions_first`."""
    return a.permute(*range(a.ndim - 1, 1, -1), 0, 1)


class Gate(nn.Module):
    r"""Nonlinearity of vector units (Eq. 7, 8).

    .. math::

        \begin{aligned}
        \mathbf a_i &= G(\mathbf h_i)\, \mathbf h_i, \\
        G(\mathbf h_i) &= 1 \text{ if } \mathbf t_i \cdot \mathbf h_i \ge 0, \text{ else } 0.
        \end{aligned}

    In convolutional and locally connected layers all positions of a channel share one gating
    vector. With K = 1 and t = 1 or -1 this is the ON or OFF rectifier of a conventional network.

    Args:
        t: gating vectors :math:`\mathbf t_i`, ``(K, n)`` or ``(K, channels, 1, 1)``.
    """

    t: Tensor

    def __init__(self, t: Float[Tensor, "K *units"]) -> None:
        super().__init__()
        self.register_buffer("t", as_tensor("t", t))

    def mask(self, h: Float[Tensor, "B K *units"]) -> Bool[Tensor, "B *units"]:
        r"""Compute the gate :math:`G(\mathbf h_i)` of every unit (Eq. 8)."""
        return _dot(h.detach(), self.t[None]) >= 0

    def forward(self, h: Float[Tensor, "B K *units"]) -> Float[Tensor, "B K *units"]:
        r"""Compute activations :math:`\mathbf a_i = G(\mathbf h_i)\, \mathbf h_i` (Eq. 7)."""
        return h * self.mask(h)[:, None]


class AvgPool2d(nn.Module):
    """Mean over windows of ``size`` by ``size`` positions; incomplete windows are dropped."""

    def __init__(self, in_units: tuple[int, ...], size: int) -> None:
        super().__init__()
        channels, height, width = in_units = check_image("in_units", in_units)
        if check_whole("pooling window", size, 1) > min(height, width):
            raise InputError(
                f"pooling window {size} does not fit: got an image of {height} x {width}, "
                f"wanted at least {size} a side"
            )
        self.in_units, self.size = in_units, size
        self.out_units = (channels, height // size, width // size)

    def forward(self, a: Float[Tensor, "B K C H W"]) -> Float[Tensor, "B K C H_out W_out"]:
        """Pool every component separately."""
        return self.sums(a) / self.size**2

    def sums(self, a: Float[Tensor, "B K C H W"]) -> Float[Tensor, "B K C H_out W_out"]:
        """Sum over the windows, without the division."""
        height, width = (n // self.size * self.size for n in a.shape[-2:])
        corners = product(range(self.size), repeat=2)
        shifted = [a[..., y : height : self.size, x : width : self.size] for y, x in corners]
        return sum(shifted[1:], start=shifted[0])

    def transpose(self, signal: Float[Tensor, "B C H_out W_out"]) -> Float[Tensor, "B C H W"]:
        """Spread a unit's feedback evenly over its window; dropped positions get none."""
        spread = signal.repeat_interleave(self.size, -2).repeat_interleave(self.size, -1)
        bottom, right = (n % self.size for n in self.in_units[1:])
        return F.pad(spread, (0, right, 0, bottom)) / self.size**2


class Flatten(nn.Module):
    """Units (channels, height, width) in a row, channels last.

    This order keeps ON and OFF units next to each other, as ON/OFF weights require.
    """

    def __init__(self, in_units: tuple[int, ...]) -> None:
        super().__init__()
        self.in_units = check_image("in_units", in_units)
        self.out_units = (math.prod(in_units),)

    def forward(self, a: Float[Tensor, "B K C H W"]) -> Float[Tensor, "B K n"]:
        """Flatten in the order (height, width, channel)."""
        return a.movedim(2, -1).flatten(2)

    def transpose(self, signal: Float[Tensor, "B n"]) -> Float[Tensor, "B C H W"]:
        """Restore (channel, height, width)."""
        channels, height, width = self.in_units
        return signal.unflatten(1, (height, width, channels)).movedim(-1, 1)
