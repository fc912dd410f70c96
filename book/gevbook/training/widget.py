"""What a run will take, before it is begun. It needs a kernel."""

from __future__ import annotations

import html

import ipywidgets as widgets

from gevb.datasets import DATASETS
from gevb.errors import InputError
from gevb.networks import ARCHITECTURES
from gevb.theory.costs import memory, run_cost
from gevb.training import Config
from gevbook.plots import NAMES
from gevbook.widget import NETWORKS, labelled


def run_planner(rate: float) -> widgets.VBox:
    """Choose a run; see its command, its multiply-adds, its memory and an estimate of its time.

    Args:
        rate: multiply-adds a second to begin with.
    """
    dataset = widgets.Dropdown(options=list(DATASETS), value="mnist")
    arch = widgets.Dropdown(options=list(ARCHITECTURES["mnist"]))
    network = widgets.Dropdown(options=list(NETWORKS))
    rule = widgets.Dropdown(options={name: key for key, name in NAMES.items()}, value="gevb")
    epochs = widgets.IntSlider(value=190, min=1, max=190)
    billions = widgets.FloatLogSlider(value=rate / 1e9, min=0, max=4, readout_format=".0f")
    says = widgets.HTML()

    def draw(_: object = None) -> None:
        vectorized, nonnegative = NETWORKS[network.value]
        try:
            config = Config(
                dataset=dataset.value,
                arch=arch.value,
                rule=rule.value,
                vectorized=vectorized,
                nonnegative=nonnegative,
                epochs=epochs.value,
            )
        except InputError as error:
            says.value = html.escape(str(error))
            return
        flags = " --conventional" * (not vectorized) + " --mixed-sign" * (not nonnegative)
        cost = run_cost(config)
        says.value = (
            f"<code>python -m gevb train --dataset {config.dataset} --arch {config.arch} "
            f"--rule {config.rule}{flags} --epochs {config.epochs} --out runs/{config.name}</code>"
            f"<br>{cost / 1e12:,.0f} million million multiply-adds; at least "
            f"{memory(config).total / 1e9:.2f} GB of memory; "
            f"an estimate: <b>{cost / (billions.value * 1e9) / 3600:,.1f} hours</b>"
        )

    choices = {
        "data": dataset,
        "architecture": arch,
        "network": network,
        "rule": rule,
        "epochs": epochs,
        "billions a second": billions,
    }
    for choice in choices.values():
        choice.observe(draw, "value")
    draw()
    return widgets.VBox([*labelled(choices), says])
