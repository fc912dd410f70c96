"""Exercises of the chapter on training."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from gevb.companion.answers import EMPTY, judge_number
from gevb.datasets import DATASETS

STEPS = ("zero_grad", "backward", "step", "clamp_")
PARTS = ("network", "optimizer", "order", "epoch", "gating vectors", "feedback", "data")


def check_updates(answer: float | int | None) -> None:
    """Optimizer steps of 190 epochs of MNIST in batches of 128."""
    images, size, epochs = float(DATASETS["mnist"].train), 128, 190
    judge_number(
        answer,
        float(epochs * math.ceil(images / size)),
        "469 steps an epoch: 468 whole batches and one of 96 images.",
        {
            epochs * (images // size): "That leaves out the last batch of each epoch. It is "
            "smaller (96 images), and it is a step all the same.",
            epochs * images / size: "There are no fractions of a step: the last batch of an epoch "
            "is smaller, and the next epoch begins with a new order.",
            float(math.ceil(images / size)): "That is one epoch.",
            epochs * images: "That counts examples. A step takes a batch of 128.",
        },
        "How many batches does an epoch have?",
        tolerance=1e-6,
    )


def check_order(answer: Sequence[str] | None) -> None:
    """The four statements of the loop's body, in order."""
    if answer is None:
        print(EMPTY)
        return
    at = {name: answer.index(name) for name in STEPS if name in answer}
    if len(at) < len(STEPS) or len(answer) > len(STEPS):
        print(f"Each of these once, please: {', '.join(STEPS)}.")
    elif at["step"] < at["backward"]:
        print("Not yet. The optimizer would step along the update of the batch before, or of none.")
    elif at["backward"] < at["zero_grad"] < at["step"]:
        print("Not yet. That erases the update before the optimizer has seen it.")
    elif at["clamp_"] < at["backward"]:
        print(
            "Not yet. The next batch would clamp first, but after the last batch nobody does: "
            "evaluation and checkpoint would see negative weights."
        )
    elif at["clamp_"] < at["step"]:
        print(
            "Not yet. The step comes after the clamp and can make weights negative, and the next "
            "forward pass would use them."
        )
    else:
        print("Right: nothing left over in .grad, fill it, step, and only then back to >= 0.")


def check_checkpoint(answer: Collection[str] | None) -> None:
    """The smallest set of parts that a checkpoint needs beside the configuration."""
    if answer is None:
        print(EMPTY)
        return
    kept = set(answer)
    if unknown := kept - set(PARTS):
        print(f"{', '.join(sorted(unknown))}: choose among {', '.join(PARTS)}.")
        return
    missing = {
        "network": "Without the weights there is nothing to go on with.",
        "optimizer": "Without Adam's averages the next steps have other sizes: Adam would start "
        "its two running means from zero again.",
        "order": "Without the state of the generator, the resumed run sees the examples in the "
        "order of epoch 1 again, not in the order that the uninterrupted run would have used.",
        "epoch": "Without the number of epochs done, the run would not know when to stop.",
    }
    spare = {
        "feedback": "DFA's and FA's random weights follow from the configuration's seed.",
        "gating vectors": "They never change and follow from the configuration's seed. (The "
        "package's network state holds them all the same; they are small.)",
        "data": "The images do not change; their files are checked against known sums instead.",
    }
    for part, says in missing.items():
        if part not in kept:
            print(f"Not yet. {says}")
            return
    for part, says in spare.items():
        if part in kept:
            print(f"That would do, but can be smaller. {says}")
            return
    print("Right: all that changes while training, and nothing else.")
