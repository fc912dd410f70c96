"""The results chapter: tables as pictures, learning curves and angles over seeds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, Int
from torch import Tensor

from gevb.lab.comparison import Cell, Finding
from gevb.lab.records import Record
from gevb.lab.tables import in_words, seeds_text
from gevb.training import PAPER_EPOCHS, Evaluation, Experiment
from gevbook.plots import (
    COLOURS,
    DASHES,
    ERRORS,
    HIDDEN,
    NAMES,
    NEUTRAL,
    Curve,
    Measures,
    angles_of,
    dots,
    ends,
    finished,
    over_epochs,
    panels,
    short,
    switch,
)


def results(tables: Mapping[str, Sequence[Cell]]) -> go.Figure:
    """Every experiment a row: each seed, their mean, and what it is compared with.

    Args:
        tables: cells by title; a button for each. The rows are those of the first table.
    """
    rows = {title: _rows(cells) for title, cells in tables.items()}
    figure = go.Figure([trace for traces in rows.values() for trace in traces])
    switch(figure, [title for title, traces in rows.items() for _ in traces])
    cells = next(iter(tables.values()))
    drawn = {trace.name for traces in rows.values() for trace in traces}
    signs = {
        _SEED: "dots are seeds",
        _MEAN: "strokes their means",
        _OTHER: "diamonds what they are compared with",
    }
    said = ", ".join(words for name, words in signs.items() if name in drawn)
    run = sum(bool(cell.errors) for cell in cells)
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=[in_words(cell.setting) for cell in cells][::-1],
        ticksuffix=" ",
    )
    figure.update_xaxes(title="error (%)", rangemode="tozero")
    return finished(
        figure,
        alt=f"Errors of {len(cells)} experiments. {' '.join(map(_words, cells))}",
        caption=f"A row for each network and rule, coloured by the rule: {said}. "
        f"Runs of ours are finished in {run} of {len(cells)} experiments.",
        height=10 + 21 * len(cells),
    )


# In the legend.
_SEED, _MEAN, _OTHER = "one seed of ours", "our mean", "compared with"


def _rows(cells: Sequence[Cell]) -> list[go.Scatter]:
    """Seeds, means, references: a trace over all rows for each of them that there are."""
    rows = [in_words(cell.setting) for cell in cells]
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
    traces = [
        dots((short(errors), where), shades, _SEED, says, size=6, opacity=0.8).update(text=said),
        dots((ours, rows), None, _MEAN, says, **stroke).update(text=words),
        dots((others, rows), NEUTRAL, _OTHER, says, **diamond).update(text=words),
    ]
    return [trace for trace in traces if not np.isnan(np.asarray(trace.x, float)).all()]


def _words(cell: Cell) -> str:
    """A row in words."""
    parts = [f"{in_words(cell.setting)}:"]
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


_KINDS = {  # of networks, a panel each: vectorized, nonnegative
    "VNN": (True, True),
    "vectorized, mixed-sign": (True, False),
    "conventional, nonnegative": (False, True),
    "conventional, mixed-sign": (False, False),
}


def curves(groups: Grid, goals: Mapping[str, Mapping[Experiment, float]]) -> go.Figure:
    """Test and training errors over training, a panel a kind of network.

    Lines are means over seeds; the range of the test errors is a band where there are several.

    Args:
        groups: records by the name of a button.
        goals: test errors at the end of training to compare with, in some of the groups.
    """
    means = _means(groups, ERRORS)
    aims = [
        Curve(
            f"{NAMES[experiment.rule]}, published",
            {_kind(experiment): ([PAPER_EPOCHS], [error])},
            COLOURS[experiment.rule],
            marker={"symbol": "diamond-open", "size": 9},
            owner=group,
        )
        for group, wanted in goals.items()
        for experiment, error in wanted.items()
    ]
    # The first steps down from chance would hide the rest.
    tops = {
        group: min(
            100.0,
            2 * max([r.history[-1].test_error for r in records] + [*goals.get(group, {}).values()]),
        )
        for group, records in groups.items()
    }
    figure = _by_kind(means, groups, "error (%)", " %", aims, tops)
    return finished(
        figure,
        alt=f"Learning curves, means over seeds. {ends(means, ' %')}.",
        caption="Test error (solid) and training error (dashed), means over seeds, in each kind of "
        "network; a band is the range of the test error over several seeds. Diamonds are the test "
        "errors that the paper reports at the end.",
        height=420,
    )


def angles(groups: Grid) -> go.Figure:
    """Alignment angles over training, a panel a kind of network, means over seeds."""
    layers = max(len(r.history[0].angles) for records in groups.values() for r in records)
    means = _means(groups, angles_of(layers, "layer"))
    figure = _by_kind(means, groups, "angle (degrees)", "°")
    figure.update_yaxes(range=[0, 100], tickvals=[0, 30, 60, 90])
    return finished(
        figure,
        alt=f"Alignment angles, means over seeds. {ends(means, '°')}.",
        caption="Angle between what the hidden layers hear under GEVB or DFA and the gradient "
        "while networks learn, means over seeds. At 90° they have nothing in common.",
        height=420,
    )


def _by_kind(
    means: Sequence[Curve],
    groups: Grid,
    axis: str,
    unit: str,
    aims: Sequence[Curve] = (),
    tops: Mapping[str, float] | None = None,
) -> go.Figure:
    """The panels of `_KINDS`; one says so where a group has no run of its kind.

    Args:
        means: of the runs.
        groups: their records by the name of a button.
        axis: what the vertical axis says.
        unit: of the values.
        aims: what is drawn besides.
        tops: of the vertical axis, by group, if not the same for all.
    """
    notes = panels(list(_KINDS), rows=2).layout.annotations
    layouts = {}
    for group in groups:
        there = {title for curve in means if curve.owner == group for title in curve.values}
        missing = [n for n, title in enumerate(_KINDS, start=1) if title not in there]
        nothing = {"text": "no run yet", "x": 0.5, "y": 0.5, "showarrow": False}
        layouts[group] = {
            "annotations": [
                *(note.to_plotly_json() for note in notes),
                *({**nothing, "xref": f"x{n} domain", "yref": f"y{n} domain"} for n in missing),
            ],
        }
        if tops:
            axes = ("yaxis", *(f"yaxis{n}" for n in range(2, 1 + len(_KINDS))))
            layouts[group] |= {f"{axis}.range": [0, tops[group]] for axis in axes}
    drawn = [*means, *aims]
    figure = over_epochs(drawn, axis, unit, titles=list(_KINDS), rows=2, layouts=layouts)
    return figure.update_xaxes(nticks=4, tickangle=0, matches="x")


def _means(groups: Grid, measures: Measures) -> list[Curve]:
    """Means over seeds for each rule in each network, with the range that the first measure has."""
    found = []
    for group, records in groups.items():
        runs: dict[Experiment, list[Record]] = {}
        for record in records:
            runs.setdefault(record.config.experiment, []).append(record)
        for (experiment, seeds), (n, (what, value)) in product(
            runs.items(), enumerate(measures.items())
        ):
            epochs, low, mean, high = _spread(seeds, value)
            if not epochs:
                continue
            kind = _kind(experiment)
            found.append(
                Curve(
                    f"{NAMES[experiment.rule]}, {what}",
                    {kind: (epochs, mean)},
                    COLOURS[experiment.rule],
                    {"dash": DASHES[n], "width": 2.5 if n == 0 else 1.5},
                    marker=None,
                    owner=group,
                    band={kind: (low, high)} if n == 0 and low != high else {},
                )
            )
    return found


def _kind(experiment: Experiment) -> str:
    kinds = {weights: title for title, weights in _KINDS.items()}
    return kinds[experiment.vectorized, experiment.nonnegative]


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
    hues = {COLOURS["gevb"]: "green", COLOURS["dfa"]: "orange", NEUTRAL: "grey"}
    verdicts = [
        f"{count} {verdict} ({hues[colours.get(verdict, NEUTRAL)]})"
        for verdict, count in Counter(f.verdict for f in tested).items()
    ]
    return finished(
        figure,
        alt=f"Differences in test error behind the claims. {said.replace('<br>', ' ')}.",
        caption="The differences in mean test error that the claims are about, with 95 % "
        f"intervals, left of zero for the rule named first: {', '.join(verdicts)}.",
        height=20 + 50 * len(tested),
    )


def mistakes(
    images: Float[Tensor, "n C H W"],
    scores: Float[Tensor, "n K"],
    labels: Int[Tensor, " n"],
    names: Sequence[str],
    columns: int = 4,
    most: int = 12,
) -> go.Figure:
    """Images that a network gets wrong, the surest mistakes first, with what it says of each.

    Args:
        images: all that were asked, in any order; channels are averaged.
        scores: of the classes, before the softmax.
        labels: the right classes.
        names: of the classes.
        columns: of images.
        most: images that are shown.
    """
    shares = scores.softmax(1)
    sure, said = shares.max(1)
    wrong = (said != labels).nonzero()[:, 0]
    shown = wrong[sure[wrong].argsort(descending=True)][:most].tolist()
    height, width = images.shape[-2:]
    tall, wide = height + height * 2 // 3, width + max(1, width // 4)  # With room for words.
    rows = -(-len(shown) // columns)
    tiles = np.full((rows * tall, columns * wide), np.nan)
    places, words, full = [], [], []
    for n, image in enumerate(shown):
        row, column = divmod(n, columns)
        top, left = row * tall, column * wide
        tiles[top : top + height, left : left + width] = images[image].mean(0).numpy()
        places.append((left + (width - 1) / 2, top + 1.2 * height))
        right, answer = (names[int(classes[image])] for classes in (labels, said))
        words.append(f"{right}, not {answer}<br>{100 * sure[image]:.0f} %")
        full.append(
            "<br>".join(
                f"{name}: {100 * share:.1f} %"
                for name, share in zip(names, shares[image].tolist(), strict=True)
            )
        )
    picture = go.Heatmap(
        z=tiles.round(2),
        colorscale=[[0, "rgba(138, 143, 152, 0.12)"], [1, NEUTRAL]],
        showscale=False,
        hoverinfo="skip",
    )
    x, y = zip(*places, strict=True)
    text = go.Scatter(
        x=x, y=y, mode="text", text=words, hovertext=full, hoverinfo="text", showlegend=False
    )
    figure = go.Figure([picture, text])
    figure.update_xaxes(**HIDDEN, range=[-1, columns * wide])
    figure.update_yaxes(**HIDDEN, range=[rows * tall, -1], scaleanchor="x")
    count = f"{len(wrong)} of {len(labels)} test images are wrong"
    return finished(
        figure,
        alt=f"{count}. Shown are {len(shown)}: {'; '.join(words).replace('<br>', ', ')}.",
        caption=f"{count}; these are the {len(shown)} of which the network is surest. Under each, "
        "the right class, what the network says, and the share that it gives to its answer.",
        height=150 * rows,
        narrow=125 * rows,
    )
