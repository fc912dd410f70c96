"""ipywidgets of the chapter on the sign match. They need a kernel."""

from __future__ import annotations

import ipywidgets as widgets
import plotly.graph_objects as go

from gevb.theory.sign_match import agreement, broken_case, sign_matrix
from gevbook.sign_match.figures import sign_matrices
from gevbook.widget import explorer

NONLINEARITIES = {"gate (Eq. 7)": "gate", "ReLU per component": "relu"}


def break_the_signs() -> widgets.VBox:
    """Choose nonlinearity, share of negative weights, K and a seed; show the right signs."""

    def draw(nonlinearity: str, percent: int, K: int, seed: int) -> tuple[str, go.Figure]:
        case = broken_case(nonlinearity, percent, seed=seed, K=K)
        layers = [f"layer {l}: {v:.0f} %" for l, v in enumerate(agreement([case]), start=1)]
        (title,) = (name for name, value in NONLINEARITIES.items() if value == nonlinearity)
        figure = sign_matrices({title: {percent: sign_matrix(case, 2)}})
        return "right signs, " + ", ".join(layers), figure

    choices = {
        "nonlinearity": widgets.Dropdown(options=NONLINEARITIES),
        "negative weights (%)": widgets.IntSlider(max=100, step=5, continuous_update=False),
        "components K": widgets.IntSlider(value=3, min=2, max=6, continuous_update=False),
        "seed": widgets.IntSlider(max=20, continuous_update=False),
    }
    return explorer(choices, draw)
