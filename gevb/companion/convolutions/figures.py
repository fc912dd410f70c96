"""Shared kernels: the update position by position, feedback as images, angles over training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from plotly.subplots import make_subplots
from torch import Tensor

from gevb.companion.plots import COLOURS, NEUTRAL, finished, slider

# Below zero, zero, above zero; zero stays clear of both themes' backgrounds.
_SIGNED = [[0.0, COLOURS["dfa"]], [0.5, "#E8E8E8"], [1.0, COLOURS["bp"]]]
_GREYS = [[0.0, "#202124"], [1.0, "#E8E8E8"]]
_GATES = [[0.0, NEUTRAL], [1.0, COLOURS["gevb"]]]


def _rounded(values: Tensor) -> np.ndarray:
    return values.numpy().round(3).astype("float32")


def _heatmap(values: Tensor, limit: float, colours: list[list[object]], low: float) -> go.Heatmap:
    return go.Heatmap(
        z=_rounded(values),
        zmin=low,
        zmax=limit,
        colorscale=colours,
        showscale=False,
        xgap=1,
        ygap=1,
        hovertemplate="row %{y}, column %{x}: %{z:.2f}<extra></extra>",
    )


def _square(y: float, x: float, half: float) -> dict[str, list[float]]:
    return {
        "x": [x - half, x + half, x + half, x - half, x - half],
        "y": [y - half, y - half, y + half, y + half, y - half],
    }


def _bare(figure: go.Figure, rows: int) -> None:
    """Images: square pixels, first row on top, no ticks."""
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, autorange="reversed")
    for number in range(1, 2 * rows + 1):
        axis = "" if number == 1 else str(number)
        figure.update_layout({f"yaxis{axis}": {"scaleanchor": f"x{axis}"}})


def kernel_sum(
    image: Float[Tensor, "height width"],
    signal: Float[Tensor, "height width"],
    mask: Float[Tensor, "height width"],
    terms: Float[Tensor, "height width kernel kernel"],
) -> go.Figure:
    r"""One kernel's update summed position by position, by a slider or a button that plays.

    Args:
        image: the example.
        signal: presynaptic signal :math:`\mathbf e \cdot \mathbf a_j` of one channel.
        mask: gates :math:`G(\mathbf h_i)` of one channel, 1 or 0; same size as the signal.
        terms: what every position adds to the update.
    """
    height, width = signal.shape
    half = terms.shape[-1] / 2
    total = terms.flatten(0, 1).cumsum(0)
    strongest, largest = float(signal.abs().max()), float(total.abs().max())
    # Positions outside the image do not exist: the window is cut off at the border.
    edge = (-0.5, height - 0.5, width - 0.5)

    def moving(step: int) -> list[go.Scatter | go.Heatmap]:
        y, x = divmod(step, width)
        window = _square(y, x, half)
        window = {
            "x": list(np.clip(window["x"], edge[0], edge[2])),
            "y": list(np.clip(window["y"], edge[0], edge[1])),
        }
        # Black on white can be seen on every colour of the images.
        lines = [{"color": "#FFFFFF", "width": 6}, {"color": "#000000", "width": 2.5}]
        shared = {"mode": "lines", "hoverinfo": "skip", "showlegend": False}
        return [
            *(go.Scatter(**window, line=line, **shared) for line in lines),
            *(go.Scatter(**_square(y, x, 0.5), line=line, **shared) for line in lines),
            _heatmap(total[step], largest, _SIGNED, -largest),
        ]

    figure = make_subplots(
        rows=2,
        cols=2,
        subplot_titles=("image", "sender e · a", "receiver's gate G", "update so far"),
        horizontal_spacing=0.06,
        vertical_spacing=0.1,
    )
    last = height * width - 1
    low, high = float(image.min()), float(image.max())
    figure.add_trace(_heatmap(image, high, _GREYS, low), row=1, col=1)
    figure.add_trace(_heatmap(signal, strongest, _SIGNED, -strongest), row=1, col=2)
    figure.add_trace(_heatmap(mask, 1.0, _GATES, 0.0), row=2, col=1)
    for trace, (row, col) in zip(moving(last), [(1, 2)] * 2 + [(2, 1)] * 2 + [(2, 2)], strict=True):
        figure.add_trace(trace, row=row, col=col)
    labels = [str(step + 1) for step in range(last + 1)]
    figure.frames = [
        go.Frame(name=label, data=moving(step), traces=[3, 4, 5, 6, 7])
        for step, label in enumerate(labels)
    ]
    _bare(figure, rows=2)
    how = {"mode": "immediate", "fromcurrent": True, "transition": {"duration": 0}}
    play = [None, {**how, "frame": {"duration": 150, "redraw": True}}]
    stop = [[None], {**how, "frame": {"duration": 0, "redraw": False}}]
    return finished(
        figure,
        alt="Four images: a digit; the presynaptic signal e dot a of one channel, with a square "
        "that marks the receptive field of one position; the gates of the postsynaptic channel, "
        "open or closed; the kernel's update, to which every position with an open gate adds the "
        "piece of the signal in its square.",
        height=560,
        margin={"l": 10, "r": 10, "t": 60, "b": 10},
        sliders=[{**slider(labels, "position "), "active": last, "pad": {"t": 15}}],
        updatemenus=[
            {
                "type": "buttons",
                "direction": "right",
                "showactive": False,
                "buttons": [
                    {"label": "Play", "method": "animate", "args": play},
                    {"label": "Pause", "method": "animate", "args": stop},
                ],
                "x": 0.5,
                "xanchor": "center",
                "y": 1.08,
                "yanchor": "bottom",
            }
        ],
    )


def feedback_maps(maps: Mapping[str, Float[Tensor, "height width"]]) -> go.Figure:
    """Feedback to the positions of one channel as images, two a row, each scaled to its largest.

    Args:
        maps: feedback by title.
    """
    rows = -(-len(maps) // 2)
    figure = make_subplots(
        rows=rows, cols=2, subplot_titles=list(maps), horizontal_spacing=0.06, vertical_spacing=0.12
    )
    for number, feedback in enumerate(maps.values()):
        scaled = feedback / feedback.abs().max()
        row, column = divmod(number, 2)
        figure.add_trace(_heatmap(scaled, 1.0, _SIGNED, -1.0), row=row + 1, col=column + 1)
    _bare(figure, rows)
    return finished(
        figure,
        alt="Feedback that the positions of one channel receive, as images for "
        f"{', '.join(maps)}. Blue is positive, orange negative.",
        height=60 + 230 * rows,
        margin={"l": 10, "r": 10, "t": 40, "b": 10},
    )


Curves = Mapping[str, Sequence[Sequence[float]]]


def kernel_angles(epochs: Sequence[int], curves: Curves, titles: Sequence[str]) -> go.Figure:
    """Angle between update and gradient over training, one panel a layer.

    Args:
        epochs: of the measurements.
        curves: for each run, by a name that begins with its rule, the angles in degrees at each
            epoch, one per layer. A second and third run of a rule are dashed and dotted.
        titles: of the panels.
    """
    figure = make_subplots(
        cols=len(titles), shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.04
    )
    dashes = dict.fromkeys(COLOURS, 0)
    for name, angles in curves.items():
        rule = name.split()[0].rstrip("+").lower()
        dash = ("solid", "dash", "dot")[dashes[rule]]
        dashes[rule] += 1
        for column in range(len(titles)):
            figure.add_scatter(
                x=list(epochs),
                y=[round(layers[column], 1) for layers in angles],
                name=name,
                legendgroup=name,
                showlegend=column == 0,
                mode="lines+markers",
                marker={"size": 5},
                line={"color": COLOURS[rule], "dash": dash},
                hovertemplate="%{y:.1f}° after %{x} epochs",
                row=1,
                col=column + 1,
            )
    figure.add_hline(y=90, line={"color": NEUTRAL, "dash": "dot"})
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(range=[0, 130], tickvals=[0, 30, 60, 90, 120])
    figure.update_yaxes(title="angle to the gradient (°)", col=1)
    said = "; ".join(
        f"{name} from {', '.join(f'{angle:.0f}' for angle in angles[0][: len(titles)])} to "
        f"{', '.join(f'{angle:.0f}' for angle in angles[-1][: len(titles)])} degrees"
        for name, angles in curves.items()
    )
    return finished(
        figure,
        alt=f"Angle between a kernel's update and the gradient over training, for "
        f"{' and '.join(titles)}: {said}.",
        height=360 + 24 * len(curves),
        margin={"l": 60, "r": 15, "t": 30, "b": 65 + 24 * len(curves)},
    )
