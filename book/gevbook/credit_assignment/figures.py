"""Speed and accuracy of learning by the feedback that a unit receives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from gevbook.plots import COLOURS, NEUTRAL, PERCENT, Curve, chart, ends, finished, three_digits

_LOOKS: dict[str, dict[str, Any]] = {
    "BP": {"colour": COLOURS["bp"]},
    "GEVB": {"colour": COLOURS["gevb"]},
    "GEVB in a VNN": {"colour": COLOURS["gevb"]},
    "node perturbation": {"colour": NEUTRAL, "marker": {"symbol": "square", "size": 5}},
    "weight perturbation": {
        "colour": NEUTRAL,
        "look": {"dash": "dot"},
        "marker": {"symbol": "diamond", "size": 5},
    },
}

Series = Mapping[str, tuple[Sequence[int], Sequence[float]]]
"""Numbers and values for each method: a key of `_LOOKS`."""


def _curves(problems: Mapping[str, Series]) -> list[Curve]:
    """Make a method's curves in all panels that have it."""
    methods = dict.fromkeys(method for series in problems.values() for method in series)
    return [
        Curve(
            method,
            {title: series[method] for title, series in problems.items() if method in series},
            **_LOOKS[method],
        )
        for method in methods
    ]


def perturbation_against_width(noise: Series, cosine: Series) -> go.Figure:
    """Plot the noise of one estimate, and one update's cosine with the gradient, against width.

    Args:
        noise: for each method, numbers of perturbed values, and variance over the gradient's
            squared length.
        cosine: for each method, widths and cosines.
    """
    curves = _curves({"noise / signal": noise, "cosine": cosine})
    figure = chart(curves, "", "", "%{y:.3~r} at %{x}", shared=False)
    figure.update_xaxes(type="log", dtick=1, exponentformat="power")
    figure.update_yaxes(type="log", dtick=1, exponentformat="power", col=1)
    figure.update_yaxes(range=[0, 1.02], col=2)
    figure.update_xaxes(title="perturbed numbers", col=1)
    figure.update_xaxes(title="width", col=2)
    return finished(
        figure,
        alt="Left, noise / signal of a perturbation estimate against the number of perturbed "
        "values; right, cosine of one update with the gradient against the width. From the "
        f"fewest to the most: {ends(curves, '', along=None)}.",
        caption="Left, the noise of one estimate, as a multiple of the signal, against the "
        "number of values that are perturbed. Right, how far one update points along the "
        "gradient (cosine; 1 is along it) against the width of the layers: "
        + ", ".join(
            f"{method} {three_digits(values[0])} to {three_digits(values[-1])}"
            for method, (_, values) in cosine.items()
        )
        + ".",
        height=240,
    )


def how_fast(problems: Mapping[str, Series]) -> go.Figure:
    """Plot test error in percent against epochs, a panel for each problem."""
    curves = _curves(problems)
    figure = chart(curves, "epoch", "test error (%)", PERCENT, shared=False)
    figure.update_yaxes(rangemode="tozero")
    last = (
        f"{title}: "
        + ", ".join(
            f"{method} {three_digits(values[-1])} %" for method, (_, values) in series.items()
        )
        for title, series in problems.items()
    )
    return finished(
        figure,
        alt=f"Learning curves. {ends(curves, ' %')}.",
        caption="Test error while networks learn from a gradient, from a broadcast vector, and "
        f"from a broadcast number. At the end: {'; '.join(last)}.",
        height=240,
    )
