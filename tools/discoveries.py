"""Measure the playground's discoveries with the package, and record them.

python tools/discoveries.py [fc] [kernels]

fc: trains fully connected networks with 64 and 32 hidden units on the digits (batches of 128), from
ten seeds, and writes test errors, and shares of updates with the gradient's sign, to
data/playground/discoveries.json. Takes some minutes.

kernels: trains networks with convolutions from ten seeds, by the page's own files in node, once
whole and once with the kernels frozen at their start, and writes the test error after every epoch
to data/playground/kernels.json. Takes ten minutes. Both, unless told otherwise.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
import torch

import gevb
from bookext.playground import in_node, packed_digits
from gevb.lab.provenance import provenance
from gevb.lab.records import to_json
from gevb.lab.runs import write_atomically
from gevb.networks import FC, Network, build
from gevb.seeds import stream
from gevb.theory.sign_match import equal_signs

FOLDER = Path(__file__).resolve().parents[1] / "data" / "playground"
FORMAT, KERNELS_FORMAT = "gevb discoveries", "gevb kernels"
HIDDEN, BATCH, SEEDS, EPOCHS = (64, 32), 128, range(10), (1, 10, 20)


@dataclass(frozen=True)
class Setting:
    """Settings of a training run that vary."""

    rule: str
    vectorized: bool = True
    nonnegative: bool = True
    optimizer: str = "adam"
    rate: float = 1e-3


#: Settings by discovery; with this rate GEVB learns well by plain gradient descent.
SETTINGS = {
    "nearly": (Setting("gevb"), Setting("bp")),
    "signs": (Setting("gevb", nonnegative=False), Setting("bp", nonnegative=False)),
    "random": (
        Setting("dfa", vectorized=False, nonnegative=False),
        Setting("bp", vectorized=False, nonnegative=False),
    ),
    "scale": tuple(
        Setting(rule, optimizer=optimizer, rate=rate)
        for optimizer, rate in (("adam", 1e-3), ("sgd", 0.03))
        for rule in ("gevb", "dfa")
    ),
}


def make(setting: Setting, seed: int) -> Network:
    """Build the network at its start."""
    layers = [FC(n) for n in HIDDEN]
    kind = {"vectorized": setting.vectorized, "nonnegative": setting.nonnegative}
    return build("digits", layers, **kind, seed=seed).double()


def shares(rule: gevb.Rule, x: torch.Tensor, y: torch.Tensor, size: int) -> list[float]:
    """Compute the percentage of non-zero gradients whose update has their sign, by layer.

    The images are taken in batches of `size`.
    """
    gradient = gevb.BP(rule.network)
    batches = list(zip(x.split(size), y.split(size), strict=True))
    ours, theirs = (
        zip(*(r.updates(*batch) for batch in batches), strict=True) for r in (rule, gradient)
    )
    return [equal_signs(u, g).percent for u, g in zip(ours, theirs, strict=True)]


def errors(setting: Setting, seed: int, data: gevb.Dataset) -> dict[str, Any]:
    """Measure test errors in percent after some epochs, and the angles of one batch by layer."""
    network = make(setting, seed)
    rule = gevb.make_rule(setting.rule, network, seed=seed)
    kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[setting.optimizer]
    optimizer = kind(network.parameters(), lr=setting.rate)
    order = stream(seed, "order")
    x, y = data.test.x[:BATCH].double(), data.test.y[:BATCH]
    found, angles = [], [gevb.alignment_angles(rule, x, y).tolist()]
    for epoch in range(1, EPOCHS[-1] + 1):
        shuffled = torch.randperm(len(data.train), generator=order)
        gevb.train_epoch(rule, optimizer, data.train.batches(BATCH, shuffled))
        if epoch in EPOCHS:
            found.append(gevb.evaluate(network, data.test)[0])
            angles.append(gevb.alignment_angles(rule, x, y).tolist())
    return {"seed": seed, "errors": found, "angles": angles}


@dataclass(frozen=True)
class Kernels:
    """A network with convolutions (3 x 3, then the mean over 2 x 2) and what trains it."""

    rule: str
    net: str
    conv: tuple[int, ...] = (16, 16)
    hidden: tuple[int, ...] = (64,)
    batch: int = 32
    rate: float = 3e-3
    epochs: int = 10


#: The page's three columns and its switch; then settings that may give another result.
COLUMNS = {
    "dfa": Kernels("dfa", "ordinary"),
    "gevb": Kernels("gevb", "vnn"),
    "bp": Kernels("bp", "ordinary"),
    "dfa in a vnn": Kernels("dfa", "vnn"),
}
KERNELS = {
    **COLUMNS,
    "gevb, mixed signs": Kernels("gevb", "mixed"),
    "dfa, mixed signs": Kernels("dfa", "mixed"),
    **{f"{name}, one convolution": replace(kind, conv=(16,)) for name, kind in COLUMNS.items()},
}
#: Test errors in percent after every epoch.
IN_NODE = """
const Random = randomModule(), Networks = networkModule(), Initial = initialModule(Random);
const Data = dataModule(Random), State = stateModule();
const { Run } = learnModule(Random, Networks, Initial);
const { packed, asked, epochs } = JSON.parse(require("fs").readFileSync(0));
const data = Data.digits({ ...packed, labels: [...packed.labels].map(Number) });
const { state } = State.settled(asked);
const run = new Run(State.settings(state), data), errors = [];
for (let epoch = 0; epoch < epochs; epoch++) {
  for (let n = 0; n < run.perEpoch; n++) run.step();
  errors.push(run.wrong("test").error);
}
console.log(JSON.stringify(errors));
"""


def kernel_errors(kind: Kernels, frozen: bool, seed: int, packed: dict[str, Any]) -> list[float]:
    """Measure test errors after every epoch, with the kernels trained or frozen."""
    asked = asdict(kind) | {"seed": seed, "vs": "none"}
    epochs = asked.pop("epochs")
    asked["frozen"] = [l + 1 for l in range(len(kind.conv))] if frozen else []
    values = {"packed": packed, "asked": asked, "epochs": epochs}
    return list(in_node(IN_NODE, values))


def kernels(data: gevb.Dataset) -> dict[str, Any]:
    """Measure trained against frozen kernels."""
    runs, packed = [], packed_digits()
    for name, kind in KERNELS.items():
        sides = {
            side: [kernel_errors(kind, side == "frozen", seed, packed) for seed in SEEDS]
            for side in ("trained", "frozen")
        }
        last = {side: sum(e[-1] for e in errors) / len(errors) for side, errors in sides.items()}
        print(name, last, flush=True)
        runs.append({"name": name, **asdict(kind), **sides})
    return {"runs": runs}


def fully_connected(data: gevb.Dataset) -> dict[str, Any]:
    """Test errors, angles and shares of equal signs."""
    x, y = data.train.x[:BATCH].double(), data.train.y[:BATCH]
    runs: dict[Setting, list[dict[str, Any]]] = {}
    for setting in dict.fromkeys(s for settings in SETTINGS.values() for s in settings):
        runs[setting] = [errors(setting, seed, data) for seed in SEEDS]
        last = [run["errors"] for run in runs[setting]]
        print(setting, torch.tensor(last).mean(0).tolist(), flush=True)
    signs = []
    for nonnegative in (True, False):
        for seed in SEEDS:
            rule = gevb.GEVB(make(Setting("gevb", nonnegative=nonnegative), seed))
            one, batch = (shares(rule, x, y, size) for size in (1, BATCH))
            signs.append({"nonnegative": nonnegative, "seed": seed, "one": one, "batch": batch})
            print(signs[-1], flush=True)
    return {
        "hidden": HIDDEN,
        "batch": BATCH,
        "epochs": EPOCHS,
        "runs": {
            name: [{**asdict(setting), "seeds": runs[setting]} for setting in settings]
            for name, settings in SETTINGS.items()
        },
        "signs": signs,
    }


#: Measurements, and their files.
PARTS = {
    "fc": (fully_connected, FORMAT, "discoveries.json"),
    "kernels": (kernels, KERNELS_FORMAT, "kernels.json"),
}


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice([*PARTS]))
def main(parts: tuple[str, ...]) -> None:
    """Measure, print and write."""
    torch.set_num_threads(1)
    data = gevb.load("digits")
    for part in parts or PARTS:
        measure, format, name = PARTS[part]
        made = {"provenance": provenance("gevb.training", torch.device("cpu"), SEEDS[0])}
        result = made | measure(data)
        FOLDER.mkdir(parents=True, exist_ok=True)
        write_atomically(FOLDER / name, to_json(format, result))
        print(f"written to {FOLDER / name}")


if __name__ == "__main__":
    main()
