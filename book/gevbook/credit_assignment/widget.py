"""The widget of the chapter on credit assignment. It needs a kernel."""

from __future__ import annotations

import math

import ipywidgets as widgets
import torch

from gevbook.widget import labelled


def perturbation_by_hand() -> widgets.VBox:
    """Average trials of node perturbation; see how far the estimate is from the gradient."""
    units = widgets.IntSlider(value=100, min=2, max=1000)
    trials = widgets.IntSlider(value=1, min=1, max=1000)
    seed = widgets.IntSlider(value=0, min=0, max=20)
    says = widgets.HTML()

    def draw(_: object = None) -> None:
        n, T = units.value, trials.value
        generator = torch.Generator().manual_seed(seed.value)
        g = torch.randn(n, generator=generator, dtype=torch.float64)
        xi = torch.randn(T, n, generator=generator, dtype=torch.float64)
        estimate = ((xi @ g)[:, None] * xi).mean(0)
        cosine = float((estimate @ g) / (estimate.norm() * g.norm()))
        expected = math.degrees(math.acos(1 / math.sqrt(1 + (n + 1) / T)))
        says.value = (
            f"angle between estimate and gradient: <b>{math.degrees(math.acos(cosine)):.0f}°</b> "
            f"(about {expected:.0f}° expected)"
        )

    controls = {"units": units, "trials averaged": trials, "seed": seed}
    for control in controls.values():
        control.observe(draw, "value")
    draw()
    return widgets.VBox([*labelled(controls), says])
