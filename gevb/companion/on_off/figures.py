"""ON/OFF initialization: units in the plane, cosines, spectra, training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Complex, Float
from numpy.typing import NDArray
from plotly.subplots import make_subplots
from torch import Tensor

from gevb.companion.plots import COLOURS, NEUTRAL, finished, slider

_LEGEND_ABOVE = {"orientation": "h", "yref": "paper", "y": 1.02, "yanchor": "bottom"}


def _short(values: NDArray[Any] | Tensor) -> NDArray[np.float32]:
    return np.round(np.asarray(values, dtype=float), 3).astype("float32")


def units_in_the_plane(layers: Mapping[str, Sequence[Float[Tensor, "2 n"]]]) -> go.Figure:
    """Vectors of the units of a K = 2 network, one panel an initialization, a slider over layers.

    Args:
        layers: for each panel's title, the units of every hidden layer; drawn in units of the
            root mean square length of a layer.
    """
    titles = list(layers)
    figure = make_subplots(
        cols=len(titles), shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.05
    )

    def arrows(h: Float[Tensor, "2 n"]) -> go.Scatter:
        u = _short(h / h.square().sum(0).mean().sqrt())
        x, y = (np.stack([np.zeros_like(v), v, np.full_like(v, np.nan)], 1).ravel() for v in u)
        size = np.tile([0, 7, 0], u.shape[1])
        return go.Scatter(
            x=[None if np.isnan(v) else v for v in x.tolist()],
            y=[None if np.isnan(v) else v for v in y.tolist()],
            mode="lines+markers",
            line={"color": COLOURS["gevb"], "width": 1},
            marker={"color": COLOURS["gevb"], "size": size, "opacity": 0.7},
            hoverinfo="skip",
            showlegend=False,
        )

    for column, title in enumerate(titles, start=1):
        figure.add_trace(arrows(layers[title][0]), row=1, col=column)
    names = [str(l + 1) for l in range(len(layers[titles[0]]))]
    figure.frames = [
        go.Frame(name=name, data=[arrows(layers[title][l]) for title in titles])
        for l, name in enumerate(names)
    ]
    hidden = {"showticklabels": False, "range": [-2.6, 2.6], "zeroline": True}
    figure.update_xaxes(**hidden)
    figure.update_yaxes(**hidden)
    return finished(
        figure,
        alt=f"The two-component vectors of a layer's units as arrows, for {' and '.join(titles)}. "
        "In the first hidden layer both point all ways. With ON/OFF weights they still do in the "
        "last; with plain nonnegative weights they come to lie along a single direction.",
        height=430,
        sliders=[slider(names, "hidden layer ")],
        margin={"l": 10, "r": 10, "t": 40, "b": 40},
    )


def cosines_by_layer(
    measured: Mapping[str, Sequence[float]], predicted: Sequence[float]
) -> go.Figure:
    """Mean cosine between units against the hidden layer; up to two measured, one prediction."""
    figure = go.Figure()
    numbers = list(range(1, len(predicted) + 1))
    figure.add_scatter(
        x=numbers,
        y=_short(np.array(predicted)),
        mode="lines",
        line={"color": NEUTRAL, "dash": "dash"},
        name="predicted for plain weights",
        hovertemplate="%{y:.3f}",
    )
    for (name, values), symbol in zip(measured.items(), ("circle", "circle-open"), strict=False):
        figure.add_scatter(
            x=numbers,
            y=_short(np.array(values)),
            mode="markers",
            marker={"color": COLOURS["gevb"], "symbol": symbol, "size": 10},
            name=name,
            hovertemplate="%{y:.3f}",
        )
    figure.update_xaxes(title="hidden layer", dtick=1)
    figure.update_yaxes(title="mean cosine between units", range=[-0.1, 1.1])
    last = "; ".join(f"{name} {values[-1]:.2f}" for name, values in measured.items())
    return finished(
        figure,
        alt=f"Mean cosine between the vectors of two units, by layer. In the last layer: {last}. "
        "With plain weights it climbs from 0 to 1 within four layers, as predicted.",
        height=400,
        margin={"l": 55, "r": 15, "t": 20, "b": 110},
    )


def spectra(matrices: Mapping[str, Mapping[str, Complex[Tensor, " _"]]]) -> go.Figure:
    """Eigenvalues in the complex plane, a button for each matrix.

    Args:
        matrices: for each button, groups of eigenvalues by their name; up to three groups.
    """
    looks = (
        {"symbol": "circle-open", "size": 12, "color": NEUTRAL},
        {"symbol": "circle", "size": 6, "color": COLOURS["gevb"]},
        {"symbol": "diamond", "size": 6, "color": COLOURS["bp"]},
    )
    figure = go.Figure()
    owners = []
    for title, groups in matrices.items():
        for (name, values), marker in zip(groups.items(), looks, strict=False):
            figure.add_scatter(
                x=_short(values.real),
                y=_short(values.imag),
                mode="markers",
                marker=marker,
                name=name,
                visible=title == next(iter(matrices)),
                hovertemplate="%{x:.2f} + %{y:.2f} i",
            )
            owners.append(title)
    buttons = [
        {
            "label": title,
            "method": "update",
            "args": [{"visible": [owner == title for owner in owners]}],
        }
        for title in matrices
    ]
    figure.update_xaxes(title="real part")
    figure.update_yaxes(title="imaginary part", range=[-2, 2])
    return finished(
        figure,
        alt=f"Eigenvalues of {' and of '.join(matrices)} in the complex plane. Those of the ON/OFF "
        "matrix coincide with those of W, which fill a disc, and those of |W|, which fill a "
        "smaller disc but for one large positive eigenvalue, the uniform mode. Independent "
        "nonnegative weights have the same large eigenvalue and a single disc.",
        height=460,
        legend=_LEGEND_ABOVE,
        margin={"l": 55, "r": 15, "t": 120, "b": 50},
        updatemenus=[
            {
                "type": "buttons",
                "direction": "right",
                "buttons": buttons,
                "x": 0,
                "xanchor": "left",
                "y": 1.2,
                "yanchor": "bottom",
            }
        ],
    )


def training_from(
    epochs: Sequence[int], errors: Mapping[str, Mapping[str, Float[Tensor, "runs epochs"]]]
) -> go.Figure:
    """Test errors over training, one panel a network, one line a run.

    Args:
        epochs: at which they were measured.
        errors: for each panel's title, for each initialization (up to two), errors in percent.
    """
    titles = list(errors)
    figure = make_subplots(
        cols=len(titles), shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.05
    )
    for column, title in enumerate(titles, start=1):
        for (name, runs), dash in zip(errors[title].items(), ("solid", "dot"), strict=False):
            for number, run in enumerate(runs):
                figure.add_scatter(
                    x=list(epochs),
                    y=np.round(run.numpy(), 2).astype("float32"),
                    mode="lines",
                    line={"color": COLOURS["gevb"], "dash": dash, "width": 2},
                    name=name,
                    legendgroup=name,
                    showlegend=column == 1 and number == 0,
                    hovertemplate="%{y:.1f} %",
                    row=1,
                    col=column,
                )
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(range=[0, 30])
    figure.update_yaxes(title="test error (%)", col=1)
    last = "; ".join(
        f"{name}, {title}: {float(runs[:, -1].mean()):.1f} %"
        for title, kinds in errors.items()
        for name, runs in kinds.items()
    )
    return finished(
        figure,
        alt=f"Test error over training, mean at the end: {last}.",
        height=400,
        margin={"l": 55, "r": 15, "t": 40, "b": 95},
    )
