"""Effects of our choices: each compared with an alternative, trained alike from several seeds.

`python -m gevbook.deviations.variants` writes data/deviations/NAME.json.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import click
import torch
from torch import Tensor

import gevb
from gevb.data import Dataset
from gevb.datasets import DATASETS
from gevb.lab.comparison import Difference
from gevb.lab.provenance import provenance
from gevb.lab.records import read_values, results_folder, to_json
from gevb.lab.runs import write_atomically
from gevb.lab.tables import Table
from gevb.layers import Flatten, WeightLayer
from gevb.networks import FC, LC, Network, Pool
from gevb.rules import Rule, make_rule
from gevb.training import PAPER_EPOCHS, Config, Trainer

FORMAT = "gevb deviation"
MODULE = "gevbook.deviations.variants"  # also if it is run as __main__
Maker = Callable[[str, int], Rule]  # from a rule's name and a seed


class ChannelsFirst(Flatten):
    """Units in the order (channel, height, width)."""

    def forward(self, a: Tensor) -> Tensor:
        """Convert positions to units."""
        return a.flatten(2)

    def transpose(self, signal: Tensor) -> Tensor:
        """Convert units back to positions."""
        return signal.unflatten(1, self.in_units)


class ScaledDFA(gevb.DFA):
    """DFA with the factor of pooling, 1 / 2^2, on the two convolutional layers."""

    def feedback(self, l: int, delta: Tensor, output: Tensor) -> Tensor:
        """Scale the feedback of the convolutional layers."""
        return super().feedback(l, delta, output) / (4 if l < 2 else 1)


def plain(dataset: str, arch: Any, **options: Any) -> Maker:
    """Make networks as elsewhere in the book; conventional, unless the options change it."""

    def make(rule: str, seed: int) -> Rule:
        """Make a rule without changes."""
        network = gevb.build(dataset, arch, seed=seed, **{"vectorized": False, **options})
        return make_rule(rule, network, seed=seed)

    return make


def channels_first(rule: str, seed: int) -> Rule:
    """Make a network that flattens in the authors' order."""
    network: Network = gevb.build("digits", "conv", vectorized=False, seed=seed)
    for layer in network.layers:
        for n, module in enumerate(layer.arrange):
            if isinstance(module, Flatten):
                layer.arrange[n] = ChannelsFirst(module.in_units)
    return make_rule(rule, network, seed=seed)


def paired(layer: WeightLayer, generator: torch.Generator) -> WeightLayer:
    """Initialize ON/OFF weights in pairs of rows, in the output layer as well."""
    layer.output = False  # as if it were hidden
    return gevb.on_off(layer, generator)


def double(rule: str, seed: int) -> Rule:
    """Make the fully connected VNN in float64."""
    return make_rule(rule, gevb.build("digits", "fc", seed=seed).double(), seed=seed)


def scaled(rule: str, seed: int) -> Rule:
    """Make a DFA rule with the factor of pooling."""
    assert rule == "dfa"
    return ScaledDFA(gevb.build("digits", "conv", vectorized=False, seed=seed), seed=seed)


def locally_connected(units: int) -> Maker:
    """Make locally connected networks with so many units before the output."""
    return plain("digits", (LC(16, 3, 1, 1), Pool(2), LC(16, 3, 1, 1), Pool(2), FC(units)))


@dataclass(frozen=True)
class Comparison:
    """Two choices, and the training with each.

    Attributes:
        dataset: data set.
        rules: learning rules.
        sides: ours and the alternative, by name.
        epochs: of training; it ends early at an evaluation without training error.
        seeds: number of seeds, from 0.
    """

    dataset: str
    rules: tuple[str, ...]
    sides: dict[str, Maker]
    epochs: int = PAPER_EPOCHS
    seeds: int = 5


CONV, VNN = plain("digits", "conv"), plain("digits", "fc", vectorized=True)
COMPARISONS = {
    "flattening": Comparison(
        "digits",
        ("bp", "dfa"),
        {"channels last (ours)": CONV, "channels first": channels_first},
    ),
    "output": Comparison(
        "mnist",
        ("bp", "dfa"),
        {
            "ON rows (ours)": plain("mnist", "fc"),
            "ON/OFF pairs": plain("mnist", "fc", initializer=paired),
        },
        epochs=10,
        seeds=3,
    ),
    "units": Comparison(
        "digits",
        ("bp", "dfa"),
        {"64 units (as ours)": locally_connected(64), "32 units": locally_connected(32)},
    ),
    "precision": Comparison("digits", ("gevb",), {"32 bits (ours)": VNN, "64 bits": double}),
    "pooling": Comparison("digits", ("dfa",), {"without (ours)": CONV, "with the factor": scaled}),
}


def final_error(rule: Rule, data: Dataset, seed: int, epochs: int) -> float:
    """Train by the paper's protocol; return the test error in percent at the last evaluation."""
    trainer = Trainer(Config(epochs=epochs, seed=seed), data, torch.device("cpu"), rule)
    *_, last = trainer.run()
    return last.test_error


def measure(name: str, data_dir: Path | None = None) -> dict[str, Any]:
    """Train both sides of a comparison; return the content of its file."""
    comparison = COMPARISONS[name]
    started, facts = time.perf_counter(), provenance(MODULE, torch.device("cpu"), 0)
    data = gevb.load(comparison.dataset, data_dir)
    errors: dict[str, dict[str, list[float]]] = {}
    for rule in comparison.rules:
        for side, make in comparison.sides.items():
            found = [
                final_error(make(rule, seed), data, seed, comparison.epochs)
                for seed in range(comparison.seeds)
            ]
            errors.setdefault(rule, {})[side] = found
            click.echo(f"{name}, {rule}, {side}: {', '.join(f'{e:.2f}' for e in found)}")
    session = {**facts, "seconds": round(time.perf_counter() - started, 3)}
    values = {"dataset": comparison.dataset, "epochs": comparison.epochs, "errors": errors}
    return {**values, "session": session}


def folder() -> Path:
    """Return `data/deviations` in a checkout, `deviations` inside an installed package."""
    return results_folder().with_name("deviations")


def read_comparison(name: str) -> dict[str, Any]:
    """Read the measurements of a comparison.

    Raises:
        InputError: its file is missing or damaged.
    """
    return read_values(folder() / f"{name}.json", FORMAT)


def differences(name: str) -> dict[str, Difference]:
    """Compute the alternative's error minus ours by rule, in points, paired by seed."""
    values = read_comparison(name)
    images = DATASETS[values["dataset"]].test
    found = {}
    for rule, sides in values["errors"].items():
        ours, other = (dict(enumerate(errors)) for errors in sides.values())
        difference = Difference.paired(other, ours, images)
        assert difference is not None
        found[rule] = difference
    return found


def effect_table(name: str) -> Table:
    """Tabulate both sides' errors in percent, and their difference with its 95 % interval."""
    rows = []
    for rule, sides in read_comparison(name)["errors"].items():
        difference = differences(name)[rule]
        low, high = difference.interval
        apart = ("-", f"{difference.estimate:+.2f} ({low:+.2f} to {high:+.2f})".replace("-", "−"))
        for (side, errors), by in zip(sides.items(), apart, strict=True):
            seeds = ", ".join(f"{error:.1f}" for error in errors)
            rows.append((f"{rule.upper()}, {side}", seeds, f"{mean(errors):.2f}", by))
    head = ("rule, choice", "test errors by seed, %", "mean, %", "other minus ours, points (95 %)")
    return Table(head, rows)


def origin(name: str) -> str:
    """Describe what was trained, for how long, from how many seeds, and when."""
    values = read_comparison(name)
    (count,) = {len(errors) for sides in values["errors"].values() for errors in sides.values()}
    title, day = DATASETS[values["dataset"]].title, values["session"]["started"][:10]
    return f"{title}, {count} seeds, {values['epochs']} epochs, recorded {day}"


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(COMPARISONS)))
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where MNIST lies.")
def main(names: tuple[str, ...], data_dir: Path | None) -> None:
    """Measure and record the named comparisons, or all."""
    for name in names or COMPARISONS:
        write_atomically(folder() / f"{name}.json", to_json(FORMAT, measure(name, data_dir)))


if __name__ == "__main__":
    main()
