"""The reproduction in one small chart: learning curves or angles, ours over the paper's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from html import escape

from gevb.lab.experiments import read_results
from gevb.training import PAPER_EPOCHS
from gevbook.curves import ANGLES, CURVES, angle_curves, error_curves, span
from gevbook.plots import Curve, ends

# Size of a panel, in its own units.
WIDTH, HEIGHT, LEFT, TOP = 200, 104, 24, 6
DASHES = {"solid": "none", "dash": "6 3", "dot": "1.5 2.5", "dashdot": "6 2 1.5 2"}
DATASETS = ("MNIST", "CIFAR-10")


@cache
def drawn(what: str) -> tuple[list[Curve], list[str], str]:
    """Return curves, panel titles and unit of "errors" or "angles"."""
    records = read_results()
    if what == "angles":
        return angle_curves(records), ANGLES, "°"
    return error_curves(records), CURVES, " %"


def panel(curves: Sequence[Curve], title: str, scale: tuple[float, float], unit: str) -> str:
    """Draw curves under a title, on a scale from its lowest to its highest value."""
    low, high = scale

    def path(x: Sequence[float | int], y: Sequence[float | int | None]) -> str:
        places = [
            f"{LEFT + a / PAPER_EPOCHS * (WIDTH - LEFT - 4):.1f} "
            f"{TOP + min(1.0, max(0.0, (high - b) / (high - low))) * (HEIGHT - 2 * TOP):.1f}"
            for a, b in zip(x, y, strict=True)
            if b is not None
        ]
        return "M" + "L".join(places)

    step = (HEIGHT - 2 * TOP) / (high - low)
    grid = "".join(
        f'<path class="grid" d="{path((0, PAPER_EPOCHS), (level, level))}"/>'
        f'<text x="{LEFT - 3}" y="{TOP + (high - level) * step + 4:.1f}" '
        f'text-anchor="end">{level:g}</text>'
        for level in _levels(low, high)
    )
    bands, lines = [], []
    for curve in curves:
        x, y = curve.values[title]
        if title in curve.band:
            below, above = curve.band[title]
            around = path([*x, *reversed(x)], [*below, *reversed(above)])
            bands.append(f'<path d="{around}Z" fill="{curve.colour}" opacity=".16"/>')
        look = curve.look or {}
        dash, width = DASHES[str(look["dash"])], 0.8 if curve.marker is None else 2
        lines.append(
            f'<path class="curve" data-name="{escape(curve.name)}" d="{path(x, y)}" fill="none" '
            f'stroke="{curve.colour}" stroke-width="{width}" stroke-dasharray="{dash}" '
            'stroke-linecap="round" stroke-linejoin="round"/>'
        )
    said = f"{escape(title)}: {escape(ends(curves, unit, along=None))}"
    return (
        f'<div><p>{escape(title)}</p><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{said}</title>{grid}{''.join(bands)}{''.join(lines)}</svg></div>"
    )


def _levels(low: float, high: float) -> list[float]:
    """Choose marks of the axis: multiples of 0.5, 1, 2, 5, ..., at most five."""
    step = next(s for s in (0.5, 1, 2, 5, 10, 20, 30) if (high - low) / s < 4.5)
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def result_chart(chapter: str, what: str = "errors") -> str:
    """Draw the chart as HTML: panels by data set, a key, and a link.

    Args:
        chapter: address to link to.
        what: "errors" or "angles".
    """
    curves, titles, unit = drawn(what)
    parts = []
    for dataset in DATASETS:
        own = [curve for curve in curves if curve.owner == dataset]
        panels = []
        for title in titles:
            there = [curve for curve in own if title in curve.values]
            scale = (0.0, 100.0) if what == "angles" else span(there, title)
            panels.append(panel(there, title, scale, unit))
        parts.append(f'<p><b>{dataset}</b></p><div class="panels">{"".join(panels)}</div>')
    looks = {
        curve.name.split(",")[0]: (curve.colour, DASHES[str((curve.look or {})["dash"])])
        for curve in reversed(curves)
    }
    key = "".join(
        f'<li><svg viewBox="0 0 26 8" aria-hidden="true"><path d="M1 4H25" stroke="{colour}" '
        f'stroke-width="2" stroke-dasharray="{dash}"/></svg>{name}</li>'
        for name, (colour, dash) in sorted(looks.items())
    )
    about = {
        "errors": "Test error in percent over epochs; each panel has its own scale",
        "angles": "Angle in degrees between the broadcast feedback and back-propagation's over "
        "epochs, a line for each hidden layer",
    }[what]
    return (
        f'<figure class="result-chart"><ul>{key}</ul>{"".join(parts)}<figcaption>{about}. Thick '
        "lines are ours, as far as our runs have got; thin lines in bands are the paper's means of "
        f'five runs ± one standard deviation. <a href="{chapter}">All of it in the chapter '
        "Results</a></figcaption></figure>"
    )
