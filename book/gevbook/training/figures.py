"""Training: weights under the constraint, alignment over training, recorded curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TypedDict

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from torch import Tensor

from gevb.lab.records import Record
from gevbook.figures import learning_curves as learning_curves  # also used in the chapter
from gevbook.plots import (
    DEGREES,
    MARKED,
    NEGATIVE,
    NEUTRAL,
    PERCENT,
    POSITIVE,
    Curve,
    angles_of,
    chart,
    ends,
    finished,
    frames,
    key,
    line,
    panels,
    short,
)

Seeds = tuple[Sequence[int], Sequence[Sequence[float]]]
"""Epochs, and for each epoch a value for every seed."""


# ------------------------------------------------------------------- weights and the constraint


def weight_histograms(weights: Mapping[str, Mapping[int, Float[Tensor, " n"]]]) -> go.Figure:
    """Plot histograms of the weights past the first layer, a panel per run, a slider over epochs.

    Weights that are exactly zero have a separate mark.

    Args:
        weights: for each panel's title, for each epoch, the weights.
    """
    titles, edges = list(weights), np.arange(-0.3, 0.62, 0.02)
    floor, top = 0.05, 400.0  # percent, of a logarithmic axis, with space for two lines of text
    figure = panels(titles)
    for name, colour in (("positive", POSITIVE), ("negative", NEGATIVE)):
        figure.add_trace(key(name, colour))

    def bars(title: str, epoch: int) -> list[go.Bar | go.Scatter]:
        w = weights[title][epoch].numpy()
        counts, _ = np.histogram(w[w != 0], edges)
        middle = (edges[1:] + edges[:-1]) / 2
        return [
            go.Bar(
                x=short(middle),
                y=short(100 * counts / w.size),
                width=0.02,
                marker={
                    "color": np.where(middle < 0, NEGATIVE, POSITIVE),
                    "line_width": 0,
                },
                hovertemplate="%{y:.2f} % of the weights near %{x:.2f}<extra></extra>",
                showlegend=False,
            ),
            # A stalk with a head, because a bar would hide its neighbours or be invisibly thin.
            line(
                ([0.0, 0.0], short([floor, max(floor, 100 * np.mean(w == 0))])),
                NEUTRAL,
                "exactly zero" if title == titles[0] else None,
                "%{y:.1f} % are exactly zero<extra></extra>",
                marker={"size": [0, 11], "opacity": 1},
                width=4,
            ),
            go.Scatter(
                x=[0.58],
                y=[0.6 * top],
                mode="text",
                text=[
                    f"zero: {100 * np.mean(w == 0):.0f} %<br>negative: {100 * np.mean(w < 0):.0f} %"
                ],
                textposition="bottom left",
                hoverinfo="skip",
                showlegend=False,
            ),
        ]

    epochs = list(weights[titles[0]])
    views = {str(epoch): [b for title in titles for b in bars(title, epoch)] for epoch in epochs}
    places = [1 + n // 3 for n in range(3 * len(titles))]
    frames(figure, views, "epoch ", places=places)
    figure.update_xaxes(title="weight", range=[-0.3, 0.6])
    figure.update_yaxes(type="log", range=np.log10([floor, top]), tickvals=[0.1, 1, 10, 50])
    figure.update_yaxes(title="weights (%)", col=1)
    ends = "; ".join(
        f"{title}: {100 * float((w == 0).double().mean()):.0f} % exactly zero and "
        f"{100 * float((w < 0).double().mean()):.0f} % negative"
        for title in titles
        for w in [weights[title][epochs[-1]]]
    )
    return finished(
        figure,
        alt=f"Histograms of the weights past the first layer. After {epochs[-1]} epochs, {ends}.",
        caption="How the weights past the first layer spread, on a logarithmic scale. Before "
        "you move the slider from the start to the end: the clamp sets weights to zero after every "
        "step, so will there be more zeros or fewer, and more with it or without?",
        height=300,
        barmode="overlay",
    )


class Constraint(TypedDict):
    """Percentages over training: weights exactly zero (clamped) or negative (not), equal signs."""

    zero: Seeds
    negative: Seeds
    clamped_signs: Seeds
    free_signs: Seeds


def constraint_over_training(runs: Mapping[str, Constraint]) -> go.Figure:
    """Plot zero and negative weights, and equal signs, over training; a column for each run.

    Args:
        runs: measurements by learning rate.
    """
    lines = (
        ("zero", "with the clamp", NEUTRAL, "zero or negative (%)"),
        ("negative", "without it", MARKED, "zero or negative (%)"),
        ("clamped_signs", "with the clamp", NEUTRAL, "right signs (%)"),
        ("free_signs", "without it", MARKED, "right signs (%)"),
    )
    curves = []
    for (part, label, colour, what), (name, run) in product(lines, runs.items()):
        epochs, seeds = run[part]  # type: ignore[literal-required]
        low, mean, high = (end(seeds, axis=1) for end in (np.min, np.mean, np.max))
        title, look = f"{name}: {what}", {"width": 3}
        bars = {title: (mean - low, high - mean)}
        curves.append(Curve(label, {title: (epochs, mean)}, colour, look, bars=bars))
    figure = chart(curves, "epoch", "", PERCENT, rows=2, shared=False)
    figure.update_yaxes(range=[0, 55], row=1)
    figure.update_yaxes(range=[70, 101], row=2)
    return finished(
        figure,
        alt=f"The constraint over training. {ends(curves, '')}.",
        caption="Above, the weights that the clamp holds at zero (grey), and those that are "
        "negative where nothing clamps them (olive). Below, how many updates have the gradient's "
        "sign. Means of the seeds; bars from the lowest to the highest.",
        height=420,
    )


# ----------------------------------------------------------------------- alignment and records


def angles_by_layer(runs: Mapping[str, Record]) -> go.Figure:
    """Plot alignment angles over training, a panel per hidden layer.

    Args:
        runs: records by their names in the legend. The rule decides the colour; a second run of a
            rule is dashed. All networks have equally many hidden layers.
    """
    layers = len(next(iter(runs.values())).history[0].angles)
    measures = angles_of(layers, "hidden layer")
    curves = [Curve.of(name, record, measures) for name, record in runs.items()]
    figure = chart(curves, "epoch", "angle (degrees)", DEGREES)
    figure.update_yaxes(range=[0, 105], tickvals=[0, 30, 60, 90])
    return finished(
        figure,
        alt=f"Angle in degrees between feedback and gradient. {ends(curves, '')}.",
        caption="Angle between what the hidden layers receive and the gradient; at 90° they have "
        f"nothing in common. In hidden layers 1 to {layers}, at the end: "
        + "; ".join(
            ", ".join(f"{angle:.0f}°" for angle in record.history[-1].angles) + f" ({name})"
            for name, record in runs.items()
        )
        + ".",
        height=270,
    )
