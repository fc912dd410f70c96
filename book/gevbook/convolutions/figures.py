"""Shared kernels: the update position by position, feedback as images, angles over training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from jaxtyping import Float
from torch import Tensor

from gevbook.figures import sign_match as sign_match  # also used in the chapter
from gevbook.plots import (
    COLOURS,
    DEGREES,
    MARKED,
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    Curve,
    Places,
    chart,
    ends,
    finished,
    frames,
    line,
    panels,
    short,
)

# Colours below, at and above zero; zero differs from both themes' backgrounds.
_SIGNED = [[0.0, NEGATIVE], [0.5, "#E8E8E8"], [1.0, POSITIVE]]
_GREYS = [[0.0, "#202124"], [1.0, "#E8E8E8"]]
_GATES = [[0.0, NEUTRAL], [1.0, MARKED]]


def _heatmap(values: Tensor, limit: float, colours: list[list[object]], low: float) -> go.Heatmap:
    return go.Heatmap(
        z=short(values),
        zmin=low,
        zmax=limit,
        colorscale=colours,
        showscale=False,
        xgap=1,
        ygap=1,
        hovertemplate="row %{y}, column %{x}: %{z:.2f}<extra></extra>",
    )


def _square(y: float | int, x: float | int, half: float, height: int, width: int) -> Places:
    """Find the corners of the part of a window about a position that lies in the image."""
    left, right = max(x - half, -0.5), min(x + half, width - 0.5)
    top, bottom = max(y - half, -0.5), min(y + half, height - 0.5)
    return [left, right, right, left, left], [top, top, bottom, bottom, top]


def _images(titles: Sequence[str]) -> go.Figure:
    """Make panels for images, two per row: square pixels, first row on top, no ticks."""
    figure = panels(titles, rows=-(-len(titles) // 2), vertical_spacing=0.1)
    figure.update_xaxes(visible=False, constrain="domain")
    for n, axis in enumerate(figure.select_yaxes(), start=1):
        axis.update(
            visible=False, autorange="reversed", matches=None, scaleanchor="x" + str(n) * (n > 1)
        )
    return figure


def kernel_sum(
    image: Float[Tensor, "height width"],
    signal: Float[Tensor, "height width"],
    mask: Float[Tensor, "height width"],
    terms: Float[Tensor, "height width kernel kernel"],
) -> go.Figure:
    r"""Sum one kernel's update position by position, with a slider or a button that plays.

    Args:
        image: the example.
        signal: presynaptic signal :math:`\mathbf e \cdot \mathbf a_j` of one channel.
        mask: gates :math:`G(\mathbf h_i)` of one channel, 1 or 0; same size as the signal.
        terms: contribution of every position to the update.
    """
    height, width = signal.shape
    half = terms.shape[-1] / 2
    total = terms.flatten(0, 1).cumsum(0)
    strongest, largest = float(signal.abs().max()), float(total.abs().max())
    # Black on white is visible on every colour of the images.
    pens = {"#FFFFFF": 6, "#000000": 2.5}

    def moving(step: int) -> list[go.Scatter | go.Heatmap]:
        y, x = divmod(step, width)
        windows = [_square(y, x, size, height, width) for size in (half, 0.5)]
        return [
            *(line(w, colour, width=pen) for w in windows for colour, pen in pens.items()),
            _heatmap(total[step], largest, _SIGNED, -largest),
        ]

    figure = _images(("image", "sender e · a", "receiver's gate G", "update so far"))
    last = height * width - 1
    low, high = float(image.min()), float(image.max())
    figure.add_trace(_heatmap(image, high, _GREYS, low), row=1, col=1)
    figure.add_trace(_heatmap(signal, strongest, _SIGNED, -strongest), row=1, col=2)
    figure.add_trace(_heatmap(mask, 1.0, _GATES, 0.0), row=2, col=1)
    frames(
        figure,
        {str(step + 1): moving(step) for step in range(last + 1)},
        "position ",
        start=str((last + 1) // 3),
        places=(2, 2, 3, 3, 4),
    )
    how = {"mode": "immediate", "fromcurrent": True, "transition": {"duration": 0}}
    play = [None, {**how, "frame": {"duration": 150, "redraw": True}}]
    stop = [[None], {**how, "frame": {"duration": 0, "redraw": False}}]
    figure.update_layout(
        sliders=[{"x": 0.3, "len": 0.7}],
        updatemenus=[
            {
                "type": "buttons",
                "direction": "right",
                "showactive": False,
                "buttons": [
                    {"label": "Play", "method": "animate", "args": play},
                    {"label": "Pause", "method": "animate", "args": stop},
                ],
                "x": 0,
                "xanchor": "left",
                "y": 1,
                "yanchor": "bottom",
                "pad": {"b": 45},
            }
        ],
    )
    return finished(
        figure,
        alt="Four images: a digit; the presynaptic signal e dot a of one channel, with a square "
        "that marks the receptive field of one position; the gates of the postsynaptic channel, "
        f"of which {int(mask.sum())} of {mask.numel()} are open; the kernel's update, to which "
        "every position with an open gate adds the piece of the signal in its square.",
        caption="How one kernel's update comes about. Where the gate of the receiving channel is "
        f"open (olive, {int(mask.sum())} of {mask.numel()} positions), the piece of the sender's "
        "signal in the frame is added to the update; elsewhere nothing is.",
        height=430,
    )


def feedback_maps(maps: Mapping[str, Float[Tensor, "height width"]]) -> go.Figure:
    """Show feedback to the positions of a channel as images, two per row, scaled to their maximum.

    Args:
        maps: feedback by title.
    """
    figure = _images(list(maps))
    for number, feedback in enumerate(maps.values()):
        scaled = feedback / feedback.abs().max()
        row, column = divmod(number, 2)
        figure.add_trace(_heatmap(scaled, 1.0, _SIGNED, -1.0), row=row + 1, col=column + 1)
    return finished(
        figure,
        alt="Feedback that the positions of one channel receive, as images for "
        f"{', '.join(maps)}. Orange is positive, violet negative.",
        caption="What the positions of one channel receive, each map in units of its largest: "
        "orange is positive, violet negative, grey none. "
        + "; ".join(f"{name}: {_spread(feedback)}" for name, feedback in maps.items())
        + ".",
        height=235 * -(-len(maps) // 2),
        narrow=150 * -(-len(maps) // 2),
    )


def _spread(feedback: Float[Tensor, "height width"]) -> str:
    """Describe the feedback: equal everywhere, or positive at a number of positions."""
    if float(feedback.std()) < 1e-6 * float(feedback.abs().max()):
        return "the same everywhere"
    return f"positive at {int((feedback > 0).sum())} of {feedback.numel()} positions"


def kernel_angles(
    epochs: Sequence[int],
    angles: Mapping[str, Sequence[Sequence[float]]],
    rules: Sequence[str],
    titles: Sequence[str],
) -> go.Figure:
    """Plot the angle between update and gradient over training, a panel per layer.

    Args:
        epochs: of the measurements.
        angles: by name of the run, the angles in degrees at each epoch, one per layer.
        rules: of the runs ("dfa", ...), which give the colour. A second and third run of a rule
            are dashed and dotted.
        titles: of the panels.
    """
    curves = [
        Curve(
            name,
            {title: (epochs, [layers[l] for layers in by_epoch]) for l, title in enumerate(titles)},
            COLOURS[rule],
        )
        for (name, by_epoch), rule in zip(angles.items(), rules, strict=True)
    ]
    figure = chart(curves, "epoch", "angle to the gradient (°)", DEGREES)
    figure.add_hline(y=90, line={"color": NEUTRAL, "dash": "dot"})
    figure.update_yaxes(range=[0, 130], tickvals=[0, 30, 60, 90, 120])
    return finished(
        figure,
        alt="Angle in degrees between a kernel's update and the gradient over training. "
        f"{ends(curves, '')}.",
        caption="Angle between a kernel's update and the gradient; at 90° (dotted) they have "
        f"nothing in common. After {epochs[-1]} epochs: "
        + "; ".join(
            f"{name} "
            + ", ".join(
                f"{value:.0f}° in the {title}"
                for title, value in zip(titles, layers[-1], strict=True)
            )
            for name, layers in angles.items()
        )
        + ".",
        height=265,
    )
