"""How fast: recorded step times against the textbook way, the floor and the cost model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import plotly.graph_objects as go

from gevb.companion.plots import COLOURS, NAMES, NEUTRAL, finished, slider
from gevb.datasets import DATASETS
from gevb.lab.timings import Row, find, networks


def network_name(row: Row) -> str:
    """As on the axes: "MNIST conv"."""
    return f"{DATASETS[row['dataset']].title} {row['arch']}"


def _short(values: Iterable[float]) -> list[float]:
    return [float(f"{value:.3g}") for value in values]


def step_times(rows: Sequence[Row]) -> go.Figure:
    """Milliseconds of a step in every vectorized network: ours, the textbook's, and the floor.

    Args:
        rows: of a recorded benchmark, `benchmark(...)["steps"]`.
    """
    shown = [n for n in networks(rows) if n["vectorized"]]
    names = [network_name(n) for n in shown]
    figure = go.Figure()
    for rule in ("bp", "gevb"):
        for way, symbol, label in (
            (("textbook", "textbook loop"), "diamond-open", "textbook"),
            (("ours",), "circle", "ours"),
        ):
            found = [
                next(r for w in way if (r := find(rows, **n, rule=rule, way=w))) for n in shown
            ]
            figure.add_scatter(
                x=_short([1e3 * r["seconds"] for r in found]),
                y=names,
                name=f"{NAMES[rule]}, {label}",
                mode="markers",
                marker={"color": COLOURS[rule], "symbol": symbol, "size": 10},
                hovertemplate="%{y}: %{x} ms",
            )
    floors = [find(rows, **n, rule="gevb", way="ours") for n in shown]
    figure.add_scatter(
        x=_short([1e3 * r["floor"] for r in floors if r is not None]),
        y=names,
        name="floor of GEVB",
        mode="markers",
        marker={"color": NEUTRAL, "symbol": "line-ns-open", "size": 14, "line": {"width": 2}},
        hovertemplate="%{y}: %{x} ms",
    )
    figure.update_xaxes(title="milliseconds a step", type="log", dtick=1)
    figure.update_yaxes(autorange="reversed")
    return finished(
        figure,
        alt="Time of a training step in each network, on a logarithmic axis: our BP and GEVB lie "
        "close together, between the floor on their left and the textbook way on their right.",
        height=560,
        margin={"l": 110, "r": 15, "t": 15, "b": 165},
    )


def saved_by_gevb(rows: Sequence[Row]) -> go.Figure:
    """A GEVB step's time as a share of a BP step's: by the cost model and as measured.

    Args:
        rows: of a recorded benchmark.
    """
    shown = [n for n in networks(rows) if n["vectorized"]]
    pairs = [
        (find(rows, **n, rule="gevb", way="ours"), find(rows, **n, rule="bp", way="ours"))
        for n in shown
    ]
    figure = go.Figure()
    for key, label, colour in (
        ("multiply_adds", "multiply-adds", NEUTRAL),
        ("seconds", "measured", COLOURS["gevb"]),
    ):
        figure.add_bar(
            x=_short([100 * g[key] / b[key] for g, b in pairs if g is not None and b is not None]),
            y=[network_name(n) for n in shown],
            name=label,
            orientation="h",
            marker={"color": colour},
            hovertemplate="%{y}: %{x} %",
        )
    figure.update_xaxes(title="GEVB's step, in per cent of BP's", rangemode="tozero")
    figure.update_yaxes(autorange="reversed")
    return finished(
        figure,
        alt="Bars for each network: GEVB's share of BP's multiply-adds, a little under 100 per "
        "cent, and its share of BP's measured time.",
        height=520,
        barmode="group",
        margin={"l": 110, "r": 15, "t": 15, "b": 100},
    )


def growth(rows: Sequence[Row]) -> go.Figure:
    """Step time against width, K, batch, depth or image size, with fitted powers; a slider.

    Args:
        rows: of a recorded benchmark, `benchmark(...)["growth"]`.
    """

    def lines(row: Row) -> list[go.Scatter]:
        values, seconds = np.array(row["values"]), 1e3 * np.array(row["seconds"])
        centre = np.exp(np.log(values).mean()), np.exp(np.log(seconds).mean())
        traces = [
            go.Scatter(
                x=values.tolist(),
                y=_short(seconds),
                name="measured",
                mode="markers",
                marker={"color": COLOURS["gevb"], "size": 10},
                hovertemplate="%{x}: %{y} ms",
            )
        ]
        for key, label, colour, dash in (
            ("exponent", "fitted power", COLOURS["gevb"], "solid"),
            ("multiply_adds_exponent", "power of the multiply-adds", NEUTRAL, "dash"),
        ):
            traces.append(
                go.Scatter(
                    x=values.tolist(),
                    y=_short(centre[1] * (values / centre[0]) ** row[key]),
                    name=label,
                    mode="lines",
                    line={"color": colour, "dash": dash},
                    hovertemplate=f"power {row[key]:.2f}",
                )
            )
        return traces

    figure = go.Figure(lines(rows[0]))
    figure.frames = [
        go.Frame(
            name=row["quantity"].split()[0],
            data=lines(row),
            layout={"xaxis": {"tickvals": row["values"], "range": _around(row["values"])}},
        )
        for row in rows
    ]
    every = [1e3 * s for row in rows for s in row["seconds"]]
    figure.update_xaxes(type="log", tickvals=rows[0]["values"], range=_around(rows[0]["values"]))
    figure.update_yaxes(title="milliseconds a step", type="log", range=_around(every), dtick=1)
    powers = "; ".join(f"{r['quantity']} {r['exponent']:.2f}" for r in rows)
    return finished(
        figure,
        alt=f"Step time against one quantity on logarithmic axes. Fitted powers: {powers}.",
        height=480,
        sliders=[slider([row["quantity"].split()[0] for row in rows], "across: ")],
        legend={"orientation": "h", "yref": "paper", "y": 1.02, "yanchor": "bottom"},
        margin={"l": 60, "r": 15, "t": 70, "b": 50},
    )


def _around(values: Sequence[float | int]) -> list[float]:
    """Range of a logarithmic axis."""
    low, high = np.log10([min(values), max(values)])
    return [round(float(low) - 0.1, 3), round(float(high) + 0.1, 3)]
