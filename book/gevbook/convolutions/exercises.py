"""Exercises of the chapter on convolutions."""

from __future__ import annotations

from gevbook.answers import Choice, Number, Numbers

SIGNAL, MASK = (1.0, -2.0, 3.0, 1.0), (1.0, 0.0, 1.0)

check_kernel = Numbers(
    asks="Update of a kernel of two weights from SIGNAL below and MASK above, in one dimension.",
    right=(4, -1),
    because="The first and the third position are open and add (1, -2) and (3, 1).",
    slips={
        (-1, 4): "That is the update in reverse order. Deep learning's convolution does not flip: "
        "weight q meets the sender q places to the right of the position.",
        (2, 2): "That adds all three positions. The second one is closed.",
        (2, -0.5): "That is the mean over the open positions. A shared weight gets their sum.",
        (-2, 3): "That adds the closed position instead of the open ones.",
    },
    otherwise="The kernel has two weights, so its update has two entries. Write down what each "
    "open position sees, two senders wide, and add.",
)

check_turning_point = Number(
    asks="Feedback from which on the gradient of two terms, 2 and -1 * feedback, changes its sign.",
    right=2.0,
    because="The GEVB sum is 2 - 1 > 0, the gradient 1 · 2 − 2 · 1 = 0 and negative beyond.",
    slips={
        0.5: "That is the ratio upside down: the weaker term needs the larger feedback.",
        1.0: "With equal feedback the gradient is the GEVB sum, 2 - 1 = 1, still positive.",
        3.0: "There the gradient is already 2 - 3 = -1. Where does it pass through zero?",
        -2.0: "In a VNN the feedback is never negative. Which positive value makes the gradient "
        "zero?",
    },
    otherwise="Write the gradient as 1 · 2 + δ̂ · (−1) and ask where it is zero.",
)

check_pooling = Choice(
    asks="Which maximum over a window keeps the sign match.",
    right="whole units",
    because="Choosing one whole vector multiplies every vector by 1 or 0, as a gate does, so a "
    "unit's feedback stays one nonnegative number.",
    slips={
        "components": "A maximum of each component lets one unit pass with component 1 and another "
        "with component 2. Its Jacobian is diagonal, but not a multiple of the identity: then the "
        "gradient weighs the components of e differently, and e · a no longer gives its sign.",
        "both": "Not both. Write down the Jacobian for a window of two units whose maximum takes "
        "component 1 from one and component 2 from the other. Is it a multiple of the identity?",
        "neither": "One of them does: a gate, too, passes or stops a whole vector.",
    },
)
