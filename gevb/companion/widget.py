"""What widgets share, and one that trains networks on the digits and compares them."""

from __future__ import annotations

from collections.abc import Mapping

import ipywidgets as widgets
from IPython.display import display

from gevb.companion.figures import learning_curves
from gevb.companion.plots import NAMES
from gevb.errors import InputError
from gevb.lab.records import Record
from gevb.lab.runs import train
from gevb.training import Config


def labelled(choices: Mapping[str, widgets.Widget]) -> list[widgets.HBox]:
    """One row for each choice, with its name in front."""
    return [
        widgets.HBox([widgets.Label(name, layout={"width": "8em"}), choice])
        for name, choice in choices.items()
    ]


NETWORKS = {
    "vectorized, nonnegative (VNN)": (True, True),
    "vectorized, mixed-sign": (True, False),
    "conventional, nonnegative": (False, True),
    "conventional, mixed-sign": (False, False),
}


def training_explorer() -> widgets.VBox:
    """Choose rule, network, architecture, epochs and seed; train on the digits; compare curves."""
    rule = widgets.Dropdown(options={name: key for key, name in NAMES.items()}, value="gevb")
    network = widgets.Dropdown(options=list(NETWORKS))
    arch = widgets.Dropdown(options=["fc", "conv", "lc"])
    epochs = widgets.IntSlider(value=20, min=1, max=60)
    seed = widgets.IntSlider(value=0, min=0, max=9)
    start = widgets.Button(description="Train", button_style="primary")
    clear = widgets.Button(description="Clear")
    says, shown = widgets.Label(), widgets.Output()
    runs: dict[str, Record] = {}

    def draw() -> None:
        shown.clear_output(wait=True)
        with shown:
            if runs:
                display(learning_curves(runs, ceiling=40.0))

    def on_start(_: widgets.Button) -> None:
        vectorized, nonnegative = NETWORKS[network.value]
        says.value = "training ..."
        start.disabled = True
        try:
            config = Config(
                arch=arch.value,
                rule=rule.value,
                vectorized=vectorized,
                nonnegative=nonnegative,
                epochs=epochs.value,
                seed=seed.value,
                evaluate_every=max(1, epochs.value // 10),
            )
            record = train(config, progress=False).record
        except InputError as error:
            says.value = str(error)
        else:
            name = f"{NAMES[rule.value]}, {network.value}, {arch.value}, seed {seed.value}"
            runs[name] = record
            says.value = str(record.history[-1])
            draw()
        finally:
            start.disabled = False

    def on_clear(_: widgets.Button) -> None:
        runs.clear()
        draw()

    start.on_click(on_start)
    clear.on_click(on_clear)
    choices = {
        "rule": rule,
        "network": network,
        "architecture": arch,
        "epochs": epochs,
        "seed": seed,
    }
    return widgets.VBox([*labelled(choices), widgets.HBox([start, clear, says]), shown])
