"""The widget of the chapter on credit assignment. It needs a kernel."""

from __future__ import annotations

import math

import ipywidgets as widgets
import torch

from gevbook.widget import explorer


def perturbation_by_hand() -> widgets.VBox:
    """Average trials of node perturbation; show the estimate's distance from the gradient."""

    def draw(n: int, T: int, seed: int) -> tuple[str, None]:
        generator = torch.Generator().manual_seed(seed)
        g = torch.randn(n, generator=generator, dtype=torch.float64)
        xi = torch.randn(T, n, generator=generator, dtype=torch.float64)
        estimate = ((xi @ g)[:, None] * xi).mean(0)
        cosine = float((estimate @ g) / (estimate.norm() * g.norm()))
        expected = math.degrees(math.acos(1 / math.sqrt(1 + (n + 1) / T)))
        says = (
            f"angle between estimate and gradient: <b>{math.degrees(math.acos(cosine)):.0f}°</b> "
            f"(about {expected:.0f}° expected)"
        )
        return says, None

    choices = {
        "units": widgets.IntSlider(value=100, min=2, max=1000),
        "trials averaged": widgets.IntSlider(value=1, min=1, max=1000),
        "seed": widgets.IntSlider(value=0, min=0, max=20),
    }
    return explorer(choices, draw)
