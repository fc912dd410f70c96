"""How fast and how surely a unit learns from what it hears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gevb.companion.plots import COLOURS, NEUTRAL, finished

# For what a rule's name begins with: colour, dash, symbol.
_STYLES = {
    "BP": (COLOURS["bp"], "solid", "circle"),
    "GEVB": (COLOURS["gevb"], "solid", "circle"),
    "node": (NEUTRAL, "solid", "square"),
    "weight": (NEUTRAL, "dot", "diamond"),
}

Curves = Mapping[str, tuple[Sequence[float | int], Sequence[float]]]


def _lines(panels: Mapping[str, Curves], titles: tuple[str, str], digits: int) -> go.Figure:
    """One panel for each set of curves; names and colours are shared."""
    figure = make_subplots(cols=2, subplot_titles=list(panels), horizontal_spacing=0.13)
    shown: set[str] = set()
    for column, curves in enumerate(panels.values(), start=1):
        for name, (x, y) in curves.items():
            colour, dash, symbol = _STYLES[name.split()[0]]
            figure.add_scatter(
                x=list(x),
                y=[float(f"{value:.{digits}g}") for value in y],
                name=name,
                legendgroup=name,
                showlegend=name not in shown,
                mode="lines+markers",
                line={"color": colour, "dash": dash},
                marker={"symbol": symbol, "size": 6},
                hovertemplate="%{y} at %{x}",
                row=1,
                col=column,
            )
            shown.add(name)
    figure.update_xaxes(title=titles[0])
    figure.update_yaxes(title=titles[1], col=1)
    return figure


def perturbation_against_width(noise: Curves, cosine: Curves) -> go.Figure:
    """Noise of one estimate, and cosine of one update with the gradient, as layers widen.

    Args:
        noise: for each method, numbers of perturbed values, and variance over the gradient's
            squared length.
        cosine: for each method, widths and cosines.
    """
    figure = _lines({"noise / signal": noise, "cosine": cosine}, ("", ""), 3)
    figure.update_xaxes(type="log", dtick=1, exponentformat="power")
    figure.update_yaxes(type="log", dtick=1, exponentformat="power", col=1)
    figure.update_yaxes(range=[0, 1.02], col=2)
    figure.update_xaxes(title="perturbed numbers", col=1)
    figure.update_xaxes(title="width", col=2)
    return finished(
        figure,
        alt="Left: the noise of a perturbation estimate grows in proportion to the number of "
        "perturbed values. Right: the cosine of one update with the gradient falls towards 0 "
        "with the width for node and weight perturbation, and rises towards 1 for GEVB.",
        height=400,
        margin={"l": 50, "r": 15, "t": 40, "b": 120},
    )


def how_fast(problems: Mapping[str, Curves]) -> go.Figure:
    """Test error against epochs, one panel for each problem."""
    figure = _lines(problems, ("epoch", "test error (%)"), 3)
    figure.update_yaxes(rangemode="tozero")
    last = "; ".join(
        f"{problem}: "
        + ", ".join(f"{name} {y[-1]:.1f} % after {x[-1]} epochs" for name, (x, y) in curves.items())
        for problem, curves in problems.items()
    )
    return finished(
        figure,
        alt=f"Learning curves. {last}.",
        height=400,
        margin={"l": 55, "r": 15, "t": 40, "b": 120},
    )
