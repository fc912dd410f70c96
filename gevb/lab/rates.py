"""Training speed of this machine, measured to predict the hours of a run."""

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
    """Measured rate of a few steps of a run's network.

    Attributes:
        seconds: median time of a step.
        multiply_adds: number per second.
        peak: largest number of bytes on the GPU, without the data set; None on a CPU.
    """

    seconds: float
    multiply_adds: float
    peak: int | None

    def hours(self, work: float | int) -> float:
        """Convert multiply-adds to hours."""
        return work / self.multiply_adds / 3600


def measure(config: Config, device: torch.device | str = "cpu", steps: int = 12) -> Rate:
    """Train a run's network on noise for some steps, after one to warm up.

    Args:
        config: the run; its weights start at zero, which does not change the arithmetic.
        device: to measure on.
        steps: number of measured steps.
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
        step(rule, optimizer, x, y).item()  # waits until a GPU has finished
        times.append(time.perf_counter() - started)
    seconds = sorted(times[1:])[steps // 2]
    work = sum(cost.step for cost in multiply_adds(network, config.rule)) * config.batch_size
    peak = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    return Rate(seconds, work / seconds, peak)


def recorded_rate(experiment: Experiment, name: str = "laptop") -> Rate:
    """Return the recorded rate of a benchmark for an experiment's network, on its machine.

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
    """Describe a run's costs at a rate in a few lines: time, and on a GPU memory."""
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
    """Yield lines on what `gevb.lab.engine.reproduce` would do: runs in order, with hours.

    Args:
        stages: runs, the epoch at which they pause or None, and the reason for their order.
        out: as for `reproduce`.
        device: device to measure on, for each network with runs to do.
        steps: measured steps of each.

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
                continue  # An earlier stage trains it as far.
            rate = rates.get(config.experiment) or measure(config, device, steps)
            rates[config.experiment] = rate
            hours, last = rate.hours(work), min(config.epochs, until or config.epochs)
            yield f"{config.name}: epoch {reached[config]} to {last}, {hours:.2f} h"
            reached[config], whole = last, whole + hours
    yield f"\n{whole:.1f} hours in all, at most: a run without training errors stops early"


def _epoch(config: Config, out: Path) -> int:
    """Return the epoch of a run's checkpoint; 0 without one."""
    with suppress(InputError):
        return read_record(out / "checkpoints" / config.name / "record.json").epoch
    return 0
