"""The widget of the chapter on vectorized networks. It needs a kernel."""

from __future__ import annotations

import math

import ipywidgets as widgets

from gevbook.plots import COLOURS, NEUTRAL
from gevbook.widget import labelled

_SIZE, _UNIT = 320, 50  # pixels: side of the picture, length 1


def _picture(t: tuple[float, float], h: tuple[float, float], passes: bool) -> str:
    """Half-plane, gating vector and pre-activation as SVG."""

    def at(x: float, y: float) -> tuple[float, float]:
        return _SIZE / 2 + _UNIT * x, _SIZE / 2 - _UNIT * y

    def line(x: float, y: float, colour: str, width: float) -> str:
        (x0, y0), (x1, y1) = at(0.0, 0.0), at(x, y)
        style = f'stroke="{colour}" stroke-width="{width}"'
        return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" {style}/>'

    u, far = (-t[1], t[0]), 9.0
    corners = [(far * u[0], far * u[1]), (far * (u[0] + t[0]), far * (u[1] + t[1]))]
    corners += [(far * (t[0] - u[0]), far * (t[1] - u[1])), (-far * u[0], -far * u[1])]
    points = " ".join("{:.1f},{:.1f}".format(*at(*corner)) for corner in corners)
    colour = COLOURS["gevb"] if passes else NEUTRAL
    x, y = at(*h)
    fill = colour if passes else "none"
    return (
        f'<svg width="{_SIZE}" height="{_SIZE}" role="img" '
        f'aria-label="Gating vector, its half-plane and a pre-activation">'
        f'<polygon points="{points}" fill="{COLOURS["gevb"]}" opacity="0.15"/>'
        + line(1.5 * t[0], 1.5 * t[1], NEUTRAL, 5.0)
        + line(h[0], h[1], colour, 2.0)
        + f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{fill}" stroke="{colour}" '
        'stroke-width="2"/></svg>'
    )


def gate_by_hand() -> widgets.VBox:
    """Turn the gating vector and move the pre-activation of a unit with two components."""
    turn = widgets.IntSlider(value=45, min=0, max=355, step=5)
    first = widgets.FloatSlider(value=1.5, min=-2.5, max=2.5, step=0.1)
    second = widgets.FloatSlider(value=-0.5, min=-2.5, max=2.5, step=0.1)
    says, shown = widgets.Label(), widgets.HTML()

    def draw(_: object = None) -> None:
        phi, h = math.radians(turn.value), (first.value, second.value)
        t = math.cos(phi), math.sin(phi)
        projection = t[0] * h[0] + t[1] * h[1]
        passes = projection >= 0
        a = h if passes else (0.0, 0.0)
        says.value = (
            f"t · h = {projection:.2f}: the gate is {'open' if passes else 'closed'}, "
            f"a = ({a[0]:.1f}, {a[1]:.1f})"
        )
        shown.value = _picture(t, h, passes)

    controls = {"angle of t": turn, "h, component 1": first, "h, component 2": second}
    for control in controls.values():
        control.observe(draw, "value")
    draw()
    return widgets.VBox([*labelled(controls), says, shown])
