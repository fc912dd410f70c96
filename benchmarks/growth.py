"""Part two: growth of a GEVB step's time with the network and the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.measure import interleaved, training_step
from benchmarks.work import step_work
from gevb.networks import FC, Conv, Network, Pool

IMAGE = (1, 28, 28)
CONV = (Conv(32, 3, 1, 1), Pool(2), Conv(32, 3, 1, 1), Pool(2))

# Quantities that vary: their values, and the network and batch size for a value.
QUANTITIES: dict[str, tuple[tuple[int, ...], Callable[[int], tuple[Network, int]]]] = {
    "width": (
        (256, 512, 1024, 2048),
        lambda n: (Network(IMAGE, 10, (FC(n), FC(n))), 128),
    ),
    "K": ((4, 8, 16, 32), lambda n: (Network(IMAGE, n, (FC(512), FC(512))), 128)),
    "batch": ((32, 64, 128, 256), lambda n: (Network(IMAGE, 10, (FC(512), FC(512))), n)),
    "depth": ((2, 4, 8, 16), lambda n: (Network(IMAGE, 10, (FC(512),) * n), 128)),
    "image size": ((8, 16, 32, 64), lambda n: (Network((1, n, n), 10, CONV), 32)),
}


def measure_growth(device: torch.device, budget: float, points: int) -> list[dict[str, Any]]:
    """Measure a row for each quantity, its first `points` values; `budget` seconds for each."""
    rows = []
    for quantity, (all_values, make) in QUANTITIES.items():
        values = all_values[:points]
        made = {str(value): make(value) for value in values}
        times = interleaved(
            {
                name: training_step(network, "gevb", "ours", batch, device)
                for name, (network, batch) in made.items()
            },
            device,
            budget,
        )
        seconds = [times[name].seconds for name in made]
        work = [step_work(network, "gevb", batch).multiply_adds for network, batch in made.values()]
        rows.append(
            {
                "quantity": quantity,
                "values": list(values),
                "seconds": seconds,
                "exponent": exponent(values, seconds),
                "multiply_adds": work,
                "multiply_adds_exponent": exponent(values, work),
            }
        )
    return rows


def exponent(values: tuple[int, ...], seconds: list[float] | list[int]) -> float:
    """Fit the slope of the line through the logarithms, by least squares."""
    return round(float(np.polyfit(np.log(values), np.log(seconds), 1)[0]), 3)
