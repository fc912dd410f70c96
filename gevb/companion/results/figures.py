"""The results chapter: tables as pictures, learning curves and angles over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gevb.companion.plots import COLOURS, NEUTRAL, buttons_above, finished
from gevb.lab.comparison import Cell, Finding
from gevb.lab.records import Record
from gevb.lab.tables import seeds_text
from gevb.training import Config, Experiment


def short_name(config: Experiment) -> str:
    """Architecture, kind of network and rule as on the axis of `results`: "fc VNN GEVB+"."""
    return f"{config.arch} {_side(config)}"


def _side(config: Experiment) -> str:
    kind = "vec." if config.vectorized else "conv'l"
    return f"{kind} {config.label}"


def results(tables: Mapping[str, Sequence[Cell]]) -> go.Figure:
    """Every experiment a row: each seed, their mean, and what it is compared with.

    Args:
        tables: cells by title; a button for each. The rows are those of the first table.
    """
    figure = go.Figure()
    titles = list(tables)
    for title in titles:
        for trace in _rows(tables[title]):
            figure.add_trace(trace.update(visible=title == titles[0]))
    count = len(figure.data) // len(titles)
    buttons = [
        {
            "label": title,
            "method": "restyle",
            "args": [{"visible": [shown == title for shown in titles for _ in range(count)]}],
        }
        for title in titles
    ]
    names = [short_name(cell.setting) for cell in tables[titles[0]]]
    figure.update_yaxes(
        categoryorder="array", categoryarray=names[::-1], ticksuffix=" ", automargin=True
    )
    figure.update_xaxes(title="error (%)", rangemode="tozero")
    return finished(
        figure,
        alt=f"Errors of {len(names)} experiments. " + " ".join(map(_words, tables[titles[0]])),
        height=180 + 21 * len(names),
        updatemenus=[buttons_above(buttons, 0)] if len(titles) > 1 else [],
        margin={"l": 120, "r": 15, "t": 45, "b": 125},
    )


def _rows(cells: Sequence[Cell]) -> list[go.Scatter]:
    """Seeds, means, references: three traces over all rows."""
    y = [short_name(cell.setting) for cell in cells]
    colours = [COLOURS[cell.setting.rule] for cell in cells]
    seeds = [
        (error, name, colour, f"seed {seed}: {error:.2f} %")
        for cell, name, colour in zip(cells, y, colours, strict=True)
        for seed, error in cell.errors.items()
    ]
    x, rows, shades, said = zip(*seeds, strict=True) if seeds else ((), (), (), ())
    hover = "%{y}<br>%{text}<extra></extra>"
    return [
        go.Scatter(
            x=_short(x),
            y=rows,
            text=said,
            name="one seed of ours",
            mode="markers",
            marker={"color": shades, "size": 6, "opacity": 0.45},
            hovertemplate=hover,
        ),
        go.Scatter(
            x=_short([cell.ours.mean if cell.ours else None for cell in cells]),
            y=y,
            text=[_words(cell) for cell in cells],
            name="our mean",
            mode="markers",
            marker={
                "size": 13,
                "symbol": "line-ns",
                "line": {"width": 3, "color": colours},
            },
            hovertemplate=hover,
        ),
        go.Scatter(
            x=_short([cell.reference.mean if cell.reference else None for cell in cells]),
            y=y,
            text=[_words(cell) for cell in cells],
            name="compared with",
            mode="markers",
            marker={
                "color": NEUTRAL,
                "size": 9,
                "symbol": "diamond-open",
                "line": {"width": 2},
            },
            hovertemplate=hover,
        ),
    ]


def _words(cell: Cell) -> str:
    """A row in words."""
    parts = [f"{short_name(cell.setting)}:"]
    if cell.ours is not None:
        spread = "" if cell.ours.sd is None else f" ± {cell.ours.sd:.2f}"
        parts.append(f"ours {cell.ours.mean:.2f}{spread} %,")
    if cell.reference is not None:
        parts.append(f"compared with {cell.reference.mean:.2f} %,")
    parts.append(seeds_text(cell))
    if cell.verdict:
        parts.append(f"({cell.verdict})")
    return " ".join(parts) + "."


def _short(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else round(float(value), 3) for value in values]


Grid = Mapping[str, Sequence[Record]]
"""Records by the name of a button, of which every panel shows all seeds."""


def curves(groups: Grid) -> go.Figure:
    """Test and training errors over training, means over seeds with their range."""
    worst = max(r.history[-1].test_error for records in groups.values() for r in records)
    return _over_epochs(
        groups,
        [("test", lambda e: e.test_error), ("training", lambda e: e.train_error)],
        unit="error (%)",
        top=min(100.0, 2 * worst),  # The first steps down from chance would hide the rest.
        alt="Learning curves",
    )


def angles(groups: Grid) -> go.Figure:
    """Alignment angles over training, a panel a hidden layer, means over seeds with their range."""
    layers = max(len(r.history[0].angles) for records in groups.values() for r in records)
    panels = [
        (f"layer {l + 1}", lambda e, l=l: e.angles[l] if l < len(e.angles) else None)
        for l in range(layers)
    ]
    return _over_epochs(groups, panels, unit="angle (degrees)", top=95.0, alt="Alignment angles")


def _over_epochs(
    groups: Grid, panels: Sequence[tuple[str, Any]], unit: str, top: float, alt: str
) -> go.Figure:
    figure = make_subplots(
        cols=len(panels),
        shared_yaxes=True,
        subplot_titles=[title for title, _ in panels],
        horizontal_spacing=0.04,
    )
    owners: list[str] = []
    ends = []
    for group, records in groups.items():
        runs: dict[Config, list[Record]] = {}
        for record in records:
            runs.setdefault(_without_seed(record.config), []).append(record)
        for config, seeds in runs.items():
            for column, (_, value) in enumerate(panels, start=1):
                epochs, low, mean, high = _spread(seeds, value)
                if column == 1 and mean:
                    ends.append(f"{group} {short_name(config)}: {mean[-1]:.1f} at the end")
                for trace in _band(config, epochs, low, mean, high):
                    trace.update(
                        legendgroup=f"{group} {config.experiment.name}",
                        showlegend=column == 1 and trace.name is not None,
                        visible=group == next(iter(groups)),
                    )
                    figure.add_trace(trace, row=1, col=column)
                    owners.append(group)
    buttons = [
        {
            "label": group,
            "method": "restyle",
            "args": [{"visible": [owner == group for owner in owners]}],
        }
        for group in groups
    ]
    figure.update_xaxes(title="epoch", nticks=3, tickangle=0)
    figure.update_yaxes(range=[0, top])
    figure.update_yaxes(title=unit, col=1)
    return finished(
        figure,
        alt=f"{alt}, means over seeds. {'; '.join(ends)}.",
        height=520,
        updatemenus=[{**buttons_above(buttons, 0), "y": 1.1}],
        margin={"l": 55, "r": 15, "t": 90, "b": 170},
    )


def _without_seed(config: Config) -> Config:
    return replace(config, seed=0)


def _spread(
    records: Sequence[Record], value: Any
) -> tuple[list[int], list[float], list[float], list[float]]:
    """Epochs, and lowest, mean and highest value over seeds; a run that stopped keeps its last."""
    last = max(record.history[-1].epoch for record in records)
    longest = next(record for record in records if record.history[-1].epoch == last)
    epochs = [evaluation.epoch for evaluation in longest.history]
    table = []
    for record in records:
        values = [value(evaluation) for evaluation in record.history]
        table.append(values + [values[-1]] * (len(epochs) - len(values)))
    kept = [n for n in range(len(epochs)) if all(row[n] is not None for row in table)]
    array = np.asarray([[row[n] for n in kept] for row in table], dtype=float)
    rounded = [array.min(0).round(2), array.mean(0).round(2), array.max(0).round(2)]
    low, mean, high = (part.tolist() for part in rounded)
    return [epochs[n] for n in kept], low, mean, high


def _band(
    config: Config, epochs: list[int], low: list[float], mean: list[float], high: list[float]
) -> list[go.Scatter]:
    """The range over seeds, and the mean: solid and filled for a plus, dashed without."""
    colour = COLOURS[config.rule]
    return [
        go.Scatter(
            x=epochs + epochs[::-1],
            y=high + low[::-1],
            fill="toself",
            fillcolor=colour,
            opacity=0.15,
            line_width=0,
            hoverinfo="skip",
        ),
        go.Scatter(
            x=epochs,
            y=mean,
            name=_side(config),
            mode="lines",
            line={
                "color": colour,
                "dash": ("solid" if config.nonnegative else "dash")
                if config.vectorized
                else ("dot" if config.nonnegative else "dashdot"),
            },
            hovertemplate="%{y:.2f} after %{x} epochs",
        ),
    ]


def order(found: Sequence[Finding]) -> go.Figure:
    """The claims about order: difference in test error with its 95 % interval, one row each."""
    tested = [finding for finding in found if finding.difference is not None]
    colours = {"supported": COLOURS["gevb"], "contradicted": COLOURS["dfa"]}
    names = [f"{f.left.dataset} {f.left.arch}: {_side(f.left)} − {_side(f.right)}" for f in tested]
    intervals = [f.difference.interval for f in tested if f.difference]
    estimates = [f.difference.estimate for f in tested if f.difference]
    figure = go.Figure(
        go.Scatter(
            x=_short(estimates),
            y=[name.replace(": ", ":<br>") for name in names],
            error_x={
                "type": "data",
                "color": NEUTRAL,
                "symmetric": False,
                "array": _short([i[1] - x for i, x in zip(intervals, estimates, strict=True)]),
                "arrayminus": _short([x - i[0] for i, x in zip(intervals, estimates, strict=True)]),
            },
            mode="markers",
            marker={
                "size": 9,
                "color": [colours.get(finding.verdict, NEUTRAL) for finding in tested],
            },
            text=[f"{f.claim.statement}: {f.verdict}" for f in tested],
            hovertemplate="%{text}<br>%{x:+.2f} points<extra></extra>",
            showlegend=False,
        )
    )
    figure.add_vline(x=0, line={"color": NEUTRAL, "dash": "dot"})
    figure.update_yaxes(autorange="reversed", ticksuffix=" ", automargin=True)
    figure.update_xaxes(title="difference (points)")
    said = "; ".join(f"{name}: {f.verdict}" for name, f in zip(names, tested, strict=True))
    return finished(
        figure,
        alt=f"Differences in test error behind the claims. {said}.",
        height=120 + 38 * len(tested),
        margin={"l": 140, "r": 15, "t": 20, "b": 50},
    )
