"""Training: weights under the constraint, alignment over training, recorded curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from plotly.subplots import make_subplots
from torch import Tensor

from gevb.companion.plots import COLOURS, NEUTRAL, buttons_above, finished, slider
from gevb.lab.records import Record
from gevb.training import Evaluation

Curve = tuple[Sequence[int], Sequence[Sequence[float]]]
"""Epochs, and for each epoch a value for every seed."""


def _short(values: object) -> np.ndarray:
    return np.asarray(values, dtype="float64").round(2).astype("float32")


# ------------------------------------------------------------------- weights and the constraint


def weight_histograms(weights: Mapping[str, Mapping[int, Float[Tensor, " n"]]]) -> go.Figure:
    """How the weights past the first layer are spread, one panel a run, a slider over epochs.

    Weights that are exactly zero have a bar of their own.

    Args:
        weights: for each panel's title, for each epoch, the weights.
    """
    titles, edges = list(weights), np.arange(-0.3, 0.62, 0.02)
    figure = make_subplots(
        cols=len(titles), shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.05
    )

    def bars(title: str, epoch: int) -> list[go.Bar]:
        w = weights[title][epoch].numpy()
        counts, _ = np.histogram(w[w != 0], edges)
        middle = (edges[1:] + edges[:-1]) / 2
        return [
            go.Bar(
                x=_short(middle),
                y=_short(100 * counts / w.size),
                width=0.02,
                marker={
                    "color": np.where(middle < 0, COLOURS["dfa"], COLOURS["gevb"]),
                    "line_width": 0,
                },
                hovertemplate="%{y:.2f} % of the weights near %{x:.2f}<extra></extra>",
                showlegend=False,
            ),
            go.Bar(
                x=[0.0],
                y=_short([100 * np.mean(w == 0)]),
                width=0.008,
                marker={"color": NEUTRAL, "line_width": 0},
                hovertemplate="%{y:.1f} % are exactly zero<extra></extra>",
                name="exactly zero",
                showlegend=title == titles[0],
            ),
        ]

    epochs = list(weights[titles[0]])
    for column, title in enumerate(titles, start=1):
        for bar in bars(title, epochs[0]):
            figure.add_trace(bar, row=1, col=column)
    figure.frames = [
        go.Frame(name=str(epoch), data=[bar for title in titles for bar in bars(title, epoch)])
        for epoch in epochs
    ]
    figure.update_xaxes(title="weight", range=[-0.3, 0.6])
    figure.update_yaxes(type="log", range=[-1.3, 1.9], tickvals=[0.1, 1, 10, 50])
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
        height=440,
        barmode="overlay",
        sliders=[slider([str(epoch) for epoch in epochs], "epoch ")],
        margin={"l": 55, "r": 15, "t": 30, "b": 50},
    )


class Constraint(TypedDict):
    """Per cent over training: weights exactly zero (clamped) or negative (not), equal signs."""

    zero: Curve
    negative: Curve
    clamped_signs: Curve
    free_signs: Curve


def constraint_over_training(runs: Mapping[str, Constraint]) -> go.Figure:
    """Zero and negative weights, and agreement in sign, over training; a button for each key.

    Args:
        runs: measurements by learning rate.
    """
    figure = make_subplots(
        cols=2, subplot_titles=("weights (%)", "same sign (%)"), horizontal_spacing=0.1
    )
    lines = (
        ("zero", "clamped: exactly zero", COLOURS["gevb"], "solid", 1),
        ("negative", "not clamped: negative", COLOURS["dfa"], "solid", 1),
        ("clamped_signs", "clamped: agree in sign", COLOURS["gevb"], "dash", 2),
        ("free_signs", "not clamped: agree in sign", COLOURS["dfa"], "dash", 2),
    )
    names = list(runs)
    for name in names:
        for part, label, colour, dash, column in lines:
            epochs, values = runs[name][part]  # type: ignore[literal-required]
            figure.add_scatter(
                x=list(epochs),
                y=_short([np.mean(v) for v in values]),
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": _short([max(v) - np.mean(v) for v in values]),
                    "arrayminus": _short([np.mean(v) - min(v) for v in values]),
                    "thickness": 1,
                },
                name=label,
                mode="lines+markers",
                marker={"size": 5},
                line={"color": colour, "dash": dash},
                hovertemplate="%{y:.1f} % after %{x} epochs",
                visible=name == names[0],
                row=1,
                col=column,
            )
    buttons = [
        {
            "label": name,
            "method": "restyle",
            "args": [{"visible": [shown == name for shown in names for _ in lines]}],
        }
        for name in names
    ]
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(range=[0, 55], col=1)
    figure.update_yaxes(range=[70, 101], col=2)
    ends = "; ".join(
        f"{name}: {np.mean(run['zero'][1][-1]):.0f} % of the clamped weights exactly zero, "
        f"{np.mean(run['negative'][1][-1]):.0f} % negative without clamping and "
        f"{np.mean(run['free_signs'][1][-1]):.0f} % of the signs right"
        for name, run in runs.items()
    )
    return finished(
        figure,
        alt=f"The constraint over training, by learning rate. At the end, {ends}.",
        height=500,
        updatemenus=[{**buttons_above(buttons, 0), "y": 1.12}],
        margin={"l": 45, "r": 15, "t": 85, "b": 155},
    )


# ----------------------------------------------------------------------- alignment and records


def angles_by_layer(runs: Mapping[str, Sequence[Evaluation]]) -> go.Figure:
    """Alignment angles over training, one panel a hidden layer.

    Args:
        runs: evaluations by name; a name begins with its rule ("GEVB+", "DFA", ...), which gives
            the colour, dashed without the plus. All networks have as many hidden layers.
    """
    layers = len(next(iter(runs.values()))[0].angles)
    titles = [f"hidden layer {l + 1}" for l in range(layers)]
    figure = make_subplots(
        cols=layers, shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.04
    )
    for name, history in runs.items():
        rule = name.split()[0]
        for l in range(layers):
            figure.add_scatter(
                x=[evaluation.epoch for evaluation in history],
                y=_short([evaluation.angles[l] for evaluation in history]),
                name=name,
                legendgroup=name,
                showlegend=l == 0,
                mode="lines+markers",
                marker={"size": 4},
                line={
                    "color": COLOURS[rule.rstrip("+").lower()],
                    "dash": "solid" if rule.endswith("+") else "dash",
                },
                hovertemplate="%{y:.1f}° after %{x} epochs",
                row=1,
                col=l + 1,
            )
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(range=[0, 95], tickvals=[0, 30, 60, 90])
    figure.update_yaxes(title="angle (degrees)", col=1)
    moves = "; ".join(
        f"{name} from {' and '.join(f'{a:.0f}' for a in history[0].angles)} to "
        f"{' and '.join(f'{a:.0f}' for a in history[-1].angles)}"
        for name, history in runs.items()
    )
    return finished(
        figure,
        alt=f"Angle in degrees between feedback and gradient, hidden layer by layer: {moves}.",
        height=440,
        margin={"l": 55, "r": 15, "t": 30, "b": 140},
    )


def recorded_curves(records: Sequence[Record]) -> go.Figure:
    """Test and training errors of recorded runs; a menu chooses data, architecture and epochs.

    One line a run, coloured by rule: solid in vectorized, dashed in conventional networks, thin
    where the weights are of mixed sign. Seeds of one experiment share an entry of the legend. The
    error axis ends at three times the largest last test error.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        config = record.config
        title = f"{config.dataset}, {config.arch}, {config.epochs} epochs"
        groups.setdefault(title, []).append(record)
    figure = make_subplots(
        cols=2, shared_yaxes=True, subplot_titles=("test", "training"), horizontal_spacing=0.04
    )
    owners: list[str] = []
    for title, group in groups.items():
        named: set[str] = set()
        for record in group:
            config = record.config
            name = f"{config.label}, {config.units}"
            for column, split in enumerate(("test_error", "train_error"), start=1):
                figure.add_scatter(
                    x=[evaluation.epoch for evaluation in record.history],
                    y=_short([getattr(evaluation, split) for evaluation in record.history]),
                    name=name,
                    legendgroup=f"{title} {name}",
                    showlegend=column == 1 and name not in named,
                    mode="lines+markers",
                    marker={"size": 4},
                    line={
                        "color": COLOURS[config.rule],
                        "dash": "solid" if config.vectorized else "dash",
                        "width": 2.5 if config.nonnegative else 1.2,
                    },
                    hovertemplate=f"seed {config.seed}: " + "%{y:.2f} % after %{x} epochs",
                    visible=title == next(iter(groups)),
                    row=1,
                    col=column,
                )
                owners.append(title)
            named.add(name)
    ceilings = {
        title: min(100.0, 3 * max(record.history[-1].test_error for record in group))
        for title, group in groups.items()
    }
    menu = [
        {
            "label": title,
            "method": "update",
            "args": [
                {"visible": [owner == title for owner in owners]},
                {"yaxis.range": [0, ceilings[title]]},
            ],
        }
        for title in groups
    ]
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(range=[0, next(iter(ceilings.values()))])
    figure.update_yaxes(title="error (%)", col=1)
    last = "; ".join(f"{record.config.name}: {record.history[-1]}" for record in records)
    return finished(
        figure,
        alt=f"Recorded learning curves of {len(records)} runs. {last}.",
        height=480,
        updatemenus=[{"buttons": menu, "x": 0, "xanchor": "left", "y": 1.25, "yanchor": "top"}],
        margin={"l": 55, "r": 15, "t": 95, "b": 140},
    )
