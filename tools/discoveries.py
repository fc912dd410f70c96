"""Measure the playground's five discoveries with the package, and record them.

python tools/discoveries.py

Trains fully connected networks with 64 and 32 hidden units on the digits (batches of 128), from ten
seeds, and writes test errors, and shares of updates with the gradient's sign, to
data/playground/discoveries.json. Takes some minutes.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

import gevb
from gevb.lab.provenance import provenance
from gevb.lab.records import to_json
from gevb.lab.runs import write_atomically
from gevb.networks import FC, Network, build
from gevb.seeds import stream
from gevb.theory.sign_match import equal_signs

FILE = Path(__file__).resolve().parents[1] / "data" / "playground" / "discoveries.json"
FORMAT = "gevb discoveries"
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


def main() -> int:
    """Measure, print and write."""
    torch.set_num_threads(1)
    data = gevb.load("digits")
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
    result = {
        "provenance": provenance("gevb.training", torch.device("cpu"), SEEDS[0]),
        "hidden": HIDDEN,
        "batch": BATCH,
        "epochs": EPOCHS,
        "runs": {
            name: [{**asdict(setting), "seeds": runs[setting]} for setting in settings]
            for name, settings in SETTINGS.items()
        },
        "signs": signs,
    }
    FILE.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(FILE, to_json(FORMAT, result))
    print(f"written to {FILE.relative_to(Path.cwd())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
