"""The results chapter: tables as pictures, learning curves and angles over seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from gevb.companion.plots import (
    COLOURS,
    ERRORS,
    NEUTRAL,
    Curve,
    Measures,
    angles_of,
    dots,
    ends,
    finished,
    over_epochs,
    short,
    switch,
)
from gevb.lab.comparison import Cell, Finding
from gevb.lab.records import Record
from gevb.lab.tables import seeds_text
from gevb.training import Evaluation, Experiment


def results(tables: Mapping[str, Sequence[Cell]]) -> go.Figure:
    """Every experiment a row: each seed, their mean, and what it is compared with.

    Args:
        tables: cells by title; a button for each. The rows are those of the first table.
    """
    figure = go.Figure()
    for cells in tables.values():
        figure.add_traces(_rows(cells))
    if len(tables) > 1:
        switch(figure, [title for title, cells in tables.items() for _ in _rows(cells)])
    cells = next(iter(tables.values()))
    figure.update_yaxes(
        categoryorder="array", categoryarray=[_row(cell) for cell in cells][::-1], ticksuffix=" "
    )
    figure.update_xaxes(title="error (%)", rangemode="tozero")
    return finished(
        figure,
        alt=f"Errors of {len(cells)} experiments. {' '.join(map(_words, cells))}",
        height=10 + 21 * len(cells),
    )


def _row(cell: Cell) -> str:
    """Architecture, rule and kind of units."""
    return f"{cell.setting.arch} {cell.setting.title}"


def _rows(cells: Sequence[Cell]) -> list[go.Scatter]:
    """Seeds, means, references: three traces over all rows."""
    rows = [_row(cell) for cell in cells]
    colours = [COLOURS[cell.setting.rule] for cell in cells]
    seeds = [
        (error, row, colour, f"seed {seed}: {error:.2f} %")
        for cell, row, colour in zip(cells, rows, colours, strict=True)
        for seed, error in cell.errors.items()
    ]
    errors, where, shades, said = zip(*seeds, strict=True) if seeds else ((), (), (), ())
    says, words = "%{y}<br>%{text}<extra></extra>", [_words(cell) for cell in cells]
    ours = short([cell.ours and cell.ours.mean for cell in cells])
    others = short([cell.reference and cell.reference.mean for cell in cells])
    stroke = {"size": 13, "symbol": "line-ns", "line": {"width": 3, "color": colours}}
    diamond = {"size": 9, "symbol": "diamond-open", "line": {"width": 2}}
    name = "one seed of ours"
    return [
        dots((short(errors), where), shades, name, says, size=6, opacity=0.45).update(text=said),
        dots((ours, rows), None, "our mean", says, **stroke).update(text=words),
        dots((others, rows), NEUTRAL, "compared with", says, **diamond).update(text=words),
    ]


def _words(cell: Cell) -> str:
    """A row in words."""
    parts = [f"{_row(cell)}:"]
    if cell.ours is not None:
        spread = "" if cell.ours.sd is None else f" ± {cell.ours.sd:.2f}"
        parts.append(f"ours {cell.ours.mean:.2f}{spread} %,")
    if cell.reference is not None:
        parts.append(f"compared with {cell.reference.mean:.2f} %,")
    parts.append(seeds_text(cell))
    if cell.verdict:
        parts.append(f"({cell.verdict})")
    return " ".join(parts) + "."


Grid = Mapping[str, Sequence[Record]]
"""Records by the name of a button, of which every panel shows all seeds."""


def curves(groups: Grid) -> go.Figure:
    """Test and training errors over training, means over seeds with their range."""
    means = _means(groups, ERRORS)
    figure = over_epochs(means, "error (%)", " %")
    # The first steps down from chance would hide the rest.
    worst = max(r.history[-1].test_error for records in groups.values() for r in records)
    figure.update_yaxes(range=[0, min(100.0, 2 * worst)])
    return _finished(figure, f"Learning curves, means over seeds. {ends(means, ' %')}.")


def angles(groups: Grid) -> go.Figure:
    """Alignment angles over training, a panel a hidden layer, means over seeds with their range."""
    layers = max(len(r.history[0].angles) for records in groups.values() for r in records)
    means = _means(groups, angles_of(layers, "layer"))
    figure = over_epochs(means, "angle (degrees)", "°")
    figure.update_yaxes(range=[0, 95.0])
    return _finished(figure, f"Alignment angles, means over seeds. {ends(means, '°')}.")


def _finished(figure: go.Figure, alt: str) -> go.Figure:
    figure.update_xaxes(nticks=3, tickangle=0)
    return finished(figure, alt, height=260)


def _means(groups: Grid, measures: Measures) -> list[Curve]:
    """Means with their range, one for each experiment of a group."""
    found = []
    for group, records in groups.items():
        runs: dict[Experiment, list[Record]] = {}
        for record in records:
            runs.setdefault(record.config.experiment, []).append(record)
        for experiment, seeds in runs.items():
            spread = {title: _spread(seeds, value) for title, value in measures.items()}
            found.append(
                Curve(
                    experiment.title,
                    {title: (epochs, mean) for title, (epochs, _, mean, _) in spread.items()},
                    COLOURS[experiment.rule],
                    {"dash": _dash(experiment)},
                    marker=None,
                    owner=group,
                    band={title: (low, high) for title, (_, low, _, high) in spread.items()},
                )
            )
    return found


def _dash(experiment: Experiment) -> str:
    if experiment.vectorized:
        return "solid" if experiment.nonnegative else "dash"
    return "dot" if experiment.nonnegative else "dashdot"


def _spread(
    records: Sequence[Record], value: Callable[[Evaluation], float | None]
) -> tuple[list[int], list[float], list[float], list[float]]:
    """Epochs, and lowest, mean and highest value over the seeds that have got so far.

    A run that stopped early keeps its last value; one under way counts as far as it is.
    """
    longest = max(records, key=lambda record: record.history[-1].epoch).history
    table = []
    for record in records:
        values = [value(evaluation) for evaluation in record.history]
        rest = values[-1] if record.status == "finished" else math.nan
        table.append(values + [rest] * (len(longest) - len(values)))
    kept = [n for n in range(len(longest)) if all(row[n] is not None for row in table)]
    array = np.asarray([[row[n] for n in kept] for row in table], dtype=float)
    low, mean, high = (
        part.round(2).tolist()
        for part in (np.nanmin(array, 0), np.nanmean(array, 0), np.nanmax(array, 0))
    )
    return [longest[n].epoch for n in kept], low, mean, high


def order(found: Sequence[Finding]) -> go.Figure:
    """The claims about order: difference in test error with its 95 % interval, one row each."""
    tested = [finding for finding in found if finding.difference is not None]
    colours = {"supported": COLOURS["gevb"], "contradicted": COLOURS["dfa"]}
    names = [
        f"{f.left.dataset} {f.left.arch}:<br>{f.left.title}<br>− {f.right.title}" for f in tested
    ]
    intervals = [f.difference.interval for f in tested if f.difference]
    estimates = [f.difference.estimate for f in tested if f.difference]
    shades = [colours.get(finding.verdict, NEUTRAL) for finding in tested]
    says = "%{text}<br>%{x:+.2f} points<extra></extra>"
    trace = dots((short(estimates), names), shades, says=says, size=9)
    trace.update(
        text=[f"{f.claim.statement}: {f.verdict}" for f in tested],
        error_x={
            "type": "data",
            "color": NEUTRAL,
            "symmetric": False,
            "array": short([i[1] - x for i, x in zip(intervals, estimates, strict=True)]),
            "arrayminus": short([x - i[0] for i, x in zip(intervals, estimates, strict=True)]),
        },
    )
    figure = go.Figure(trace)
    figure.add_vline(x=0, line={"color": NEUTRAL, "dash": "dot"})
    figure.update_yaxes(autorange="reversed", ticksuffix=" ")
    figure.update_xaxes(title="difference (points)")
    said = "; ".join(f"{name}: {f.verdict}" for name, f in zip(names, tested, strict=True))
    return finished(
        figure,
        alt=f"Differences in test error behind the claims. {said.replace('<br>', ' ')}.",
        height=20 + 50 * len(tested),
    )
