"""Part one: a training step of every network: ours, the textbook's, and its rated time."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import product
from typing import Any

import torch

import gevb
from benchmarks.measure import Times, interleaved, peak_memory, training_step
from benchmarks.work import Rates, step_work
from gevb.lab.timings import against_textbook
from gevb.layers import LocallyConnected2d
from gevb.networks import Network

UNFOLDED = 2 * 2**30  # Bytes of unfolded patches above which the textbook does not try.


def ways(network: Network, rule: str, batch: int) -> list[str]:
    """List the ways to compare: autograd covers back-propagation and, by a trick, GEVB; not DFA."""
    if rule == "dfa":
        return ["ours"]
    local = [l.weights for l in network.layers if isinstance(l.weights, LocallyConnected2d)]
    if not local:
        return ["ours", "textbook"]
    K = network.K
    most = max(
        4 * batch * K * w.fan_in * (K if w.first else 1) * math.prod(w.out_units[1:]) for w in local
    )
    return ["ours", "textbook loop"] + ["textbook unfold"] * (most <= UNFOLDED)


def measure_steps(
    datasets: list[str], batch: int, budget: float, device: torch.device, rates: Rates, memory: bool
) -> Iterator[list[dict[str, Any]]]:
    """Measure, for each network, a row for each rule and way; `budget` seconds for each network."""
    for dataset, arch, vectorized in product(datasets, ("fc", "conv", "lc"), (True, False)):
        network = gevb.build(dataset, arch, vectorized=vectorized)
        rules = ("gevb", "bp") if vectorized else ("dfa", "bp")
        cases = [(rule, way) for rule in rules for way in ways(network, rule, batch)]
        times = _times(network, cases, batch, budget, device)
        rows = []
        for rule, way in cases:
            work = step_work(network, rule, batch)
            rows.append(
                {
                    "dataset": dataset,
                    "arch": arch,
                    "vectorized": vectorized,
                    "rule": rule,
                    "way": way,
                    **asdict(times[f"{rule} {way}"]),
                    "rated": float(f"{work.seconds(rates):.4g}"),
                    **asdict(work),
                    "peak_bytes": peak_memory(dataset, arch, vectorized, rule, way, batch)
                    if memory and vectorized and way != "textbook unfold"
                    else None,
                }
            )
        rows.append(
            {
                "dataset": dataset,
                "arch": arch,
                "vectorized": vectorized,
                "rule": None,
                "way": "evaluation",
                **asdict(times["evaluation"]),
            }
        )
        yield rows


def _times(
    network: Network,
    cases: list[tuple[str, str]],
    batch: int,
    budget: float,
    device: torch.device,
) -> dict[str, Times]:
    actions: dict[str, Callable[[], object]] = {
        f"{rule} {way}": training_step(network, rule, way, batch, device) for rule, way in cases
    }
    images = torch.zeros(batch, *network.input_shape, device=device)
    actions["evaluation"] = torch.no_grad()(lambda: network(images))
    times = interleaved(actions, device, budget)
    gc.collect()
    return times


HEAD = (
    f"{'network':27}{'rule':6}{'way':17}{'ms':>9}{'quartiles':>18}{'textbook':>10}"
    f"{'rated':>7}{'MB':>7}{'examples/s':>12}"
)


def steps_table(rows: list[dict[str, Any]], batch: int) -> str:
    """Format the rows for readers."""
    lines = []
    for row in rows:
        name = f"{row['dataset']} {row['arch']}" + " conventional" * (not row["vectorized"])
        text = f"{name:27}{row['rule'] or '':6}{row['way']:17}{row['seconds'] * 1e3:9.1f}"
        text += f"{row['low'] * 1e3:9.1f} -{row['high'] * 1e3:7.1f}"
        if row["way"] == "ours":
            ratio = against_textbook(rows, row)
            text += f"{ratio:8.1f} x" if ratio else f"{'':10}"
            text += f"{row['rated'] / row['seconds']:7.2f}"
        else:
            text += f"{'':17}"
        peak = row.get("peak_bytes")
        text += f"{peak / 1e6:7.0f}" if peak is not None else f"{'':7}"
        lines.append(text + f"{batch / row['seconds']:12,.0f}")
    return "\n".join(lines)
