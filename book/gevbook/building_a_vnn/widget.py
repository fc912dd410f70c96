"""The widget of the chapter on vectorized networks. It needs a kernel."""

from __future__ import annotations

import math

import ipywidgets as widgets
import numpy as np
import plotly.graph_objects as go

from gevbook.building_a_vnn.figures import gate_half_space
from gevbook.widget import explorer


def gate_by_hand() -> widgets.VBox:
    """Turn the gating vector and move the pre-activation of a unit with two components."""

    def draw(turn: int, first: float, second: float) -> tuple[str, go.Figure]:
        projection = math.cos(math.radians(turn)) * first + math.sin(math.radians(turn)) * second
        a = (first, second) if projection >= 0 else (0.0, 0.0)
        says = (
            f"t · h = {projection:.2f}: the gate is {'open' if projection >= 0 else 'closed'}, "
            f"a = ({a[0]:.1f}, {a[1]:.1f})"
        )
        return says, gate_half_space(np.array([[first, second]]), [turn], turn)

    places = {"min": -2.5, "max": 2.5, "step": 0.1}
    choices = {
        "angle of t": widgets.IntSlider(value=45, min=0, max=355, step=5),
        "h, component 1": widgets.FloatSlider(value=1.5, **places),
        "h, component 2": widgets.FloatSlider(value=-0.5, **places),
    }
    return explorer(choices, draw)
