"""Exercises of the chapter on vectorized networks."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gevb.datasets import DATASETS

EMPTY = "Put your answer in and run the cell again."
PASS, STOP = ((2.0, 0.5), (0.3, 1.5), (1.0, -1.0)), ((-1.0, 1.2), (-0.5, -2.0))


def check_weights(answer: int | None) -> None:
    """Weights, without biases, of the vectorized FC network for CIFAR-10 (3072-1024-512-512)."""
    if answer is None:
        print(EMPTY)
        return
    image, K = DATASETS["cifar10"].image_shape, DATASETS["cifar10"].classes
    n_0, n_1, n_2, n_3 = math.prod(image), 1024, 512, 512
    later = n_1 * n_2 + n_2 * n_3
    misconceptions = {
        n_0 * n_1
        + later
        + n_3 * K: "That is the conventional network. In the vectorized one the first layer has "
        "a weight for every component, and the output is a single unit.",
        n_0 * n_1 + later + n_3: "The first layer does not share its weights: its inputs are "
        "scalars, so every component of a unit needs weights of its own.",
        K * (n_0 * n_1 + later + n_3): "Past the first layer the K components of a unit share one "
        "weight, so those layers must not be counted K times.",
        K * n_0 * n_1
        + later
        + n_3 * K: "There is one output unit, not K: its K components are the scores, and they "
        "share their weights like those of any other unit.",
    }
    right = K * n_0 * n_1 + later + n_3
    biases = K * (n_1 + n_2 + n_3 + 1)
    misconceptions[right + biases] = "That includes the biases. Right otherwise: count weights."
    if answer == right:
        print("Right: K in the first layer only, where the inputs are scalars; one output unit.")
    else:
        print(misconceptions.get(answer, "Not that number. Count layer by layer: who shares?"))


def check_gate(t: Sequence[float | int] | None) -> None:
    """A gating vector that passes three given pre-activations and stops two."""
    if t is None:
        print(EMPTY)
        return
    if len(t) != 2 or not any(t):
        print("t has two components, not both zero: with t = 0 the gate would be open always.")
        return

    def opens(h: tuple[float, float], sign: int = 1) -> bool:
        return sign * (t[0] * h[0] + t[1] * h[1]) >= 0

    wrong = [h for h in PASS if not opens(h)] + [h for h in STOP if opens(h)]
    if not wrong:
        print(
            "Right: all of the first lie within 90 degrees of t, none of the others. "
            "Its length plays no role."
        )
    elif all(opens(h, -1) for h in PASS) and not any(opens(h, -1) for h in STOP):
        print("That is the OFF twin: it stops what should pass. The gate opens on the side of t.")
    else:
        print(f"Not yet: the gate does the wrong thing for h = {', '.join(map(str, wrong))}.")


def check_contraction(answer: int | None) -> None:
    """Fewest multiply-adds of one example's update: 100 senders, 50 receivers, K = 10."""
    if answer is None:
        print(EMPTY)
        return
    K, senders, receivers = 10, 100, 50
    says = {
        K * senders
        + senders * receivers: "Right: first e . a_j, once for each sender, then one product "
        "with the receiver's feedback for each synapse.",
        K * senders * receivers: "That multiplies all K components at every synapse. The inner "
        "product e . a_j does not depend on the receiver: form it first.",
        senders * receivers: "That forgets the inner products e . a_j: K multiply-adds a sender.",
        K * (senders + receivers)
        + senders * receivers: "K products for each receiver are not needed: a receiver's "
        "feedback is one number past the first layer.",
        K * receivers + K * senders * receivers: "That is the order of the first layer: the error "
        "with the receivers first. Past the first layer contract over the senders' components.",
    }
    print(says.get(answer, "Not that number. Which factors of the update depend on i, which on j?"))
