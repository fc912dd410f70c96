"""ipywidgets of the chapter on ON/OFF initialization."""

from __future__ import annotations

import ipywidgets as widgets
import plotly.graph_objects as go
import torch

from gevb.initializers import on_off
from gevb.networks import FC, Network
from gevb.theory.on_off import mean_cosine, plain_nonnegative
from gevbook.on_off.figures import units_in_the_plane
from gevbook.widget import explorer


@torch.no_grad()
def pre_activations(network: Network, x: torch.Tensor) -> list[torch.Tensor]:
    """Compute pre-activations h of every hidden layer, ``(B, K, *units)`` each."""
    inputs = network.trace(x).inputs
    return [layer.weights(a) for layer, a in zip(network.layers[:-1], inputs, strict=False)]


def plane_explorer() -> widgets.VBox:
    """Choose width, depth and seed; show the units of both initializations in the plane."""

    def draw(width: int, depth: int, seed: int) -> tuple[str, go.Figure]:
        image = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
        layers, lines = {}, []
        for name, initializer in (("ON/OFF", on_off), ("plain", plain_nonnegative)):
            spec = [FC(width)] * depth
            network = Network((1, 8, 8), 2, spec, initializer=initializer, seed=seed)
            h = pre_activations(network, image)
            layers[name] = [layer[0] for layer in h]
            cosines = ", ".join(f"{float(mean_cosine(layer)):.2f}" for layer in h)
            lines.append(f"{name}: mean cosine {cosines}")
        return "<br>".join(lines), units_in_the_plane(layers)

    choices = {
        "width": widgets.SelectionSlider(options=[4, 8, 16, 32, 64, 128, 256], value=32),
        "hidden layers": widgets.IntSlider(value=4, min=2, max=8),
        "seed": widgets.IntSlider(value=0, min=0, max=99),
    }
    return explorer(choices, draw)
