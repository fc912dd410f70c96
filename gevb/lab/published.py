"""Numbers printed or drawn in the paper, from data/published, where their sources are named.

Every spread is over five runs and has n - 1 in its denominator.

Source: Clark, Abbott and Chung (2021), Tables 1 and 2, Figures 2, 3 and A1 to A3.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from gevb.lab.experiments import EXPERIMENTS
from gevb.lab.records import results_folder
from gevb.training import Experiment

#: Runs behind each published mean; fewer at late epochs, after some had stopped.
PUBLISHED_SEEDS = 5


class Reading(NamedTuple):
    """A published mean and its standard deviation over runs.

    Attributes:
        mean, sd: in percent or degrees.
    """

    mean: float
    sd: float


@cache
def published_errors() -> dict[str, tuple[float, float]]:
    """Read mean test and training errors in percent of Tables 1 and 2, by experiment."""
    return {
        experiment.name: (float(row["test_error_percent"]), float(row["train_error_percent"]))
        for experiment, row in _rows("error_rates")
    }


@cache
def published_curves(measure: str = "test") -> dict[str, dict[int, Reading]]:
    """Read errors in percent by experiment and epoch (10, 20, ...), of Figures A1 and A2.

    After a run has stopped, mean and spread are over the remaining runs. If the figure hides a
    spread, the largest that it allows is used. The uncertainty of the reading is part of the
    spread.

    Args:
        measure: "test" or "train".
    """
    found: dict[str, dict[int, Reading]] = {}
    for experiment, row in _rows("learning_curves"):
        if row["split"] == measure:
            known = row["std_known"] == "1"
            drawn = float(row["std_percent" if known else "std_high_percent"])
            parts = drawn / math.sqrt(PUBLISHED_SEEDS - 1), float(row["uncertainty_percent"])
            sd = math.sqrt(PUBLISHED_SEEDS) * math.hypot(*parts)
            curve = found.setdefault(experiment.name, {})
            curve[int(row["epoch"])] = Reading(float(row["mean_percent"]), sd)
    return found


@cache
def published_angles() -> dict[str, list[dict[int, Reading]]]:
    """Read alignment angles in degrees by experiment, hidden layer and epoch, of Figures 2 and A3.

    They are of the experiments by the broadcast rule: GEVB's angles in vectorized networks, DFA's
    in conventional ones.
    """
    found: dict[str, list[dict[int, Reading]]] = {}
    scale = math.sqrt(PUBLISHED_SEEDS / (PUBLISHED_SEEDS - 1))
    for experiment, row in _rows("alignment_angles"):
        layers, place = found.setdefault(experiment.name, []), int(row["layer"]) - 1
        layers += [{} for _ in range(len(layers), place + 1)]
        reading = Reading(float(row["mean_degrees"]), scale * float(row["std_degrees"]))
        layers[place][int(row["epoch"])] = reading
    return found


@cache
def published_gains() -> dict[str, list[float]]:
    """Read each run's gain of cluster quality (value before training minus after), Figure 3."""
    found: dict[str, list[float]] = {}
    for experiment, row in _rows("cluster_quality"):
        gain = float(row["initial"]) - float(row["trained"])
        found.setdefault(experiment.name, []).append(gain)
    return found


def _rows(name: str) -> Iterator[tuple[Experiment, dict[str, str]]]:
    """Yield the rows of a file with their experiments; angles are of the broadcast rule's."""
    by_name = {experiment.name: experiment for experiment in EXPERIMENTS}
    file = results_folder().parent / "published" / f"{name}.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        rule = row.get("rule", "gevb" if row["network"] == "vectorized" else "dfa")
        parts = ("dataset", "architecture", "network", "signs")
        yield by_name["-".join([*(row[part] for part in parts), rule])], row
