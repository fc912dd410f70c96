"""Exercises of the chapter on limits and meaning."""

from __future__ import annotations

from gevbook.answers import Number, Selection


def _thousand_classes() -> Number:
    n_0, n_1, n_2, K = 784, 1024, 512, 1000
    synapses = n_0 * n_1 + n_1 * n_2
    return Number(
        asks="Forward pass for 1,000 classes: VNN over conventional, 784 inputs, 1024 and 512 "
        "units.",
        right=K * (synapses + n_2) / (synapses + n_2 * K),
        because="The output layer costs the same in both, and with 1,000 classes it is no longer "
        "small in the conventional network.",
        slips={
            K: "That is the factor for the hidden layers. The output layer costs the same in both: "
            "one unit with K components, or K units with one.",
            K * synapses / (synapses + n_2 * K): "Nearly: the vectorized network's output unit has "
            "512 weights for each of its K components.",
            K * (synapses + n_2) / (10 * (synapses + n_2)): "That compares the VNN with itself at "
            "ten classes. Compare it with the conventional network for 1,000.",
        },
        otherwise="Count both networks layer by layer. Which layer costs the same in both?",
        tolerance=5e-5,
    )


check_thousand_classes = _thousand_classes()

check_independent_errors = Number(
    asks="Independent numbers in the error vector of ten classes.",
    right=9.0,
    because="Probabilities sum to one, before and after, so the errors sum to zero.",
    slips={
        10.0: "Ten are broadcast, but add them up: what is the sum of p - y?",
        1.0: "One number cannot say which class was right and which was taken for it.",
    },
    otherwise="Which equation do the ten errors always satisfy?",
)

check_local = Selection(
    asks="What a connection can do with what it has or remembers itself, once e has been "
    "broadcast.",
    right=frozenset({"Adam", "clamping", "mean over a batch", "gate"}),
    because="Local does not mean plausible: it means that no message beyond e is needed. The "
    "shared kernel is the one part of the paper's networks that is not local in this sense.",
    slips={
        "shared kernel": "A shared kernel's update is a sum over all positions, so connections at "
        "different places would have to agree.",
        "Adam": "Adam keeps two numbers for each weight and looks at no other weight. This says "
        "only that a synapse could do it, not that it does.",
        "clamping": "A weight that would become negative stays at zero. This needs no message.",
        "mean over a batch": "A connection can add up its own updates before it changes. It needs "
        "a memory (a trace), not a message.",
        "gate": "Whether the receiving unit is active is known where its inputs arrive.",
        "softmax error": "The softmax needs the scores of all classes. It is computed once, at the "
        "output, and broadcast.",
    },
)
