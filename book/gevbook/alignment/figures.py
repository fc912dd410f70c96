"""Alignment angles: their definition, their fall with the width, their course in training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from torch import Tensor

from gevb.theory.alignment import angle, relative_std
from gevbook.plots import (
    COLOURS,
    DEGREES,
    HIDDEN,
    NEUTRAL,
    Curve,
    chart,
    ends,
    finished,
    frames,
    key,
    line,
    panels,
    short,
    square,
)

_TICKS = [1, 2, 5, 10, 20, 40, 60, 90]


def angle_triangle(r: Mapping[int, Sequence[float]], titles: Sequence[str]) -> go.Figure:
    r"""Draw :math:`\hat\delta` as its part along 1 and the rest, right triangles; a slider.

    Args:
        r: for each width of the network, the relative standard deviation of each layer shown.
        titles: names of these layers.
    """
    sides = {
        "of GEVB: mean": COLOURS["gevb"],
        "the rest: standard deviation": NEUTRAL,
        "of the gradient": COLOURS["bp"],
    }
    highest = max(value for values in r.values() for value in values)

    def drawn(value: float) -> list[go.Scatter]:
        theta = math.atan(value)
        arc = np.linspace(0, theta, 20)
        ends = ((0, 1), (0, 0)), ((1, 1), (0, value)), ((0, 1), (0, value))
        label = go.Scatter(
            x=[0.5],
            y=[-0.04],
            mode="text",
            textposition="bottom center",
            text=[f"r = {value:.2f}<br>θ = {math.degrees(theta):.1f}°"],
            textfont={"size": 15},
            showlegend=False,
            hoverinfo="skip",
        )
        angle_drawn = short(0.25 * np.cos(arc)), short(0.25 * np.sin(arc))
        return [
            *(
                line((x, short(y)), colour, width=4)
                for (x, y), colour in zip(ends, sides.values(), strict=True)
            ),
            line(angle_drawn, NEUTRAL, width=1.5),
            label,
        ]

    figure = panels(titles, shared=False)
    figure.add_traces([key(name, colour, "line-ew-open") for name, colour in sides.items()])
    views = {
        f"{width:,}": [trace for value in values for trace in drawn(value)]
        for width, values in r.items()
    }
    places = [panel for panel in range(1, 1 + len(titles)) for _ in range(5)]
    frames(figure, views, "width n = ", places=places)
    square(figure, **HIDDEN)  # so that an angle is as large as its label says
    figure.update_xaxes(range=[-0.1, 1.1])
    figure.update_yaxes(range=[-0.5, 1.05 * highest])
    widths = list(r)
    said = "; ".join(
        f"{title}, "
        + ", ".join(f"{math.degrees(math.atan(r[n][k])):.1f}° at width {n:,}" for n in widths)
        for k, title in enumerate(titles)
    )
    first, last = (
        " and ".join(f"{math.degrees(math.atan(value)):.0f}°" for value in r[n])
        for n in (widths[0], widths[-1])
    )
    return finished(
        figure,
        alt="Right triangles. Along the base lies the direction of GEVB, as long as the mean of "
        "δ̂; the upright side is as long as its standard deviation; the gradient's feedback is "
        f"the slope. The angle at the base is arctan of their ratio r: {said}.",
        caption="The gradient's feedback (blue) is the part that GEVB has (green), as long as the "
        r"mean of $\hat\delta$, and a rest at right angles to it, as long as the standard "
        f"deviation. The angles go from {first} at width {widths[0]:,} to {last} at "
        f"{widths[-1]:,}.",
        height=330,
        narrow=300,
    )


class Measured(NamedTuple):
    """Mean angle of random networks in degrees, by width, with a band and an error of the mean.

    Attributes:
        mean: over networks.
        low, high: limits of the band that contains 95 % of the networks.
        error: 1.96 standard errors of the mean.
    """

    mean: list[float]
    low: list[float]
    high: list[float]
    error: list[float]

    @classmethod
    def of(cls, ratios: Sequence[Float[Tensor, "..."]]) -> Measured:
        """Average the networks' angles by width, from r; leave out those without feedback (nan)."""
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
    """Plot angles of random networks against width, with predictions; a panel for each layer.

    Args:
        widths: units of every hidden layer.
        measured: for up to two kinds of weights, one entry per layer, the last hidden layer first.
        predicted: for up to two predictions, the angles by layer and width.
    """
    count = min(len(layers) for layers in measured.values())
    titles = ["last hidden layer", *(f"{n} below the last" for n in range(1, count))]
    # A third kind would have no symbol.
    symbols = ("circle-open", "circle")[: len(measured)]
    dashes = ("dash", "solid")[: len(predicted)]
    curves = []
    for (name, angles), dash in zip(predicted.items(), dashes, strict=True):
        lines = {title: (widths, layer) for title, layer in zip(titles, angles, strict=False)}
        curves.append(Curve(name, lines, NEUTRAL, {"dash": dash, "width": 2}, None))
    for (name, found), symbol in zip(measured.items(), symbols, strict=True):
        layers = dict(zip(titles, found, strict=False))
        curves.append(
            Curve(
                name,
                {title: (widths, m.mean) for title, m in layers.items()},
                COLOURS["gevb"],
                None,
                {"symbol": symbol, "size": 7},
                band={title: (m.low, m.high) for title, m in layers.items()},
                bars={title: (m.error, m.error) for title, m in layers.items()},
            )
        )
    says, rows = "%{y:.1f}°", -(-count // 2)
    figure = chart(curves, "width n", "angle (degrees)", says, rows=rows, shared_xaxes="all")
    figure.update_xaxes(type="log", tickvals=widths[::3], ticktext=widths[::3])
    figure.update_yaxes(type="log", range=np.log10([0.9, 90]), tickvals=_TICKS)
    falls = "; ".join(
        f"{name}, {n} below the last: {layer.mean[0]:.1f} to {layer.mean[-1]:.1f}"
        for name, layers in measured.items()
        for n, layer in enumerate(layers)
    )
    return finished(
        figure,
        alt="Alignment angle against the width of the layers, a panel for each layer, both axes "
        f"logarithmic. Degrees of angle from width {widths[0]} to {widths[-1]}: {falls}.",
        caption="Angle between GEVB and the gradient in random networks: means (points), where 95 "
        "% of the networks lie (bands), predictions (lines). On these axes a power of the width is "
        f"a straight line. At width {widths[-1]}, in the last hidden layer and {count - 1} below "
        "it: "
        + ", ".join(
            f"{layers[0].mean[-1]:.1f}° and {layers[count - 1].mean[-1]:.1f}° ({name})"
            for name, layers in measured.items()
        )
        + ".",
        height=430,
    )


def angles_in_training(
    epochs: Sequence[int],
    measured: Float[Tensor, "epochs hidden"],
    predicted: Float[Tensor, "epochs hidden"],
) -> go.Figure:
    """Plot angles of the hidden layers over training, with Eq. 15 from each epoch's weights."""
    looks = (
        ("Eq. 15, with the weights' present ratio", predicted, NEUTRAL, {"dash": "dash"}),
        ("measured", measured, COLOURS["gevb"], {"width": 2.5}),
    )
    curves = [
        Curve(
            name, {"": (epochs, angles[:, l].tolist())}, colour, look, None, note=f"layer {l + 1}: "
        )
        for l in range(measured.shape[1])
        for name, angles, colour, look in looks
    ]
    figure = chart(curves, "epoch", "angle (degrees)", DEGREES)
    for l, angle_now in enumerate(measured[-1].tolist()):
        figure.add_annotation(
            x=epochs[-1],
            y=math.log10(angle_now),
            text=f"layer {l + 1}",
            showarrow=False,
            xanchor="right",
            yanchor="bottom",
        )
    figure.update_yaxes(type="log", range=np.log10([6, 80]), tickvals=_TICKS)
    return finished(
        figure,
        alt="Alignment angles in degrees over training, measured and as Eq. 15 predicts from the "
        f"weights' present mean and standard deviation. {ends(curves, '')}.",
        caption="Angles of the hidden layers while the network learns, and what Eq. 15 says from "
        "the mean and the standard deviation of the weights at that time. After "
        f"{epochs[-1]} epochs, measured and predicted: "
        + ", ".join(
            f"{m:.0f}° and {p:.0f}° in layer {l}"
            for l, (m, p) in enumerate(
                zip(measured[-1].tolist(), predicted[-1].tolist(), strict=True), start=1
            )
        )
        + ".",
        height=325,
    )


def feedback_histogram(layers: Mapping[str, Float[Tensor, " n"]]) -> go.Figure:
    r"""Plot histograms of :math:`\hat\delta`, scaled to mean 1, over units; a panel per layer."""
    spreads = {name: float(relative_std(dhat)) for name, dhat in layers.items()}
    figure = panels(
        [f"hidden layer {name}: r = {spread:.2f}" for name, spread in spreads.items()],
        rows=len(layers),
        shared="all",
        shared_xaxes="all",
    )
    for row, dhat in enumerate(layers.values(), start=1):
        counts, edges = np.histogram((dhat / dhat.mean()).numpy(), bins=np.arange(0, 5.2, 0.1))
        figure.add_bar(
            x=short((edges[1:] + edges[:-1]) / 2),
            y=short(100 * counts / len(dhat)),
            width=0.1,
            marker={"color": COLOURS["bp"]},
            hovertemplate="%{y:.1f} % of the units<extra></extra>",
            row=row,
            col=1,
        )
    figure.add_vline(x=1, line={"color": COLOURS["gevb"], "width": 3})
    figure.add_annotation(
        x=1.1, y=45, xanchor="left", text="GEVB: the same for all", showarrow=False
    )
    figure.update_xaxes(range=[0, 5])
    figure.update_xaxes(title="feedback of a unit / mean over the layer", row=len(layers))
    figure.update_yaxes(title="units (%)", range=[0, 60], tickvals=[0, 25, 50])
    spread = "; ".join(
        f"layer {name}: relative standard deviation {spreads[name]:.2f}, "
        f"{100 * float((dhat == 0).double().mean()):.0f} % of the units have none"
        for name, dhat in layers.items()
    )
    return finished(
        figure,
        alt="Histograms of the gradient's feedback over the units of each layer, in units of its "
        f"mean. {spread}.",
        caption="The gradient's feedback to the units of each hidden layer, in multiples of the "
        "layer's mean; under GEVB all units get that mean (green line). The wider the bars spread "
        "about the line, the larger r, the relative standard deviation, and the angle.",
        height=115 * len(layers),
        showlegend=False,
    )
