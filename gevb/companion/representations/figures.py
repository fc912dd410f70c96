"""t-SNE maps, and how well they keep the classes apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, Int
from plotly.subplots import make_subplots

from gevb.companion.plots import COLOURS, NEUTRAL, finished, slider
from gevb.datasets import DATASETS
from gevb.lab.embedding import NETWORKS, RecordedMap

Points = tuple[Float[np.ndarray, "N 2"], Int[np.ndarray, " N"]]

# Five colours that colour-blind readers can tell apart (Paul Tol's "bright"), two symbols each.
# Classes of one colour are not the ones that look alike (4 and 9, cat and dog).
_PALETTE = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#AA3377")
_COLOUR_OF = (0, 1, 2, 3, 0, 4, 1, 3, 4, 2)
_SYMBOL_OF = ("circle", "circle", "circle", "circle", "x", "circle", "x", "x", "x", "x")

# Mean improvements in the paper's Figure 3 (CIFAR-10), approximate; those that we know of.
PUBLISHED = {"GEVB+ vectorized": 0.18, "BP+ vectorized": 0.13, "DFA+ conventional": 0.01}


def pair_of_maps(
    pairs: Mapping[str, tuple[Points, Points]],
    titles: tuple[str, str],
    classes: Sequence[str],
    alt: str,
    prefix: str | None = None,
    shown: int = 700,
) -> go.Figure:
    """Two maps side by side; a menu over the pairs, or a slider.

    Args:
        pairs: for each name, coordinates and labels of the left and of the right map.
        titles: of the two panels.
        classes: what each label stands for.
        alt: what is seen.
        prefix: of the slider's value; None for a menu.
        shown: points drawn of a map, the first ones.
    """
    figure = make_subplots(cols=2, subplot_titles=titles, horizontal_spacing=0.04)

    # One scale for all maps of a panel, so that nothing moves but the points.
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

    for number, where in enumerate(places(next(iter(pairs)))):
        panel, c = divmod(number, len(classes))
        figure.add_trace(go.Scatter(**where, **_look(c, classes[c], panel)), row=1, col=1 + panel)
    figure.frames = [
        go.Frame(name=name, data=[go.Scatter(**where) for where in places(name)]) for name in pairs
    ]
    # Square, and at the top where a phone leaves room.
    hidden = {"visible": False, "range": [-1050, 1050], "constrain": "domain"}
    figure.update_xaxes(**hidden)
    for suffix in ("", "2"):
        square = {"scaleanchor": f"x{suffix}", "constraintoward": "top"}
        figure.update_layout({f"yaxis{suffix}": {**hidden, **square}})
    legend: dict[str, Any] = {"itemsizing": "constant", "entrywidth": 30}
    if max(map(len, classes)) > 2:
        legend["entrywidth"] = 75
    control: dict[str, Any] = {}
    if prefix is not None:
        control["sliders"] = [{**slider(list(pairs), prefix), "y": 0.12, "pad": {"t": 0}}]
    elif len(pairs) > 1:
        control["updatemenus"] = [_menu(list(pairs))]
    return finished(
        figure,
        alt=alt,
        height=470,
        margin={"l": 10, "r": 10, "t": 85 if "updatemenus" in control else 40, "b": 90},
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", **legend},
        **control,
    )


def trained_maps(pairs: Sequence[tuple[RecordedMap, RecordedMap]]) -> go.Figure:
    """Maps before and after training, a menu over the networks; of each the first run.

    Args:
        pairs: recorded maps of one data set, at least one pair.
    """
    runs: dict[str, tuple[RecordedMap, RecordedMap]] = {}
    for network in NETWORKS:
        runs |= {
            f"{network}, {pair[1].epoch} epochs": pair
            for pair in [pair for pair in pairs if pair[1].network == network][:1]
        }
    dataset = pairs[0][1].config.dataset
    return pair_of_maps(
        {
            name: ((one.map.xy, one.map.labels), (two.map.xy, two.map.labels))
            for name, (one, two) in runs.items()
        },
        titles=("before training", "after training"),
        classes=DATASETS[dataset].class_names,
        alt=f"t-SNE maps of {dataset} by the last convolutional layer, before and after training, "
        f"with a menu over the networks. Cluster quality: "
        + "; ".join(
            f"{name} {one.map.quality:.2f} to {two.map.quality:.2f}"
            for name, (one, two) in runs.items()
        )
        + ".",
    )


def _look(c: int, name: str, panel: int) -> dict[str, Any]:
    marker = {"size": 4, "opacity": 0.8, "color": _PALETTE[_COLOUR_OF[c]], "symbol": _SYMBOL_OF[c]}
    return {
        "mode": "markers",
        "marker": marker,
        "name": name,
        "legendgroup": name,
        "showlegend": panel == 0,
        "hovertemplate": f"{name}<extra></extra>",
    }


def _menu(names: Sequence[str]) -> dict[str, Any]:
    jump = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}}
    return {
        "type": "dropdown",
        "buttons": [{"label": n, "method": "animate", "args": [[n], jump]} for n in names],
        "x": 0.5,
        "xanchor": "center",
        "y": 1.14,
        "yanchor": "bottom",
    }


def quality_improvements(
    found: Mapping[str, Sequence[tuple[RecordedMap, RecordedMap]]],
) -> go.Figure:
    """Cluster quality before training minus after it, a menu over the data sets.

    Left in the t-SNE plane, with the three published means; right after PCA. Bars are means over
    seeds, points are seeds; a network without a run says so.

    Args:
        found: for each data set, maps of runs before and after training.
    """
    rows = [name.replace(" ", "<br>") for name in NETWORKS]
    figure = make_subplots(
        cols=2, shared_yaxes=True, subplot_titles=("t-SNE plane", "after PCA"), column_widths=[3, 2]
    )

    def traces(dataset: str) -> list[go.Bar | go.Scatter]:
        result: list[go.Bar | go.Scatter] = []
        for space in ("quality", "quality_pca"):
            values: dict[str, list[float]] = {name: [] for name in NETWORKS}
            for pair in found[dataset]:
                values[pair[1].network].append(_gain(pair, space))
            by_row = list(zip(rows, values.values(), strict=True))
            seeds = [(row, value) for row, some in by_row for value in some]
            result += [
                go.Bar(
                    x=[round(float(np.mean(v)), 4) if v else None for v in values.values()],
                    y=rows,
                    hovertemplate="mean %{x:.3f}<extra></extra>",
                ),
                go.Scatter(
                    x=[value for _, value in seeds],
                    y=[row for row, _ in seeds],
                    hovertemplate="one seed: %{x:.3f}<extra></extra>",
                ),
            ]
            missing = [row for row, some in by_row if not some]
        result.append(go.Scatter(x=[0] * len(missing), y=missing, text=["no run yet"] * 8))
        return result

    colours = [COLOURS[name.split()[0].rstrip("+").lower()] for name in NETWORKS]
    bar = {"orientation": "h", "marker": {"color": colours}, "opacity": 0.45, "showlegend": False}
    dots = {"mode": "markers", "marker": {"color": NEUTRAL, "size": 6}, "name": "one seed"}
    text = {"mode": "text", "textposition": "middle right", "textfont": {"color": NEUTRAL}}
    looks = [bar, dots, bar, {**dots, "showlegend": False}, {**text, "showlegend": False}]
    columns = (1, 1, 2, 2, 2)
    for trace, look, column in zip(traces(next(iter(found))), looks, columns, strict=True):
        figure.add_trace(trace.update(look), row=1, col=column)
    figure.add_scatter(
        x=list(PUBLISHED.values()),
        y=[name.replace(" ", "<br>") for name in PUBLISHED],
        mode="markers",
        marker={"symbol": "diamond-open", "size": 11, "color": NEUTRAL, "line": {"width": 2}},
        name="published mean, CIFAR-10",
        hovertemplate="published, about %{x:.2f}<extra></extra>",
        row=1,
        col=1,
    )
    figure.frames = [
        go.Frame(name=name, data=traces(name), traces=[0, 1, 2, 3, 4]) for name in found
    ]
    figure.update_xaxes(zeroline=True, nticks=4)
    # A menu leaves the axes as they are: they have to fit all data sets.
    for column, (space, least) in enumerate((("quality", 0.2), ("quality_pca", 0.05)), start=1):
        gains = [_gain(pair, space) for pairs in found.values() for pair in pairs]
        span = [1.1 * min(-0.01, *gains), 1.1 * max(least, *gains)] if gains else [-0.01, least]
        figure.update_xaxes(range=span, col=column)
    figure.update_yaxes(categoryorder="array", categoryarray=rows[::-1])
    counts = ", ".join(
        f"{dataset}: {len({after.network for _, after in pairs})}"
        for dataset, pairs in found.items()
    )
    return finished(
        figure,
        alt="Cluster quality before training minus after it, for the eight convolutional networks, "
        f"in the t-SNE plane and after PCA. Networks with a run, of eight: {counts}. Published "
        "for CIFAR-10: GEVB+ vectorized 0.18, BP+ vectorized 0.13, DFA+ conventional 0.01.",
        height=560,
        margin={"l": 90, "r": 15, "t": 90, "b": 80},
        updatemenus=[_menu(list(found))],
    )


def _gain(pair: tuple[RecordedMap, RecordedMap], space: str) -> float:
    before, after = (getattr(one.map, space) for one in pair)
    return round(before - after, 4)


def quality_by_perplexity(
    perplexities: Sequence[float | int],
    plane: Mapping[str, Sequence[float]],
    pca: Mapping[str, float],
) -> go.Figure:
    """Cluster quality against perplexity, one line a network, dashed what it is after PCA."""
    figure = go.Figure()
    ends = [perplexities[0], perplexities[-1]]
    for (name, values), colour in zip(plane.items(), (NEUTRAL, COLOURS["gevb"]), strict=True):
        figure.add_scatter(
            x=list(perplexities),
            y=[round(v, 3) for v in values],
            mode="lines+markers",
            line={"color": colour},
            name=f"{name}, t-SNE plane",
            hovertemplate="%{y:.2f} at perplexity %{x}<extra></extra>",
        )
        figure.add_scatter(
            x=ends,
            y=[round(pca[name], 3)] * 2,
            mode="lines",
            line={"color": colour, "dash": "dash"},
            name=f"{name}, after PCA",
            hovertemplate="%{y:.2f}<extra></extra>",
        )
    figure.update_xaxes(title="perplexity", type="log", tickvals=list(perplexities))
    figure.update_yaxes(title="cluster quality", rangemode="tozero")
    said = "; ".join(
        f"{name} from {min(v):.2f} to {max(v):.2f}, after PCA {pca[name]:.2f}"
        for name, v in plane.items()
    )
    return finished(
        figure,
        alt=f"Cluster quality in the t-SNE plane against perplexity: {said}.",
        height=430,
        margin={"l": 55, "r": 15, "t": 20, "b": 130},
    )
