"""Exercises of the chapter on ON/OFF initialization."""

from __future__ import annotations

from gevbook.answers import Choice, Number, Numbers

_OF_W = "Those are the eigenvalues of W, for (v, -v). Add those of |W|, for (v, v)."
_OF_ABS = "Those are the eigenvalues of |W|, for (v, v). Add those of W, for (v, -v)."

check_eigenvalues = Numbers(
    asks="The four eigenvalues of the ON/OFF matrix of W = [[0, 1], [-1, 0]].",
    right=(1, -1, 1j, -1j),
    because="|W| swaps two entries and has the eigenvalues 1 and -1; W is a quarter turn and has i "
    "and -i. The ON/OFF matrix has all four: it is a permutation, a cycle.",
    slips={
        (1j, -1j): _OF_W,
        (1j, 1j, -1j, -1j): _OF_W,
        (1, -1): _OF_ABS,
        (1, 1, -1, -1): _OF_ABS,
        (0, 0, 0, 0): "A zero diagonal makes the sum of the eigenvalues zero, not each of them.",
    },
    otherwise="Find the eigenvalues of |W| and of W; together they are four numbers.",
    in_order=False,
)

check_variance = Number(
    asks="Squared activity after ten layers with variance 2 / n_in instead of 4 / n_in.",
    right=2.0**-10,
    because="The ON subnetwork has n_in / 2 inputs, half of them active: 2 / n_in is half of what "
    "it needs in every layer.",
    slips={
        1.0: "2 / n_in is right for a mixed-sign network of n_in inputs. The ON subnetwork has "
        "half of them.",
        0.5: "That is the factor of one layer. Multiply the factors of ten layers.",
        2.0**-5: "That is the factor of the activity. The question is about its square.",
        4.0
        ** -10: "With 4 / n_in half of the gates are closed, too. Compare the two variances only.",
        2.0**10: "Smaller weights make the activity smaller.",
    },
    otherwise="Compare He's variance, 2 / inputs, for the half-width network with the one given.",
)

check_pair_updates = Choice(
    asks="Sign of the update of OFF to OFF against that of ON to ON.",
    right="opposite",
    because="The gates of the receiving twins agree, and the senders' activations are opposite. To "
    "stay a pair the two weights would have to change alike.",
    slips={
        "same": "That would keep the pairs, but the update is G (e · a): what changes in it from "
        "the ON units to their OFF twins?",
    },
)
