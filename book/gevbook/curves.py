"""Curves of ours over the paper's: errors and alignment angles over training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product

import numpy as np
import plotly.graph_objects as go

from gevb.datasets import DATASETS
from gevb.lab.comparison import counted
from gevb.lab.experiments import experiments
from gevb.lab.published import Reading, published_angles, published_curves
from gevb.lab.records import Record
from gevb.training import Evaluation
from gevbook.plots import COLOURS, DASHES, DEGREES, PERCENT, Curve, chart, ends, finished

#: Panel titles for architectures and kinds of units.
_ARCHITECTURES = {"fc": "fully connected", "conv": "convolutional", "lc": "locally connected"}
_SIGNS = {True: "nonnegative", False: "mixed signs"}
#: Panels of `curves` and of `angles`.
CURVES, ANGLES = (
    [f"{name}, {kind}" for name, kind in product(_ARCHITECTURES.values(), kinds)]
    for kinds in (("vectorized", "conventional"), _SIGNS.values())
)


def error_curves(records: Iterable[Record], start: str = "mnist") -> list[Curve]:
    """Make curves of published and own test errors over training, for the panels of `CURVES`."""
    runs = counted(records)
    drawn = []
    for dataset in _from(start):
        for experiment in experiments([dataset]):
            title = f"{_ARCHITECTURES[experiment.arch]}, {experiment.units}"
            dash = DASHES[not experiment.nonnegative]
            owner, colour = DATASETS[dataset].title, COLOURS[experiment.rule]
            if paper := published_curves().get(experiment.name):
                drawn.append(
                    _theirs(f"{experiment.label}, paper", title, paper, colour, dash, owner)
                )
            ours = mean_over_runs(runs.get(experiment, []), lambda e: e.test_error, first=10)
            if ours[0]:
                line = {"dash": dash, "width": 2.5}
                label = f"{experiment.label}, ours"
                drawn.append(Curve(label, {title: ours}, colour, line, owner=owner))
    return drawn


def angle_curves(records: Iterable[Record], start: str = "mnist") -> list[Curve]:
    """Make curves of published and own angles under the broadcast rule, for `ANGLES`."""
    runs = counted(records)
    drawn = []
    for dataset in _from(start):
        for experiment in experiments([dataset]):
            if experiment.rule == "bp":
                continue
            title = f"{_ARCHITECTURES[experiment.arch]}, {_SIGNS[experiment.nonnegative]}"
            owner, colour = DATASETS[dataset].title, COLOURS[experiment.rule]
            rule = experiment.rule.upper()
            for layer, dash in enumerate(DASHES):
                paper = published_angles().get(experiment.name, [])
                if layer < len(paper):
                    name = f"{rule}, layer {layer + 1}, paper"
                    drawn.append(_theirs(name, title, paper[layer], colour, dash, owner))
                ours = mean_over_runs(runs.get(experiment, []), _angle(layer))
                if ours[0]:
                    line = {"dash": dash, "width": 2.5}
                    name = f"{rule}, layer {layer + 1}, ours"
                    drawn.append(Curve(name, {title: ours}, colour, line, owner=owner))
    return drawn


def errors_beside(
    records: Iterable[Record], start: str = "mnist", arch: str | None = None
) -> go.Figure:
    """Plot test errors over training, a panel for each architecture and kind of units.

    The published mean is a thin line in a band of one standard deviation; ours are lines with
    points, means over seeds. A button selects the data set.

    Args:
        records: of runs, with any status.
        start: data set shown first.
        arch: architecture shown; all three by default.
    """
    titles = [t for t in CURVES if arch is None or t.startswith(_ARCHITECTURES[arch])]
    drawn = [c for c in error_curves(records, start) if not c.values.keys().isdisjoint(titles)]
    rows = len(titles) // 2
    figure = chart(
        drawn,
        "epoch",
        "test error (%)",
        PERCENT,
        titles,
        rows=rows,
        shared=False,
        layouts=_spans(drawn, titles),
    )
    return finished(
        figure.update_xaxes(range=[0, 195], nticks=5),
        alt=f"Learning curves of ours and of the paper. {ends(drawn, ' %', along=None)}.",
        caption="Test error over training. Thin lines in bands are the paper's mean ± one standard "
        "deviation of five runs; thick lines with points are ours, means over the seeds that have "
        "got so far. Solid: nonnegative weights (+). Dashed: mixed signs. All begin at epoch 10. "
        "The digits are ours alone.",
        height=80 + 180 * rows,
        narrow=100 + 220 * rows,
    )


def angles_beside(records: Iterable[Record], start: str = "mnist") -> go.Figure:
    """Plot alignment angles over training by the broadcast rule, by architecture and signs.

    As in `errors_beside`: bands are the paper's, lines with points ours, one for each hidden layer.

    Args:
        records: of runs, with any status.
        start: data set shown first.
    """
    drawn = angle_curves(records, start)
    figure = chart(drawn, "epoch", "angle (degrees)", DEGREES, ANGLES, rows=3)
    figure.update_yaxes(range=[0, 105], tickvals=[0, 30, 60, 90])
    return finished(
        figure.update_xaxes(range=[-4, 195], nticks=5),
        alt=f"Alignment angles of ours and of the paper. {ends(drawn, '°', along=None)}.",
        caption="Angle between the feedback that a hidden layer receives under the broadcast rule "
        "and back-propagation's, while that rule trains the network: GEVB in vectorized networks "
        "(green), DFA in conventional ones (orange), layers by their dashes. Thin lines in bands "
        "are the paper's mean ± one standard deviation of five runs, thick lines with points ours. "
        "At 90° the two have nothing in common.",
        height=620,
        narrow=760,
    )


def _from(start: str) -> list[str]:
    """List the data sets, beginning with the one shown first."""
    order = ("mnist", "cifar10", "digits")
    return sorted(order, key=lambda dataset: dataset != start)


def _angle(layer: int) -> Callable[[Evaluation], float | None]:
    return lambda e: e.angles[layer] if layer < len(e.angles) else None


def mean_over_runs(
    records: Sequence[Record], value: Callable[[Evaluation], float | None], first: int = 0
) -> tuple[list[int], list[float]]:
    """Return epochs from the first wanted, and the mean over the runs that have a value there."""
    found: dict[int, list[float]] = {}
    for evaluation in (e for record in records for e in record.history):
        if (number := value(evaluation)) is not None:
            found.setdefault(evaluation.epoch, []).append(number)
    epochs = sorted(epoch for epoch in found if first <= epoch)
    return epochs, [float(np.mean(found[epoch])) for epoch in epochs]


def _theirs(
    name: str, title: str, paper: Mapping[int, Reading], colour: str, dash: str, owner: str
) -> Curve:
    """Make a published curve in its band."""
    means, spreads = (np.array([r[n] for r in paper.values()]) for n in (0, 1))
    band = ((means - spreads).clip(0).tolist(), (means + spreads).tolist())
    values = {title: (list(paper), means.tolist())}
    line = {"dash": dash, "width": 1}
    return Curve(name, values, colour, line, marker=None, owner=owner, band={title: band})


def span(drawn: Iterable[Curve], title: str) -> tuple[float, float]:
    """Find the lowest and highest value of curves in a panel, with a margin."""
    there = (curve.values[title][1] for curve in drawn if title in curve.values)
    values = [y for ys in there for y in ys if y is not None]
    return 0.9 * min(values, default=0), 1.05 * max(values, default=1)


def _spans(drawn: Sequence[Curve], titles: Sequence[str]) -> dict[str, dict[str, object]]:
    """Find the vertical ranges of the panels, by owner."""
    found: dict[str, dict[str, object]] = {}
    for owner in dict.fromkeys(curve.owner for curve in drawn if curve.owner):
        own = [curve for curve in drawn if curve.owner == owner]
        found[owner] = {
            f"yaxis{n if n > 1 else ''}.range": list(span(own, title))
            for n, title in enumerate(titles, start=1)
        }
    return found
