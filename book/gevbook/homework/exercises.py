"""Exercises of the homework whose answers can be checked."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

import gevb
from gevb.networks import Network
from gevb.theory.sign_match import equal_signs
from gevbook.answers import Number, Selection, Unfit, construction, members, numbers

BATCH, IMAGES = 32, 100


class Given(NamedTuple):
    """Start of the first task, for a batch of digits.

    Attributes:
        gates: of the receiving units.
        e: error vectors, divided by the number of examples.
        a: activity of the sending units.
    """

    gates: Float[Tensor, "B units"]
    e: Float[Tensor, "B K"]
    a: Float[Tensor, "B K senders"]


@cache
def network(nonnegative: bool = True) -> Network:
    """Build the fully connected network for the digits, by default a VNN."""
    return gevb.build("digits", "fc", nonnegative=nonnegative, seed=0).double()


@cache
def images() -> tuple[Tensor, Tensor]:
    """Return test images of the digits and their labels."""
    test = gevb.load("digits").test
    return test.x.double(), test.y


def given() -> Given:
    """Compute gates, errors and activities for the weights between the hidden layers."""
    x, y = images()
    trace = network().trace(x[:BATCH])
    e = gevb.cross_entropy(trace.logits, y[:BATCH])[1]
    return Given(trace.gates[1].double(), e.detach(), trace.inputs[1].detach())


def both(net: Network, first: int, last: int, layer: int = 1) -> tuple[Tensor, Tensor]:
    """Compute GEVB's update and the gradient of a layer's weights, for some images.

    Those of the first layer, layer 0, have the axes component, receiver and sender.
    """
    x, y = (values[first:last] for values in images())
    found = (rule(net).updates(x, y)[layer] for rule in (gevb.GEVB, gevb.BP))
    update, gradient = (v.unflatten(0, (10, -1)) if layer == 0 else v for v in found)
    return update, gradient


def _table(answer: object) -> Tensor:
    """Read a real number for every receiving and sending unit."""
    shape = network().layers[1].weights.weight.shape
    if not isinstance(answer, Tensor) or answer.shape != shape or answer.is_complex():
        raise Unfit
    return answer.detach().double()


@construction("a torch tensor with a row for each receiver, a column for each sender", _table)
def check_update(answer: Tensor) -> str:
    """Compute GEVB's update of the weights between the hidden layers, for the given batch."""
    gates, e, a = given()
    wanted, gradient = both(network(), 0, BATCH)
    slips = {
        "Without the minus sign, as `.grad` has it: the optimizer puts it there.": -wanted,
        "That is the gradient: its feedback knows the weights above.": gradient,
        "The errors are divided by the number of examples already.": wanted / BATCH,
        "The errors carry the 1/32 already; do not take it out.": wanted * BATCH,
        "The receiver's gate is missing.": torch.einsum("bk,bkj->j", e, a).expand_as(wanted),
        "Component by component, please: errors added up over the components are one number, "
        "and that is zero.": torch.einsum("bi,bk,blj->ij", gates, e, a),
    }
    if _same(answer, wanted):
        return "Right. A gate for the receiver, an inner product for the sender, a sum of examples."
    found = next((says for says, slip in slips.items() if _same(answer, slip)), None)
    return f"Not yet. {found or 'Write the rule with all of its indices, then the einsum.'}"


def _same(answer: Tensor, wanted: Tensor) -> bool:
    return torch.allclose(answer, wanted, rtol=1e-6, atol=1e-12)


@cache
def shares(net: Network, zeros: bool = False) -> list[float]:
    """Compute the percentage of equal signs for each first image; with zeros, of all weights."""
    found = []
    for k in range(IMAGES):
        update, gradient = both(net, k, k + 1)
        if zeros:
            found.append(100 * (update.sign() == gradient.sign()).double().mean().item())
        else:
            found.append(equal_signs(update, gradient).percent)
    return found


def _two_lists(answer: object) -> list[list[float]]:
    """Read a number for each image, of both networks."""
    return [list(numbers(IMAGES)(part)) for part in members(answer, 2)]


@construction(f"two lists of {IMAGES} numbers: of the VNN, of the mixed-sign network", _two_lists)
def check_shares(answer: list[list[float]]) -> str:
    """Compute the percentage of equal signs between hidden layers, per image, in two networks."""
    nets = [network(), network(nonnegative=False)]
    wanted = [shares(net) for net in nets]

    def same(other: list[list[float]]) -> bool:
        return torch.allclose(torch.tensor(answer), torch.tensor(other), rtol=0, atol=0.01)

    if same(wanted):
        return (
            f"Right. In the VNN always {min(wanted[0]):.0f} %, with mixed signs from "
            f"{min(wanted[1]):.0f} to {max(wanted[1]):.0f} %."
        )
    slips = {
        "These are shares; in percent, please.": [[v / 100 for v in part] for part in wanted],
        "The two networks are the other way round.": wanted[::-1],
        "Leave out the weights whose gradient is zero: of those the theorem says nothing.": [
            shares(net, zeros=True) for net in nets
        ],
    }
    found = next((says for says, slip in slips.items() if same(slip)), None)
    return f"Not yet. {found or 'One image at a time, the weights between the hidden layers only.'}"


def _places(answer: object) -> list[int]:
    """Read two test images and a weight of the first layer."""
    whole = [int(v) if v == int(v) else -1 for v in numbers(5)(answer)]
    limits = [len(images()[1])] * 2 + list(network().layers[0].weights.unit_view().shape)
    if any(not 0 <= v < limit for v, limit in zip(whole, limits, strict=True)):
        raise Unfit
    return whole


@construction("five whole numbers from 0, (image, image, component, receiver, pixel)", _places)
def check_turning_batch(answer: list[int]) -> str:
    """Find two test images and a first-layer weight whose batch update has the wrong sign."""
    first, second, *place = answer
    pairs = [both(network(), k, k + 1, layer=0) for k in (first, second)]
    at = tuple(place)
    u, g = zip(
        *((float(update[at]), float(gradient[at])) for update, gradient in pairs), strict=True
    )
    said = f"GEVB {u[0]:.2g} and {u[1]:.2g}, the gradient {g[0]:.2g} and {g[1]:.2g}"
    if first == second:
        return "Not yet. Two different images, please: one image cannot outvote itself."
    if 0 in g:
        return f"Not yet. An image without a gradient cannot pull: {said}."
    if u[0] * u[1] > 0:
        return f"Not yet. The two images pull the same way: {said}."
    if sum(u) * sum(g) >= 0:
        return f"Not yet. They pull in opposite directions, but the same one wins: {said}."
    return f"Right. {said}: each agrees, and their sums, {sum(u):.2g} and {sum(g):.2g}, do not."


#: Weights to output 1 and to output 2, of eight hidden units of a conventional nonnegative network.
OUTPUT_WEIGHTS = ((3, 1), (0, 2), (1, 0), (2, 2), (4, 3), (1, 5), (2, 1), (5, 0))
_FIRST = sum(a > b for a, b in OUTPUT_WEIGHTS)
_SECOND = sum(a < b for a, b in OUTPUT_WEIGHTS)

check_one_number = Number(
    asks="Units to which one broadcast number can give the right sign, at best.",
    right=max(_FIRST, _SECOND),
    because="The gradient's sign says to which output a unit leans, and most lean to the first.",
    slips={
        min(_FIRST, _SECOND): "That is the other sign of the number. Which serves more units?",
        len(OUTPUT_WEIGHTS): "Then no unit would lean to the second output.",
        len(OUTPUT_WEIGHTS) - _SECOND: "That counts the unit that leans to neither: its gradient "
        "is zero and has no sign.",
        _FIRST + _SECOND: "That is how many have a gradient. Do they all want the same sign?",
    },
    otherwise="Compare the two weights of each unit.",
    tolerance=0.0,
)

check_elsewhere = Selection(
    asks="What the update of one weight of a convolution's kernel needs from elsewhere.",
    right=frozenset({"error vector", "other positions"}),
    because="The broadcast, and a sum that no single connection can see.",
    slips={
        "sender's activity": "The sender's activity arrives at the connection, or nothing would.",
        "receiver's gate": "The receiver's gate is the receiver's own doing: it is at one end.",
        "error vector": "The error vector is made at the output: broadcast, but from elsewhere.",
        "weights above": "Weights above are what back-propagation needs. GEVB puts 1 there.",
        "other positions": "A kernel's update is a sum over all of its positions: at one of them "
        "the others' terms are not known.",
        "the weight itself": "The weight itself is the connection; clamping it needs nothing else.",
    },
)
