"""Costs of a run, before it starts. It needs a kernel."""

from __future__ import annotations

import ipywidgets as widgets

from gevb.datasets import DATASETS
from gevb.networks import ARCHITECTURES
from gevb.theory.costs import memory, run_cost
from gevb.training import Config
from gevbook.plots import NAMES
from gevbook.widget import NETWORKS, explorer


def run_planner(rate: float) -> widgets.VBox:
    """Choose a run; show its command, its multiply-adds, its memory and an estimate of its time.

    Args:
        rate: initial multiply-adds per second.
    """

    def draw(
        dataset: str, arch: str, network: str, rule: str, epochs: int, billions: float
    ) -> tuple[str, None]:
        vectorized, nonnegative = NETWORKS[network]
        config = Config(
            dataset=dataset,
            arch=arch,
            rule=rule,
            vectorized=vectorized,
            nonnegative=nonnegative,
            epochs=epochs,
        )
        flags = " --conventional" * (not vectorized) + " --mixed-sign" * (not nonnegative)
        cost = run_cost(config)
        says = (
            f"<code>python -m gevb train --dataset {config.dataset} --arch {config.arch} "
            f"--rule {config.rule}{flags} --epochs {config.epochs} --out runs/{config.name}</code>"
            f"<br>{cost / 1e12:,.0f} million million multiply-adds; at least "
            f"{memory(config).total / 1e9:.2f} GB of memory; "
            f"an estimate: <b>{cost / (billions * 1e9) / 3600:,.1f} hours</b>"
        )
        return says, None

    choices = {
        "data": widgets.Dropdown(options=list(DATASETS), value="mnist"),
        "architecture": widgets.Dropdown(options=list(ARCHITECTURES["mnist"])),
        "network": widgets.Dropdown(options=list(NETWORKS)),
        "rule": widgets.Dropdown(options={name: key for key, name in NAMES.items()}, value="gevb"),
        "epochs": widgets.IntSlider(value=190, min=1, max=190),
        "billions a second": widgets.FloatLogSlider(
            value=rate / 1e9, min=0, max=4, readout_format=".0f"
        ),
    }
    return explorer(choices, draw)
