"""How fast: recorded step times against the textbook way, the floor and the cost model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from gevb.companion.plots import COLOURS, NAMES, NEUTRAL, finished, frames, number, short
from gevb.lab.timings import Row, against_textbook, find, network_name, networks


def _ours(rows: Sequence[Row], rule: str) -> dict[str, Row]:
    """Our step by a rule in every vectorized network."""
    return {
        network_name(network): row
        for network in networks(rows)
        if network["vectorized"] and (row := find(rows, **network, rule=rule, way="ours"))
    }


def step_times(rows: Sequence[Row]) -> go.Figure:
    """Milliseconds of a step in every vectorized network: ours, the textbook's, and the floor.

    Args:
        rows: of a recorded benchmark, `benchmark(...)["steps"]`.
    """
    figure, said = go.Figure(), []

    def add(times: Mapping[str, float], name: str, **marker: object) -> None:
        figure.add_scatter(
            x=short([1e3 * seconds for seconds in times.values()], 5),
            y=list(times),
            name=name,
            mode="markers",
            marker=marker,
            hovertemplate="%{y}: %{x:.3~r} ms",
        )
        said.append(f"{name}: {', '.join(f'{n} {number(1e3 * s)} ms' for n, s in times.items())}")

    for rule in ("bp", "gevb"):
        found = _ours(rows, rule)
        textbook = {
            n: row["seconds"] * (against_textbook(rows, row) or 0) for n, row in found.items()
        }
        ours = {n: row["seconds"] for n, row in found.items()}
        look = {"color": COLOURS[rule], "size": 10}
        add(textbook, f"{NAMES[rule]}, textbook", symbol="diamond-open", **look)
        add(ours, f"{NAMES[rule]}, ours", symbol="circle", **look)
    floors = {n: row["floor"] for n, row in found.items()}
    look = {"color": NEUTRAL, "size": 14, "line": {"width": 2}}
    add(floors, "floor of GEVB", symbol="line-ns-open", **look)
    figure.update_xaxes(title="milliseconds a step", type="log", dtick=1)
    figure.update_yaxes(autorange="reversed")
    return finished(
        figure,
        alt=f"Time of a training step in each network, on a logarithmic axis. {'; '.join(said)}.",
        height=380,
    )


def saved_by_gevb(rows: Sequence[Row]) -> go.Figure:
    """A GEVB step's time as a share of a BP step's: by the cost model and as measured.

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
        height=405,
        barmode="group",
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
                y=short(seconds),
                name="measured",
                mode="markers",
                marker={"color": COLOURS["gevb"], "size": 10},
                hovertemplate="%{x}: %{y:.3~r} ms",
            )
        ]
        for key, label, colour, dash in (
            ("exponent", "fitted power", COLOURS["gevb"], "solid"),
            ("multiply_adds_exponent", "power of the multiply-adds", NEUTRAL, "dash"),
        ):
            traces.append(
                go.Scatter(
                    x=values.tolist(),
                    y=short(centre[1] * (values / centre[0]) ** row[key]),
                    name=label,
                    mode="lines",
                    line={"color": colour, "dash": dash},
                    hovertemplate=f"power {row[key]:.2f}",
                )
            )
        return traces

    figure = go.Figure()
    frames(
        figure,
        {row["quantity"]: lines(row) for row in rows},
        "across: ",
        layouts={
            row["quantity"]: {"xaxis": {"tickvals": row["values"], "range": _around(row["values"])}}
            for row in rows
        },
    )
    every = [1e3 * s for row in rows for s in row["seconds"]]
    figure.update_xaxes(type="log")
    figure.update_yaxes(title="milliseconds a step", type="log", range=_around(every), dtick=1)
    powers = "; ".join(f"{r['quantity']} {r['exponent']:.2f}" for r in rows)
    return finished(
        figure,
        alt=f"Step time against one quantity on logarithmic axes. Fitted powers: {powers}.",
        height=300,
    )


def _around(values: Sequence[float | int]) -> list[float]:
    """Range of a logarithmic axis."""
    low, high = np.log10([min(values), max(values)])
    return [round(float(low) - 0.1, 3), round(float(high) + 0.1, 3)]
