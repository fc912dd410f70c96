"""Active paths, half-planes, and sign matches without one of the assumptions."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from gevb.networks import Network
from gevb.rules import BP, GEVB
from gevb.theory import exact
from gevbook.plots import (
    ARROW,
    COLOURS,
    HIDDEN,
    MARKED,
    NEUTRAL,
    PALE,
    WRONG,
    Curve,
    Places,
    chart,
    dots,
    finished,
    frames,
    key,
    line,
    panels,
    short,
    strokes,
)


def active_paths(network: exact.ExactNetwork, inputs: Sequence[exact.Vector]) -> go.Figure:
    r"""Draw the hidden units and the output of a small network, with a slider over examples.

    Thick lines belong to active paths. The number in a unit is its :math:`\hat\delta_i`, the
    sum of the values of its paths. Active units are olive, active ones without a path red squares,
    the others grey.

    Args:
        network: exact and fully connected, with gates.
        inputs: the examples.
    """
    sizes = [len(layer.bias) for layer in network.layers]
    place = {(l, i): (l, (n - 1) / 2 - i) for l, n in enumerate(sizes) for i in range(n)}
    wires = [
        ((l - 1, j), (l, i))
        for l, layer in enumerate(network.layers)
        for i, j, w in layer.synapses
        if l and layer.weight[w][0]
    ]

    def lines(
        pairs: list[tuple[tuple[int, int], tuple[int, int]]],
    ) -> Places:
        return strokes(*((place[below], place[above]) for below, above in pairs))

    fed, starved, idle = (MARKED, "circle"), (WRONG, "square"), (NEUTRAL, "circle")

    def drawn(x: exact.Vector) -> list[go.Scatter]:
        trace = exact.forward(network, x)
        dhat: list[exact.Vector] = [*exact.feedback(network, trace), [1]]
        on = {(l, i): bool(trace.slopes[l][i][0]) for l, i in place}
        heard = {(l, i): dhat[l][i] for l, i in place}
        thick = [(b, a) for b, a in wires if on[b] and on[a] and heard[a]]
        looks = [idle if not on[u] else fed if heard[u] else starved for u in place]
        fills, symbols = zip(*looks, strict=True)
        says = [
            f"{'active' if on[u] else 'inactive'}, δ̂ = {heard[u]}"
            + (
                f", {len(exact.active_paths(network, trace, *u))} active paths"
                if u[0] < len(sizes) - 1
                else ""
            )
            for u in place
        ]
        at = list(zip(*place.values(), strict=True))
        units = dots(at, fills, symbol=symbols, size=36, opacity=1).update(
            mode="markers+text",
            text=[str(heard[u]) for u in place],
            textfont={"color": "black"},
            hovertext=says,
            hoverinfo="text",
        )
        return [line(lines(thick), MARKED, width=4), units]

    figure = go.Figure(line(lines(wires), NEUTRAL, width=1))
    for name, look in {
        "active, with a path": fed,
        "active, without": starved,
        "inactive": idle,
    }.items():
        figure.add_trace(key(name, *look))
    views = {str(n): drawn(x) for n, x in enumerate(inputs, start=1)}
    frames(figure, views, "example ")
    bottom, top = -(max(sizes) - 1) / 2, (max(sizes) - 1) / 2
    names = [f"hidden {l + 1}" for l in range(len(sizes) - 1)] + ["output"]
    joined = {below for below, _ in wires}
    apart = [
        f"unit {i + 1} of {names[l]}"
        for l, i in place
        if l < len(sizes) - 1 and (l, i) not in joined
    ]
    figure.update_traces(showlegend=False, selector={"mode": "markers+text"})
    return finished(
        figure,
        alt=f"A network of {len(sizes) - 1} hidden layers and {sizes[-1]} output unit; a slider "
        f"over {len(inputs)} examples. Olive units are active and joined to the output by thick "
        "lines, the active paths; grey units are inactive; active units without such a path are "
        "red squares. The number in a unit is the sum of the values of its paths. Without a line "
        f"to the next layer: {', '.join(apart) or 'none'}.",
        caption=r"Active paths to the output (thick), example by example. The number in a unit is "
        r"$\hat\delta_i$, the sum of the values of its paths; it is zero without one. Of all "
        "weights that lead to a unit, the update has the gradient's sign where it is positive, "
        "and there is no gradient where it is zero.",
        height=360,
        annotations=[
            {"x": l, "y": bottom - 0.5, "text": name, "showarrow": False}
            for l, name in enumerate(names)
        ],
        xaxis={**HIDDEN, "range": [-0.4, len(sizes) - 0.6]},
        yaxis={**HIDDEN, "range": [bottom - 0.75, top + 0.65]},
    )


def one_weight(
    network: Network,
    x: Float[Tensor, "1 *input"],
    y: Int[Tensor, " 1"],
    unit: int,
    values: Sequence[float],
) -> go.Figure:
    """Draw a network whose lines show if GEVB's updates have the gradient's signs.

    A slider moves one output weight. The weights from the first hidden layer on are drawn.

    Args:
        network: fully connected and vectorized, in float64; it is not changed.
        x: one image.
        y: its label.
        unit: unit of the last hidden layer that the weight comes from.
        values: of the weight, in decreasing order.
    """
    changed = copy.deepcopy(network)
    moved = changed.layers[-1].weights.weight
    sizes = [layer.weights.out_units[0] for layer in network.layers]
    place = {(l, i): (l, (n - 1) / 2 - i) for l, n in enumerate(sizes) for i in range(n)}
    states = {0: ("no gradient", PALE), 1: ("right sign", NEUTRAL), -1: ("wrong sign", WRONG)}
    wrong: dict[str, int] = {}

    def drawn(value: float) -> list[go.Scatter]:
        with torch.no_grad():
            moved[0, unit] = value
        both = zip(BP(changed).updates(x, y), GEVB(changed).updates(x, y), strict=True)
        wires: dict[int, list[Sequence[tuple[float, float]]]] = {state: [] for state in states}
        for l, signs in enumerate([(g * u).sign() for g, u in both][1:]):
            for (i, j), sign in np.ndenumerate(signs.numpy()):
                wires[int(sign)].append((place[l, j], place[l + 1, i]))
        wrong[f"{value:g}"] = len(wires[-1])
        ends = place[len(sizes) - 2, unit], place[len(sizes) - 1, 0]
        return [
            *(line(strokes(*wires[s]), colour, width=2) for s, (_, colour) in states.items()),
            line(strokes(ends), WRONG if value < 0 else NEUTRAL, width=6),
        ]

    views = {f"{value:g}": drawn(value) for value in values}
    figure = go.Figure([key(name, colour, "line-ew-open") for name, colour in states.values()])
    frames(figure, views, "output weight: ", start=list(views)[-1])
    figure.add_trace(dots(list(zip(*place.values(), strict=True)), NEUTRAL, size=20, opacity=1))
    counts = ", ".join(f"{n} at {value}" for value, n in wrong.items())
    total = sum(below * above for below, above in pairwise(sizes))
    return finished(
        figure,
        alt=f"A network of {len(sizes) - 1} hidden layers and an output unit. A slider moves the "
        f"thick weight to the output. Updates with the wrong sign, of {total} weights: {counts}.",
        caption="The lines are weights. The slider moves the thick one. Below zero, updates "
        f"of weights below it get the wrong sign (red): {counts}, of {total} weights.",
        height=300,
        xaxis={**HIDDEN, "range": [-0.3, len(sizes) - 0.7]},
        yaxis={**HIDDEN, "range": [-(max(sizes) - 1) / 2 - 0.4, (max(sizes) - 1) / 2 + 0.4]},
    )


def half_planes(ratios: Sequence[float | int], e: tuple[float, float] = (2.0, 1.0)) -> go.Figure:
    r"""Draw senders and the signs of their updates with global Jacobian diag(1, ratio); a slider.

    A ring of presynaptic vectors in K = 2 dimensions shows with :math:`\mathbf e` and
    :math:`J \mathbf e`. The colour shows if :math:`\mathbf e \cdot \mathbf a` and
    :math:`\mathbf e \cdot J \mathbf a` have the same sign.
    """
    angles = np.linspace(0, 2 * np.pi, 72, endpoint=False) + 0.01
    ring = np.stack([np.cos(angles), np.sin(angles)])
    error = np.array(e) / np.hypot(*e)

    def arrow(vector: np.ndarray, name: str, colour: str) -> go.Scatter:
        x, y = short(0.8 * vector / np.hypot(*vector)).tolist()
        wide = colour == COLOURS["gevb"]  # so that both are visible if they have one direction
        tip = {**ARROW, "size": [0, 26 if wide else 13]}
        return line(([0, x], [0, y]), colour, name, marker=tip, width=8 if wide else 3)

    def same(ratio: float | int) -> NDArray[np.bool_]:
        """Find the senders whose update has the gradient's sign."""
        return (error @ ring) * ((error * (1, ratio)) @ ring) > 0

    def senders(wanted: bool, ratio: float | int) -> go.Scatter:
        at = short(ring[:, same(ratio) == wanted])
        return dots(at, NEUTRAL, size=7) if wanted else dots(at, WRONG, size=7, symbol="x")

    def drawn(ratio: float | int) -> list[go.Scatter]:
        return [
            senders(True, ratio),
            senders(False, ratio),
            arrow(error, "e, what GEVB uses", COLOURS["gevb"]),
            arrow(error * (1, ratio), "J e, what the gradient uses", COLOURS["bp"]),
        ]

    # At r = 1 no sign is wrong; the legend does not change.
    right, not_right = "update has the gradient's sign", "it has not"
    figure = go.Figure([key(right, NEUTRAL, "circle", size=7), key(not_right, WRONG, "x", size=7)])
    frames(figure, {f"{ratio:g}": drawn(ratio) for ratio in ratios}, "J = diag(1, r), r = ")
    axis = {"range": [-1.15, 1.15], "zeroline": True, "fixedrange": True, "dtick": 1}
    wrong = ", ".join(f"{100 * float((~same(r)).mean()):.0f} % at r = {r:g}" for r in ratios)
    return finished(
        figure,
        alt="A ring of presynaptic vectors in two dimensions, an arrow for the error vector e and "
        "one for J e, with J = diag(1, r). Senders between the half-planes of the two arrows get "
        f"the wrong sign: {wrong}.",
        caption=r"Senders $\mathbf a$ in all directions of the plane. The update has the sign of "
        r"$\mathbf e \cdot \mathbf a$, the gradient that of $\mathbf e \cdot J\mathbf a$; they "
        "differ for the senders on different sides of the two, drawn as crosses: "
        f"{wrong}.",
        height=370,
        narrow=290,
        xaxis={**axis, "title": "component 1", "constrain": "domain"},
        yaxis={**axis, "title": "component 2", "scaleanchor": "x"},
    )


Matrix = Sequence[Sequence[int]]


def sign_matrices(matrices: Mapping[str, Mapping[int, Matrix]]) -> go.Figure:
    """Draw right and wrong signs per weight, a panel for each network, a slider over shares.

    Args:
        matrices: for each title, for each share of negative weights in percent, the matrix
            [receiving][sending unit] with 1 for right, -1 for wrong and 0 for no gradient.
    """
    titles = list(matrices)
    shares = list(matrices[titles[0]])
    rows, columns = np.shape(matrices[titles[0]][shares[0]])
    figure = panels(titles)

    def heatmap(title: str, share: int) -> go.Heatmap:
        return go.Heatmap(
            z=np.array(matrices[title][share], dtype="int8"),
            zmin=-1,
            zmax=1,
            colorscale=[
                [0, WRONG],
                [1 / 3, WRONG],
                [1 / 3, PALE],
                [2 / 3, PALE],
                [2 / 3, NEUTRAL],
                [1, NEUTRAL],
            ],
            showscale=False,
            xgap=1,
            ygap=1,
            hovertemplate="from unit %{x} to unit %{y}: %{z}<extra></extra>",
        )

    views = {str(share): [heatmap(title, share) for title in titles] for share in shares}
    frames(figure, views, "negative weights (%): ", places=range(1, 1 + len(titles)))
    for name, colour in (("right sign", NEUTRAL), ("wrong sign", WRONG), ("no gradient", PALE)):
        figure.add_trace(key(name, colour))
    bare = {"showticklabels": False, "showgrid": False, "zeroline": False, "ticks": ""}
    figure.update_xaxes(**bare, title="sending unit")
    figure.update_yaxes(**bare, autorange="reversed")
    figure.update_yaxes(title="receiving unit", col=1)
    wrong = "; ".join(
        f"{title} " + ", ".join(f"{_wrong(m)} with {share} %" for share, m in by.items())
        for title, by in matrices.items()
    )
    return finished(
        figure,
        alt=f"Right and wrong signs of a layer's weights, as matrices, for {' and '.join(titles)}. "
        f"Wrong signs by the share of negative weights: {wrong}.",
        caption="A square for each weight between two layers, coloured by whether its update has "
        f"the gradient's sign. Of {rows * columns} weights "
        + ", ".join(
            f"{_wrong(by[shares[0]])} are wrong with {shares[0]} % negative weights and at most "
            f"{max(map(_wrong, by.values()))} with more ({title})"
            for title, by in matrices.items()
        )
        + ".",
        height=255,
    )


def _wrong(matrix: Matrix) -> int:
    """Count the wrong signs."""
    return int((np.array(matrix) == -1).sum())


def agreement(curves: Mapping[str, Mapping[int, float]]) -> go.Figure:
    """Plot the percentage of right signs against the share of negative weights; first curve solid.

    Args:
        curves: for each name, for each share in percent, the percentage of right signs.
    """
    drawn: list[Curve] = []
    for name, curve in curves.items():
        colour, dash = (NEUTRAL, "dash") if drawn else (MARKED, "solid")
        at = {"": (list(curve), list(curve.values()))}
        drawn.append(Curve(name, at, colour, {"dash": dash}, {}))
    says = "%{y:.1f} % right with %{x} % negative"
    figure = chart(drawn, "negative weights (%)", "right signs (%)", says)
    figure.add_hline(y=50, line={"color": NEUTRAL, "dash": "dot"})
    says = "; ".join(
        f"{name}: {', '.join(f'{v:.0f} % at {share} %' for share, v in curve.items())}"
        for name, curve in curves.items()
    )
    figure.update_yaxes(range=[30, 103])
    return finished(
        figure,
        alt=f"Right signs against the share of negative weights. {says}. A dotted line marks 50 %.",
        caption="How many updates keep the gradient's sign when more and more weights are "
        "negative; 50 % (dotted) is what chance gives. "
        + "; ".join(
            f"{name}: {curve[min(curve)]:.0f} % at {min(curve)} %, "
            f"{min(curve.values()):.0f} % at worst"
            for name, curve in curves.items()
        )
        + ".",
        height=230,
    )
