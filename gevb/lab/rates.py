"""How fast this machine trains a network, measured: before hours are spent, know how many."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from gevb.datasets import DATASETS
from gevb.errors import InputError
from gevb.lab.engine import to_do
from gevb.lab.plan import remaining
from gevb.lab.provenance import device_name
from gevb.lab.records import read_record
from gevb.lab.timings import benchmark, find
from gevb.rules import make_rule
from gevb.theory.costs import memory, multiply_adds, run_cost, unfilled
from gevb.training import DTYPES, PAPER_EPOCHS, Config, Experiment, step


@dataclass(frozen=True)
class Rate:
    """What a few steps of a run's network took.

    Attributes:
        seconds: a step, the median.
        multiply_adds: a second.
        peak: bytes that the GPU held at most, data set apart; None on a CPU.
    """

    seconds: float
    multiply_adds: float
    peak: int | None

    def hours(self, work: float | int) -> float:
        """That so many multiply-adds take."""
        return work / self.multiply_adds / 3600


def measure(config: Config, device: torch.device | str = "cpu", steps: int = 12) -> Rate:
    """Train a run's network on noise for some steps, and a first one that does not count.

    Args:
        config: the run; its weights start at zero, which takes the same arithmetic as any.
        device: to measure on.
        steps: that count.
    """
    device = torch.device(device)
    network = unfilled(config).to(device, DTYPES[config.dtype])
    rule = make_rule(config.rule, network)
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True)
    facts = DATASETS[config.dataset]
    x = torch.rand(config.batch_size, *facts.image_shape, device=device)
    y = torch.eye(facts.classes, device=device)[torch.arange(config.batch_size) % facts.classes]
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    times = []
    for _ in range(1 + steps):
        started = time.perf_counter()
        step(rule, optimizer, x, y).item()  # Waits for a GPU.
        times.append(time.perf_counter() - started)
    seconds = sorted(times[1:])[steps // 2]
    work = sum(cost.step for cost in multiply_adds(network, config.rule)) * config.batch_size
    peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    return Rate(seconds, work / seconds, peak)


def recorded_rate(experiment: Experiment, name: str = "laptop") -> Rate:
    """The rate at which a recorded benchmark trained an experiment's network, on its machine.

    Raises:
        InputError: no such benchmark, or it did not time this network.
    """
    row = find(
        benchmark(name)["steps"],
        dataset=experiment.dataset,
        arch=experiment.arch,
        vectorized=experiment.vectorized,
        rule=experiment.rule,
        way="ours",
    )
    if row is None:
        raise InputError(f"benchmark {name}: got no steps of {experiment.name}")
    return Rate(row["seconds"], row["multiply_adds"] / row["seconds"], None)


def outlook(config: Config, rate: Rate, device: torch.device) -> str:
    """What a run would take at a rate, in a few lines: time, and on a GPU memory."""
    lines = [f"{config.name} on {device_name(device)}"]
    lines.append(
        f"a step: {1e3 * rate.seconds:.1f} ms, {rate.multiply_adds / 1e9:.0f} billion "
        "multiply-adds a second"
    )
    for epochs in dict.fromkeys((config.epochs, PAPER_EPOCHS)):
        hours = rate.hours(run_cost(replace(config, epochs=epochs)))
        lines.append(f"{epochs} epochs: {60 * hours:.0f} minutes or {hours:.1f} hours, at most")
    if rate.peak is not None:
        free, whole = torch.cuda.mem_get_info(device)
        data = memory(config).data
        lines.append(
            f"GPU memory: {(rate.peak + data) / 1e9:.2f} GB at most, data set included; "
            f"{free / 1e9:.1f} of {whole / 1e9:.1f} GB are free"
        )
    return "\n".join(lines)


Stages = Sequence[tuple[Sequence[Config], int | None, str]]


def forecast(
    stages: Stages, out: str | Path, device: torch.device, steps: int = 3
) -> Iterator[str]:
    """What `gevb.lab.engine.reproduce` would do, line by line: runs in order, with hours.

    Args:
        stages: runs, the epoch at which they are left or None, and why they come now.
        out: as for `reproduce`.
        device: each network that is to do is measured on it.
        steps: that are measured of each.

    Raises:
        InputError: see `gevb.lab.engine.to_do`.
    """
    everything = dict.fromkeys(config for runs, *_ in stages for config in runs)
    reached = {config: _epoch(config, Path(out)) for config in everything}
    rates: dict[Experiment, Rate] = {}
    whole = 0.0
    yield f"At the rate of this machine's {device_name(device)}, one run at a time"
    for runs, until, why in stages:
        if why:
            yield f"\n{why}"
        for config in to_do(runs, out, until):
            if (work := remaining(config, reached[config], until)) <= 0:
                continue  # An earlier stage takes it further.
            rate = rates.get(config.experiment) or measure(config, device, steps)
            rates[config.experiment] = rate
            hours, last = rate.hours(work), min(config.epochs, until or config.epochs)
            yield f"{config.name}: epoch {reached[config]} to {last}, {hours:.2f} h"
            reached[config], whole = last, whole + hours
    yield f"\n{whole:.1f} hours in all, at most: a run without training errors stops early"


def _epoch(config: Config, out: Path) -> int:
    """That a run's checkpoint has reached; 0 without one."""
    with suppress(InputError):
        return read_record(out / "checkpoints" / config.name / "record.json").epoch
    return 0
