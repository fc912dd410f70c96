"""A model of the time that training takes on an H200: launches, arithmetic, bytes.

`python -m benchmarks.gpu` counts the launches and bytes of every network's step on a fake GPU and
prints what they would take. The processor runs ahead of the GPU, so the longer of the two counts:

    max(launches x LAUNCH, multiply-adds / MULTIPLY_ADDS + bytes / BYTES)

Its assumptions, none of them measured here: PyTorch asks for an operation every 8 microseconds,
and a CUDA graph starts one every 1.5; products reach 70 % of the 33.5 million million multiply-adds
a second that NVIDIA states for float32 without tensor cores (TF32 stays off), and memory 80 % of
the 4.8 TB/s; an operation moves all that it reads and writes. Libraries' own extra kernels,
loading, checkpoints and angles take no time.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import product
from typing import Any

import torch

from benchmarks.fake_gpu import CUDA, Launches, fake_gpu, fake_trainer
from benchmarks.steps import campaign_hours
from benchmarks.work import step_work
from gevb.theory.vnn import multiply_adds
from gevb.training import Config

LAUNCH = {"eager": 8e-6, "replayed": 1.5e-6}  # seconds
MULTIPLY_ADDS = 0.7 * 33.5e12  # a second
BYTES = 0.8 * 4.8e12  # a second


def modelled_seconds(launches: int, multiply_adds: int, moved: int, way: str) -> float:
    """What the module's text says."""
    return max(launches * LAUNCH[way], multiply_adds / MULTIPLY_ADDS + moved / BYTES)


def count_launches(datasets: list[str], batch: int) -> Iterator[dict[str, Any]]:
    """For every network, a row for a step of each of two rules, and one for a forward pass."""
    for dataset, arch, vectorized in product(datasets, ("fc", "conv", "lc"), (True, False)):
        for rule in ("gevb" if vectorized else "dfa", "bp", None):
            network: dict[str, Any] = {"dataset": dataset, "arch": arch, "vectorized": vectorized}
            with warnings.catch_warnings(), fake_gpu():
                trainer = fake_trainer(Config(**network, rule=rule or "bp", batch_size=batch))
                images = trainer.data.train.x[:batch]
                index = torch.zeros(batch, dtype=torch.long, device=CUDA)
                trainer.step(index)  # Adam makes its averages.
                with Launches() as counted, torch.no_grad():
                    trainer.network(images) if rule is None else trainer.step(index)
            if rule is None:
                costs = multiply_adds(trainer.network, "bp")
                work = batch * sum(cost.forward for cost in costs)
            else:
                work = step_work(trainer.network, rule, batch).multiply_adds
            yield {
                **network,
                "rule": rule,
                "way": "evaluation" if rule is None else "ours",
                "launches": counted.launches,
                "multiply_adds": work,
                "moved_bytes": counted.bytes,
            }


def modelled_hours(rows: list[dict[str, Any]], batch: int, way: str) -> float | None:
    """Hours of one H200 for the paper's 48 experiments with five seeds, or None for others.

    Evaluations are never replayed.
    """

    def seconds(row: dict[str, Any]) -> float:
        how = "eager" if row["way"] == "evaluation" else way
        work = row["launches"], row["multiply_adds"], row["moved_bytes"]
        return modelled_seconds(*work, how)

    return campaign_hours([{**row, "seconds": seconds(row)} for row in rows], batch)


def main() -> None:
    """Print a table, and the hours."""
    rows, batch = [], 128
    print(f"{'network':27}{'rule':6}{'launches':>9}{'MB':>8}{'ms':>8}{'replayed':>10}")
    for row in count_launches(["mnist", "cifar10"], batch):
        rows.append(row)
        work = row["launches"], row["multiply_adds"], row["moved_bytes"]
        eager, replayed = (modelled_seconds(*work, way) * 1e3 for way in LAUNCH)
        name = f"{row['dataset']} {row['arch']}" + " conventional" * (not row["vectorized"])
        print(
            f"{name:27}{row['rule'] or '':6}{row['launches']:9}{row['moved_bytes'] / 1e6:8,.0f}"
            f"{eager:8.2f}{replayed:10.2f}"
        )
    for way in LAUNCH:
        hours = modelled_hours(rows, batch, way)
        print(f"48 experiments x 5 seeds x 190 epochs, modelled, {way}: {hours:.1f} H200 hours")


if __name__ == "__main__":
    main()
