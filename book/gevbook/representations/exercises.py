"""Exercises of the chapter on representations."""

from __future__ import annotations

from gevbook.answers import Choice, Number

check_quality = Number(
    asks="Cluster quality of two classes on a line, at 0 and 2 and at 10 and 12.",
    right=0.240,
    because="Within a class there is one pair, at distance 2. The six pairs of all points have "
    "the squares 4, 4, 100, 100, 64 and 144, with mean 69.3 and root 8.33; 2 / 8.33 = 0.24.",
    slips={
        0.273: "That takes the mean of the distances. Square them, average, take the root.",
        0.196: "That counts each point as its own neighbour. A pair has two different points.",
        0.0577: "That is the ratio of the mean squares. Take the root of both.",
        0.199: "That compares with pairs of different classes only. The denominator takes all.",
        4.16: "That is the ratio upside down. Tight classes give a small number.",
        2.0: "That is the numerator. Divide by the RMS distance of all six pairs.",
    },
    otherwise="List the one distance within each class and the six distances of all points.",
    tolerance=0.01,
)

check_shuffled = Number(
    asks="Cluster quality to expect when the labels of many points are shuffled.",
    right=1.0,
    because="A class is then a random sample of all points, with the same typical distance. "
    "Whatever the map looks like, shuffled labels give about 1.",
    slips={
        0.0: "0 means that every class is one single place. Shuffling does the contrary.",
        0.1: "Ten classes are not the reason: ask how far apart two points of one class are.",
        0.5: "Half of which distance? Ask how far apart two points of one class are, and two of "
        "any.",
    },
    otherwise="Compare a pair from one class with any pair. Does the label tell anything?",
    tolerance=0.05,
)

check_reading = Choice(
    asks="What a map in which one cluster is twice as wide as another says.",
    right="c",
    because="t-SNE tries to keep neighbours together. Widths and gaps say little.",
    slips={
        "a": "Width in a map follows the number of points rather than their spread: t-SNE gives "
        "every point about as many neighbours, dense or not.",
        "b": "The map does not keep distances between clusters. Above, the two near ones and the "
        "far one came out about evenly spaced.",
        "d": "Not quite nothing: that points of a clump are mostly neighbours of one another is "
        "what the map was made for. One of the others says this.",
    },
)
