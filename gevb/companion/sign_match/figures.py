"""Active paths, half-planes, and sign matches when an assumption is dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gevb.companion.plots import COLOURS, NEUTRAL, finished, slider
from gevb.theory import exact

RIGHT, WRONG = COLOURS["gevb"], COLOURS["dfa"]
_GAP: tuple[None, None] = (None, None)


def active_paths(network: exact.Network, inputs: Sequence[exact.Vector]) -> go.Figure:
    r"""The hidden units and the output of a small network; a slider over examples.

    Thick lines belong to active paths. The number beside a unit is its :math:`\hat\delta_i`, the
    sum of the values of its paths. Active units are green, those without such a path orange, the
    rest grey.

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

    def lines(pairs: list[tuple[tuple[int, int], tuple[int, int]]]) -> dict[str, list[object]]:
        points = [p for below, above in pairs for p in (place[below], place[above], _GAP)]
        return {"x": [p[0] for p in points], "y": [p[1] for p in points]}

    def drawn(x: exact.Vector) -> list[go.Scatter]:
        trace = exact.forward(network, x)
        dhat = [*exact.feedback(network, trace), [Fraction(1)]]
        on = {(l, i): bool(trace.slopes[l][i][0]) for l, i in place}
        heard = {(l, i): dhat[l][i] for l, i in place}
        thick = [(b, a) for b, a in wires if on[b] and on[a] and heard[a]]
        fills = [NEUTRAL if not on[u] else RIGHT if heard[u] else WRONG for u in place]
        says = [
            f"{'active' if on[u] else 'inactive'}, dhat = {heard[u]}"
            + (
                f", {len(exact.active_paths(network, trace, *u))} active paths"
                if u[0] < len(sizes) - 1
                else ""
            )
            for u in place
        ]
        return [
            go.Scatter(
                **lines(thick),
                mode="lines",
                line={"color": RIGHT, "width": 4},
                hoverinfo="skip",
                showlegend=False,
            ),
            go.Scatter(
                x=[p[0] for p in place.values()],
                y=[p[1] for p in place.values()],
                mode="markers+text",
                marker={"size": 22, "color": fills},
                text=[str(heard[u]) for u in place],
                textposition="top center",
                hovertext=says,
                hoverinfo="text",
                showlegend=False,
            ),
        ]

    wiring = go.Scatter(
        **lines(wires),
        mode="lines",
        line={"color": NEUTRAL, "width": 1},
        hoverinfo="skip",
        showlegend=False,
    )
    figure = go.Figure([wiring, *drawn(inputs[0])])
    labels = [str(1 + n) for n in range(len(inputs))]
    figure.frames = [
        go.Frame(name=label, data=drawn(x), traces=[1, 2])
        for label, x in zip(labels, inputs, strict=True)
    ]
    bottom, top = -(max(sizes) - 1) / 2, (max(sizes) - 1) / 2
    names = [f"hidden {l + 1}" for l in range(len(sizes) - 1)] + ["output"]
    hidden = {"visible": False, "fixedrange": True}
    return finished(
        figure,
        alt="A network of three hidden layers and one output unit; a slider over examples. Green "
        "units are active and joined to the output by thick lines, the active paths; grey units "
        "are inactive. The number above a unit is the sum of the values of its paths. The last "
        "unit of the last hidden layer has no line to the output: where active it is orange.",
        height=470,
        annotations=[
            {"x": l, "y": bottom - 0.5, "text": name, "showarrow": False}
            for l, name in enumerate(names)
        ],
        xaxis={**hidden, "range": [-0.4, len(sizes) - 0.6]},
        yaxis={**hidden, "range": [bottom - 0.75, top + 0.65]},
        margin={"l": 5, "r": 5, "t": 10, "b": 40},
        sliders=[slider(labels, "example ")],
    )


def half_planes(ratios: Sequence[float | int], e: tuple[float, float] = (2.0, 1.0)) -> go.Figure:
    r"""Which senders get the wrong sign if the global Jacobian is diag(1, ratio); a slider.

    A ring of presynaptic vectors in K = 2 dimensions, coloured by whether
    :math:`\mathbf e \cdot \mathbf a` and :math:`\mathbf e \cdot J \mathbf a` have the same sign,
    with the vectors :math:`\mathbf e` and :math:`J \mathbf e`.
    """
    angles = np.linspace(0, 2 * np.pi, 72, endpoint=False) + 0.01
    ring = np.stack([np.cos(angles), np.sin(angles)])
    error = np.array(e) / np.hypot(*e)

    def arrow(vector: np.ndarray, name: str, colour: str) -> go.Scatter:
        x, y = np.round(0.8 * vector / np.hypot(*vector), 3)
        return go.Scatter(
            x=[0, x],
            y=[0, y],
            name=name,
            mode="lines+markers",
            line={"color": colour, "width": 3},
            marker={"symbol": "arrow", "angleref": "previous", "size": [0, 14]},
            hoverinfo="skip",
        )

    def dots(wanted: bool, ratio: float | int) -> go.Scatter:
        same = (error @ ring) * ((error * (1, ratio)) @ ring) > 0
        x, y = np.round(ring[:, same == wanted], 3).astype("float32")
        return go.Scatter(
            x=x,
            y=y,
            name="update has the gradient's sign" if wanted else "it has not",
            mode="markers",
            marker={
                "color": RIGHT if wanted else WRONG,
                "size": 7,
                "symbol": "circle" if wanted else "x",
            },
            hoverinfo="skip",
        )

    def drawn(ratio: float | int) -> list[go.Scatter]:
        return [
            dots(True, ratio),
            dots(False, ratio),
            arrow(error, "e, what the unit hears", RIGHT),
            arrow(error * (1, ratio), "J e, what the gradient uses", COLOURS["bp"]),
        ]

    labels = [f"{ratio:g}" for ratio in ratios]
    figure = go.Figure(drawn(ratios[0]))
    figure.frames = [
        go.Frame(name=label, data=drawn(ratio)) for label, ratio in zip(labels, ratios, strict=True)
    ]
    axis = {"range": [-1.15, 1.15], "zeroline": True, "fixedrange": True, "dtick": 1}
    return finished(
        figure,
        alt="A ring of presynaptic vectors in two dimensions, an arrow for the error vector e and "
        "one for J e. If J is a multiple of the identity the arrows coincide and all signs are "
        "right. The more its two diagonal entries differ, the further the arrows part, and senders "
        "in the two wedges between their half-planes get the wrong sign.",
        height=560,
        xaxis={**axis, "title": "component 1", "constrain": "domain"},
        yaxis={**axis, "title": "component 2", "scaleanchor": "x"},
        margin={"l": 55, "r": 15, "t": 15, "b": 120},
        sliders=[slider(labels, "J = diag(1, r), r = ")],
    )


Matrix = Sequence[Sequence[int]]


def sign_matrices(panels: Mapping[str, Mapping[int, Matrix]]) -> go.Figure:
    """Right and wrong signs weight by weight, a panel for each network, a slider over shares.

    Args:
        panels: for each title, for each share of negative weights in percent, the matrix
            [receiving][sending unit] with 1 for right, -1 for wrong and 0 for no gradient.
    """
    titles = list(panels)
    shares = list(panels[titles[0]])
    figure = make_subplots(
        cols=len(titles), shared_yaxes=True, subplot_titles=titles, horizontal_spacing=0.05
    )

    def heatmap(title: str, share: int) -> go.Heatmap:
        return go.Heatmap(
            z=np.array(panels[title][share], dtype="int8"),
            zmin=-1,
            zmax=1,
            colorscale=[
                [0, WRONG],
                [1 / 3, WRONG],
                [1 / 3, "rgba(138,143,152,0.25)"],
                [2 / 3, "rgba(138,143,152,0.25)"],
                [2 / 3, RIGHT],
                [1, RIGHT],
            ],
            showscale=False,
            xgap=1,
            ygap=1,
            hovertemplate="from unit %{x} to unit %{y}: %{z}<extra></extra>",
        )

    for column, title in enumerate(titles, start=1):
        figure.add_trace(heatmap(title, shares[0]), row=1, col=column)
    for name, colour in (
        ("right sign", RIGHT),
        ("wrong sign", WRONG),
        ("no gradient", "rgba(138,143,152,0.25)"),
    ):
        figure.add_scatter(
            x=[None],
            y=[None],
            name=name,
            mode="markers",
            marker={"symbol": "square", "size": 12, "color": colour},
        )
    figure.frames = [
        go.Frame(
            name=str(share),
            data=[heatmap(title, share) for title in titles],
            traces=list(range(len(titles))),
        )
        for share in shares
    ]
    figure.update_xaxes(title="sending unit", showticklabels=False, showgrid=False)
    figure.update_yaxes(showticklabels=False, showgrid=False, autorange="reversed")
    figure.update_yaxes(title="receiving unit", col=1)
    return finished(
        figure,
        alt=f"Right and wrong signs of a layer's weights, as matrices, for {' and '.join(titles)}; "
        "a slider over the share of negative weights. With the gate all are right without negative "
        "weights, and later whole rows turn wrong. With a ReLU per component single entries are "
        "wrong from the start.",
        height=430,
        sliders=[slider([str(share) for share in shares], "negative weights (%): ")],
        margin={"l": 30, "r": 10, "t": 35, "b": 80},
    )


def agreement(curves: Mapping[str, Mapping[int, float]]) -> go.Figure:
    """Percent of right signs against the share of negative weights; first curve solid.

    Args:
        curves: for each name, for each share in percent, the percentage of right signs.
    """
    figure = go.Figure()
    for n, (name, curve) in enumerate(curves.items()):
        figure.add_scatter(
            x=list(curve),
            y=[round(v, 1) for v in curve.values()],
            name=name,
            mode="lines+markers",
            line={"color": RIGHT if n == 0 else WRONG, "dash": "solid" if n == 0 else "dash"},
            hovertemplate="%{y:.1f} % right with %{x} % negative",
        )
    figure.add_hline(y=50, line={"color": NEUTRAL, "dash": "dot"})
    says = "; ".join(
        f"{name}: {', '.join(f'{v:.0f} % at {share} %' for share, v in curve.items())}"
        for name, curve in curves.items()
    )
    figure.update_xaxes(title="negative weights (%)")
    figure.update_yaxes(title="right signs (%)", range=[40, 103])
    return finished(
        figure,
        alt=f"Right signs against the share of negative weights. {says}. A dotted line marks 50 %.",
        height=340,
        margin={"l": 55, "r": 15, "t": 15, "b": 95},
    )
