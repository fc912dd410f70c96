"""Figures used in more than one chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from torch import Tensor

from gevb.lab.records import Record
from gevbook.plots import (
    ARROW,
    COLOURS,
    ERRORS,
    HIDDEN,
    NEUTRAL,
    PERCENT,
    POSITIVE,
    WRONG,
    Curve,
    chart,
    dots,
    ends,
    finished,
    frames,
    key,
    line,
    panels,
    short,
    strokes,
    three_digits,
)


def learning_curves(runs: Mapping[str, Record], ceiling: float | int | None = None) -> go.Figure:
    """Plot test and training error in percent against epochs, one line per run.

    Args:
        runs: records by their names in the legend. The rule decides the colour; a second run of a
            rule is dashed.
        ceiling: top of the error axis in percent; chosen from the data if None.
    """
    curves = [Curve.of(name, record, ERRORS) for name, record in runs.items()]
    figure = chart(curves, "epoch", "error (%)", PERCENT)
    figure.update_yaxes(rangemode="tozero", range=ceiling and [0, ceiling])
    epochs = max(record.history[-1].epoch for record in runs.values())

    def last(name: str) -> str:
        end = runs[name].history[-1]
        where = "" if end.epoch == epochs else f" (at epoch {end.epoch})"
        return f"{three_digits(end.test_error)} % for {name}{where}"

    return finished(
        figure,
        alt=f"Learning curves. {ends(curves, ' %')}.",
        caption=f"Test and training error over {epochs} epochs. At the end the test error is "
        + ", ".join(map(last, runs))
        + ".",
        height=235,
    )


Pairs = tuple[Float[Tensor, " n"], Float[Tensor, " n"]]


def sign_match(networks: Mapping[str, Mapping[int, Pairs]]) -> go.Figure:
    """Plot update against gradient: a point per weight, a panel per network, a slider over epochs.

    Points in the shaded quadrants agree in sign.

    Args:
        networks: for each panel's title, for each epoch, the gradients and the updates of the
            same n weights. Both are scaled to their largest magnitude.
    """
    titles = list(networks)
    figure = panels(titles)
    looks = {"same sign": (NEUTRAL, "circle"), "opposite sign": (WRONG, "x")}
    figure.add_traces([key(name, *look, size=8) for name, look in looks.items()])

    faint = {"size": 5, "opacity": 0.6}

    def points(title: str, epoch: int) -> list[go.Scatter]:
        gradient, update = (short(v / v.abs().max()) for v in networks[title][epoch])
        wrong = gradient * update < 0
        says = "gradient %{x:.2f}, update %{y:.2f}<extra></extra>"
        return [
            dots((gradient[here], update[here]), colour, None, says, symbol=symbol, **faint)
            for here, (colour, symbol) in zip((~wrong, wrong), looks.values(), strict=True)
        ]

    epochs = list(networks[titles[0]])
    views = {str(e): [trace for title in titles for trace in points(title, e)] for e in epochs}
    places = [panel for panel in range(1, 1 + len(titles)) for _ in looks]
    frames(figure, views, "epoch ", places=places)
    for low, high in ((-1.1, 0), (0, 1.1)):
        figure.add_shape(
            type="rect",
            x0=low,
            x1=high,
            y0=low,
            y1=high,
            fillcolor=NEUTRAL,
            opacity=0.1,
            line_width=0,
            layer="below",
            row="all",
            col="all",
        )
    figure.update_xaxes(title="gradient / largest", range=[-1.1, 1.1], zeroline=True)
    figure.update_yaxes(range=[-1.1, 1.1], zeroline=True)
    figure.update_yaxes(title="GEVB update / largest", col=1)
    share = {
        title: [100 * float((g * u >= 0).double().mean()) for g, u in by_epoch.values()]
        for title, by_epoch in networks.items()
    }
    agree = "; ".join(f"{title} {s[0]:.0f} % to {s[-1]:.0f} %" for title, s in share.items())
    seen = "; ".join(
        f"{title}: {min(s):.0f} %"
        if f"{min(s):.0f}" == f"{max(s):.0f}"
        else f"{title}: {min(s):.0f} to {max(s):.0f} %"
        for title, s in share.items()
    )
    return finished(
        figure,
        alt=f"Update against gradient for single weights in {' and '.join(titles)}, from epoch "
        f"{epochs[0]} to {epochs[-1]}. Points in the lower left and upper right quadrants agree "
        f"in sign: {agree}.",
        caption="Every point is a weight: its GEVB update against its gradient, each divided by "
        "the largest of its kind in the panel. In the shaded quadrants both have the same sign. "
        f"How many have, over the epochs shown: {seen}.",
        height=300,
    )


_COLUMNS = {"input": (0.0, 4), "hidden 1": (1.0, 4), "hidden 2": (2.0, 4), "output": (3.0, 1)}
_HEARD = {
    "bp": "BP: back through the weights",
    "fa": "FA: back through random weights",
    "dfa": "DFA: a random mix of the errors",
    "gevb": "GEVB: the error vector itself",
}


def _places(column: str) -> list[tuple[float, float]]:
    x, n = _COLUMNS[column]
    return [(x, 1.5 + (n - 1) / 2 - i) for i in range(n)]


def _segments(rule: str) -> Sequence[tuple[tuple[float, float], ...]]:
    """Return the routes of a rule's feedback, as polylines."""
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
    """Shorten the polyline so that it ends before the unit."""
    points = np.array(path, dtype=float)
    last = points[-1] - points[-2]
    points[-1] -= by * last / np.hypot(*last)
    return points


def _route(rule: str) -> go.Scatter:
    rows = []
    for path in _segments(rule):
        points = _shortened(path)
        rows += [(*point, 0) for point in points[:-1]] + [(*points[-1], 11), (None, None, 0)]
    x, y, size = zip(*rows, strict=True)
    arrows = {**ARROW, "size": size, "opacity": 1}
    dash = "dot" if rule == "fa" else "solid"
    return line((x, y), COLOURS[rule], marker=arrows, width=2, dash=dash)


def one_weight_becomes_four(weights: Sequence[float], start: float) -> go.Figure:
    """Draw a weight of either sign between two ON/OFF pairs, and the four that replace it.

    Args:
        weights: values of the slider.
        start: its first value.
    """
    on, off = 1.0, 0.0
    ends = [(sender, receiver) for receiver in (on, off) for sender in (on, off)]

    def drawn(weight: float) -> list[go.Scatter]:
        strengths = [max(weight if a == b else -weight, 0.0) for a, b in ends]
        # The crossed lines meet in the middle, so their numbers are closer to the sender.
        lines = [
            line(([0, 1], [a, b]), NEUTRAL if w == 0 else POSITIVE, width=0.6 + 6 * w)
            for (a, b), w in zip(ends, strengths, strict=True)
        ]
        places = [(0.28, a + 0.28 * (b - a) + 0.09) for a, b in ends]
        numbers = [f"{w:g}" for w in strengths]
        x, y = zip(*places, strict=True)
        said = go.Scatter(x=x, y=y, mode="text", text=numbers, hoverinfo="skip", showlegend=False)
        return [*lines, said]

    views = {f"{weight:g}": drawn(weight) for weight in weights}
    figure = go.Figure()
    frames(figure, views, "weight between the pairs: ", start=f"{start:g}")
    figure.add_trace(dots(([0, 0, 1, 1], [on, off, on, off]), NEUTRAL, size=30))
    names = [
        {"x": x + side, "y": y, "text": text, "showarrow": False, "xanchor": anchor}
        for x, side, anchor, who in ((0, -0.16, "right", "sender"), (1, 0.16, "left", "receiver"))
        for y, text in ((on, f"ON {who}"), (off, "its OFF twin"))
    ]
    return finished(
        figure,
        alt="Two pairs of units and the four weights between them. "
        + " ".join(
            f"For {weight:g}: ON to ON and OFF to OFF {max(weight, 0):g}, crossed "
            f"{max(-weight, 0):g}."
            for weight in weights
        ),
        caption="One weight of either sign between two pairs becomes four that are never negative: "
        "a positive one runs from ON to ON and from OFF to OFF, a negative one across.",
        height=200,
        annotations=names,
        xaxis={**HIDDEN, "range": [-0.95, 1.95]},
        yaxis={**HIDDEN, "range": [-0.35, 1.35]},
    )


def what_units_hear() -> go.Figure:
    """Draw the routes of feedback in a small network, a panel for each rule."""
    columns = list(_COLUMNS)
    wires = [
        (a, b) for left, right in pairwise(columns) for a in _places(left) for b in _places(right)
    ]
    units = [(column, place) for column in columns for place in _places(column)]
    figure = panels(list(_HEARD.values()), rows=2, shared="all", vertical_spacing=0.16)
    for n, rule in enumerate(_HEARD):
        circles = dots(list(zip(*(place for _, place in units), strict=True)), NEUTRAL, size=13)
        circles.update(text=[column for column, _ in units], hoverinfo="text")
        traces = [line(strokes(*wires), NEUTRAL, width=0.5), _route(rule), circles]
        figure.add_traces(traces, [1 + n // 2] * 3, [1 + n % 2] * 3)
    figure.update_xaxes(**HIDDEN, range=[-0.4, 3.4])
    figure.update_yaxes(**HIDDEN, range=[-0.4, 4.2])
    return finished(
        figure,
        alt=f"Four panels of one network, {', '.join(columns)}, with arrows for the feedback. "
        + ". ".join(_HEARD.values())
        + ".",
        caption="The feedback that the hidden units receive under each rule, from the output on "
        "the right: from layer to layer under BP and FA, directly from the output under DFA and "
        "GEVB. Only under GEVB do all units receive the same.",
        height=430,
        narrow=330,
    )
