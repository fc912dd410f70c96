r"""Learning from one scalar: node and weight perturbation.

Both methods add noise and send every unit, or every weight, one number: the change of the loss.
For small noise the estimate of a gradient :math:`\mathbf g` with n entries is

.. math::

    \hat{\mathbf g} = (\mathbf g \cdot \xi)\, \xi, \qquad \xi \sim \mathcal N(0, 1)^n,

so its mean is :math:`\mathbf g`, and its variance, summed over the entries, is
:math:`(n + 1)\,|\mathbf g|^2`.

Source: Werfel, Xie and Seung (2005), https://doi.org/10.1162/089976605774320539; Fiete and Seung
(2006), https://doi.org/10.1103/PhysRevLett.97.048104.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Num
from torch import Tensor

from gevb.errors import InputError
from gevb.networks import Network
from gevb.seeds import stream

#: The loss of each example, from logits and labels.
ExampleLosses = Callable[[Tensor, Tensor], Tensor]


def cross_entropies(
    logits: Float[Tensor, "B classes"], y: Num[Tensor, " B"]
) -> Float[Tensor, " B"]:
    """Compute the softmax cross-entropy of each example."""
    return F.cross_entropy(logits, y.long(), reduction="none")


def squared_errors(
    logits: Float[Tensor, "B classes"], y: Float[Tensor, "B classes"]
) -> Float[Tensor, " B"]:
    """Compute half the squared distance to the target of each example."""
    return (logits - y).square().sum(1) / 2


class Perturbation:
    r"""Estimate of the gradient from forward passes alone, added to `.grad`.

    Args:
        network: conventional, or vectorized with K = 1.
        losses: loss of each example.
        sigma: standard deviation :math:`\sigma` of the noise; the estimate is exact to first order
            in it.
        seed: of the noise.

    Raises:
        InputError: units with more than one component, or sigma not above 0.
    """

    def __init__(
        self,
        network: Network,
        losses: ExampleLosses = cross_entropies,
        *,
        sigma: float = 1e-3,
        seed: int = 0,
    ) -> None:
        if network.K != 1:
            raise InputError(f"network: got units with {network.K} components, wanted one number")
        if not sigma > 0:
            raise InputError(f"sigma: got {sigma}, wanted a number above 0")
        self.network, self.losses, self.sigma = network, losses, sigma
        self.generator = stream(seed, "perturbation")

    def backward(
        self, x: Float[Tensor, "B *input"], y: Num[Tensor, "B *target"]
    ) -> Float[Tensor, ""]:
        """Add the estimate to `.grad` of every parameter; return the mean loss without noise.

        Raises:
            InputError: images of another shape.
        """
        raise NotImplementedError

    def _noise(self, like: Tensor) -> Tensor:
        return torch.randn(like.shape, generator=self.generator, dtype=torch.float64).to(like)


class NodePerturbation(Perturbation):
    r"""Noise in the pre-activation of every unit, drawn separately for every example.

    .. math::

        \Delta w_{ij} = \frac{\mathcal L(\mathbf h + \sigma\xi) - \mathcal L(\mathbf h)}{\sigma}\;
        \xi_i\, a_j,

    that is, one scalar for all units, times the unit's own noise, times presynaptic activity.
    """

    @torch.no_grad()
    def backward(
        self, x: Float[Tensor, "B *input"], y: Num[Tensor, "B *target"]
    ) -> Float[Tensor, ""]:
        """Add the estimate to `.grad`.

        Raises:
            InputError: images of another shape.
        """
        trace = self.network.trace(x)
        noises, a = [], trace.inputs[0]
        for layer in self.network.layers:
            h = layer.weights(a)
            noises.append(self._noise(h))
            h = h + self.sigma * noises[-1]
            a = layer.arranged(h if layer.gate is None else layer.gate(h))
        losses = self.losses(trace.logits, y)
        scalar = (self.losses(a.flatten(1), y) - losses) / self.sigma / len(x)
        for layer, pre, noise in zip(self.network.layers, trace.inputs, noises, strict=True):
            delta = noise[:, 0]
            layer.weights.accumulate(pre, scalar[:, None], delta)
        return losses.mean()


class WeightPerturbation(Perturbation):
    r"""Noise in every parameter, the same for the whole batch.

    .. math::

        \Delta w = \frac{\mathcal L(w + \sigma\xi) - \mathcal L(w)}{\sigma}\; \xi.
    """

    @torch.no_grad()
    def backward(
        self, x: Float[Tensor, "B *input"], y: Num[Tensor, "B *target"]
    ) -> Float[Tensor, ""]:
        """Add the estimate to `.grad`.

        Raises:
            InputError: images of another shape.
        """
        loss = self.losses(self.network(x), y).mean()
        noises = {name: self._noise(p) for name, p in self.network.named_parameters()}
        noisy = {name: p + self.sigma * noises[name] for name, p in self.network.named_parameters()}
        logits = torch.func.functional_call(self.network, noisy, (x,))
        scalar = (self.losses(logits, y).mean() - loss) / self.sigma
        for name, p in self.network.named_parameters():
            update = scalar * noises[name]
            p.grad = update if p.grad is None else p.grad + update
        return loss
