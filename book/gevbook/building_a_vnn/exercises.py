"""Exercises of the chapter on vectorized networks."""

from __future__ import annotations

import math

from gevb.datasets import DATASETS
from gevbook.answers import Number, construction, numbers

PASS, STOP = ((2.0, 0.5), (0.3, 1.5), (1.0, -1.0)), ((-1.0, 1.2), (-0.5, -2.0))


def _weights() -> Number:
    facts = DATASETS["cifar10"]
    K, n_1, n_2, n_3 = facts.classes, 1024, 512, 512
    first, later = math.prod(facts.image_shape) * n_1, n_1 * n_2 + n_2 * n_3
    right = K * first + later + n_3
    return Number(
        asks="Weights, without biases, of the vectorized FC network for CIFAR-10 "
        "(3072-1024-512-512).",
        right=right,
        because="K in the first layer only, where the inputs are scalars; one output unit.",
        slips={
            first + later + n_3 * K: "That is the conventional network. In the vectorized one the "
            "first layer has a weight for every component, and the output is a single unit.",
            first + later + n_3: "The first layer does not share its weights: its inputs are "
            "scalars, so every component of a unit needs weights of its own.",
            K * (first + later + n_3): "Past the first layer the K components of a unit share one "
            "weight, so those layers must not be counted K times.",
            K * first + later + n_3 * K: "There is one output unit, not K: its K components are "
            "the scores, and they share their weights like those of any other unit.",
            right + K * (n_1 + n_2 + n_3 + 1): "That includes the biases. Right otherwise: count "
            "weights.",
        },
        otherwise="Count layer by layer. In which layers do the K components share a weight?",
        tolerance=0.0,
    )


check_weights = _weights()


@construction("a gating vector of two numbers, such as (1.0, 0.0)", numbers(2))
def check_gate(t: tuple[float, ...]) -> str:
    """Find a gating vector that passes three given pre-activations and stops two."""
    if not any(t):
        return (
            "Not yet. With t = 0 the gate is always open: give at least one number that is not "
            "zero."
        )

    def opens(h: tuple[float, float], sign: int = 1) -> bool:
        return sign * (t[0] * h[0] + t[1] * h[1]) >= 0

    wrong = [h for h in PASS if not opens(h)] + [h for h in STOP if opens(h)]
    if not wrong:
        return (
            "Right. The vectors to pass lie within 90 degrees of t, those to stop do not. The "
            "length of t plays no role."
        )
    if all(opens(h, -1) for h in PASS) and not any(opens(h, -1) for h in STOP):
        return (
            "Not yet. That is the OFF twin: it stops what should pass. The gate opens on the side "
            "of t."
        )
    return f"Not yet. The gate does the wrong thing for h = {', '.join(map(str, wrong))}."


def _contraction() -> Number:
    K, senders, receivers = 10, 100, 50
    return Number(
        asks="Fewest multiply-adds of one example's update: 100 senders, 50 receivers, K = 10.",
        right=K * senders + senders * receivers,
        because="First e · a_j, once for each sender, then one product with the receiver's "
        "feedback for each synapse.",
        slips={
            K * senders * receivers: "That multiplies all K components at every synapse. The inner "
            "product e · a_j does not depend on the receiver: form it first.",
            senders * receivers: "That forgets the inner products e · a_j: K multiply-adds a "
            "sender.",
            K * (senders + receivers) + senders * receivers: "K products for each receiver are not "
            "needed: a receiver's feedback is one number past the first layer.",
            K * receivers + K * senders * receivers: "That is the order of the first layer: the "
            "error with the receivers first. Past the first layer contract over the senders' "
            "components.",
        },
        otherwise="Which factors of the update depend on i, which on j?",
        tolerance=0.0,
    )


check_contraction = _contraction()
