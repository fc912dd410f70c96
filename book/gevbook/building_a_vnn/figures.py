"""Vector units, their gate, and their cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch
from jaxtyping import Float
from torch import Tensor

from gevb.networks import Network
from gevbook.plots import (
    ARROW,
    COLOURS,
    HATCHED,
    HIDDEN,
    MARKED,
    NEGATIVE,
    NEUTRAL,
    PALE,
    POSITIVE,
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

# ------------------------------------------------------------- who is connected with whom

_ZERO = "circle-open"
_WIDTHS = (1.2, 3.2, 5.2, 2.2, 4.2, 6.2)  # of the lines, one for each weight
_SAYS = {
    "conventional": "Scalar units: one number each",
    "first layer": "A weight of its own for every component",
    "later layers": "One weight, shared by all components",
    "as in A1": "The first layer again, with shared weights<br>over vector input units (hollow: 0)",
}


def _column(x: float, top: float, K: int) -> list[tuple[float, float]]:
    """Place the components of a unit one below the other."""
    return [(x, round(top - 0.42 * mu, 2)) for mu in range(K)]


def _view(
    name: str,
) -> tuple[list[list[tuple[float, float]]], list[tuple[int, int, int, int]], set[tuple[int, int]]]:
    """Return units as lists of places, synapses (unit, component, component above, weight), zeros.

    The last unit is the receiver.
    """
    if name == "conventional":
        units = [_column(0.0, 2.6, 1), _column(0.0, 0.6, 1), _column(3.0, 1.6, 1)]
        return units, [(0, 0, 0, 0), (1, 0, 0, 1)], set()
    if name == "first layer":
        units = [_column(0.0, 2.6, 1), _column(0.0, 0.6, 1), _column(3.0, 2.02, 3)]
        return units, [(j, 0, mu, 2 * mu + j) for j in range(2) for mu in range(3)], set()
    if name == "later layers":
        units = [_column(0.0, 3.02, 3), _column(0.0, 1.02, 3), _column(3.0, 2.02, 3)]
        return units, [(j, mu, mu, j) for j in range(2) for mu in range(3)], set()
    units = [_column(0.45 * (i % 2), 3.8 - 0.72 * i, 3) for i in range(6)]
    units = [[(x, round(top + 0.21 - 0.2 * mu, 2)) for mu in range(3)] for ((x, top), *_) in units]
    synapses = [(i, i // 2, i // 2, i) for i in range(6)]
    zeros = {(i, mu) for i in range(6) for mu in range(3) if mu != i // 2}
    return [*units, _column(3.0, 2.02, 3)], synapses, zeros


def units_and_weights() -> go.Figure:
    """Draw two senders and a receiver, K = 3: each connection's weight, by a button."""
    figure = go.Figure()
    owners: list[str] = []
    said = []
    for name in _SAYS:
        units, synapses, zeros = _view(name)
        weights = sorted({weight for *_, weight in synapses})
        for weight in weights:
            lines = [(units[u][mu], units[-1][up]) for u, mu, up, w in synapses if w == weight]
            width = _WIDTHS[weight]
            figure.add_trace(line(strokes(*lines), MARKED, width=width))
        spots = [(p, (u, mu) in zeros) for u, unit in enumerate(units) for mu, p in enumerate(unit)]
        figure.add_trace(
            dots(
                list(zip(*(place for place, _ in spots), strict=True)),
                NEUTRAL,
                size=8 if name == "as in A1" else 13,
                opacity=1,
                symbol=[_ZERO if zero else "circle" for _, zero in spots],
            )
        )
        owners += [name] * (len(figure.data) - len(owners))
        said.append(f"{name}: {len(synapses)} lines for {len(weights)} weights")

    def boxes(name: str) -> list[dict[str, object]]:
        """Draw a frame around the components of each unit."""
        pad = 0.12 if name == "as in A1" else 0.2
        return [
            {
                "type": "rect",
                "x0": unit[0][0] - 0.17,
                "x1": unit[0][0] + 0.17,
                "y0": round(unit[-1][1] - pad, 2),
                "y1": round(unit[0][1] + pad, 2),
                "line": {"color": NEUTRAL, "width": 1},
            }
            for unit in _view(name)[0]
        ]

    def says(name: str) -> list[dict[str, object]]:
        sides = [(0.1, "senders"), (3.0, "receiver")]
        return [{"x": x, "y": -0.75, "text": text, "showarrow": False} for x, text in sides] + [
            {"x": 1.6, "y": 4.75, "text": _SAYS[name], "showarrow": False, "font": {"size": 14}}
        ]

    switch(
        figure,
        owners,
        start="later layers",
        layouts={name: {"annotations": says(name), "shapes": boxes(name)} for name in _SAYS},
    )
    return finished(
        figure,
        alt="Sending units on the left, a receiving unit on the right, one dot for each of their "
        "components, lines between components, as wide as each other where they are one weight. "
        f"{'; '.join(said)}.",
        caption="Two units that send and one that receives, a dot for each component (K = 3). "
        "Lines of one width are one weight. " + "; ".join(said) + ".",
        height=340,
        showlegend=False,
        xaxis={**HIDDEN, "range": [-0.45, 3.45]},
        yaxis={**HIDDEN, "range": [-1.0, 5.1]},
    )


# -------------------------------------------------------------------------------- the gate


def _cloud(n: int) -> np.ndarray:
    """Make fixed pre-activations in the plane, (n, 2)."""
    return np.random.default_rng(3).normal(size=(n, 2)).clip(-2.7, 2.7).round(2)


def _gate_traces(h: np.ndarray, degrees: float) -> list[go.Scatter]:
    """Draw the half-plane, its edge, t, and the points before and after the gate."""
    phi = math.radians(degrees)
    t, along = np.array([math.cos(phi), math.sin(phi)]), np.array([-math.sin(phi), math.cos(phi)])
    is_open = h @ t >= 0
    corners = np.array([9 * along, 9 * along + 9 * t, -9 * along + 9 * t, -9 * along])
    edge = np.array([-9 * along, 9 * along])
    a = np.where(is_open[:, None], h, 0.0)

    def marks(points: np.ndarray, name: str) -> go.Scatter:
        symbols = np.where(is_open, 0, 100).astype("uint8")  # circle, circle-open
        says = f"{name} = (%{{x:.2f}}, %{{y:.2f}})<extra></extra>"
        scale: dict[str, Any] = {"colorscale": [[0, NEUTRAL], [1, MARKED]], "cmin": 0, "cmax": 1}
        colours = is_open.astype("uint8")
        return dots(short(points.T), colours, says=says, size=7, symbol=symbols, **scale)

    arrow = {**ARROW, "size": [0, 14], "color": NEUTRAL}
    return [
        line(short(corners.T), PALE, width=0).update(fill="toself", fillcolor=PALE, opacity=0.5),
        line(short(edge.T), NEUTRAL, dash="dash", width=1.5),
        marks(h, "h"),
        line(short([[0, x] for x in 1.5 * t]), NEUTRAL, marker=arrow, width=4),
        marks(a, "a"),
    ]


def gate_half_space(
    h: np.ndarray | None = None, angles: Sequence[int] = range(0, 360, 15), start: int = 45
) -> go.Figure:
    """Draw pre-activations with K = 2 before and after the gate, with a slider that turns t.

    Args:
        h: pre-activations, (n, 2); by default fifty fixed ones.
        angles: of t in degrees.
        start: the angle shown first.
    """
    h = _cloud(50) if h is None else h
    figure = panels(("pre-activations h", "activations a"))
    views = {f"{angle}°": _gate_traces(h, float(angle)) for angle in angles}
    frames(figure, views, "angle of t: ", start=f"{start}°", places=(1, 1, 1, 1, 2))
    square(figure, range=[-3, 3], zeroline=True)
    figure.update_xaxes(title="component 1")
    figure.update_yaxes(title="component 2", col=1)
    return finished(
        figure,
        alt="Pre-activations with two components as points in a plane. Those in the half-plane on "
        "the side of the gating vector t pass unchanged, all others are moved to the origin. "
        "The slider turns t, and the half-plane with it.",
        caption=r"Left, what comes in; right, what the gate lets out. Points in the shaded "
        r"half-plane, to which the gating vector $\mathbf t$ (arrow) points, stay where they are; "
        r"all others go to the origin. The slider turns $\mathbf t$.",
        height=280,
        narrow=125,
        showlegend=False,
    )


def one_unit(
    network: Network, x: Float[Tensor, "1 *image"], units: Sequence[int], layer: int = 1
) -> go.Figure:
    r"""Draw the components of one unit as bars, from the senders through the gate; a slider.

    The panels show the strongest sender's weighted activation :math:`w_{ij} a_{j\mu}`, the
    pre-activation :math:`h_{i\mu}`, the terms of :math:`\mathbf t_i \cdot \mathbf h_i`, and the
    activation :math:`a_{i\mu}`.

    Args:
        network: fully connected and vectorized.
        x: one image.
        units: receiving units, by index; the slider names them from 1.
        layer: index of the units' layer, 1 for the second hidden layer.
    """
    weights, gate = network.layers[layer].weights, network.layers[layer].gate
    assert gate is not None
    with torch.no_grad():
        a = network.trace(x).inputs[layer]
        h = weights(a)
        passed = gate(h)[0]
    titles = ("w times the strongest sender", "all senders: h", "t times h", "after the gate: a")
    figure = panels(titles, rows=2)
    components = list(range(1, 1 + len(passed)))

    def drawn(unit: int) -> list[go.Bar]:
        added = weights.weight[unit].detach() * a[0]  # (K, senders)
        strongest = added[:, added.norm(dim=0).argmax()]
        values = (strongest, h[0, :, unit], gate.t[:, unit] * h[0, :, unit], passed[:, unit])
        return [
            go.Bar(
                x=components,
                y=short(v, 3),
                marker={"color": np.where(v.numpy() < 0, NEGATIVE, POSITIVE).tolist()},
                hovertemplate="component %{x}: %{y}<extra></extra>",
                showlegend=False,
            )
            for v in values
        ]

    projections = {unit: float(gate.t[:, unit] @ h[0, :, unit]) for unit in units}
    names = {
        unit: f"{unit + 1}: t · h = {value:.2f}, {'open' if value >= 0 else 'closed'}"
        for unit, value in projections.items()
    }
    frames(figure, {names[u]: drawn(u) for u in units}, "unit ", places=range(1, 5))
    figure.update_xaxes(dtick=1 if len(components) < 6 else 3, tick0=1)
    figure.update_xaxes(title="component", row=2)
    opened = sum(value >= 0 for value in projections.values())
    return finished(
        figure,
        alt=f"The {len(components)} components of a unit as bars: the strongest sender's share, "
        "the pre-activation h, the products with the gating vector t, and the activation a. Units "
        f"{'; '.join(names.values())}.",
        caption="One unit of the second hidden layer for one digit, a bar for each component: what "
        "the strongest sender adds (its activation times the shared weight), the sum over all "
        r"senders $\mathbf h$, its products with $\mathbf t$, and the activation $\mathbf a$. The "
        r"sum of the third panel, $\mathbf t \cdot \mathbf h$, decides: $\mathbf a$ is "
        r"$\mathbf h$ or zero. "
        f"The gates of {opened} of the {len(units)} units are open.",
        height=380,
        narrow=380,
    )


def gate_and_rectifier(directions: int = 24) -> go.Figure:
    """Draw the images of vectors on a circle: by the gate with t = (1, 1), and by a ReLU each."""
    phi = 2 * np.pi * (np.arange(directions) + 0.5) / directions
    h = np.stack([np.cos(phi), np.sin(phi)], 1)
    mapped = {
        "gate, t = (1, 1)": np.where(h.sum(1, keepdims=True) >= 0, h, 0.0),
        "two rectifiers": np.maximum(h, 0.0),
    }
    figure = panels(list(mapped))
    named: set[str] = set()
    said = []
    for column, (title, a) in enumerate(mapped.items(), start=1):
        moves = np.stack([h, a], 1).round(3).tolist()
        path = line(strokes(*moves), NEUTRAL, width=0.8, dash="dot")
        figure.add_trace(path, row=1, col=column)
        kept = np.isclose(a, h).all(1)
        bent = ~kept & (a > 0).any(1)
        groups = (
            ("kept as it is", kept, "circle", MARKED),
            ("set to 0", ~kept & ~bent, "circle-open", NEUTRAL),
            ("direction changed", bent, "x", NEUTRAL),
        )
        for name, chosen, symbol, colour in groups:
            if not chosen.any():
                continue
            said.append(f"{title}, {name}: {chosen.sum()}")
            says = "a = (%{x:.2f}, %{y:.2f})"
            trace = dots(short(a[chosen].T), colour, name, says, symbol=symbol, size=8)
            trace.update(legendgroup=name, showlegend=name not in named)
            figure.add_trace(trace, row=1, col=column)
            named.add(name)
    square(figure, range=[-1.2, 1.2], dtick=1, zeroline=True)
    figure.update_xaxes(title="component 1")
    figure.update_yaxes(title="component 2", col=1)
    return finished(
        figure,
        alt=f"{directions} vectors on a circle and where they go. {'; '.join(said)}.",
        caption=f"Where {directions} vectors on a circle go. The gate keeps a vector as it is or "
        "sets it to zero; two rectifiers, one a component, bend it too. " + "; ".join(said) + ".",
        height=260,
        narrow=125,
    )


# -------------------------------------------------------------------------------- the cost
_STEPS = {  # by the kind of step: colour, pattern
    "BP by autograd": (COLOURS["bp"], HATCHED),
    "BP, contracted": (COLOURS["bp"], None),
    "GEVB": (COLOURS["gevb"], None),
}


def cost_ratios(ratios: Mapping[str, Mapping[str, float]]) -> go.Figure:
    """Plot multiply-adds as multiples of a conventional network's back-propagation step.

    Args:
        ratios: for each kind of step ("BP by autograd", "BP, contracted", "GEVB"), for each
            architecture, the ratio.
    """
    figure = go.Figure()
    for kind, values in ratios.items():
        colour, pattern = _STEPS[kind]
        figure.add_bar(
            x=[name.replace(" ", "<br>") for name in values],
            y=short(list(values.values()), 2),
            name=kind,
            marker={"color": colour, "pattern": pattern},
            hovertemplate="%{y:.2f} times",
        )
    figure.update_xaxes(tickangle=0, tickfont_size=11)
    figure.update_yaxes(title="times a conventional step", rangemode="tozero")
    said = "; ".join(
        f"{kind}: {min(v.values()):.1f} to {max(v.values()):.1f}" for kind, v in ratios.items()
    )
    return finished(
        figure,
        alt=f"Cost of a training step of a vectorized network by architecture, in units of a step "
        f"of the conventional one. {said}.",
        caption="Multiply-adds of a training step of a vectorized network, as multiples of a "
        "back-propagation step in the conventional one: "
        + ", ".join(f"{kind} up to {max(v.values()):.1f}" for kind, v in ratios.items())
        + ".",
        height=250,
        barmode="group",
    )
