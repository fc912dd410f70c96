"""The widget of the chapter on what the layers learned. It needs a kernel."""

from __future__ import annotations

import ipywidgets as widgets
from IPython.display import display

from gevb.companion.plots import NAMES
from gevb.companion.representations.figures import pair_of_maps
from gevb.companion.widget import NETWORKS, labelled
from gevb.data import load
from gevb.datasets import DATASETS
from gevb.errors import InputError
from gevb.lab.maps import Map, Settings, embed
from gevb.lab.runs import train
from gevb.networks import build
from gevb.training import Config


def map_explorer() -> widgets.VBox:
    """Choose rule, network, epochs, layer and perplexity; see the digits before and after."""
    rule = widgets.Dropdown(options={name: key for key, name in NAMES.items()}, value="gevb")
    network = widgets.Dropdown(options=list(NETWORKS))
    epochs = widgets.IntSlider(value=10, min=1, max=60)
    layer = widgets.IntSlider(value=2, min=1, max=3)
    perplexity = widgets.IntSlider(value=20, min=2, max=100)
    start = widgets.Button(description="Make the maps", button_style="primary")
    says, shown = widgets.Label(), widgets.Output()

    def make() -> tuple[Map, Map]:
        vectorized, nonnegative = NETWORKS[network.value]
        config = Config(
            arch="conv",
            rule=rule.value,
            vectorized=vectorized,
            nonnegative=nonnegative,
            epochs=epochs.value,
            evaluate_every=epochs.value,
            learning_rate=3e-3,  # ten times the paper's, so that a few epochs show something
        )
        before = build("digits", "conv", vectorized=vectorized, nonnegative=nonnegative)
        after = train(config, progress=False).network.cpu()
        settings = Settings(layer.value, points=700, perplexity=perplexity.value, iterations=750)
        images = load("digits").train
        return embed(before, images, settings, False), embed(after, images, settings, False)

    def on_start(_: widgets.Button) -> None:
        says.value = "training, then two maps ..."
        start.disabled = True
        try:
            before, after = make()
        except InputError as error:
            says.value = str(error)
        else:
            says.value = f"cluster quality {before.quality:.2f} before, {after.quality:.2f} after"
            pairs = {"digits": ((before.xy, before.labels), (after.xy, after.labels))}
            titles = ("before training", "after training")
            classes, said = DATASETS["digits"].class_names, f"Each point is an image; {says.value}."
            shown.clear_output(wait=True)
            with shown:
                display(pair_of_maps(pairs, titles, classes, alt=said, caption=said))
        finally:
            start.disabled = False

    start.on_click(on_start)
    choices = {
        "rule": rule,
        "network": network,
        "epochs": epochs,
        "layer": layer,
        "perplexity": perplexity,
    }
    return widgets.VBox([*labelled(choices), widgets.HBox([start, says]), shown])
