"""Figures that more than one chapter shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from plotly.subplots import make_subplots
from torch import Tensor

from gevb.companion.plots import (
    COLOURS,
    NAMES,
    NEUTRAL,
    buttons_above,
    finished,
    slider,
)
from gevb.training import Evaluation


def learning_curves(
    runs: Mapping[str, Sequence[Evaluation]], ceiling: float | None = None
) -> go.Figure:
    """Test and training error in percent against epochs, one line per run.

    Args:
        runs: evaluations by name; a name begins with its rule ("GEVB", "BP", ...), which gives
            the colour. A second run of the same rule is dashed.
        ceiling: top of the error axis in percent; the data decide if None.
    """
    figure = make_subplots(
        cols=2, shared_yaxes=True, subplot_titles=("test", "training"), horizontal_spacing=0.04
    )
    seen: list[str] = []
    for name, history in runs.items():
        rule = name.split()[0].rstrip("+").lower()
        for column, split in enumerate(("test_error", "train_error"), start=1):
            figure.add_scatter(
                x=[evaluation.epoch for evaluation in history],
                y=[round(getattr(evaluation, split), 2) for evaluation in history],
                name=name,
                legendgroup=name,
                showlegend=column == 1,
                mode="lines+markers",
                marker={"size": 5},
                line={"color": COLOURS[rule], "dash": "dash" if rule in seen else "solid"},
                hovertemplate="%{y:.2f} % after %{x} epochs",
                row=1,
                col=column,
            )
        seen.append(rule)
    last = "; ".join(f"{name} {history[-1]}" for name, history in runs.items())
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(rangemode="tozero", range=ceiling and [0, ceiling])
    figure.update_yaxes(title="error (%)", col=1)
    lines = -(-2 * len(runs) // 3)  # of the legend, on a phone
    return finished(
        figure,
        alt=f"Learning curves. {last}.",
        height=330 + 24 * lines,
        margin={"l": 55, "r": 15, "t": 30, "b": 65 + 24 * lines},
    )


Pairs = tuple[Float[Tensor, " n"], Float[Tensor, " n"]]


def sign_match(networks: Mapping[str, Mapping[int, Pairs]]) -> go.Figure:
    """Update against gradient, one point a weight, one panel a network, a slider over epochs.

    Points in the shaded quadrants agree in sign.

    Args:
        networks: for each panel's title, for each epoch, the gradients and the updates of the
            same n weights. Both are scaled to their largest magnitude.
    """
    titles = list(networks)
    figure = make_subplots(
        cols=len(titles), shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.06
    )

    def points(title: str, epoch: int) -> go.Scattergl:
        gradient, update = ((v / v.abs().max()).numpy().round(3) for v in networks[title][epoch])
        return go.Scatter(
            x=gradient.astype("float32"),
            y=update.astype("float32"),
            mode="markers",
            marker={
                "size": 5,
                "opacity": 0.6,
                "color": np.where(gradient * update < 0, COLOURS["dfa"], COLOURS["gevb"]),
            },
            hovertemplate="gradient %{x:.2f}, update %{y:.2f}<extra></extra>",
            showlegend=False,
        )

    epochs = list(networks[titles[0]])
    for column, title in enumerate(titles, start=1):
        figure.add_trace(points(title, epochs[0]), row=1, col=column)
        for low, high in ((-1.1, 0), (0, 1.1)):
            figure.add_shape(
                type="rect",
                x0=low,
                x1=high,
                y0=low,
                y1=high,
                fillcolor=COLOURS["gevb"],
                opacity=0.1,
                line_width=0,
                layer="below",
                row=1,
                col=column,
            )
    figure.frames = [
        go.Frame(name=str(epoch), data=[points(title, epoch) for title in titles])
        for epoch in epochs
    ]
    figure.update_xaxes(title="gradient", range=[-1.1, 1.1], zeroline=True)
    figure.update_yaxes(range=[-1.1, 1.1], zeroline=True)
    figure.update_yaxes(title="GEVB update", col=1)
    return finished(
        figure,
        alt=f"Update against gradient for single weights in {' and '.join(titles)}, over training. "
        "Points in the lower left and upper right quadrants agree in sign.",
        height=450,
        sliders=[slider([str(epoch) for epoch in epochs], "epoch ")],
        margin={"l": 55, "r": 15, "t": 40, "b": 50},
    )


_COLUMNS = {"input": (0.0, 4), "hidden 1": (1.0, 4), "hidden 2": (2.0, 4), "output": (3.0, 1)}
_HEARD = {
    "bp": "BP: every unit hears its own signal,<br>sent back through the very weights it acts by",
    "fa": "FA: every unit hears its own signal,<br>sent back through fixed random weights",
    "dfa": "DFA: every unit hears its own random mix<br>of the output's errors",
    "gevb": "GEVB: every unit hears the same thing,<br>the error vector e",
}


def _places(column: str) -> list[tuple[float, float]]:
    x, n = _COLUMNS[column]
    return [(x, 1.5 + (n - 1) / 2 - i) for i in range(n)]


def _segments(rule: str) -> Sequence[tuple[tuple[float, float], ...]]:
    """The routes on which a rule sends feedback, as polylines."""
    hidden_1, hidden_2, output = map(_places, ("hidden 1", "hidden 2", "output"))
    if rule in ("bp", "fa"):
        return [(b, a) for b in output for a in hidden_2] + [
            (b, a) for b in hidden_2 for a in hidden_1
        ]
    if rule == "dfa":
        return [(output[0], unit) for unit in hidden_1 + hidden_2]
    top = 3.8
    return [
        (output[0], (output[0][0], top), (x - 0.2, top), (x - 0.2, y), (x, y))
        for x, y in hidden_1 + hidden_2
    ]


def _shortened(path: tuple[tuple[float, float], ...], by: float = 0.13) -> np.ndarray:
    """The polyline, stopped short of the unit it leads to."""
    points = np.array(path, dtype=float)
    last = points[-1] - points[-2]
    points[-1] -= by * last / np.hypot(*last)
    return points


def _route(rule: str, visible: bool) -> go.Scatter:
    rows = []
    for path in _segments(rule):
        points = _shortened(path)
        rows += [(*point, 0) for point in points[:-1]] + [(*points[-1], 11), (None, None, 0)]
    x, y, size = zip(*rows, strict=True)
    return go.Scatter(
        x=x,
        y=y,
        mode="lines+markers",
        line={"color": COLOURS[rule], "width": 2, "dash": "dot" if rule == "fa" else "solid"},
        marker={"symbol": "arrow", "angleref": "previous", "size": size, "opacity": 1},
        visible=visible,
        hoverinfo="skip",
        showlegend=False,
    )


def what_units_hear() -> go.Figure:
    """A small network and, by a button for each rule, the routes on which feedback reaches it."""
    columns = list(_COLUMNS)
    edges = [
        (a, b) for left, right in pairwise(columns) for a in _places(left) for b in _places(right)
    ]
    wires = [point for a, b in edges for point in (a, b, (None, None))]
    figure = go.Figure()
    figure.add_scatter(
        x=[p[0] for p in wires],
        y=[p[1] for p in wires],
        mode="lines",
        line={"color": NEUTRAL, "width": 0.7},
        hoverinfo="skip",
        showlegend=False,
    )
    for rule in COLOURS:
        figure.add_trace(_route(rule, visible=rule == "gevb"))
    units = [(column, place) for column in columns for place in _places(column)]
    figure.add_scatter(
        x=[place[0] for _, place in units],
        y=[place[1] for _, place in units],
        mode="markers",
        marker={"size": 17, "color": NEUTRAL},
        text=[column for column, _ in units],
        hoverinfo="text",
        showlegend=False,
    )
    names = [{"x": _COLUMNS[c][0], "y": -0.65, "text": c, "showarrow": False} for c in columns]

    def says(rule: str) -> list[dict[str, object]]:
        text = {"x": 1.5, "y": 4.75, "text": _HEARD[rule], "showarrow": False}
        return [*names, {**text, "font": {"size": 14}}]

    buttons = [
        {
            "label": NAMES[rule],
            "method": "update",
            "args": [
                {"visible": [True, *(other == rule for other in COLOURS), True]},
                {"annotations": says(rule)},
            ],
        }
        for rule in COLOURS
    ]
    hidden = {"visible": False, "fixedrange": True}
    return finished(
        figure,
        alt="A network of input, two hidden layers and output. Back-propagation and feedback "
        "alignment send a signal of its own to every hidden unit, layer by layer; direct feedback "
        "alignment sends one straight from the output; GEVB sends the same error vector to all.",
        height=400,
        annotations=says("gevb"),
        xaxis={**hidden, "range": [-0.4, 3.4]},
        yaxis={**hidden, "range": [-0.9, 5.3]},
        margin={"l": 5, "r": 5, "t": 45, "b": 5},
        updatemenus=[buttons_above(buttons, list(COLOURS).index("gevb"))],
    )
