"""Exercises of the chapter on limits and meaning."""

from __future__ import annotations

from collections.abc import Collection

from gevb.companion.answers import EMPTY, judge_number

INGREDIENTS = {
    "shared kernel": False,
    "Adam": True,
    "clamping": True,
    "mean over a batch": True,
    "gate": True,
    "softmax error": False,
}
"""Whether a connection can do it with what it has or remembers itself, given the broadcast e."""


def check_thousand_classes(answer: float | int | None) -> None:
    """Forward pass for 1,000 classes: VNN over conventional, 784 inputs, 1024 and 512 units."""
    n_0, n_1, n_2, K = 784, 1024, 512, 1000
    synapses = n_0 * n_1 + n_1 * n_2
    judge_number(
        answer,
        K * (synapses + n_2) / (synapses + n_2 * K),
        "The output layer costs the same in both, and with 1,000 classes it is no longer small in "
        "the conventional network.",
        {
            float(
                K
            ): "That is the factor for the hidden layers. The output layer costs the same in both: "
            "one unit with K components, or K units with one.",
            K * synapses / (synapses + n_2 * K): "Nearly: the vectorized network's output unit has "
            "512 weights for each of its K components.",
            K * (synapses + n_2) / (10 * (synapses + n_2)): "That compares the VNN with itself at "
            "ten classes. Compare it with the conventional network for 1,000.",
        },
        "Count both networks layer by layer. Which layer costs the same in both?",
        tolerance=5e-5,
    )


def check_independent_errors(answer: float | int | None) -> None:
    """Independent numbers in the error vector of ten classes."""
    judge_number(
        answer,
        9.0,
        "Probabilities sum to one, before and after, so the errors sum to zero.",
        {
            10.0: "Ten are broadcast, but add them up: what is the sum of p - y?",
            1.0: "One number cannot say which class was right and which was taken for it.",
        },
        "Which equation do the ten errors always satisfy?",
    )


def check_local(answer: Collection[str] | None) -> None:
    """What a connection can do with what is at hand there, once e has been broadcast."""
    if answer is None:
        print(EMPTY)
        return
    chosen = set(answer)
    if unknown := chosen - set(INGREDIENTS):
        print(f"{', '.join(sorted(unknown))}: choose among {', '.join(INGREDIENTS)}.")
        return
    slips = {
        "shared kernel": "A shared kernel's update is a sum over all positions, so connections at "
        "different places would have to agree.",
        "softmax error": "The softmax needs the scores of all classes. It is computed once, at the "
        "output, and broadcast.",
        "Adam": "Adam keeps two numbers for each weight and looks at no other weight. Whether a "
        "synapse does such a thing is another question; it could.",
        "clamping": "A weight that would become negative stays at zero: nothing else is asked.",
        "mean over a batch": "A connection can add up its own updates before it changes. It needs "
        "a memory (a trace), not a message.",
        "gate": "Whether the receiving unit is active is known where its inputs arrive.",
    }
    for name, local in INGREDIENTS.items():
        if (name in chosen) != local:
            print(f"Not yet. {slips[name]}")
            return
    print(
        "Right. Local does not mean plausible: it means that no message beyond e is needed. The "
        "shared kernel is the one part of the paper's networks that is not local in this sense."
    )
