"""Exercises of the chapter on speed."""

from __future__ import annotations

from gevb.training import Config
from gevbook.answers import Choice, Number

check_saving = Number(
    asks="Share of a step that BP's way back takes in a network of two hidden layers of n units, "
    "K = 10 components, layers past the first; in per cent.",
    right=100 / (10 + 1 + 1),  # forward, update, back
    percent=True,
    because="A twelfth. GEVB saves little on a processor, because the forward pass costs K times "
    "as much as the way back.",
    slips={
        100 / 3: "That is a conventional network, where all three cost the same. Here K = 10.",
        1000 / 21: "Only one scalar per unit goes back (Eq. 13), not K components.",
        100 / 21: "The update costs one multiply-add a synapse, not K: e is contracted first.",
    },
    otherwise="A synapse takes K multiply-adds forward, 1 for the update and 1 on the way back. "
    "What is the share of the way back?",
    tolerance=0.012,
)

check_bound = Choice(
    asks="Which of the two times is longer for a batch of one.",
    right="memory",
    because="Every weight, its update and Adam's averages still travel once a step, for a single "
    "example. Batches are what makes the arithmetic the longer of the two.",
    slips={
        "arithmetic": "Not with one example. A weight is loaded once a step however many examples "
        f"use it: {Config.batch_size} examples share the load above; here one example bears it.",
    },
)
