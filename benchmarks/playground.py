"""Time the playground's arithmetic in node and PyTorch's on one thread, on equal work.

python -m benchmarks.playground

An epoch of the digits in batches of 128 with Adam: in the fully connected VNN that the playground
starts with (64-32 hidden units), and in networks of two convolutions of 16 channels and 64 units
above. Both sides compute in float64 (PyTorch also in float32), in turn, and processor time counts,
so that other work on the machine matters little. Writes data/benchmarks/playground.json.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import torch

import gevb
from benchmarks.measure import Times
from bookext.playground import in_node, packed_digits
from gevb.lab.provenance import provenance
from gevb.lab.records import to_json
from gevb.lab.runs import write_atomically
from gevb.networks import FC, Conv, Pool, build
from gevb.seeds import stream

FILE = Path(__file__).parents[1] / "data" / "benchmarks" / "playground.json"
FORMAT = "gevb playground benchmark"
BATCH, RATE = 128, 1e-3
#: Rules and networks by name, as the playground's links say them.
CONV: dict[str, Any] = {"conv": [16, 16], "hidden": [64]}
CASES: dict[str, dict[str, Any]] = {
    "VNN, GEVB": {"rule": "gevb", "net": "vnn"},
    "VNN, BP": {"rule": "bp", "net": "vnn"},
    "convolutional VNN, GEVB": {**CONV, "rule": "gevb", "net": "vnn"},
    "convolutional VNN, GEVB, kernels frozen": {
        **CONV,
        "rule": "gevb",
        "net": "vnn",
        "frozen": [1, 2],
    },
    "convolutional conventional network, DFA": {**CONV, "rule": "dfa", "net": "ordinary"},
    "convolutional conventional network, BP": {**CONV, "rule": "bp", "net": "ordinary"},
}
# Seconds of processor time for every epoch.
NODE = """
const Random = randomModule(), Networks = networkModule(), Initial = initialModule(Random);
const Data = dataModule(Random), State = stateModule();
const { Run } = learnModule(Random, Networks, Initial);
const { packed, asked, epochs } = JSON.parse(require("fs").readFileSync(0));
const data = Data.digits({ ...packed, labels: [...packed.labels].map(Number) });
const run = new Run(State.settings(State.settled(asked).state), data), seconds = [];
for (let epoch = 0; epoch < epochs; epoch++) {
  const from = process.cpuUsage();
  for (let n = 0; n < run.perEpoch; n++) run.step();
  const { user, system } = process.cpuUsage(from);
  seconds.push((user + system) / 1e6);
}
console.log(JSON.stringify(seconds));
"""


def in_torch(case: dict[str, Any], data: gevb.Dataset, dtype: torch.dtype) -> Callable[[], object]:
    """Prepare an epoch."""
    stages = [spec for n in case.get("conv", []) for spec in (Conv(n, 3, 1, 1), Pool(2))]
    layers = [*stages, *map(FC, case.get("hidden", [64, 32]))]
    whole = case["net"] == "vnn"
    network = build("digits", layers, vectorized=whole, nonnegative=whole, seed=0).to(dtype)
    for l in case.get("frozen", []):
        network.layers[l - 1].requires_grad_(False)
    learning = gevb.make_rule(case["rule"], network)
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
@click.option("--epochs", default=8, show_default=True, help="That are timed, in four rounds.")
@click.option("--file", type=click.Path(path_type=Path), default=FILE, help="Where it goes.")
def main(epochs: int, file: Path) -> None:
    """Time, print and record an epoch in node and in PyTorch; two more warm up in each round."""
    torch.set_num_threads(1)
    data, packed = gevb.load("digits"), packed_digits()
    rows, rounds = [], 4
    for name, case in CASES.items():
        sides = {
            f"torch {kind}": in_torch(case, data, dtype)
            for kind, dtype in (("float64", torch.float64), ("float32", torch.float32))
        }
        seconds: dict[str, list[float]] = {side: [] for side in ("node", *sides)}
        asked = {**case, "vs": "none", "batch": BATCH, "rate": RATE}
        for _ in range(rounds):
            count = epochs // rounds + 2
            values = {"packed": packed, "asked": asked, "epochs": count}
            seconds["node"] += in_node(NODE, values)[2:]
            for side, epoch in sides.items():
                seconds[side] += [timed(epoch) for _ in range(count)][2:]
        for side, found in seconds.items():
            times = Times.of(found)
            rows.append({"case": name, "side": side, **vars(times)})
            click.echo(
                f"{name}, {side}: {times.seconds:.3f} s ({times.low:.3f} to {times.high:.3f})"
            )
    result = {
        "provenance": provenance("gevb.training", torch.device("cpu"), 0),
        "batch": BATCH,
        "epochs": rows,
    }
    write_atomically(file, to_json(FORMAT, result))
    click.echo(f"written to {file}")


if __name__ == "__main__":
    main()
