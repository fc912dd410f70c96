"""Exercises of the chapter on training."""

from __future__ import annotations

import math

from gevb.datasets import DATASETS
from gevb.training import PAPER_EPOCHS, Config
from gevbook.answers import Number, Selection, Unfit, construction, members, word

STEPS = ("zero_grad", "backward", "step", "clamp_")


def _updates() -> Number:
    images, size = DATASETS["mnist"].train, Config.batch_size
    return Number(
        asks="Optimizer steps of 190 epochs of MNIST in batches of 128.",
        right=PAPER_EPOCHS * math.ceil(images / size),
        because="469 steps an epoch: 468 whole batches and one of 96 images.",
        slips={
            PAPER_EPOCHS * (images // size): "That leaves out the last batch of each epoch. It is "
            "smaller (96 images), and it is a step all the same.",
            PAPER_EPOCHS * images / size: "There are no fractions of a step: the last batch of an "
            "epoch is smaller, and the next epoch begins with a new order.",
            math.ceil(images / size): "That is one epoch.",
            PAPER_EPOCHS * images: "That counts examples. A step takes a batch of 128.",
        },
        otherwise="How many batches does an epoch have?",
        tolerance=1e-6,
    )


check_updates = _updates()


def _in_order(answer: object) -> dict[str, int]:
    """Read the position of each of the four statements."""
    names = [word(name, STEPS) for name in members(answer)]
    if sorted(names) != sorted(STEPS):
        raise Unfit
    return {name: place for place, name in enumerate(names)}


@construction(f"a list of each of these once: {', '.join(STEPS)}, in quotes", _in_order)
def check_order(at: dict[str, int]) -> str:
    """Put the four statements of the loop's body in order."""
    if at["step"] < at["backward"]:
        return "Not yet. The optimizer would step along the update of the batch before, or of none."
    if at["backward"] < at["zero_grad"] < at["step"]:
        return "Not yet. That erases the update before the optimizer has seen it."
    if at["clamp_"] < at["backward"]:
        return (
            "Not yet. The next batch would clamp first, but nothing clamps after the last batch: "
            "evaluation and checkpoint would see negative weights."
        )
    if at["clamp_"] < at["step"]:
        return (
            "Not yet. The step comes after the clamp and can make weights negative, and the next "
            "forward pass would use them."
        )
    return "Right. Empty .grad, fill it, take the step, and then set negative weights to zero."


check_checkpoint = Selection(
    asks="The smallest set of parts that a checkpoint needs beside the configuration.",
    right=frozenset({"network", "optimizer", "order", "epoch"}),
    because="These change during training. All else follows from the configuration.",
    slips={
        "network": "Without the weights the run cannot continue.",
        "optimizer": "Without Adam's averages the next steps have other sizes: Adam would start "
        "its two running means from zero again.",
        "order": "Without the state of the generator, the resumed run sees the examples in the "
        "order of epoch 1 again, not in the order that the uninterrupted run would have used.",
        "epoch": "Without the number of epochs done, the run would not know when to stop.",
        "feedback": "That works, but is not the smallest set. DFA's and FA's random weights "
        "follow from the configuration's seed.",
        "gating vectors": "That works, but is not the smallest set. They never change and follow "
        "from the configuration's seed. (The package's network state holds them all the same; "
        "they are small.)",
        "data": "That works, but is not the smallest set. The images do not change; their files "
        "are checked against known sums instead.",
    },
)
