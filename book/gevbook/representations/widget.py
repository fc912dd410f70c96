"""Widget of the chapter on representations. It needs a kernel."""

from __future__ import annotations

from copy import deepcopy

import ipywidgets as widgets
from IPython.display import display

from gevb.data import load
from gevb.datasets import DATASETS
from gevb.lab.maps import Map, Settings, embed
from gevb.training import Config
from gevbook.plots import NAMES
from gevbook.representations.figures import pair_of_maps
from gevbook.widget import (
    NETWORKS,
    Job,
    Report,
    Work,
    labelled,
    new_trainer,
    train_with_reports,
)

POINTS, ITERATIONS = 500, 500  # of each map, in half a second


def map_explorer() -> widgets.VBox:
    """Choose rule, network, epochs, layer and perplexity; show the digits before and after."""
    rule = widgets.Dropdown(options={name: key for key, name in NAMES.items()}, value="gevb")
    network = widgets.Dropdown(options=list(NETWORKS))
    epochs = widgets.IntSlider(value=3, min=1, max=60)
    layer = widgets.IntSlider(value=2, min=1, max=3)
    perplexity = widgets.IntSlider(value=20, min=2, max=100)

    def plan() -> Job:
        vectorized, nonnegative = NETWORKS[network.value]
        config = Config(
            arch="conv",
            rule=rule.value,
            vectorized=vectorized,
            nonnegative=nonnegative,
            epochs=epochs.value,
            evaluate_every=1,
            learning_rate=3e-3,  # ten times the paper's, so that a few epochs have an effect
        )
        settings = Settings(layer.value, POINTS, perplexity=perplexity.value, iterations=ITERATIONS)

        def job(report: Report) -> tuple[Map, Map]:
            images = load("digits").train

            def mapped(when: str, begin: float) -> Map:
                def of_three(share: float, divergence: float) -> None:
                    report(begin + share / 3, f"map {when}, KL divergence {divergence:.2f}")

                return embed(deepcopy(trainer.network).cpu(), images, settings, False, of_three)

            trainer = new_trainer(config)
            before = mapped("before training", 0.0)
            train_with_reports(trainer, lambda share, words: report((1 + share) / 3, words))
            return before, mapped("after training", 2 / 3)

        return job

    def show(maps: tuple[Map, Map]) -> str:
        before, after = maps
        says = f"cluster quality {before.quality:.2f} before, {after.quality:.2f} after"
        pairs = {"digits": ((before.xy, before.labels), (after.xy, after.labels))}
        titles = ("before training", "after training")
        classes, caption = DATASETS["digits"].class_names, f"Each point is an image; {says}."
        display(pair_of_maps(pairs, titles, classes, alt=says, caption=caption))
        return says

    choices = {
        "rule": rule,
        "network": network,
        "epochs": epochs,
        "layer": layer,
        "perplexity": perplexity,
    }
    return widgets.VBox([*labelled(choices), Work("Make the maps", plan, show).box])
