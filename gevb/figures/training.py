"""Learning curves, and updates against gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from plotly.subplots import make_subplots
from torch import Tensor

from gevb.figures.common import COLOURS, finished, slider
from gevb.records import Evaluation


def learning_curves(
    runs: Mapping[str, Sequence[Evaluation]], ceiling: float | None = None
) -> go.Figure:
    """Test and training error in percent against epochs, one line per run.

    Args:
        runs: evaluations by name; a name begins with its rule ("GEVB", "BP", ...), which gives
            the colour. A second run of the same rule is dashed.
        ceiling: top of the error axis in percent; the data decide if None.
    """
    figure = make_subplots(
        cols=2, shared_yaxes=True, subplot_titles=("test", "training"), horizontal_spacing=0.04
    )
    seen: list[str] = []
    for name, history in runs.items():
        rule = name.split()[0].rstrip("+").lower()
        for column, split in enumerate(("test_error", "train_error"), start=1):
            figure.add_scatter(
                x=[evaluation.epoch for evaluation in history],
                y=[round(getattr(evaluation, split), 2) for evaluation in history],
                name=name,
                legendgroup=name,
                showlegend=column == 1,
                mode="lines+markers",
                marker={"size": 5},
                line={"color": COLOURS[rule], "dash": "dash" if rule in seen else "solid"},
                hovertemplate="%{y:.2f} % after %{x} epochs",
                row=1,
                col=column,
            )
        seen.append(rule)
    last = "; ".join(f"{name} {history[-1]}" for name, history in runs.items())
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(rangemode="tozero", range=ceiling and [0, ceiling])
    figure.update_yaxes(title="error (%)", col=1)
    lines = -(-2 * len(runs) // 3)  # of the legend, on a phone
    return finished(
        figure,
        alt=f"Learning curves. {last}.",
        height=330 + 24 * lines,
        margin={"l": 55, "r": 15, "t": 30, "b": 65 + 24 * lines},
    )


Pairs = tuple[Float[Tensor, " n"], Float[Tensor, " n"]]


def sign_match(networks: Mapping[str, Mapping[int, Pairs]]) -> go.Figure:
    """Update against gradient, one point a weight, one panel a network, a slider over epochs.

    Points in the shaded quadrants agree in sign.

    Args:
        networks: for each panel's title, for each epoch, the gradients and the updates of the
            same n weights. Both are scaled to their largest magnitude.
    """
    titles = list(networks)
    figure = make_subplots(
        cols=len(titles), shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.06
    )

    def points(title: str, epoch: int) -> go.Scattergl:
        gradient, update = ((v / v.abs().max()).numpy().round(3) for v in networks[title][epoch])
        return go.Scatter(
            x=gradient.astype("float32"),
            y=update.astype("float32"),
            mode="markers",
            marker={
                "size": 5,
                "opacity": 0.6,
                "color": np.where(gradient * update < 0, COLOURS["dfa"], COLOURS["gevb"]),
            },
            hovertemplate="gradient %{x:.2f}, update %{y:.2f}<extra></extra>",
            showlegend=False,
        )

    epochs = list(networks[titles[0]])
    for column, title in enumerate(titles, start=1):
        figure.add_trace(points(title, epochs[0]), row=1, col=column)
        for low, high in ((-1.1, 0), (0, 1.1)):
            figure.add_shape(
                type="rect",
                x0=low,
                x1=high,
                y0=low,
                y1=high,
                fillcolor=COLOURS["gevb"],
                opacity=0.1,
                line_width=0,
                layer="below",
                row=1,
                col=column,
            )
    figure.frames = [
        go.Frame(name=str(epoch), data=[points(title, epoch) for title in titles])
        for epoch in epochs
    ]
    figure.update_xaxes(title="gradient", range=[-1.1, 1.1], zeroline=True)
    figure.update_yaxes(range=[-1.1, 1.1], zeroline=True)
    figure.update_yaxes(title="GEVB update", col=1)
    return finished(
        figure,
        alt=f"Update against gradient for single weights in {' and '.join(titles)}, over training. "
        "Points in the lower left and upper right quadrants agree in sign.",
        height=450,
        sliders=[slider([str(epoch) for epoch in epochs], "epoch ")],
        margin={"l": 55, "r": 15, "t": 40, "b": 50},
    )
