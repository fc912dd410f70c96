"""Networks: the paper's architectures as data, and one function that builds each of them.

Source: Clark, Abbott and Chung (2021), Section 3.1, Tables 1 and 2 of Appendix G.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, MutableSequence, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from gevb.datasets import DATASETS
from gevb.errors import (
    InputError,
    as_tensor,
    check_choice,
    check_flag,
    check_image,
    check_whole,
    shown,
)
from gevb.initializers import Initializer, he, on_off
from gevb.layers import (
    AvgPool2d,
    Conv2d,
    Flatten,
    Gate,
    Linear,
    LocallyConnected2d,
    Role,
    WeightLayer,
)
from gevb.seeds import stream


@dataclass(frozen=True)
class FC:
    """A fully connected hidden layer."""

    width: int


@dataclass(frozen=True)
class Conv:
    """A convolutional hidden layer."""

    channels: int
    kernel_size: int
    stride: int = 1
    padding: int = 0


@dataclass(frozen=True)
class LC:
    """A locally connected hidden layer."""

    channels: int
    kernel_size: int
    stride: int = 1
    padding: int = 0


@dataclass(frozen=True)
class Pool:
    """Average pooling after the gate of the layer before it."""

    size: int


#: A hidden layer, or the pooling after it.
Spec = FC | Conv | LC | Pool
_KINDS = "FC, Conv, LC and Pool"
#: Hidden layers from first to last.
Architecture = Sequence[Spec]
_ORDER = "a Conv or LC before any Pool, and FC last"

#: Hidden layers by data set and architecture; `Network` adds the output layer. Those for MNIST
#: and CIFAR-10 are Tables 1 and 2 of Appendix G.
ARCHITECTURES: dict[str, dict[str, Architecture]] = {
    "digits": {
        "fc": (FC(128), FC(64)),
        "conv": (Conv(16, 3, 1, 1), Pool(2), Conv(16, 3, 1, 1), Pool(2), FC(64)),
        "lc": (LC(16, 3, 1, 1), Pool(2), LC(16, 3, 1, 1), Pool(2), FC(64)),
    },
    "mnist": {
        "fc": (FC(1024), FC(512)),
        "conv": (Conv(64, 3, 1, 1), Pool(2), Conv(32, 3, 1, 1), Pool(2), FC(1024)),
        "lc": (LC(32, 3, 1, 1), Pool(2), LC(32, 3, 1, 1), Pool(2), FC(1024)),
    },
    "cifar10": {
        "fc": (FC(1024), FC(512), FC(512)),
        "conv": (
            Conv(128, 5, 1, 2),
            Pool(2),
            Conv(64, 5, 1, 2),
            Pool(2),
            Conv(64, 2, 2, 0),
            FC(1024),
        ),
        "lc": (LC(64, 5, 1, 2), Pool(2), LC(32, 5, 1, 2), Pool(2), LC(32, 2, 2, 0), FC(512)),
    },
}


class Layer(nn.Module):
    r"""Layer :math:`\ell` of a network: weights, gate, and pooling or flattening before the next.

    Attributes:
        weights: pre-activations :math:`\mathbf h^\ell` from the activations below.
        gate: None in the output layer.
        arrange: AvgPool2d and Flatten, in order; carries no weights.
    """

    def __init__(self, weights: WeightLayer, gate: Gate | None) -> None:
        super().__init__()
        self.weights, self.gate = weights, gate
        # At run time a ModuleList; typed by its contents.
        self.arrange = cast("list[AvgPool2d | Flatten]", nn.ModuleList())

    def forward(self, a: Float[Tensor, "B K_in *below"]) -> Float[Tensor, "B K *above"]:
        """Compute the activations that the next layer receives."""
        return self.respond(a)[0]

    def respond(
        self, a: Float[Tensor, "B K_in *below"]
    ) -> tuple[Float[Tensor, "B K *above"], Bool[Tensor, "B *units"] | None]:
        r"""Compute the activations that the next layer receives, and the gates if there are any.

        Block by block, this is ``self.arranged(self.gate(self.weights(a)))`` (Eq. 7 and 8), but it
        never holds the pre-activations of the whole batch.
        """
        if self.gate is None:
            return self.weights(a), None
        pools = [module for module in self.arrange if isinstance(module, AvgPool2d)]
        masks: list[Tensor] = []
        blocks = self._gated(self.gate, a, pools, masks)
        hidden = self.weights.out_units
        above = self.weights.join(blocks, len(a), pools[-1].out_units if pools else hidden)
        for module in self.arrange[len(pools) :]:
            above = module(above)
        return above, self.weights.join(masks, len(a), hidden)

    def _gated(
        self, gate: Gate, a: Tensor, pools: list[AvgPool2d], masks: list[Tensor]
    ) -> Iterator[Tensor]:
        """Yield gated and pooled activations in blocks; append each block's gates to `masks`."""
        size = math.prod(pool.size for pool in pools)
        for h in self.weights.blocks(a, rows=size):
            masks.append(gate.mask(h))
            # Divide the gate for the means here: it has one number for K components.
            block = h.mul_((masks[-1].to(h.dtype) / size**2)[:, None])
            for pool in pools:
                block = pool.sums(block)
            yield block

    def arranged(self, a: Float[Tensor, "B K *units"]) -> Float[Tensor, "B K *above"]:
        """Pool and flatten the activations."""
        for module in self.arrange:
            a = module(a)
        return a

    def unarranged(self, signal: Float[Tensor, "B *above"]) -> Float[Tensor, "B *units"]:
        """Apply the transpose of `arranged` to one scalar per unit."""
        for module in reversed(self.arrange):
            signal = module.transpose(signal)
        return signal


class Trace(NamedTuple):
    r"""Results of a forward pass that the learning rules need.

    Attributes:
        inputs: :math:`\mathbf a^{\ell-1}` as layer :math:`\ell` received it.
        gates: :math:`G(\mathbf h^\ell)` of the hidden layers.
        logits: :math:`\mathbf a^L`.
    """

    inputs: list[Float[Tensor, "B K_in *below"]]
    gates: list[Bool[Tensor, "B *units"]]
    logits: Float[Tensor, "B classes"]


class Network(nn.Module):
    r"""A stack of layers, vectorized or conventional.

    With the error :math:`\partial\mathcal L / \partial\mathbf a^L` that the loss gives,

    ============  =======  ============  ============================  ======================
    network       K        output units  broadcast :math:`\mathbf e`   feedback at the output
    ============  =======  ============  ============================  ======================
    vectorized    classes  1             the error                     1
    conventional  1        classes       1                             the error
    ============  =======  ============  ============================  ======================

    Args:
        input_shape: one image, (channels, height, width); fully connected layers flatten it.
        classes: number of logits.
        architecture: hidden layers, such as `ARCHITECTURES["mnist"]["fc"]`.
        vectorized: vector units with K = classes components, or scalar units.
        nonnegative: `clamp_` keeps the weights past the first layer at zero or above.
        initializer: fills the weights; ON/OFF for nonnegative networks, He for mixed-sign ones.
        seed: of weights and gating vectors.

    Raises:
        InputError: no classes, an image without pixels, a width below 1, a kernel that does not
            fit, or (ON/OFF) an odd number of channels.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        classes: int,
        architecture: Architecture,
        *,
        vectorized: bool = True,
        nonnegative: bool = True,
        initializer: Initializer | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if not isinstance(architecture, Sequence):
            raise InputError(f"architecture: got {shown(architecture)}, wanted a list of {_KINDS}")
        self.input_shape = check_image("input_shape", input_shape)
        self.classes = classes = check_whole("classes", classes, 1)
        self.architecture = tuple(architecture)
        self.vectorized = check_flag("vectorized", vectorized)
        self.nonnegative = check_flag("nonnegative", nonnegative)
        self.K, self.outputs = (classes, 1) if vectorized else (1, classes)
        usual = on_off if self.nonnegative else he
        self.initializer = usual if initializer is None else initializer
        if not callable(self.initializer):
            raise InputError(f"initializer: got {shown(initializer)}, wanted a function")
        self.layers = cast("list[Layer]", nn.ModuleList())
        generator = stream(seed, "weights")
        *hidden, output = (*self.architecture, FC(self.outputs))
        units: tuple[int, ...] = self.input_shape
        for spec in hidden:
            units = self._append(spec, units, generator, output=False)
        self._append(output, units, generator, output=True)

    def _append(
        self, spec: Spec, units: tuple[int, ...], generator: torch.Generator, output: bool
    ) -> tuple[int, ...]:
        """Add the layer or pooling of `spec` on top of `units`; return the new top units."""
        if not isinstance(spec, Spec):
            raise InputError(f"architecture: got {shown(spec)}, wanted {_KINDS}")
        below = self.layers[-1].arrange if self.layers else None
        if not isinstance(spec, FC) and len(units) != 3:
            raise InputError(f"architecture: got {spec} after FC, wanted {_ORDER}")
        if isinstance(spec, Pool):
            if below is None:
                raise InputError(f"architecture: got {spec} first, wanted {_ORDER}")
            below.append(AvgPool2d(units, spec.size))
            return below[-1].out_units
        if isinstance(spec, FC) and len(units) == 3:
            if below is not None:
                below.append(Flatten(units))
            units = (math.prod(units),)
        weights = self._weights(spec, units, output)
        self.initializer(weights, generator)
        gate = None if output else Gate(self._gating_vectors(weights, generator))
        self.layers.append(Layer(weights, gate))
        return weights.out_units

    def _weights(self, spec: FC | Conv | LC, units: tuple[int, ...], output: bool) -> WeightLayer:
        first = not self.layers
        role = Role(first=first, output=output, nonnegative=self.nonnegative and not first)
        if isinstance(spec, FC):
            return Linear(self.K, units[0], spec.width, **role)
        kind = Conv2d if isinstance(spec, Conv) else LocallyConnected2d
        return kind(
            self.K,
            units,
            spec.channels,
            spec.kernel_size,
            stride=spec.stride,
            padding=spec.padding,
            **role,
        )

    def _gating_vectors(
        self, weights: WeightLayer, generator: torch.Generator
    ) -> Float[Tensor, "K *units"]:
        """Draw random signs in ON/OFF pairs, t_OFF = -t_ON; t_ON = 1 in a conventional network."""
        n = weights.out_units[0]
        signs = torch.randint(2, (self.K, (n + 1) // 2), generator=generator) * 2 - 1
        on = signs if self.vectorized else torch.ones_like(signs)
        t = torch.stack([on, -on], dim=2).flatten(1)[:, :n].to(weights.weight.dtype)
        return t.reshape(self.K, n, *(1 for _ in weights.out_units[1:]))

    @property
    def dtype(self) -> torch.dtype:
        """Floating-point type of the weights."""
        return self.layers[0].weights.weight.dtype

    @property
    def hidden_units(self) -> list[tuple[int, ...]]:
        """Shape of the gated units of every hidden layer."""
        return [layer.weights.out_units for layer in self.layers[:-1]]

    def forward(self, x: Float[Tensor, "B *input"]) -> Float[Tensor, "B classes"]:
        """Compute the logits.

        Raises:
            InputError: the images are not of the network's input shape.
        """
        forgotten: deque[Tensor] = deque(maxlen=0)
        return self._pass(x, forgotten, forgotten)

    @torch.no_grad()
    def trace(self, x: Float[Tensor, "B *input"]) -> Trace:
        """Run a forward pass and keep what the learning rules need.

        Raises:
            InputError: the images are not of the network's input shape.
        """
        inputs: list[Tensor] = []
        gates: list[Tensor] = []
        return Trace(inputs, gates, self._pass(x, inputs, gates))

    def _pass(
        self, x: Tensor, inputs: MutableSequence[Tensor], gates: MutableSequence[Tensor]
    ) -> Float[Tensor, "B classes"]:
        """Compute the logits; append each layer's input to `inputs` and its gates to `gates`."""
        a = self.as_units(x)
        for layer in self.layers:
            inputs.append(a)
            a, mask = layer.respond(a)
            if mask is not None:
                gates.append(mask)
        return a.flatten(1)

    def as_units(self, x: Float[Tensor, "B *input"]) -> Float[Tensor, "B 1 *units"]:
        """Convert images to activations with one component, in the network's type.

        Raises:
            InputError: images of another shape than the network's input, whole numbers, on another
                device, or used under autocast, whose types the rules do not follow.
        """
        first, x = self.layers[0].weights, as_tensor("input", x)
        weight = first.weight
        if not x.is_floating_point() or x.device != weight.device:
            raise InputError(
                f"input: got {x.dtype} on {x.device}, wanted {weight.dtype} on {weight.device}"
            )
        if torch.is_autocast_enabled(x.device.type):
            raise InputError("input: got autocast, wanted a network of the type to compute in")
        if tuple(x.shape[1:]) != self.input_shape or not len(x):
            raise InputError(
                f"input: got shape {tuple(x.shape)}, wanted (B >= 1, "
                f"{', '.join(map(str, self.input_shape))})"
            )
        return x.to(weight.dtype).reshape(len(x), 1, *first.in_units)

    def readout(
        self, error: Float[Tensor, "B classes"]
    ) -> tuple[Float[Tensor, "B K"], Float[Tensor, "B outputs"]]:
        r"""Split the error into the broadcast :math:`\mathbf e` and the output units' feedback."""
        ones = error.new_ones(len(error), 1)
        return (error, ones) if self.vectorized else (ones, error)

    def clamp_(self) -> None:
        """Set negative weights of nonnegative layers to zero, after an optimizer's step."""
        for layer in self.layers:
            layer.weights.clamp_()


def build(
    dataset: str,
    arch: str | Architecture,
    *,
    vectorized: bool = True,
    nonnegative: bool = True,
    initializer: Initializer | None = None,
    seed: int = 0,
) -> Network:
    """Build one of the paper's networks (Tables 1 and 2), one for the digits, or your own.

    A VNN of two hidden layers for the digits::

        >>> import gevb
        >>> network = gevb.build("digits", (gevb.FC(32), gevb.FC(16)), seed=1)
        >>> network.hidden_units, network.K
        ([(32,), (16,)], 10)

    Args:
        dataset: "digits", "mnist" or "cifar10".
        arch: "fc", "conv" or "lc"; or hidden layers, as for `Network`.
        vectorized: vector units, or scalar ones.
        nonnegative: nonnegative weights from ON/OFF, or mixed-sign weights from He.
        initializer: as for `Network`.
        seed: of weights and gating vectors, which are float32; `.double()` keeps their values.

    Raises:
        InputError: unknown dataset or architecture, or see `Network`.
    """
    check_choice("dataset", dataset, DATASETS)
    if isinstance(arch, str):
        check_choice("arch", arch, ARCHITECTURES[dataset])
        arch = ARCHITECTURES[dataset][arch]
    return Network(
        DATASETS[dataset].image_shape,
        DATASETS[dataset].classes,
        arch,
        vectorized=vectorized,
        nonnegative=nonnegative,
        initializer=initializer,
        seed=seed,
    )
