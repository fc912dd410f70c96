"""Part three: loading, and whole epochs on real data."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from benchmarks.measure import timed
from gevb.data import data_folder, load
from gevb.datasets import DATASETS
from gevb.training import Config, Trainer

EPOCHS = (("digits", "fc"), ("digits", "conv"), ("digits", "lc"), ("mnist", "fc"))


def present(dataset: str) -> bool:
    """Check if the data set is available without a download."""
    folder = data_folder(None)
    return all((folder / file).is_file() for file in DATASETS[dataset].files)


def measure_loading(device: torch.device) -> dict[str, float]:
    """Time the way from the files to the device, for the data sets whose files are available."""
    load("digits")  # Imports the modules for loading.
    return {
        name: round(timed(partial(load, name, device=device), device), 4)
        for name in DATASETS
        if present(name)
    }


def measure_epochs(
    device: torch.device, cases: tuple[tuple[str, str], ...]
) -> list[dict[str, Any]]:
    """Time an epoch of GEVB: in total, its steps alone, and an evaluation on both sets."""
    rows = []
    for dataset, arch in cases:
        if not present(dataset):
            continue
        data = load(dataset, device=device)
        trainer = Trainer(Config(dataset=dataset, arch=arch), data, device)
        spent = [0.0]

        def watched(action: Callable[..., Any], spent: list[float] = spent) -> Callable[..., Any]:
            def run(*arguments: Any) -> Any:
                start = time.perf_counter()
                result = action(*arguments)
                if device.type == "cuda":
                    torch.cuda.synchronize(device)
                spent[0] += time.perf_counter() - start
                return result

            return run

        timed(trainer.evaluate, device)
        evaluation = timed(trainer.evaluate, device)
        trainer.rule.backward = watched(trainer.rule.backward)  # type: ignore[method-assign]
        trainer.optimizer.step = watched(trainer.optimizer.step)  # type: ignore[method-assign]
        trainer.optimizer.zero_grad = watched(trainer.optimizer.zero_grad)  # type: ignore[method-assign]
        trainer.network.clamp_ = watched(trainer.network.clamp_)  # type: ignore[method-assign]
        whole = timed(trainer.train_epoch, device)
        rows.append(
            {
                "dataset": dataset,
                "arch": arch,
                "rule": "gevb",
                "seconds": round(whole, 4),
                "steps_seconds": round(spent[0], 4),
                "evaluation_seconds": round(evaluation, 4),
                "examples": len(data.train),
            }
        )
    return rows
