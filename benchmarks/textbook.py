"""The textbook way: expanded input (Eq. A1) and autograd through all K components.

The same function as a `gevb.Network`, in the most direct form. Its first layer shares weights like
the others, over K * n_0 vector units that each hold one pixel in one component. BP is
`loss.backward()`. GEVB cuts the graph below every layer and starts autograd at each with the gated
error vector.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from gevb.layers import Conv2d, Gate, Linear, LocallyConnected2d, WeightLayer
from gevb.networks import Network

Positions = Literal["loop", "unfold"]


def shared(layer: WeightLayer, entries: Tensor) -> Tensor:
    """Convert a layer's weights, or as many numbers, to those of a layer over vector units."""
    kept, layer.weight.data = layer.weight.data, entries
    view = layer.unit_view().detach().movedim(0, 1).flatten(1, 2)
    layer.weight.data = kept
    if isinstance(layer, LocallyConnected2d):
        return view.movedim(-1, 0).flatten(2).clone()  # (positions, out, in * kernel * kernel)
    return view.clone()


class Textbook(nn.Module):
    """A copy of a network, trained the textbook way.

    Args:
        network: its weights and gating vectors are copied.
        positions: locally connected layers as a loop over positions, or by unfolding.
    """

    def __init__(self, network: Network, positions: Positions = "loop") -> None:
        super().__init__()
        self.network, self.positions = [network], positions  # In a list, to be no submodule.
        layers = [layer.weights for layer in network.layers]
        self.weights = nn.ParameterList([shared(layer, layer.weight.data) for layer in layers])
        self.biases = nn.ParameterList([layer.bias.detach().clone() for layer in layers])

    def forward(
        self, x: Float[Tensor, "B C H W"], cut: bool = False
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Compute pre-activations of all layers and hidden gates; `cut` detaches the inputs."""
        network = self.network[0]
        a = torch.einsum("km,bcyx->bkmcyx", torch.eye(network.K).to(x), x).flatten(2, 3)
        if isinstance(network.layers[0].weights, Linear):
            a = a.flatten(2)
        hs, gates = [], []
        for l, layer in enumerate(network.layers):
            h = self._map(l, layer.weights, a.detach() if cut else a) + self.biases[l]
            hs.append(h)
            if layer.gate is not None:
                gates.append(_gate(layer.gate, h))
                a = h * gates[-1][:, None]
            for module in layer.arrange:
                a = module(a)
        return hs, gates

    def backward(
        self, x: Float[Tensor, "B C H W"], y: Int[Tensor, " B"], rule: Literal["bp", "gevb"]
    ) -> Float[Tensor, ""]:
        """Fill `.grad`; return the mean loss."""
        hs, gates = self(x, cut=rule == "gevb")
        logits = hs[-1].flatten(1)
        loss = F.cross_entropy(logits, y)
        if rule == "bp":
            loss.backward()
            return loss.detach()
        e = (logits.detach().softmax(1) - F.one_hot(y, logits.shape[1])) / len(x)
        heard = [e.reshape(*e.shape, *(1 for _ in h.shape[2:])) for h in hs]
        masks = [gate[:, None] for gate in gates] + [torch.ones_like(heard[-1])]
        torch.autograd.backward(hs, [g * v for g, v in zip(masks, heard, strict=True)])
        return loss.detach()

    def _map(self, l: int, layer: WeightLayer, a: Tensor) -> Tensor:
        weight = self.weights[l]
        if isinstance(layer, Linear):
            return F.linear(a, weight)
        images = a.flatten(0, 1)
        if isinstance(layer, Conv2d):
            h = F.conv2d(images, weight, stride=layer.stride, padding=layer.padding)
        else:
            assert isinstance(layer, LocallyConnected2d)
            h = self._locally_connected(layer, weight, images)
        return h.unflatten(0, a.shape[:2])

    def _locally_connected(
        self, layer: LocallyConnected2d, weight: Tensor, images: Tensor
    ) -> Tensor:
        k, s, p = layer.kernel_size, layer.stride, layer.padding
        height, width = layer.out_units[1:]
        if self.positions == "unfold":
            patches = F.unfold(images, k, stride=s, padding=p)
            return torch.einsum("pof,nfp->nop", weight, patches).unflatten(2, (height, width))
        images = F.pad(images, (p, p, p, p))
        h = []
        # With `weight[position]`, autograd would add up a gradient of all positions for each one.
        for position, own in enumerate(weight.unbind()):
            y, x = s * (position // width), s * (position % width)
            h.append(F.linear(images[:, :, y : y + k, x : x + k].flatten(1), own))
        return torch.stack(h, 2).unflatten(2, (height, width))


def _gate(gate: Gate, h: Tensor) -> Tensor:
    return (h * gate.t).sum(1) >= 0
