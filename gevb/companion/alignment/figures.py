"""Alignment angles: what they are, how they fall with the width, where they go in training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from gevb.companion.plots import COLOURS, NEUTRAL, finished, slider
from gevb.theory.alignment import angle, relative_std

_DEGREES = [1, 2, 5, 10, 20, 40, 60, 90]


def _short(values: NDArray[Any] | Tensor) -> NDArray[np.float32]:
    return np.round(np.asarray(values, dtype=float), 3).astype("float32")


def angle_triangle(r: Sequence[float]) -> go.Figure:
    r"""Draw :math:`\hat\delta` as its part along 1 and the rest, a right triangle; by a slider."""

    def drawn(value: float) -> list[go.Scatter]:
        theta = math.atan(value)
        arc = np.linspace(0, theta, 20)
        names = ("of GEVB: mean", "the rest: standard deviation", "of the gradient")
        lines = [
            ((0, 1), (0, 0), COLOURS["gevb"]),
            ((1, 1), (0, value), NEUTRAL),
            ((0, 1), (0, value), COLOURS["bp"]),
        ]
        shapes = [
            go.Scatter(
                x=x, y=_short(np.array(y)), mode="lines", line={"color": c, "width": 4}, name=name
            )
            for name, (x, y, c) in zip(names, lines, strict=True)
        ]
        drawn_angle = go.Scatter(
            x=_short(0.25 * np.cos(arc)),
            y=_short(0.25 * np.sin(arc)),
            mode="lines",
            line={"color": NEUTRAL, "width": 1.5},
            showlegend=False,
        )
        label = go.Scatter(
            x=[0.36],
            y=[0.09],
            mode="text",
            text=[f"{math.degrees(theta):.1f}°"],
            textfont={"size": 15},
            showlegend=False,
        )
        return [*shapes, drawn_angle, label]

    labels = [f"{value:g}" for value in r]
    figure = go.Figure(drawn(r[0]))
    figure.frames = [
        go.Frame(name=label, data=drawn(value)) for label, value in zip(labels, r, strict=True)
    ]
    figure.update_traces(hoverinfo="skip")
    return finished(
        figure,
        alt="A right triangle. Along the base lies the direction of GEVB, as long as the mean of "
        "dhat; the upright side is as long as its standard deviation; the gradient's feedback is "
        "the slope. The angle at the base is arctan of the ratio r, and grows from "
        f"{math.degrees(math.atan(r[0])):.0f} to {math.degrees(math.atan(r[-1])):.0f} degrees as "
        f"r goes from {labels[0]} to {labels[-1]}.",
        height=480,
        xaxis={"range": [-0.05, 1.15], "visible": False, "fixedrange": True},
        yaxis={"range": [-0.1, 1.05 * max(r)], "visible": False, "fixedrange": True},
        legend={"orientation": "h", "yref": "paper", "y": 1.02, "yanchor": "bottom"},
        sliders=[slider(labels, "r = ")],
        margin={"l": 10, "r": 10, "t": 70, "b": 20},
    )


class Measured(NamedTuple):
    """Mean angle of random networks in degrees, by width: with a band and an error of the mean.

    Attributes:
        mean: over networks.
        low, high: between them lie 95 % of the networks.
        error: 1.96 standard errors of the mean.
    """

    mean: list[float]
    low: list[float]
    high: list[float]
    error: list[float]

    @classmethod
    def of(cls, ratios: Sequence[Float[Tensor, "..."]]) -> Measured:
        """From r of the networks of each width; networks without feedback (nan) are left out."""
        angles = [angle(r[~r.isnan()]) for r in ratios]
        return cls(
            [float(a.mean()) for a in angles],
            [float(a.quantile(0.025)) for a in angles],
            [float(a.quantile(0.975)) for a in angles],
            [1.96 * float(a.std()) / math.sqrt(len(a)) for a in angles],
        )


def angles_by_width(
    widths: Sequence[int],
    measured: Mapping[str, Sequence[Measured]],
    predicted: Mapping[str, Sequence[Sequence[float | int]]],
) -> go.Figure:
    """Angles of random networks against width, and predictions; a slider over the layers.

    Args:
        widths: units of every hidden layer.
        measured: for up to two kinds of weights, one entry a layer, the last hidden layer first.
        predicted: for up to two predictions, the angles by layer and width.
    """
    greens = ({"symbol": "circle-open"}, {"symbol": "circle"})
    dashes = ("dash", "solid")

    def drawn(layer: int) -> list[go.Scatter]:
        traces = []
        for name, layers in measured.items():
            m = layers[layer]
            traces.append(
                go.Scatter(
                    x=[*widths, *reversed(widths)],
                    y=_short(np.array([*m.high, *reversed(m.low)])),
                    fill="toself",
                    fillcolor=COLOURS["gevb"],
                    opacity=0.18,
                    mode="none",
                    hoverinfo="skip",
                    showlegend=False,
                    legendgroup=name,
                )
            )
        for (name, curves), dash in zip(predicted.items(), dashes, strict=False):
            traces.append(
                go.Scatter(
                    x=widths,
                    y=_short(np.array(curves[layer])),
                    mode="lines",
                    line={"color": NEUTRAL, "dash": dash, "width": 2},
                    name=name,
                    hovertemplate="%{y:.1f}°",
                )
            )
        for (name, layers), marker in zip(measured.items(), greens, strict=False):
            m = layers[layer]
            traces.append(
                go.Scatter(
                    x=widths,
                    y=_short(np.array(m.mean)),
                    error_y={"type": "data", "array": _short(np.array(m.error)), "thickness": 1},
                    mode="markers",
                    marker={**marker, "color": COLOURS["gevb"], "size": 8},
                    name=name,
                    legendgroup=name,
                    hovertemplate="%{y:.1f}°",
                )
            )
        return traces

    count = min(len(layers) for layers in measured.values())
    labels = [str(l) for l in range(count)]
    start = min(2, count - 1)
    figure = go.Figure(drawn(start))
    figure.frames = [go.Frame(name=label, data=drawn(l)) for l, label in enumerate(labels)]
    figure.update_xaxes(title="width n", type="log", tickvals=widths[::3], ticktext=widths[::3])
    figure.update_yaxes(
        title="angle (degrees)",
        type="log",
        range=[math.log10(0.9), math.log10(90)],
        tickvals=_DEGREES,
    )
    steps = {**slider(labels, "layers below the last hidden one: "), "active": start}
    return finished(
        figure,
        alt="Alignment angle against the width of the layers, both axes logarithmic. In the last "
        "hidden layer the angle is near 55.7 degrees at every width. In all layers below it falls "
        "as one over the square root of the width, along the predicted lines.",
        height=560,
        legend={"orientation": "h", "yref": "paper", "y": 1.02, "yanchor": "bottom"},
        sliders=[steps],
        margin={"l": 55, "r": 15, "t": 110, "b": 60},
    )


def angles_in_training(
    epochs: Sequence[int],
    measured: Float[Tensor, "epochs hidden"],
    predicted: Float[Tensor, "epochs hidden"],
) -> go.Figure:
    """Measured angles of the hidden layers over training, with Eq. 15 from each epoch's weights."""
    figure = go.Figure()
    hidden = measured.shape[1]
    for l in range(hidden):
        figure.add_scatter(
            x=list(epochs),
            y=_short(predicted[:, l].numpy()),
            mode="lines",
            line={"color": NEUTRAL, "dash": "dash"},
            name="Eq. 15, with the weights' present ratio",
            showlegend=l == 0,
            hovertemplate="%{y:.1f}°",
        )
        figure.add_scatter(
            x=list(epochs),
            y=_short(measured[:, l].numpy()),
            mode="lines",
            line={"color": COLOURS["gevb"], "width": 2.5},
            name="measured",
            showlegend=l == 0,
            hovertemplate=f"layer {l + 1}: " + "%{y:.1f}°",
        )
        figure.add_annotation(
            x=epochs[-1],
            y=math.log10(float(measured[-1, l])),
            text=f"layer {l + 1}",
            showarrow=False,
            xanchor="right",
            yanchor="bottom",
        )
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(
        title="angle (degrees)",
        type="log",
        range=[math.log10(6), math.log10(80)],
        tickvals=_DEGREES,
    )
    first, last = (measured[row].tolist() for row in (0, -1))
    moves = ", ".join(
        f"layer {l + 1} from {a:.0f} to {b:.0f}"
        for l, (a, b) in enumerate(zip(first, last, strict=True))
    )
    return finished(
        figure,
        alt=f"Alignment angles in degrees over training: {moves}. In the lower layers they rise "
        "above what Eq. 15 predicts from the weights' present mean and standard deviation.",
        height=440,
        margin={"l": 55, "r": 15, "t": 20, "b": 95},
    )


def feedback_histogram(layers: Mapping[str, Float[Tensor, " n"]]) -> go.Figure:
    r"""How :math:`\hat\delta`, scaled to mean 1, spreads over the units, layer by layer."""

    def drawn(dhat: Float[Tensor, " n"]) -> go.Bar:
        counts, edges = np.histogram((dhat / dhat.mean()).numpy(), bins=np.arange(0, 5.2, 0.1))
        return go.Bar(
            x=_short((edges[1:] + edges[:-1]) / 2),
            y=_short(100 * counts / len(dhat)),
            width=0.1,
            marker={"color": COLOURS["bp"]},
            hovertemplate="%{y:.1f} % of the units<extra></extra>",
        )

    names = list(layers)
    figure = go.Figure(drawn(layers[names[-1]]))
    figure.frames = [go.Frame(name=name, data=[drawn(layers[name])]) for name in names]
    figure.add_vline(x=1, line={"color": COLOURS["gevb"], "width": 3})
    figure.add_annotation(
        x=1.1, y=55, xanchor="left", text="GEVB: the same for all", showarrow=False
    )
    figure.update_xaxes(title="feedback of a unit / mean over the layer", range=[0, 5])
    figure.update_yaxes(title="units (%)", range=[0, 60])
    spread = ", ".join(f"layer {name} {float(relative_std(d)):.2f}" for name, d in layers.items())
    return finished(
        figure,
        alt="Histogram of the gradient's feedback over the units of one layer, in units of its "
        f"mean. Relative standard deviations: {spread}. In the last hidden layer half of the units "
        "have none at all; further down all are close to the mean.",
        height=420,
        sliders=[{**slider(names, "hidden layer "), "active": len(names) - 1}],
        margin={"l": 55, "r": 15, "t": 30, "b": 50},
    )
