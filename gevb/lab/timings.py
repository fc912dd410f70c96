"""Recorded benchmarks, written by `python -m benchmarks`, and comparisons between their rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gevb.datasets import DATASETS
from gevb.errors import check_choice
from gevb.lab.records import read_values, results_folder

FORMAT = "gevb benchmark"
Row = dict[str, Any]


def benchmark(name: str) -> dict[str, Any]:
    """Read the recorded benchmark called `name`, such as "laptop".

    Raises:
        InputError: there is none, or its file is damaged.
    """
    folder = results_folder().with_name("benchmarks")
    check_choice("benchmark", name, sorted(f.stem for f in folder.glob("*.json")))
    return read_values(folder / f"{name}.json", FORMAT)


def find(rows: Sequence[Row], **wanted: object) -> Row | None:
    """Return the first row that agrees with all wanted values."""
    return next((r for r in rows if all(r[key] == wanted[key] for key in wanted)), None)


def networks(rows: Sequence[Row]) -> list[Row]:
    """List data set, architecture and kind of every timed network, as keys for `find`."""
    keys = ("dataset", "arch", "vectorized")
    return [dict(t) for t in dict.fromkeys(tuple((k, r[k]) for k in keys) for r in rows)]


def network_name(row: Row) -> str:
    """Format the network's name for readers: "MNIST conv"."""
    return f"{DATASETS[row['dataset']].title} {row['arch']}"


def against_textbook(rows: Sequence[Row], row: Row) -> float | None:
    """Divide the textbook's time by ours; for locally connected layers, that of the loop."""
    same = {key: row[key] for key in ("dataset", "arch", "vectorized", "rule")}
    other = find(rows, **same, way="textbook") or find(rows, **same, way="textbook loop")
    return None if other is None else float(other["seconds"] / row["seconds"])


def geometric_mean(ratios: Sequence[float]) -> float:
    """Compute the geometric mean, which suits ratios."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))
