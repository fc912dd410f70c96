"""Plotly figures as HTML: controls, JSON, and the content shown until a script draws.

Plotly draws its sliders and buttons as graphics, out of reach of keyboards and screen readers.
Here they become the browser's own controls above the drawing.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from .rules import named

MANY = 6  # choices that do not fit into a row of buttons


def controls(layout: dict[str, Any]) -> str:
    """Make the menus and sliders of a layout as HTML; figure.js finds them by their order."""
    parts = []
    for menu in layout.get("updatemenus", []):
        labels = [escape(button["label"]) for button in menu["buttons"]]
        active = menu.get("active", 0)
        if menu.get("type") != "buttons" or len(labels) > MANY:
            chosen = [" selected" if i == active else "" for i in range(len(labels))]
            options = [
                f"<option{c}>{label}</option>" for c, label in zip(chosen, labels, strict=True)
            ]
            parts.append(f'<select aria-label="what is shown">{"".join(options)}</select>')
        else:
            buttons = ""
            pressed = [f' aria-pressed="{str(i == active).lower()}"' for i in range(len(labels))]
            if menu.get("showactive") is False:
                pressed = [""] * len(labels)
            for p, label in zip(pressed, labels, strict=True):
                mark = f' data-rule="{rule}"' if (rule := named(label)) else ""
                buttons += f'<button type="button"{p}{mark}>{label}</button>'
            parts.append(buttons)
    for slider in layout.get("sliders", []):
        labels = [escape(step["label"]) for step in slider["steps"]]
        active = slider.get("active", 0)
        prefix = escape(slider["currentvalue"]["prefix"])
        parts.append(
            f'<label><span>{prefix}<output>{labels[active]}</output></span><input type="range"'
            f' max="{len(labels) - 1}" value="{active}" autocomplete="off"'
            f' aria-label="{prefix.strip(" =:")}" aria-valuetext="{labels[active]}"></label>'
        )
    if not parts:
        return ""
    groups = "".join(f'<div class="figure-control">{part}</div>' for part in parts)
    return f'<div class="figure-controls pst-js-only">{groups}</div>'


def has_room_to_fill(layout: dict[str, Any]) -> bool:
    """Check if a figure gains from more width than the text: panels side by side, of any shape."""
    axes = [value for name, value in layout.items() if name[1:].startswith("axis")]
    columns = {tuple(axis["domain"]) for axis in axes if axis.get("anchor", "").startswith("y")}
    return len(columns) > 1 and not any("scaleanchor" in axis for axis in axes)


def figure_html(figure: dict[str, Any], picture: str = "") -> str:
    """Make the figure's controls, and an element of its size with its JSON and picture, or words.

    Raises:
        KeyError: the figure has no height or words; `gevbook.plots.finished` sets them.
    """
    layout = figure["layout"]
    alt, height = escape(layout["meta"]["alt"]), layout["height"]
    narrow = layout["meta"].get("narrow", layout)["height"]
    # An escaped "<" cannot end the script element.
    text = json.dumps(figure, separators=(",", ":")).replace("<", "\\u003c")
    hidden, words = "", ""
    if not picture:
        hidden = " pst-js-only"
        words = f'<noscript><p class="figure-words">{alt}</p></noscript>'
    return (
        f"{controls(layout)}"
        f'<div class="plotly-figure{hidden}" role="img" aria-label="{alt}"'
        f' style="--height:{height}px;--narrow-height:{narrow}px">'
        f'<script type="application/json">{text}</script>{picture}</div>{words}'
    )
