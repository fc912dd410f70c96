"""Recorded step times, compared with the textbook way, measured rates and the cost model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from gevb.lab.timings import Row, against_textbook, find, network_name, networks
from gevbook.plots import (
    COLOURS,
    NAMES,
    NEUTRAL,
    Curve,
    chart,
    dots,
    finished,
    short,
    three_digits,
)


def _ours(rows: Sequence[Row], rule: str) -> dict[str, Row]:
    """Collect our step by a rule in every vectorized network."""
    return {
        network_name(network): row
        for network in networks(rows)
        if network["vectorized"] and (row := find(rows, **network, rule=rule, way="ours"))
    }


def step_times(rows: Sequence[Row]) -> go.Figure:
    """Plot milliseconds of a step in every vectorized network: ours, the textbook's, and rated.

    Args:
        rows: of a recorded benchmark, `benchmark(...)["steps"]`.
    """
    figure, said = go.Figure(), []

    def add(times: Mapping[str, float], name: str, **look: object) -> None:
        x = short([1e3 * seconds for seconds in times.values()], 5)
        figure.add_trace(dots((x, list(times)), name=name, says="%{y}: %{x:.3~r} ms", **look))
        said.append(
            f"{name}: {', '.join(f'{n} {three_digits(1e3 * s)} ms' for n, s in times.items())}"
        )

    for rule in ("bp", "gevb"):
        found = _ours(rows, rule)
        textbook = {
            n: row["seconds"] * (against_textbook(rows, row) or 0) for n, row in found.items()
        }
        ours = {n: row["seconds"] for n, row in found.items()}
        look = {"colour": COLOURS[rule], "size": 10}
        add(textbook, f"{NAMES[rule]}, textbook", symbol="diamond-open", **look)
        add(ours, f"{NAMES[rule]}, ours", symbol="circle", **look)
    rated = {n: row["rated"] for n, row in found.items()}
    look = {"colour": NEUTRAL, "size": 14, "line": {"width": 2}}
    add(rated, "GEVB, rated", symbol="line-ns-open", **look)
    figure.update_xaxes(title="milliseconds a step", type="log", dtick=1)
    figure.update_yaxes(autorange="reversed")
    return finished(
        figure,
        alt=f"Time of a training step in each network, on a logarithmic axis. {'; '.join(said)}.",
        caption="Time of a training step in every vectorized network: the textbook way (hollow), "
        "ours (filled), and the rated time, which GEVB's multiply-adds and bytes take at the "
        "measured rates (stroke).",
        height=380,
    )


def saved_by_gevb(rows: Sequence[Row]) -> go.Figure:
    """Plot a GEVB step's time as a share of a BP step's: by the cost model and as measured.

    Args:
        rows: of a recorded benchmark.
    """
    gevb, bp = _ours(rows, "gevb"), _ours(rows, "bp")
    figure, said = go.Figure(), []
    for key, label, colour in (
        ("multiply_adds", "multiply-adds", NEUTRAL),
        ("seconds", "measured", COLOURS["gevb"]),
    ):
        shares = [100 * row[key] / bp[name][key] for name, row in gevb.items()]
        said.append(f"{label}, {min(shares):.0f} to {max(shares):.0f} per cent")
        figure.add_bar(
            x=short(shares, 1),
            y=list(gevb),
            name=label,
            orientation="h",
            marker={"color": colour},
            hovertemplate="%{y}: %{x:.1f} %",
        )
    figure.update_xaxes(title="GEVB's step, in per cent of BP's", rangemode="tozero")
    figure.update_yaxes(autorange="reversed")
    return finished(
        figure,
        alt=f"Bars for each network: what GEVB's step takes of BP's. {'; '.join(said)}.",
        caption="GEVB's step as a share of a back-propagation step, by counting multiply-adds and "
        f"by the clock: {'; '.join(said)}.",
        height=405,
        barmode="group",
    )


def growth(rows: Sequence[Row]) -> go.Figure:
    """Plot step time against width, K, batch, depth or image size, with fitted powers.

    Args:
        rows: of a recorded benchmark, `benchmark(...)["growth"]`.
    """
    powers = [f"{row['exponent']:.2f} ({row['multiply_adds_exponent']:.2f})" for row in rows]
    titles = [f"{row['quantity']}: {power}" for row, power in zip(rows, powers, strict=True)]
    curves = []
    for title, row in zip(titles, rows, strict=True):
        x, seconds = np.array(row["values"]), 1e3 * np.array(row["seconds"])
        centre = np.exp(np.log(x).mean()), np.exp(np.log(seconds).mean())
        at = {title: (x, seconds)}
        curves.append(Curve("measured", at, COLOURS["gevb"], None, {"size": 9}))
        for key, name, colour, dash in (
            ("exponent", "fitted power", COLOURS["gevb"], "solid"),
            ("multiply_adds_exponent", "power of the multiply-adds", NEUTRAL, "dash"),
        ):
            fit = {title: (x, centre[1] * (x / centre[0]) ** row[key])}
            says = f"power {row[key]:.2f}"
            curves.append(Curve(name, fit, colour, {"dash": dash}, None, says=says))
    says = "%{x}: %{y:.3~r} ms"
    figure = chart(curves, "", "milliseconds a step", says, rows=-(-len(rows) // 3))
    for axis, row in zip(figure.select_xaxes(), rows, strict=False):
        axis.update(type="log", tickvals=row["values"][::2], range=_around(row["values"]))
    every = [1e3 * s for row in rows for s in row["seconds"]]
    figure.update_yaxes(type="log", range=_around(every), dtick=1)
    said = "; ".join(f"{r['quantity']} {power}" for r, power in zip(rows, powers, strict=True))
    return finished(
        figure,
        alt="Step time against one quantity at a time, on logarithmic axes. Fitted powers, and in "
        f"brackets those of the multiply-adds: {said}.",
        caption="How the time of a step grows with one quantity at a time. A straight line on "
        "these axes is a power: over each panel the fitted one, in brackets that of the "
        "multiply-adds.",
        height=400,
    )


def _around(values: Sequence[float | int]) -> list[float]:
    """Compute the range of a logarithmic axis."""
    low, high = np.log10([min(values), max(values)])
    return [round(float(low) - 0.1, 3), round(float(high) + 0.1, 3)]
