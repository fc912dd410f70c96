"""Keeping freed memory: time, page faults and peak of GEVB steps with and without.

`python -m benchmarks.memory` prints a table; every case runs in a process of its own.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch

from benchmarks.measure import constant_network, resident, training_step
from gevb.lab.memory import keep_freed_memory

NETWORKS = [(dataset, arch) for dataset in ("mnist", "cifar10") for arch in ("fc", "conv", "lc")]
STEPS = 5


def measure_memory(dataset: str, arch: str, keep: bool) -> dict[str, float]:
    """Processor seconds and page faults of a step, and the process's peak in bytes."""
    command = [sys.executable, "-m", "benchmarks.memory", dataset, arch, str(int(keep))]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, check=True, capture_output=True, cwd=root)
    return dict(json.loads(done.stdout))


def _measure(dataset: str, arch: str, keep: str) -> dict[str, float]:
    if int(keep):
        keep_freed_memory()
    torch.set_num_threads(1)
    network = constant_network(dataset, arch, vectorized=True)
    step = training_step(network, "gevb", "ours", 128, torch.device("cpu"))
    step()
    seconds, before = [], resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(STEPS):
        start = time.process_time()
        step()
        seconds.append(time.process_time() - start)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    return {
        "seconds": statistics.median(seconds),
        "faults": faults / STEPS,
        "peak_bytes": resident(),
    }


def main() -> None:
    """Print the table."""
    print(f"{'':14}{'ms':>10}{'kept':>10}{'faults':>10}{'kept':>10}{'peak MB':>10}{'kept':>10}")
    for dataset, arch in NETWORKS:
        plain, kept = (measure_memory(dataset, arch, keep) for keep in (False, True))
        line = f"{dataset + ' ' + arch:14}"
        for name, scale in (("seconds", 1e3), ("faults", 1), ("peak_bytes", 1e-6)):
            line += "".join(f"{row[name] * scale:10,.0f}" for row in (plain, kept))
        print(f"{line}   {plain['seconds'] / kept['seconds']:.2f} x")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(_measure(*sys.argv[1:])))
    else:
        main()
