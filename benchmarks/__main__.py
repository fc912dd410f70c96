"""Measure, print and write data/benchmarks/NAME.json."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import click
import torch

from benchmarks.epochs import EPOCHS, measure_epochs, measure_loading
from benchmarks.growth import measure_growth
from benchmarks.measure import measure_rates
from benchmarks.steps import HEAD, measure_steps, steps_table
from gevb.data import choose_device
from gevb.lab.memory import keep_freed_memory
from gevb.lab.provenance import provenance
from gevb.lab.records import to_json
from gevb.lab.runs import write_atomically
from gevb.lab.timings import FORMAT, against_textbook, geometric_mean

FOLDER = Path(__file__).parents[1] / "data" / "benchmarks"


@click.command()
@click.option("--name", default="laptop", show_default=True, help="Name of the file to write.")
@click.option("--folder", type=click.Path(path_type=Path), default=FOLDER, help="Its folder.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--quick", is_flag=True, help="Digits only, few repeats, no memory.")
def main(name: str, folder: Path, device: str, quick: bool) -> None:
    """Time training steps, their growth, and whole epochs."""
    chosen = choose_device(device)
    keep_freed_memory()  # As in training processes.
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    datasets = ["digits"] if quick else ["digits", "mnist", "cifar10"]
    batch, started = 128, time.perf_counter()
    facts = {**provenance("gevb.training", chosen, 0), "processor": _processor()}
    rates = measure_rates(chosen)
    click.echo(
        f"{facts['device_name']}: {rates.multiply_adds_per_second / 1e9:.1f} billion "
        f"multiply-adds/s, {rates.bytes_per_second / 1e9:.1f} GB/s\n"
    )
    click.echo(HEAD)
    steps = []
    for rows in measure_steps(
        datasets,
        batch,
        budget=0.1 if quick else 12.0,
        device=chosen,
        rates=rates,
        memory=not quick,
    ):
        click.echo(steps_table(rows, batch))
        steps += rows
    vectorized = [row for row in steps if row["way"] == "ours" and row["vectorized"]]
    ratios = [r for row in vectorized if (r := against_textbook(steps, row))]
    click.echo(
        f"Against the textbook way: {geometric_mean(ratios):.1f} x, "
        f"geometric mean of {len(ratios)} vectorized networks and rules.\n"
    )
    growth = measure_growth(chosen, budget=0.1 if quick else 10.0, points=2 if quick else 4)
    for row in growth:
        click.echo(
            f"time ~ {row['quantity']}^{row['exponent']:.2f} "
            f"(multiply-adds: {row['multiply_adds_exponent']:.2f})"
        )
    loading = measure_loading(chosen)
    for dataset, seconds in loading.items():
        click.echo(f"loading {dataset}: {seconds:.2f} s")
    epochs = measure_epochs(chosen, EPOCHS[:1] if quick else EPOCHS)
    for row in epochs:
        click.echo(
            f"an epoch of {row['dataset']} {row['arch']}: {row['seconds']:.2f} s, "
            f"{1 - row['steps_seconds'] / row['seconds']:.1%} outside the steps; "
            f"an evaluation {row['evaluation_seconds']:.2f} s"
        )
    result = {
        "provenance": {**facts, "seconds": round(time.perf_counter() - started, 1)},
        "rates": {key: float(f"{value:.4g}") for key, value in asdict(rates).items()},
        "batch": batch,
        "steps": steps,
        "growth": growth,
        "loading": loading,
        "epochs": epochs,
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    write_atomically(file, to_json(FORMAT, result))
    click.echo(f"\nwritten to {file}")


def _processor() -> str:
    """Read the processor's name, which Linux provides."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.is_file() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else "unknown"


if __name__ == "__main__":
    main()
