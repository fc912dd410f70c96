"""ipywidgets of the chapter on the sign match. They need a kernel."""

from __future__ import annotations

import ipywidgets as widgets
from IPython.display import display

from gevb.theory.sign_match import agreement, broken_case, sign_matrix
from gevbook.sign_match.figures import sign_matrices
from gevbook.widget import labelled

NONLINEARITIES = {"gate (Eq. 7)": "gate", "ReLU per component": "relu"}


def break_the_signs() -> widgets.VBox:
    """Choose the nonlinearity, the share of negative weights, K and a seed; see the signs fall."""
    nonlinearity = widgets.Dropdown(options=NONLINEARITIES)
    percent = widgets.IntSlider(value=0, min=0, max=100, step=5, continuous_update=False)
    K = widgets.IntSlider(value=3, min=2, max=6, continuous_update=False)
    seed = widgets.IntSlider(value=0, min=0, max=20, continuous_update=False)
    says, shown = widgets.Label("Change a value to draw."), widgets.Output()

    def draw(_: object) -> None:
        case = broken_case(nonlinearity.value, percent.value, seed=seed.value, K=K.value)
        layers = [f"layer {l}: {v:.0f} %" for l, v in enumerate(agreement([case]), start=1)]
        says.value = "right signs, " + ", ".join(layers)
        figure = sign_matrices({nonlinearity.label: {percent.value: sign_matrix(case, 2)}})
        shown.clear_output(wait=True)
        with shown:
            display(figure)

    choices = {
        "nonlinearity": nonlinearity,
        "negative weights (%)": percent,
        "components K": K,
        "seed": seed,
    }
    for choice in choices.values():
        choice.observe(draw, names="value")
    return widgets.VBox([*labelled(choices), says, shown])
