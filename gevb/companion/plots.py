"""What all figures share: colours, layout, sliders."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import plotly.io as pio

# From the palette of Okabe and Ito.
COLOURS = {"bp": "#0072B2", "fa": "#CC79A7", "dfa": "#E69F00", "gevb": "#009E73"}
NEUTRAL = "#8A8F98"
NAMES = {"bp": "BP", "fa": "FA", "dfa": "DFA", "gevb": "GEVB"}


def use_notebook_renderer() -> None:
    """Show figures as plain JSON, which the book, Jupyter and Colab draw and diffs can read."""
    pio.renderers.default = "colab" if "google.colab" in sys.modules else "plotly_mimetype"
    pio.templates.default = "none"


def finished(figure: go.Figure, alt: str, height: int, **layout: object) -> go.Figure:
    """The figure in the book's layout; alt says in words what it shows."""
    margin = {"l": 55, "r": 15, "t": 40, "b": 50}
    # Below the axes, where it does not collide with titles on a narrow screen.
    legend = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"}
    figure.update_layout(
        template="none", height=height, meta={"alt": alt}, **{"margin": margin, "legend": legend}
    )
    return figure.update_layout(**layout)


def slider(labels: Sequence[str], prefix: str) -> dict[str, object]:
    """A slider that jumps to the frame of each label."""
    jump = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}}
    steps = [{"label": label, "method": "animate", "args": [[label], jump]} for label in labels]
    return {"steps": steps, "currentvalue": {"prefix": prefix}, "pad": {"t": 55}}


def buttons_above(buttons: Sequence[Mapping[str, object]], active: int) -> dict[str, object]:
    """A row of buttons over the figure, one of them pressed."""
    return {
        "type": "buttons",
        "direction": "right",
        "buttons": list(buttons),
        "active": active,
        "x": 0.5,
        "xanchor": "center",
        "y": 1.0,
        "yanchor": "bottom",
    }
