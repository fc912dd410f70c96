r"""Learning rules: what does a postsynaptic unit get to hear?

All rules update a weight by the gate of the postsynaptic unit, times the feedback it receives,
times the presynaptic activation's inner product with the broadcast vector (Eq. 9, 14):

.. math::

    \Delta w_{ij} = G(\mathbf h_i)\, \hat\delta_i\, (\mathbf a_j \cdot \mathbf e).

They differ in the feedback alone:

======  =================================================================================
rule    feedback :math:`\hat\delta^\ell` of hidden layer :math:`\ell`
======  =================================================================================
`BP`    transpose of the weights above, applied to their gated feedback (Eq. 13)
`FA`    the same through fixed random weights (Lillicrap et al. 2016)
`DFA`   the output's feedback times a fixed random matrix (Nøkland 2016, Appendix J)
`GEVB`  1 (Eq. 9)
======  =================================================================================

A rule of your own is a subclass of `Rule` with a method ``_feedback(l, delta, output)``, which
gives the feedback to hidden layer l from the gated feedback ``delta`` of the layer above and the
feedback ``output`` of the output units.

Source: Clark, Abbott and Chung (2021), Sections 3.2 and 3.3, Appendices H and J.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator

import torch
from jaxtyping import Float, Num
from torch import Tensor

from gevb.errors import InputError, check_choice
from gevb.losses import Loss, cross_entropy
from gevb.networks import Network, Trace
from gevb.seeds import stream


class Rule:
    """Fills `.grad` of a network's parameters, in place of `loss.backward()`.

    Args:
        network: stays where it is; a rule's random feedback is made on the same device.
        loss: `gevb.cross_entropy` or `gevb.mean_squared_error`.
        seed: of random feedback.
    """

    def __init__(self, network: Network, loss: Loss = cross_entropy, seed: int = 0) -> None:
        self.network, self.loss = network, loss
        self._make_feedback(stream(seed, "feedback"))

    @torch.no_grad()
    def backward(self, x: Float[Tensor, "B *input"], y: Num[Tensor, "..."]) -> Float[Tensor, ""]:
        """Add the rule's update to `.grad` of every parameter; the batch's mean loss.

        Raises:
            InputError: images of another shape, or labels that do not fit the network.
        """
        trace = self.network.trace(x)
        loss, error = self.loss(trace.logits, y)
        e, output = self.network.readout(error)
        for l, _, delta in self._descend(trace, output):
            self.network.layers[l].weights.accumulate(trace.inputs[l], e, delta)
        return loss

    @torch.no_grad()
    def feedbacks(
        self, x: Float[Tensor, "B *input"], y: Num[Tensor, "..."]
    ) -> list[Float[Tensor, "B *units"]]:
        r"""Feedback :math:`\hat\delta^\ell` that each hidden layer receives, before the gates.

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
        """Layer, feedback and gated feedback, from the output layer down to the first."""
        top, delta = len(trace.gates), output
        yield top, output, delta
        for l in reversed(range(top)):
            feedback = self._feedback(l, delta, output)
            delta = trace.gates[l] * feedback
            yield l, feedback, delta

    def _make_feedback(self, generator: torch.Generator) -> None:
        """Draw what is random about the rule."""

    def _feedback(
        self, l: int, delta: Float[Tensor, "B *above"], output: Float[Tensor, "B outputs"]
    ) -> Float[Tensor, "B *units"]:
        """Feedback to hidden layer l; delta is the gated feedback of layer l + 1."""
        raise NotImplementedError


class BP(Rule):
    r"""Back-propagation: the gradient, by one scalar per unit (Eq. 13).

    .. math::

        \hat\delta_i^\ell
        = \sum_k \hat\delta_k^{\ell+1}\, G(\mathbf h_k^{\ell+1})\, w_{ki}^{\ell+1}.
    """

    def _feedback(self, l: int, delta: Tensor, output: Tensor) -> Tensor:
        above = self.network.layers[l + 1].weights
        return self.network.layers[l].unarranged(above.transpose(delta))


class FA(Rule):
    """Feedback alignment: back-propagation through fixed random weights.

    They are drawn by the network's own initializer, independently of its weights, so they are
    nonnegative in nonnegative networks.
    """

    def _make_feedback(self, generator: torch.Generator) -> None:
        layers = [copy.deepcopy(layer.weights) for layer in self.network.layers[1:]]
        self.above = [self.network.initializer(layer, generator) for layer in layers]

    def _feedback(self, l: int, delta: Tensor, output: Tensor) -> Tensor:
        return self.network.layers[l].unarranged(self.above[l].transpose(delta))


class DFA(Rule):
    r"""Direct feedback alignment: the output's feedback through one fixed random matrix.

    Its entries are uniform on [0, 1] in nonnegative networks and on [-1, 1] in mixed-sign ones;
    hidden layer :math:`\ell` uses the first :math:`n_\ell` columns, one for every unit, position by
    position in convolutional layers (Appendix J).
    """

    def _make_feedback(self, generator: torch.Generator) -> None:
        columns = max((math.prod(units) for units in self.network.hidden_units), default=0)
        shape = (self.network.outputs, columns)
        matrix = torch.rand(shape, generator=generator, dtype=torch.float64)
        if not self.network.nonnegative:
            matrix = 2 * matrix - 1
        self.matrix = matrix.to(self.network.layers[0].weights.weight)

    def _feedback(self, l: int, delta: Tensor, output: Tensor) -> Tensor:
        units = self.network.hidden_units[l]
        return (output @ self.matrix[:, : math.prod(units)]).unflatten(1, units)


class GEVB(Rule):
    r"""Global error-vector broadcasting: every unit hears the same (Eq. 9).

    .. math::

        \hat\delta_i = 1, \qquad \Delta w_{ij} = G(\mathbf h_i)\, (\mathbf a_j \cdot \mathbf e).

    Raises:
        InputError: in a conventional network, whose units have no components to hold
            :math:`\mathbf e` against.
    """

    def _make_feedback(self, generator: torch.Generator) -> None:
        if not self.network.vectorized:
            raise InputError("rule gevb: got a conventional network, wanted a vectorized one")

    def _feedback(self, l: int, delta: Tensor, output: Tensor) -> Tensor:
        return output.new_ones(1).expand(len(output), *self.network.hidden_units[l])


#: The rules by the names that `make_rule` and the command line know.
RULES: dict[str, type[Rule]] = {"bp": BP, "fa": FA, "dfa": DFA, "gevb": GEVB}


def make_rule(name: str, network: Network, loss: Loss = cross_entropy, seed: int = 0) -> Rule:
    """The rule called `name`: "bp", "fa", "dfa" or "gevb".

    Raises:
        InputError: no such rule, or gevb in a conventional network.
    """
    check_choice("rule", name, RULES)
    return RULES[name](network, loss, seed)
