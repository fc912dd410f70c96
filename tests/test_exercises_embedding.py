"""The checkers of the chapter on what the layers learned."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from gevb.lab.maps import cluster_quality
from gevbook.representations import exercises as embedding

PLACES, CLASSES = np.array([0.0, 2.0, 10.0, 12.0]), np.array([0, 0, 1, 1])
SQUARES = [(p - q) ** 2 for p, q in itertools.combinations(PLACES, 2)]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (cluster_quality(PLACES[:, None], CLASSES), "Right"),
        (2 / np.mean(np.sqrt(SQUARES)).item(), "mean of the distances"),
        (math.sqrt(2) / math.sqrt(2 * np.var(PLACES)), "own neighbour"),
        (4 / np.mean(SQUARES).item(), "mean squares"),
        (2 / math.sqrt((100 + 100 + 64 + 144) / 4), "different classes only"),
        (math.sqrt(np.mean(SQUARES)) / 2, "upside down"),
        (2, "numerator"),
        (0.7, "Not yet. List"),
    ],
)
def test_quality(answer, says, capsys):
    embedding.check_quality(answer)
    assert says in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (1, "Right"),
        (0.97, "Right"),
        (0, "single place"),
        (0.1, "Ten classes"),
        (0.5, "A half"),
        (3, "Compare"),
    ],
)
def test_shuffled(answer, says, capsys):
    embedding.check_shuffled(answer)
    assert says in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("a", "number of points"),
        ("b", "does not keep distances"),
        ("c", "Right"),
        ("d", "Not quite nothing"),
    ],
)
def test_reading(answer, says, capsys):
    embedding.check_reading(answer)
    assert says in capsys.readouterr().out
