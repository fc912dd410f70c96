"""Figures of the results chapter: distances from the paper, spikes, claims, mistakes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, Int
from torch import Tensor

from gevb.datasets import DATASETS
from gevb.lab.comparison import SEEDS, Beside, Finding
from gevb.lab.records import Record
from gevb.lab.tables import in_words
from gevbook.curves import mean_over_runs
from gevbook.plots import (
    COLOURS,
    DASHES,
    HIDDEN,
    NEUTRAL,
    PERCENT,
    WRONG,
    Curve,
    chart,
    dots,
    ends,
    finished,
    panels,
    short,
)

#: Look of verdicts: a colour that no rule uses, and a symbol.
_FOR, _OPEN, _AGAINST = (NEUTRAL, "circle"), (NEUTRAL, "circle-open"), (WRONG, "x")
VERDICTS = {"consistent": _FOR, "undecidable": _OPEN, "differs": _AGAINST}


def beside(cells: Sequence[Beside], reach: float | int = 6) -> go.Figure:
    """Plot the distance of ours from the paper's: a row per network, a panel per data set.

    Args:
        cells: from `gevb.lab.comparison.at_equal_epochs`, of both data sets.
        reach: end of the horizontal axis, in standard errors; larger values are drawn at the end.
    """
    datasets = list(dict.fromkeys(cell.experiment.dataset for cell in cells))
    figure = panels([DATASETS[dataset].title for dataset in datasets])
    named: set[str] = set()
    for column, dataset in enumerate(datasets, start=1):
        there = [cell for cell in cells if cell.experiment.dataset == dataset]
        for verdict, (colour, symbol) in VERDICTS.items():
            shown = [cell for cell in there if cell.verdict == verdict]
            at = [float(np.clip(cell.standardised, -reach, reach)) for cell in shown]
            trace = dots(
                (short(at, 2), [in_words(cell.experiment) for cell in shown]),
                colour,
                verdict if shown and verdict not in named else None,
                "%{text}<extra></extra>",
                symbol=symbol,
                size=9,
                line={"width": 2, "color": colour},
            ).update(text=[_beside_words(cell) for cell in shown])
            named |= {verdict} if shown else set()
            figure.add_trace(trace, row=1, col=column)
        reached = [str(max(cell.ours)) if cell.ours else "–" for cell in there]
        epochs = go.Scatter(
            x=[reach * 1.15] * len(there),
            y=[in_words(cell.experiment) for cell in there],
            text=reached,
            mode="text",
            textposition="middle right",
            textfont={"size": 10, "color": NEUTRAL},
            hoverinfo="skip",
            showlegend=False,
        )
        figure.add_trace(epochs, row=1, col=column)
        figure.add_vline(x=0, line={"color": NEUTRAL, "dash": "dot"}, row=1, col=column)
    rows = [in_words(cell.experiment) for cell in cells if cell.experiment.dataset == datasets[0]]
    figure.update_yaxes(categoryorder="array", categoryarray=rows[::-1], ticksuffix=" ")
    figure.update_xaxes(
        title="s.e.",
        range=[-1.1 * reach, 2.2 * reach],
        tickvals=[-reach, 0, reach],
        tickangle=0,
        zeroline=False,
    )
    counts = Counter(cell.verdict or "without a run" for cell in cells)
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    return finished(
        figure,
        alt=f"Test error of ours against the paper's at equal epochs: {said}. "
        + " ".join(_beside_words(cell).replace("<br>", ", ") + "." for cell in cells),
        caption=f"Our test error minus the paper's at equal epochs, over its standard error "
        f"(s.e.; median over the epochs that both have); right of zero ours is higher. The number "
        f"in a row is the last epoch that both have (–: no run). "
        f"Seeds {SEEDS[0]} to {SEEDS[-1]} count. "
        f"Of {len(cells)} networks: {said}.",
        height=20 * len(rows),
    )


def _beside_words(cell: Beside) -> str:
    name = f"{DATASETS[cell.experiment.dataset].title} {in_words(cell.experiment)}"
    if not cell.ours:
        return f"{name}: no run"
    last = max(cell.ours)
    theirs, seeds = cell.theirs[last], len(cell.seeds)
    return (
        f"{name}, epoch {last}<br>ours {cell.ours[last].mean:.2f} %, the paper's "
        f"{theirs.mean:.2f} ± {theirs.sd:.2f}<br>{seeds} seed{'s' * (seeds > 1)} of ours: "
        f"{cell.verdict}"
    )


def spikes(records: Iterable[Record]) -> go.Figure:
    """Plot test errors at every epoch under DFA, a panel per seed: networks of a seed share spikes.

    Args:
        records: of runs that were evaluated after each epoch.
    """
    drawn = []
    for r in records:
        label = f"{in_words(r.config)}"
        values = {f"seed {r.config.seed}": mean_over_runs([r], lambda e: e.test_error, first=1)}
        dash = DASHES[not r.config.nonnegative]
        drawn.append(Curve(label, values, COLOURS[r.config.rule], {"dash": dash}))
    figure = chart(drawn, "epoch", "test error (%)", PERCENT)
    return finished(
        figure.update_yaxes(rangemode="tozero"),
        alt=f"Test errors at every epoch. {ends(drawn, ' %', along=None)}.",
        caption="Test error after every epoch of two networks on MNIST, nonnegative (solid) and "
        "with mixed signs (dashed), from two seeds. A seed fixes the order of the examples, also "
        "in another network.",
        height=240,
    )


def order(found: Sequence[Finding]) -> go.Figure:
    """Plot the claims about order: difference in test error with its 95 % interval, a row each."""
    tested = [finding for finding in found if finding.difference is not None]
    names = [
        f"{f.left.dataset} {f.left.arch}:<br>{f.left.title}<br>− {f.right.title}" for f in tested
    ]
    intervals = [f.difference.interval for f in tested if f.difference]
    estimates = [f.difference.estimate for f in tested if f.difference]
    looks = {"supported": _FOR, "contradicted": _AGAINST}
    shades, symbols = zip(*(looks.get(f.verdict, _OPEN) for f in tested), strict=True)
    says = "%{text}<br>%{x:+.2f} points<extra></extra>"
    trace = dots((short(estimates), names), shades, says=says, symbol=symbols, size=9)
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
    signs = {_FOR: "filled circles", _OPEN: "open circles", _AGAINST: "red crosses"}
    verdicts = [
        f"{count} {verdict} ({signs[looks.get(verdict, _OPEN)]})"
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
    """Show wrongly classified images, surest mistakes first, with the network's answers.

    Args:
        images: all test images, in any order; channels are averaged.
        scores: of the classes, before the softmax.
        labels: the right classes.
        names: of the classes.
        columns: of images.
        most: largest number of images shown.
    """
    shares = scores.softmax(1)
    sure, said = shares.max(1)
    wrong = (said != labels).nonzero()[:, 0]
    shown = wrong[sure[wrong].argsort(descending=True)][:most].tolist()
    height, width = images.shape[-2:]
    tall, wide = height + height * 2 // 3, width + max(1, width // 4)  # With space for text.
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
