"""Timing: interleaved cases, the machine's rates, and peak memory of one case."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.textbook import Textbook
from benchmarks.work import Rates
from gevb.lab.memory import keep_freed_memory
from gevb.layers import WeightLayer
from gevb.networks import Network, build
from gevb.rules import make_rule


@dataclass(frozen=True)
class Times:
    """Median of repeats and the quartiles around it, in seconds."""

    seconds: float
    low: float
    high: float
    repeats: int

    @classmethod
    def of(cls, seconds: list[float]) -> Times:
        """Summarize measured seconds."""
        low, median, high = (
            float(f"{value:.4g}") for value in statistics.quantiles(seconds, method="inclusive")
        )
        return cls(median, low, high, len(seconds))


def timed(action: Callable[[], object], device: torch.device) -> float:
    """Time one call in seconds, the device's work included."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = time.perf_counter()
    action()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def interleaved(
    cases: Mapping[str, Callable[[], object]], device: torch.device, budget: float
) -> dict[str, Times]:
    """Time all cases in turn, round after round, until the budget of seconds is spent.

    The first round warms up; at least five and at most fifteen count.
    """
    rounds = [{name: timed(case, device) for name, case in cases.items()}]
    one = sum(rounds[0].values())
    for _ in range(round(min(15, max(5, budget / one - 1)))):
        rounds.append({name: timed(case, device) for name, case in cases.items()})
    return {name: Times.of([r[name] for r in rounds[1:]]) for name in cases}


def measure_rates(device: torch.device) -> Rates:
    """Time products of 2048 x 2048 matrices, and copies of 256 MB into allocated memory."""
    n = 2048
    a, b = torch.randn(2, n, n, device=device)
    out = torch.empty_like(a)
    source = torch.randn(64 * 2**20, device=device)
    target = torch.empty_like(source)
    times = [
        (
            timed(lambda: torch.mm(a, b, out=out), device),
            timed(lambda: target.copy_(source), device),
        )
        for _ in range(12)
    ]
    product, copy = (min(column) for column in zip(*times[2:], strict=True))
    return Rates(n**3 / product, 2 * source.nbytes / copy)


def training_step(
    network: Network, rule: str, way: str, batch: int, device: torch.device
) -> Callable[..., object]:
    """Make one step of Adam on a random batch, or its first examples; our way or the textbook's."""
    generator = torch.Generator().manual_seed(0)
    x = (torch.rand(batch, *network.input_shape, generator=generator) * 2 - 1).to(device)
    y = torch.randint(network.classes, (batch,), generator=generator).to(device)
    network = network.to(device)
    if way == "ours":
        ours = make_rule(rule, network)
        adam = torch.optim.Adam(network.parameters(), lr=3e-4, fused=True)

        def step(examples: int = batch) -> None:
            adam.zero_grad()
            ours.backward(x[:examples], y[:examples])
            adam.step()
            network.clamp_()

        return step
    theirs = Textbook(network, "unfold" if way == "textbook unfold" else "loop")
    plain_adam = torch.optim.Adam(theirs.parameters(), lr=3e-4)

    def textbook_step(examples: int = batch) -> None:
        plain_adam.zero_grad()
        theirs.backward(x[:examples], y[:examples], "bp" if rule == "bp" else "gevb")
        plain_adam.step()
        with torch.no_grad():
            for weight in list(theirs.weights)[1:]:
                weight.clamp_(min=0)

    return textbook_step


def constant_network(dataset: str, arch: str, vectorized: bool) -> Network:
    """Build a network with equal weights, which needs no memory for drawing."""

    def alike(layer: WeightLayer, _: torch.Generator) -> WeightLayer:
        torch.nn.init.constant_(layer.weight, 0.01)
        return layer

    return build(dataset, arch, vectorized=vectorized, initializer=alike)


def peak_memory(dataset: str, arch: str, vectorized: bool, rule: str, way: str, batch: int) -> int:
    """Measure a step's bytes beyond the network and its data, in a separate process.

    They include the updates and the optimizer's averages.
    """
    arguments = [dataset, arch, str(int(vectorized)), rule, way, str(batch)]
    command = [sys.executable, "-m", "benchmarks.measure", *arguments]
    root = Path(__file__).parents[1]
    return int(subprocess.run(command, check=True, capture_output=True, cwd=root).stdout)


def _own_peak(dataset: str, arch: str, vectorized: str, rule: str, way: str, batch: str) -> int:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    keep_freed_memory()  # As in training processes.
    network = constant_network(dataset, arch, bool(int(vectorized)))
    step = training_step(network, rule, way, int(batch), device)
    if device.type == "cuda":
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
    else:
        before = resident()
    step(1)  # Allocates the optimizer's averages.
    step()
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) - before
    return resident() - before


def resident() -> int:
    """Return the largest resident set of this process so far."""
    status = Path("/proc/self/status")
    if status.is_file():  # Linux counts the parent's, before `exec`, into ru_maxrss.
        (line,) = (l for l in status.read_text("utf-8").splitlines() if l.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS, in bytes


if __name__ == "__main__":
    print(_own_peak(*sys.argv[1:]))
