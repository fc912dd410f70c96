"""t-SNE maps, and their separation of the classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, Int

from gevb.datasets import DATASETS
from gevb.lab.embedding import RecordedMap, epochs_trained
from gevb.lab.experiments import experiments
from gevb.lab.published import published_gains
from gevbook.plots import (
    COLOURS,
    NEUTRAL,
    Curve,
    chart,
    dots,
    finished,
    frames,
    panels,
    short,
    square,
)

Points = tuple[Float[np.ndarray, "N 2"], Int[np.ndarray, " N"]]

# One colour a class, as in the playground, at least 3:1 against both themes' pages. Colour-blind
# readers see some alike.
_CLASSES = (
    *("#4A9CC0", "#E0525F", "#A8861B", "#228833", "#B8438A"),
    *("#4477AA", "#8C6D5A", "#D06A28", "#7E7FD0", "#6B7280"),
)

# Eight convolutional networks of the paper.
_SHOWN = experiments(["cifar10"], "-conv-")


def pair_of_maps(
    pairs: Mapping[str, tuple[Points, Points]],
    titles: tuple[str, str],
    classes: Sequence[str],
    alt: str,
    caption: str,
    prefix: str | None = None,
    shown: int = 700,
) -> go.Figure:
    """Show two maps side by side, with a menu over the pairs, or a slider.

    Args:
        pairs: for each name, coordinates and labels of the left and of the right map.
        titles: of the two panels.
        classes: name of each label.
        alt: description.
        caption: what to look for.
        prefix: of the slider's value; None for a menu.
        shown: number of points drawn per map, from the first.
    """
    figure = panels(titles)

    # One scale for all maps of a panel, so that only the points move.
    sides = [
        max(float(np.abs(pair[panel][0][:shown]).max()) for pair in pairs.values())
        for panel in (0, 1)
    ]

    def places(name: str) -> list[dict[str, Int[np.ndarray, " n"]]]:
        whole = [
            ((1000 / side * xy[:shown]).round().astype(np.int16), labels[:shown])
            for (xy, labels), side in zip(pairs[name], sides, strict=True)
        ]
        return [
            {"x": xy[labels == c, 0], "y": xy[labels == c, 1]}
            for xy, labels in whole
            for c in range(len(classes))
        ]

    # The look is the first view's; the others change only positions.
    count = len(classes)
    frames(
        figure,
        {name: [go.Scatter(**where) for where in places(name)] for name in pairs},
        prefix,
        places=[1] * count + [2] * count,
    )
    for number, trace in enumerate(figure.data):
        panel, c = divmod(number, count)
        trace.update(_look(c, classes[c], panel))
    # Square, aligned to the top because a phone leaves space below.
    square(figure, visible=False, range=[-1050, 1050])
    figure.update_yaxes(matches=None, constraintoward="top")
    return finished(
        figure,
        alt=alt,
        caption=caption,
        height=335,
        narrow=165,
        legend={
            "itemsizing": "constant",
            "entrywidth": 30 if max(map(len, classes)) < 3 else 75,
            "itemclick": "toggleothers",
        },
    )


def trained_maps(pairs: Sequence[tuple[RecordedMap, RecordedMap]]) -> go.Figure:
    """Show maps before and after training, a menu over the networks; the first run of each.

    Args:
        pairs: recorded maps of one data set, from `before_and_after`; at least one pair.
    """
    first: dict[str, tuple[RecordedMap, RecordedMap]] = {}
    for pair in pairs:
        first.setdefault(pair[1].network, pair)
    runs = {f"{name}, {pair[1].epoch} epochs": pair for name, pair in first.items()}
    dataset = DATASETS[pairs[0][1].config.dataset]
    qualities = "; ".join(
        f"{name} {one.map.quality:.2f} to {two.map.quality:.2f}"
        for name, (one, two) in runs.items()
    )
    change = {name: two.map.quality - one.map.quality for name, (one, two) in runs.items()}
    least, most = min(change, key=change.__getitem__), max(change, key=change.__getitem__)
    return pair_of_maps(
        {
            name: ((one.map.xy, one.map.labels), (two.map.xy, two.map.labels))
            for name, (one, two) in runs.items()
        },
        titles=("before training", "after training"),
        classes=dataset.class_names,
        alt=f"t-SNE maps of {dataset.title} by the last convolutional layer, before and after "
        f"training, with a menu over the networks. Cluster quality: {qualities}.",
        caption=f"Each point is an image of {dataset.title}. t-SNE places images with similar "
        "activations of the last convolutional layer next to each other; the colour tells the "
        "class. A click on a class in the legend shows it alone, and a second click all. Training "
        f"changes cluster quality (less is better) by {change[least]:+.2f} ({least}) to "
        f"{change[most]:+.2f} ({most}).",
    )


def _look(c: int, name: str, panel: int) -> dict[str, Any]:
    marker = {"size": 6, "opacity": 0.75, "color": _CLASSES[c]}
    return {
        "mode": "markers",
        "marker": marker,
        "name": name,
        "legendgroup": name,
        "showlegend": panel == 0,
        "hovertemplate": f"{name}<extra></extra>",
    }


def quality_improvements(
    found: Mapping[str, Sequence[tuple[RecordedMap, RecordedMap]]],
) -> go.Figure:
    """Plot cluster quality before training minus after it, a menu over the data sets with runs.

    Left in the t-SNE plane, with the five published runs of each network on CIFAR-10; right after
    PCA. Bars are means over seeds, points are seeds; networks without a map are labelled.

    Args:
        found: for each data set, maps of runs before and after training; at least one.
    """
    colours = [COLOURS[experiment.rule] for experiment in _SHOWN]
    rows = {experiment.title: experiment.title.replace(" ", "<br>") for experiment in _SHOWN}
    quiet = {"showlegend": False}

    def traces(dataset: str) -> list[go.Bar | go.Scatter]:
        result: list[go.Bar | go.Scatter] = []
        for space in ("quality", "quality_pca"):
            values: dict[str, list[float]] = {name: [] for name in rows}
            for pair in found[dataset]:
                values[pair[1].network].append(_gain(pair, space))
            seeds = [(rows[name], gain) for name, gains in values.items() for gain in gains]
            result += [
                go.Bar(
                    x=short([float(np.mean(v)) if v else None for v in values.values()], 4),
                    y=list(rows.values()),
                    orientation="h",
                    marker={"color": colours},
                    opacity=0.45,
                    hovertemplate="mean %{x:.3f}<extra></extra>",
                    **quiet,
                ),
                dots(
                    ([gain for _, gain in seeds], [row for row, _ in seeds]),
                    NEUTRAL,
                    "one seed",
                    "one seed: %{x:.3f}<extra></extra>",
                    size=6,
                ).update(showlegend=space == "quality"),
            ]
            missing = [rows[name] for name, gains in values.items() if not gains]
        nothing = go.Scatter(
            x=[0] * len(missing),
            y=missing,
            text=["no map yet"] * len(missing),
            mode="text",
            textposition="middle right",
            textfont={"color": NEUTRAL},
            **quiet,
        )
        return [*result, nothing]

    figure = panels(("t-SNE plane", "after PCA"), column_widths=[3, 2])
    views = {dataset: traces(dataset) for dataset, pairs in found.items() if pairs}
    frames(figure, views, places=(1, 1, 2, 2, 2))
    published = {
        experiment.title: published_gains()[experiment.name]
        for experiment in experiments(["cifar10"], "conv-")
    }
    runs = [(gain, rows[name]) for name, gains in published.items() for gain in gains]
    printed = dots(
        (short([gain for gain, _ in runs], 4), [row for _, row in runs]),
        NEUTRAL,
        "one run of the paper's, CIFAR-10",
        "one run of the paper's: %{x:.3f}<extra></extra>",
        symbol="line-ns-open",
        size=12,
        line={"width": 2},
    )
    figure.add_trace(printed, row=1, col=1)
    figure.update_xaxes(zeroline=True, nticks=4)
    # A menu does not change the axes, so they have to fit all data sets.
    for column, (space, least) in enumerate((("quality", 0.2), ("quality_pca", 0.05)), start=1):
        gains = [_gain(pair, space) for pairs in found.values() for pair in pairs]
        gains += [gain for gain, _ in runs] if space == "quality" else []
        span = [1.1 * min(-0.01, *gains), 1.1 * max(least, *gains)] if gains else [-0.01, least]
        figure.update_xaxes(range=span, col=column)
    figure.update_yaxes(categoryorder="array", categoryarray=list(rows.values())[::-1])
    counts = "; ".join(
        f"{dataset}: {len({after.network for _, after in pairs})}"
        + (f", after {epochs_trained(pairs)} epochs" if pairs else "")
        for dataset, pairs in found.items()
    )
    about = ", ".join(f"{name} {min(v):.2f} to {max(v):.2f}" for name, v in published.items())
    return finished(
        figure,
        alt=f"Cluster quality before training minus after it, for {len(rows)} convolutional "
        f"networks, in the t-SNE plane and after PCA. Networks with a run: {counts}. The paper's "
        f"five runs on CIFAR-10: {about}.",
        caption="How much cluster quality gains by training (to the right is better): bars are "
        "means, points seeds, strokes the paper's five runs on CIFAR-10. After PCA, before t-SNE, "
        "the gains have a scale of their own. "
        f"Networks with a run: {counts}.",
        height=390,
    )


def _gain(pair: tuple[RecordedMap, RecordedMap], space: str) -> float:
    before, after = (getattr(one.map, space) for one in pair)
    return round(before - after, 4)


def quality_by_perplexity(
    perplexities: Sequence[float | int],
    plane: Mapping[str, Sequence[float]],
    pca: Mapping[str, float],
) -> go.Figure:
    """Plot cluster quality against perplexity, a line per network; dashed lines are after PCA."""
    curves = []
    for (name, values), colour in zip(plane.items(), (NEUTRAL, COLOURS["gevb"]), strict=True):
        level = [perplexities[0], perplexities[-1]], [pca[name]] * 2
        curves += [
            Curve(f"{name}, t-SNE plane", {"": (perplexities, values)}, colour, marker={}),
            Curve(f"{name}, after PCA", {"": level}, colour, marker=None, says="%{y:.2f}"),
        ]
    says = "%{y:.2f} at perplexity %{x}"
    figure = chart(curves, "perplexity", "cluster quality", says)
    figure.update_xaxes(type="log", tickvals=list(perplexities))
    figure.update_yaxes(rangemode="tozero")
    said = "; ".join(
        f"{name} from {min(v):.2f} to {max(v):.2f}, after PCA {pca[name]:.2f}"
        for name, v in plane.items()
    )
    return finished(
        figure,
        alt=f"Cluster quality in the t-SNE plane against perplexity: {said}.",
        caption="Cluster quality (less is better) of maps of the same activations by perplexity; "
        f"dashed, without a map, after PCA. {said}.",
        height=280,
    )
