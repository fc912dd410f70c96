"""ipywidgets of the chapter on alignment."""

from __future__ import annotations

import math

import ipywidgets as widgets
import torch
from IPython.display import display

from gevb.companion.alignment.figures import feedback_histogram
from gevb.companion.widget import labelled
from gevb.theory.alignment import (
    angle,
    draw_feedback,
    on_off_recursion,
    relative_std,
    width_recursion,
)


def width_explorer() -> widgets.VBox:
    r"""Choose width, depth and kind of weights; see :math:`\hat\delta` spread over the units."""
    width = widgets.SelectionSlider(options=[2**k for k in range(3, 13)], value=256)
    depth = widgets.IntSlider(value=3, min=1, max=6)
    paired = widgets.Dropdown(options={"independent weights": False, "ON/OFF pairs": True})
    seed = widgets.IntSlider(value=0, min=0, max=99)
    start = widgets.Button(description="Draw", button_style="primary")
    says, shown = widgets.HTML(), widgets.Output()

    def draw(_: object = None) -> None:
        widths = [width.value] * depth.value
        generator = torch.Generator().manual_seed(seed.value)
        dhat = draw_feedback(widths, generator, paired=paired.value)
        names = [str(l + 1) for l in range(len(widths))]
        wanted = on_off_recursion(widths) if paired.value else width_recursion(widths)
        rows = [
            f"layer {name}: {float(angle(relative_std(d))):.1f}° (predicted {float(angle(r)):.1f}°)"
            for name, d, r in zip(names, dhat, wanted, strict=True)
            if not math.isnan(float(relative_std(d)))
        ]
        says.value = "<br>".join(rows)
        shown.clear_output(wait=True)
        with shown:
            display(feedback_histogram({n: d for n, d in zip(names, dhat, strict=True) if d.any()}))

    choices = {"width": width, "hidden layers": depth, "weights": paired, "seed": seed}
    for choice in choices.values():
        choice.observe(draw, "value")
    start.on_click(draw)
    return widgets.VBox([*labelled(choices), start, says, shown])
