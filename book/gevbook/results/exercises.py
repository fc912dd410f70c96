"""Exercises of the results chapter."""

from __future__ import annotations

from gevbook.answers import Number

check_false_alarms = Number(
    asks="Mean number of false alarms among 24 tests at the level 0.05.",
    right=1.2,
    because="Each test errs with probability 0.05, and averages add up: a table without "
    "correction gives about one false alarm.",
    slips={
        0.05: "That is the chance of one test. There are 24 of them.",
        1 - 0.95**24: "That is the chance of at least one false alarm, if the cells are "
        "independent. The question is how many there are on average.",
        24.0: "Each test gives a false alarm with probability 0.05 only.",
    },
    otherwise="How often does one test err, and how many tests are there?",
)

check_seeds = Number(
    asks="Smallest n with 2 s √(2 / n) ≤ margin, for s = 0.2 and a margin of 0.3.",
    right=4.0,
    because="8 s² / margin² = 3.6, rounded up.",
    slips={
        2.0: "That takes the published mean for exact. It is a mean of n seeds as well, which "
        "doubles the variance of the difference.",
        8 * 0.2**2 / 0.3**2: "Right so far; seeds come in whole numbers. Round up.",
        3.0: "3.6 seeds are not enough; round up.",
        8.0: "The spread enters squared.",
    },
    otherwise="Put se(d) = s √(2 / n) into 2 se(d) ≤ 0.3 and solve for n.",
)
