"""ipywidgets of the chapter on alignment."""

from __future__ import annotations

import math

import ipywidgets as widgets
import torch
from IPython.display import display
from torch import Tensor

from gevb.theory.alignment import (
    angle,
    feedback_downwards,
    on_off_recursion,
    relative_std,
    width_recursion,
)
from gevbook.alignment.figures import feedback_histogram
from gevbook.widget import Job, Report, Work, labelled


def width_explorer() -> widgets.VBox:
    r"""Choose width, depth and kind of weights; show how :math:`\hat\delta` spreads over units."""
    width = widgets.SelectionSlider(options=[2**k for k in range(3, 13)], value=256)
    depth = widgets.IntSlider(value=3, min=1, max=6)
    paired = widgets.Dropdown(options={"independent weights": False, "ON/OFF pairs": True})
    seed = widgets.IntSlider(value=0, min=0, max=99)

    def plan() -> Job:
        widths = [width.value] * depth.value
        generator = torch.Generator().manual_seed(seed.value)
        layers = feedback_downwards(widths, generator, paired=paired.value)

        def job(report: Report) -> dict[str, Tensor]:
            found: dict[str, Tensor] = {}
            for done, dhat in enumerate(layers, start=1):
                name = str(len(widths) + 1 - done)
                found[name] = dhat
                report(done / len(widths), f"layer {name}: {float(angle(relative_std(dhat))):.1f}°")
            return dict(reversed(found.items()))

        return job

    def show(dhat: dict[str, Tensor]) -> str:
        widths = [len(layer) for layer in dhat.values()]
        wanted = on_off_recursion(widths) if paired.value else width_recursion(widths)
        rows = [
            f"layer {name}: {float(angle(relative_std(d))):.1f}° (predicted {float(angle(r)):.1f}°)"
            for (name, d), r in zip(dhat.items(), wanted, strict=True)
            if not math.isnan(float(relative_std(d)))
        ]
        display(feedback_histogram({name: d for name, d in dhat.items() if d.any()}))
        return "<br>".join(rows)

    choices = {"width": width, "hidden layers": depth, "weights": paired, "seed": seed}
    work = Work("Draw", plan, show)
    for choice in choices.values():
        choice.observe(work.begin, "value")
    return widgets.VBox([*labelled(choices), work.box])
