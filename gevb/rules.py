r"""Learning rules: the feedback that each postsynaptic unit receives.

All rules update a weight by the gate of the postsynaptic unit, times the feedback it receives,
times the inner product of presynaptic activation and broadcast vector (Eq. 9, 14):

.. math::

    \Delta w_{ij} = G(\mathbf h_i)\, \hat\delta_i\, (\mathbf a_j \cdot \mathbf e).

They differ only in the feedback:

======  =================================================================================
rule    feedback :math:`\hat\delta^\ell` of hidden layer :math:`\ell`
======  =================================================================================
`BP`    transpose of the weights above, applied to their gated feedback (Eq. 13)
`FA`    the same through fixed random weights (Lillicrap et al. 2016)
`DFA`   the output's feedback times a fixed random matrix (Nøkland 2016, Appendix J)
`GEVB`  1 (Eq. 9)
======  =================================================================================

To define your own rule, subclass `Rule` and compute the feedback. Here it is twice GEVB's::

    >>> import torch, gevb
    >>> class Louder(gevb.Rule):
    ...     def feedback(self, l, delta, output):
    ...         return torch.full((len(output), *self.network.hidden_units[l]), 2.0)
    >>> network = gevb.build("digits", "fc")
    >>> x, y = torch.ones(1, 1, 8, 8), torch.tensor([3])
    >>> once, twice = gevb.GEVB(network).updates(x, y), Louder(network).updates(x, y)
    >>> [torch.equal(2 * u, v) for u, v in zip(once, twice)]  # the output layer uses no feedback
    [True, True, False]

Source: Clark, Abbott and Chung (2021), Sections 3.2, 3.3 and 4, Appendices E, F, H and J.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator

import torch
from jaxtyping import Float, Num
from torch import Tensor

from gevb.errors import InputError, check_choice, check_kind
from gevb.losses import Loss, cross_entropy
from gevb.networks import Network, Trace
from gevb.seeds import check_seed, stream


def _kind(tensor: Tensor) -> tuple[torch.dtype, torch.device]:
    return tensor.dtype, tensor.device


class Rule:
    """Learning rule that fills `.grad` of a network's parameters, in place of `loss.backward()`.

    After a batch, `.grad` holds the rule's update, ready for any optimizer::

        >>> import torch, gevb
        >>> network = gevb.build("digits", "fc", seed=0).double()
        >>> x, y = torch.rand(5, 1, 8, 8).double(), torch.tensor([3, 1, 4, 1, 5])
        >>> loss = gevb.BP(network).backward(x, y)
        >>> wanted = torch.autograd.grad(gevb.cross_entropy(network(x), y)[0], network.parameters())
        >>> all(torch.allclose(p.grad, g) for p, g in zip(network.parameters(), wanted))
        True

    Use a rule in one thread at a time: `.grad` is read and then written.

    Args:
        network: network to train. Random feedback has its dtype and device, and is drawn again
            if they change.
        loss: `gevb.cross_entropy` or `gevb.mean_squared_error`.
        seed: of random feedback.

    Raises:
        InputError: no network, or a kind of network that the rule does not support.
    """

    def __init__(self, network: Network, loss: Loss = cross_entropy, seed: int = 0) -> None:
        check_kind("network", network, Network)
        self.check(network.vectorized)
        self.network, self.loss, self.seed = network, loss, check_seed(seed)
        self._draw()

    def _draw(self) -> None:
        """Draw random feedback in the network's dtype and on its device."""
        self.drawn_for = _kind(self.network.layers[0].weights.weight)
        self.draw(stream(self.seed, "feedback"))

    @torch.no_grad()
    def backward(self, x: Float[Tensor, "B *input"], y: Num[Tensor, "..."]) -> Float[Tensor, ""]:
        """Add the rule's update to `.grad` of every parameter; return the batch's mean loss.

        Raises:
            InputError: images of another shape, or labels that do not fit the network.
        """
        trace = self.network.trace(x)
        loss, error = self.loss(trace.logits, y)
        e, output = self.network.readout(error)
        for l, _, delta in self._descend(trace, output):
            self.network.layers[l].weights.accumulate(trace.inputs[l], e, delta)
        return loss

    def updates(
        self, x: Float[Tensor, "B *input"], y: Num[Tensor, "..."]
    ) -> list[Float[Tensor, "..."]]:
        """Compute the rule's update of every layer's weights; `.grad` is cleared before and after.

        Frozen weights get an update of zero.

        Raises:
            InputError: as `backward`.
        """
        self.network.zero_grad()
        self.backward(x, y)
        weights = [layer.weights.weight for layer in self.network.layers]
        found = [torch.zeros_like(w) if w.grad is None else w.grad for w in weights]
        self.network.zero_grad()
        return found

    @torch.no_grad()
    def feedbacks(
        self, x: Float[Tensor, "B *input"], y: Num[Tensor, "..."]
    ) -> list[Float[Tensor, "B *units"]]:
        r"""Compute the feedback :math:`\hat\delta^\ell` of each hidden layer, before the gates.

        Raises:
            InputError: images of another shape, or labels that do not fit the network.
        """
        trace = self.network.trace(x)
        _, output = self.network.readout(self.loss(trace.logits, y)[1])
        _, *hidden = (feedback for _, feedback, _ in self._descend(trace, output))
        return hidden[::-1]

    def _descend(
        self, trace: Trace, output: Float[Tensor, "B outputs"]
    ) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Yield layer, feedback and gated feedback, from the output layer down to the first."""
        if _kind(output) != self.drawn_for:
            self._draw()
        top, delta = len(trace.gates), output
        yield top, output, delta
        for l in reversed(range(top)):
            feedback = self.feedback(l, delta, output)
            delta = trace.gates[l] * feedback
            yield l, feedback, delta

    @classmethod
    def check(cls, vectorized: bool) -> None:
        """Refuse a kind of network that the rule does not support.

        Raises:
            InputError: the rule does not support it.
        """

    def draw(self, generator: torch.Generator) -> None:
        """Draw the random parts of the rule, once."""

    def feedback(
        self, l: int, delta: Float[Tensor, "B *above"], output: Float[Tensor, "B outputs"]
    ) -> Float[Tensor, "B *units"]:
        r"""Compute the feedback :math:`\hat\delta` of hidden layer l, before its gates.

        Args:
            l: counted from 0.
            delta: gated feedback of the layer above.
            output: feedback of the output units.
        """
        raise NotImplementedError


class BP(Rule):
    r"""Back-propagation: the gradient, by one scalar per unit (Eq. 13).

    .. math::

        \hat\delta_i^\ell
        = \sum_k \hat\delta_k^{\ell+1}\, G(\mathbf h_k^{\ell+1})\, w_{ki}^{\ell+1}.
    """

    def feedback(self, l: int, delta: Tensor, output: Tensor) -> Tensor:
        """Apply the transpose of the weights above."""
        above = self.network.layers[l + 1].weights
        return self.network.layers[l].unarranged(above.transpose(delta))


class FA(Rule):
    """Feedback alignment: back-propagation through fixed random weights.

    They are drawn by the network's own initializer, independently of its weights, so they are
    nonnegative in nonnegative networks.
    """

    def draw(self, generator: torch.Generator) -> None:
        """Draw weights of the same kind as those above each hidden layer."""
        layers = [copy.deepcopy(layer.weights) for layer in self.network.layers[1:]]
        self.above = [self.network.initializer(layer, generator) for layer in layers]

    def feedback(self, l: int, delta: Tensor, output: Tensor) -> Tensor:
        """Apply the transpose of the random weights."""
        return self.network.layers[l].unarranged(self.above[l].transpose(delta))


class DFA(Rule):
    r"""Direct feedback alignment: the output's feedback through one fixed random matrix.

    Its entries are uniform on [0, 1] in nonnegative networks and on [-1, 1] in mixed-sign ones;
    hidden layer :math:`\ell` uses the first :math:`n_\ell` columns, one for every unit, position by
    position in convolutional layers (Appendix J).
    """

    def draw(self, generator: torch.Generator) -> None:
        """Draw one matrix for all layers, as wide as the largest layer."""
        columns = max((math.prod(units) for units in self.network.hidden_units), default=0)
        shape = (self.network.outputs, columns)
        matrix = torch.rand(shape, generator=generator, dtype=torch.float64)
        if not self.network.nonnegative:
            matrix = 2 * matrix - 1
        self.matrix = matrix.to(self.network.layers[0].weights.weight)

    def feedback(self, l: int, delta: Tensor, output: Tensor) -> Tensor:
        """Multiply the output's feedback by the random matrix."""
        units = self.network.hidden_units[l]
        return (output @ self.matrix[:, : math.prod(units)]).unflatten(1, units)


class GEVB(Rule):
    r"""Global error-vector broadcasting: every unit receives the same feedback (Eq. 9).

    .. math::

        \hat\delta_i = 1, \qquad \Delta w_{ij} = G(\mathbf h_i)\, (\mathbf a_j \cdot \mathbf e).

    Raises:
        InputError: in a conventional network, whose units have no components to multiply
            with :math:`\mathbf e`.
    """

    @classmethod
    def check(cls, vectorized: bool) -> None:
        """Refuse a conventional network."""
        if not vectorized:
            raise InputError("rule gevb: got a conventional network, wanted a vectorized one")

    def feedback(self, l: int, delta: Tensor, output: Tensor) -> Tensor:
        """Return 1 for every unit."""
        return output.new_ones(1).expand(len(output), *self.network.hidden_units[l])


#: Rules by their names in `make_rule` and on the command line.
RULES: dict[str, type[Rule]] = {"bp": BP, "fa": FA, "dfa": DFA, "gevb": GEVB}


def make_rule(name: str, network: Network, loss: Loss = cross_entropy, seed: int = 0) -> Rule:
    """Make the rule called `name`: "bp", "fa", "dfa" or "gevb".

    Raises:
        InputError: no such rule, or gevb in a conventional network.
    """
    check_choice("rule", name, RULES)
    return RULES[name](network, loss, seed)


@torch.no_grad()
def alignment_angles(
    rule: Rule, x: Float[Tensor, "B *input"], y: Num[Tensor, "..."]
) -> Float[Tensor, " hidden"]:
    r"""Average the angle in degrees between a rule's feedback and BP's, per hidden layer.

    For GEVB the angle is, per example and without the gates (Eq. A4),

    .. math::

        \cos\theta^\ell = \frac{\hat\delta^\ell \cdot \mathbf 1}{|\hat\delta^\ell|\,|\mathbf 1|}.

    Examples with :math:`|\hat\delta^\ell| < 10^{-6}` in back-propagation (for the loss of that
    example alone) are left out; a layer without any other example gets nan.

    Raises:
        InputError: images of another shape, or labels that do not fit the network.
    """
    # The batch mean puts a factor 1 / B into dL/dlogits, the feedback of conventional networks.
    examples = 1 if rule.network.vectorized else len(x)
    gradient = BP(rule.network, rule.loss).feedbacks(x, y)
    angles = [
        _mean_angle(ours.flatten(1), examples * dhat.flatten(1))
        for ours, dhat in zip(rule.feedbacks(x, y), gradient, strict=True)
    ]
    return torch.stack(angles) if angles else x.new_empty(0)


def _mean_angle(u: Float[Tensor, "B n"], v: Float[Tensor, "B n"]) -> Float[Tensor, ""]:
    norm_u, norm_v = u.norm(dim=1), v.norm(dim=1)
    cosine = ((u * v).sum(1) / (norm_u * norm_v)).clamp(-1, 1)
    kept = norm_v >= 1e-6  # Indexing would wait for the device, for the length.
    return (torch.where(kept, cosine.acos(), 0).sum() / kept.sum()).rad2deg()
