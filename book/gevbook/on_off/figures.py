"""ON/OFF initialization: units in the plane, cosines, spectra, training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import torch
from jaxtyping import Complex, Float
from torch import Tensor

from gevbook.plots import (
    COLOURS,
    MARKED,
    NEUTRAL,
    PERCENT,
    Curve,
    chart,
    dots,
    finished,
    frames,
    line,
    panels,
    short,
    square,
    strokes,
    switch,
)


def units_in_the_plane(layers: Mapping[str, Sequence[Float[Tensor, "2 n"]]]) -> go.Figure:
    """Draw unit vectors of a K = 2 network: a panel per initialization, a slider over layers.

    Args:
        layers: for each panel's title, the units of every hidden layer; drawn in units of the
            root mean square length of a layer.
    """
    titles = list(layers)
    figure = panels(titles)

    def arrows(h: Float[Tensor, "2 n"]) -> go.Scatter:
        tips = short(h / h.square().sum(0).mean().sqrt()).T.tolist()
        ends = {"color": MARKED, "size": [0, 7, 0] * len(tips), "opacity": 0.7}
        at = strokes(*(((0, 0), tip) for tip in tips))
        return line(at, MARKED, marker=ends, width=1)

    def agreement(h: Float[Tensor, "2 n"]) -> float:
        """Compute the length of the mean of the units' directions."""
        return float(torch.nn.functional.normalize(h, dim=0).mean(1).norm())

    views = {
        str(1 + l): [arrows(h) for h in layer]
        for l, layer in enumerate(zip(*layers.values(), strict=True))
    }
    frames(figure, views, "hidden layer ", places=range(1, 1 + len(titles)), start=list(views)[-1])
    square(figure, showticklabels=False, range=[-2.6, 2.6], zeroline=True)
    agree = "; ".join(
        f"{title} {agreement(h[0]):.2f} in the first hidden layer, {agreement(h[-1]):.2f} in the "
        "last"
        for title, h in layers.items()
    )
    return finished(
        figure,
        alt=f"The two-component vectors of a layer's units as arrows, for {' and '.join(titles)}. "
        f"How far they agree in direction, from 0 (not at all) to 1 (a single one): {agree}.",
        caption="Every arrow is the vector of one unit, all for the same image. How far the "
        f"arrows of a layer agree, from 0 (not at all) to 1 (one direction): {agree}.",
        narrow=150,
        height=290,
    )


def cosines_by_layer(
    measured: Mapping[str, Sequence[float]], predicted: Sequence[float]
) -> go.Figure:
    """Plot the mean cosine between units by hidden layer; up to two measured, one prediction."""
    numbers = list(range(1, len(predicted) + 1))
    symbols = ("circle", "circle-open")[: len(measured)]
    plain = {"": (numbers, predicted)}
    curves = [Curve("predicted for plain weights", plain, NEUTRAL, {"dash": "dash"}, None)]
    for (name, values), symbol in zip(measured.items(), symbols, strict=True):
        look = {"symbol": symbol, "size": 10}
        curves.append(Curve(name, {"": (numbers, values)}, MARKED, None, look))
    figure = chart(curves, "hidden layer", "mean cosine between units", "%{y:.3f}")
    figure.update_xaxes(dtick=1)
    figure.update_yaxes(range=[-0.1, 1.1])
    last = "; ".join(f"{name} {values[-1]:.2f}" for name, values in measured.items())
    return finished(
        figure,
        alt=f"Mean cosine between the vectors of two units, by layer. In the last layer: {last}. "
        f"Predicted for plain weights, layer by layer: {', '.join(f'{c:.2f}' for c in predicted)}.",
        caption="How alike the vectors of two units are on average, layer by layer; at 1 all have "
        f"one direction. In the last layer: {last}; the prediction for plain weights ends at "
        f"{predicted[-1]:.2f}.",
        height=270,
    )


def spectra(matrices: Mapping[str, Mapping[str, Complex[Tensor, " _"]]]) -> go.Figure:
    """Plot eigenvalues in the complex plane, a button for each matrix.

    Args:
        matrices: for each button, groups of eigenvalues by name; up to three groups.
    """
    looks = (
        {"symbol": "circle-open", "size": 12, "colour": NEUTRAL},
        {"symbol": "circle", "size": 6, "colour": MARKED},
        {"symbol": "x", "size": 6, "colour": NEUTRAL},
    )
    figure = go.Figure()
    owners: list[str] = []
    said = []
    for title, groups in matrices.items():
        for (name, values), look in zip(groups.items(), looks[: len(groups)], strict=True):
            at = short(values.real), short(values.imag)
            figure.add_trace(dots(at, name=name, says="%{x:.2f} + %{y:.2f} i", **look))
            owners.append(title)
            *others, largest = sorted(values.abs().tolist())
            rest = max(others, default=0.0)
            said.append(f"{title}, {name}: {largest:.1f}, all others up to {rest:.1f}")
        whole, *parts = groups.values()
        if parts:
            apart = (whole[:, None] - torch.cat(parts)).abs().min(1).values.max()
            said[-1] += f"; each of {next(iter(groups))} is within {apart:.2f} of one of the others"
    switch(figure, owners)
    figure.update_xaxes(title="real part")
    figure.update_yaxes(title="imaginary part", range=[-2, 2])
    return finished(
        figure,
        alt=f"Eigenvalues in the complex plane. The largest magnitude: {'; '.join(said)}.",
        caption="Eigenvalues in the complex plane; a mark in a circle is an eigenvalue of both "
        "matrices. Largest magnitudes: "
        + ", ".join(
            f"{float(values.abs().max()):.1f} of {name}"
            for groups in matrices.values()
            for name, values in groups.items()
        )
        + ".",
        height=290,
    )


def training_from(
    epochs: Sequence[int], errors: Mapping[str, Mapping[str, Float[Tensor, "runs epochs"]]]
) -> go.Figure:
    """Plot test errors over training, a panel per network, a line per run.

    Args:
        epochs: at which they were measured.
        errors: for each panel's title, for each initialization (up to two), errors in percent.
    """
    dashes = ("solid", "dot")
    curves = [
        Curve(
            name,
            {title: (epochs, run.tolist())},
            COLOURS["gevb"],
            {"dash": dash, "width": 2},
            marker=None,
        )
        for title, kinds in errors.items()
        for (name, runs), dash in zip(kinds.items(), dashes[: len(kinds)], strict=True)
        for run in runs
    ]
    figure = chart(curves, "epoch", "test error (%)", PERCENT)
    figure.update_yaxes(range=[0, 30])
    last = "; ".join(
        f"{name}, {title}: {float(runs[:, -1].mean()):.1f} %"
        for title, kinds in errors.items()
        for name, runs in kinds.items()
    )
    return finished(
        figure,
        alt=f"Test error over training, mean at the end: {last}.",
        caption=f"Test error over training, a line a run. Means at the end: {last}.",
        height=265,
    )
