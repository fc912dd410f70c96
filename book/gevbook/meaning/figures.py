"""Costs and requirements of the rule: computation, time steps, components, precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from gevb.theory.costs import Cost
from gevbook.plots import (
    COLOURS,
    HATCHED,
    MARKED,
    NAMES,
    NEUTRAL,
    PALE,
    Curve,
    chart,
    dots,
    finished,
    frames,
    short,
)

_PARTS = {  # of a training step: label, colour, pattern
    "forward": ("forward", PALE, None),
    "gates": ("gates", NEUTRAL, None),
    "feedback": ("feedback to hidden units", MARKED, None),
    "update": ("weight updates", NEUTRAL, HATCHED),
}


def step_parts(steps: Mapping[str, Mapping[str, Cost]]) -> go.Figure:
    """Plot a training step's parts, relative to the first kind of step; a slider over networks.

    Args:
        steps: for each network, for each kind of step, its cost. The first kind is the unit.
    """

    def bars(network: str) -> list[go.Bar]:
        kinds = steps[network]
        unit = next(iter(kinds.values())).step
        return [
            go.Bar(
                x=list(kinds),
                y=short([getattr(cost, part) / unit for cost in kinds.values()]),
                name=label,
                marker={"color": colour, "pattern": pattern},
                hovertemplate=f"{label}: " + "%{y:.2f}<extra></extra>",
            )
            for part, (label, colour, pattern) in _PARTS.items()
        ]

    figure = go.Figure()
    frames(figure, {network: bars(network) for network in steps}, "network: ")
    figure.update_xaxes(tickangle=0)
    figure.update_yaxes(title="multiply-adds / those of<br>a conventional BP step", range=[0, 10.5])
    sizes = "; ".join(
        f"{network}: "
        + ", ".join(
            f"{kind} {cost.step / next(iter(kinds.values())).step:.1f}"
            for kind, cost in kinds.items()
        )
        for network, kinds in steps.items()
    )
    return finished(
        figure,
        alt="Stacked bars of a training step's multiply-adds. "
        f"{sizes.replace('-<br>', '').replace('<br>', ' ')}.",
        caption="What a training step is made of, in multiples of a back-propagation step of the "
        "conventional network. GEVB has no feedback to compute (olive); its vector units cost "
        "more in the forward pass and in the weight updates.",
        height=395,
        barmode="stack",
    )


def time_steps(depths: Sequence[int]) -> go.Figure:
    """Draw each layer's activity over time, for one image, by BP and by GEVB; a slider over depth.

    The picture is schematic: every layer takes one time step for each operation.
    """

    def bars(depth: int) -> list[go.Bar]:
        layers, shown = list(range(1, depth + 1)), []
        for rule, show in (("bp", True), ("gevb", False)):
            start = [_update(depth, l, rule) for l in layers]
            lanes = [f"{NAMES[rule]} {l}" for l in layers]
            parts = (
                ("forward", [l - 1 for l in layers], [1] * depth, NEUTRAL),
                (
                    "holds its activity",
                    layers,
                    [s - l for s, l in zip(start, layers, strict=True)],
                    PALE,
                ),
                ("updates", start, [1] * depth, COLOURS[rule]),
            )
            shown += [
                go.Bar(
                    y=lanes,
                    x=length,
                    base=base,
                    orientation="h",
                    name=name if name != "updates" else f"{NAMES[rule]} updates",
                    marker={"color": colour},
                    showlegend=show or name == "updates",
                    hovertemplate=f"{name} from step " + "%{base}<extra></extra>",
                )
                for name, base, length, colour in parts
            ]
        return shown

    figure = go.Figure()
    frames(
        figure,
        {str(depth): bars(depth) for depth in depths},
        "layers: ",
        start=str(depths[-1]),
        layouts={
            str(depth): {
                "yaxis": {
                    "categoryarray": [
                        f"{NAMES[rule]} {l}" for rule in ("bp", "gevb") for l in range(1, depth + 1)
                    ],
                    "range": [2 * depth - 0.5, -0.5],
                }
            }
            for depth in depths
        },
    )
    figure.update_xaxes(title="step of time", range=[0, 2 * max(depths) + 1])
    figure.update_yaxes(categoryorder="array", tickfont={"size": 10})
    waits = "; ".join(
        f"with {depth} layers the first one updates in step {_update(depth, 1, 'bp')} by "
        f"back-propagation and in step {_update(depth, 1, 'gevb')} by GEVB, the last one in "
        f"{_update(depth, depth, 'bp')} and {_update(depth, depth, 'gevb')}"
        for depth in depths
    )
    return finished(
        figure,
        alt=f"Bars over time for each layer: {waits}.",
        caption="Which layer does what when, for one image (a schematic picture). Under BP a "
        "layer holds its activity until the error has come down to it, the first layer longest; "
        "under GEVB all layers update as soon as the error is known. "
        f"With {depths[-1]} layers the first one updates in step {_update(depths[-1], 1, 'bp')} "
        f"under BP, in step {_update(depths[-1], 1, 'gevb')} under GEVB.",
        height=435,
        barmode="overlay",
    )


def _update(depth: int, layer: int, rule: str) -> int:
    """Return the time step at whose start a layer updates."""
    return 2 * depth + 1 - layer if rule == "bp" else depth + 1


Errors = Mapping[str, Mapping[int, Sequence[float]]]
"""Test errors in percent: for each rule ("gevb", "bp"), for each number, one for every seed."""


def _curves(errors: Errors, title: str) -> list[Curve]:
    """Make lines of means and points of seeds."""
    curves = []
    for rule, by_number in errors.items():
        means = list(by_number), [np.mean(values) for values in by_number.values()]
        pairs = [(n, error) for n, errors in by_number.items() for error in errors]
        seeds, look = list(zip(*pairs, strict=True)), {"size": 6, "opacity": 0.6}
        curves += [
            Curve(f"{NAMES[rule]}, mean", {title: means}, COLOURS[rule], marker=None),
            Curve(f"{NAMES[rule]}, one seed", {title: seeds}, COLOURS[rule], None, look),
        ]
    return curves


def _means(errors: Errors, what: str) -> str:
    return "; ".join(
        f"{NAMES[rule]} "
        + ", ".join(f"{np.mean(values):.1f} % at {n} {what}" for n, values in by_number.items())
        for rule, by_number in errors.items()
    )


def _listed(errors: Errors) -> str:
    """List the means of each rule, with their numbers."""
    rows = ", ".join(
        " / ".join(f"{np.mean(values):.1f}" for values in by_number.values())
        + f" % ({NAMES[rule]})"
        for rule, by_number in errors.items()
    )
    numbers = " / ".join(map(str, next(iter(errors.values()))))
    return f"{numbers}: {rows}"


def components(errors: Errors, costs: Mapping[int, int]) -> go.Figure:
    """Plot test error, and cost of a GEVB step, against the number of components of a unit.

    Args:
        errors: see `Errors`, by number of components.
        costs: multiply-adds of a step for one example.
    """
    shares = list(costs), [cost / costs[10] for cost in costs.values()]
    cost = Curve("", {"cost, 1 at K = 10": shares}, NEUTRAL, marker={}, says="%{y:.2f}")
    curves = [*_curves(errors, "test error (%)"), cost]
    figure = chart(curves, "components K", "", "%{y:.1f} %", shared=False)
    relative = ", ".join(f"{cost / costs[10]:.2f} with {K}" for K, cost in costs.items())
    figure.update_xaxes(type="log", tickvals=list(costs))
    figure.update_yaxes(type="log", tickvals=[2, 5, 10, 20, 50], col=1)
    figure.update_yaxes(type="log", tickvals=[0.2, 0.4, 0.6, 0.8, 1], col=2)
    return finished(
        figure,
        alt=f"Test error against the number of components: {_means(errors, 'components')}. "
        f"Cost of a step, as a multiple of that with 10: {relative}.",
        caption="More components help, and cost. Left, the mean test error by the "
        f"number of components, {_listed(errors)}. Right, the multiply-adds of a GEVB step, in "
        "multiples of those at K = 10.",
        height=265,
    )


def depth_curves(errors: Errors, angles: Mapping[str, Mapping[int, float]]) -> go.Figure:
    """Plot test error, and alignment angles after training, against the number of hidden layers.

    Args:
        errors: see `Errors`, by number of hidden layers.
        angles: mean angle in degrees by name of the layer ("first", "last"), for each depth.
    """
    curves = _curves(errors, "test error (%)")
    for (name, by_depth), dash in zip(angles.items(), ("solid", "dash"), strict=True):
        values = {"angle of GEVB (°)": (list(by_depth), list(by_depth.values()))}
        label, colour = f"{name} hidden layer", COLOURS["gevb"]
        curves.append(Curve(label, values, colour, {"dash": dash}, {}, says="%{y:.0f}°"))
    figure = chart(curves, "hidden layers", "", "%{y:.1f} %", shared=False)
    turns = "; ".join(
        f"{name} hidden layer "
        + ", ".join(f"{angle:.0f}° with {depth}" for depth, angle in by_depth.items())
        for name, by_depth in angles.items()
    )
    depths = list(next(iter(errors.values())))
    figure.update_xaxes(tickvals=depths)
    figure.update_yaxes(rangemode="tozero")
    return finished(
        figure,
        alt=f"Test error against depth: {_means(errors, 'hidden layers')}. Angle of GEVB: {turns}.",
        caption="Left, the mean test error by the number of hidden layers, "
        f"{_listed(errors)}. Right, the angle between "
        "GEVB and the gradient after training, in the first and in the last of them.",
        height=260,
    )


def broadcasts(errors: Mapping[str, Sequence[float]], chance: float = 90.0) -> go.Figure:
    """Plot test error for each broadcast of e: a stroke at the mean, a point for every seed.

    Args:
        errors: in percent, by the name of the broadcast.
        chance: error of guessing, as a dotted line.
    """
    names = list(errors)
    seeds = short([value for values in errors.values() for value in values])
    rows = [name for name in names for _ in errors[name]]
    means = short([np.mean(values) for values in errors.values()])
    says, green = "%{x:.1f} %", COLOURS["gevb"]
    figure = go.Figure(
        [
            dots((seeds, rows), green, "one seed", says, size=8, opacity=0.7),
            dots((means, names), green, "mean", says, symbol="line-ns-open", size=20, line_width=3),
        ]
    )
    figure.add_vline(x=chance, line={"color": NEUTRAL, "dash": "dot"})
    figure.update_xaxes(title="test error (%), log scale", type="log", tickvals=[2, 5, 10, 20, 50])
    figure.update_xaxes(range=[0.2, 2.05])
    figure.update_yaxes(autorange="reversed")
    values = "; ".join(f"{name} {np.mean(v):.1f} %" for name, v in errors.items())
    return finished(
        figure,
        alt=f"Mean test error by broadcast: {values}.".replace("<br>", " "),
        caption="Test error by what the units receive in place of the exact error vector; "
        f"{chance:.0f} % (dotted) is guessing. Means: {values}.".replace("<br>", " "),
        height=380,
    )
