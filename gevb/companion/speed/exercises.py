"""Exercises of the chapter on speed."""

from __future__ import annotations

from gevb.companion.answers import EMPTY


def check_saving(answer: float | int | None) -> None:
    """Share of a step that BP's way back takes in a network of two hidden layers of n units.

    K = 10 components; layers past the first, in per cent.
    """
    if answer is None:
        print(EMPTY)
        return
    forward, update, back = 10, 1, 1
    right = 100 * back / (forward + update + back)
    if abs(answer - right) < 0.1:
        print("Right: a twelfth. What GEVB saves on a processor is small, because K is not.")
    elif abs(answer - 100 / 3) < 0.5:
        print("That is a conventional network, where all three cost the same. Here K = 10.")
    elif abs(answer - 1000 / 21) < 0.5:
        print("Only one scalar per unit goes back (Eq. 13), not K components.")
    elif abs(answer - 100 / 21) < 0.5:
        print("The update costs one multiply-add a synapse, not K: e is contracted first.")
    else:
        print("Not that. Forward K, update 1, back 1 multiply-adds a synapse: the share of back?")


def check_bound(answer: str | None, batch: int) -> None:
    """Which of the two floors, "arithmetic" or "memory", holds for a batch of one."""
    if answer is None:
        print(EMPTY)
        return
    if answer not in ("arithmetic", "memory"):
        print('Answer "arithmetic" or "memory".')
    elif answer == "arithmetic":
        print(
            f"Not with one example. A weight is loaded once a step however many examples use it: "
            f"{batch} share the load above, here nobody does."
        )
    else:
        print(
            "Right: every weight, its update and Adam's averages still travel once a step, for a "
            "single example. Batches are what makes the arithmetic the longer of the two."
        )
