"""A stored plotly figure as HTML that figure.js draws in the reader's browser, without a kernel.

Plotly paints its sliders and buttons as graphics, which a keyboard or a screen reader cannot
reach. Here they become a browser's own, above the drawing.
"""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from docutils import nodes
from myst_nb.core.render import load_mime_renders

if TYPE_CHECKING:
    from myst_nb.core.render import MimeData, NbElementRenderer
    from sphinx.application import Sphinx

MIME = "application/vnd.plotly.v1+json"
MANY = 6  # choices that do not fit into a row of buttons


def controls(layout: dict[str, Any]) -> str:
    """The menus and sliders of a layout as HTML; figure.js knows them by their order."""
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
                buttons += f'<button type="button"{p}>{label}</button>'
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


def figure_html(figure: dict[str, Any]) -> str:
    """The figure's controls, a place of its size that holds its JSON, and its words.

    Raises:
        KeyError: the figure was not made by `gevb.companion.plots.finished`: no height or words.
    """
    layout = figure["layout"]
    alt, height = escape(layout["meta"]["alt"]), layout["height"]
    # An escaped "<" cannot end the script element.
    text = json.dumps(figure, separators=(",", ":")).replace("<", "\\u003c")
    return (
        f"{controls(layout)}"
        f'<div class="plotly-figure pst-js-only" role="img" aria-label="{alt}"'
        f' style="height:{height}px"><script type="application/json">{text}</script></div>'
        f'<noscript><p class="figure-words">Figure: {alt}</p></noscript>'
    )


class PlotlyRenderer:
    """MyST-NB plugin for plotly's MIME type."""

    mime_priority_overrides = (("html", MIME, 5),)

    @staticmethod
    def handle_mime(
        renderer: NbElementRenderer, data: MimeData, inline: bool
    ) -> list[nodes.Element] | None:
        """Take the block-level plotly outputs and leave the rest to MyST-NB."""
        if data.mime_type != MIME or inline:
            return None
        renderer.add_js_file("figure", "figure.js", {"defer": "defer"})
        return [nodes.raw(text=figure_html(data.content), format="html")]


def setup(app: Sphinx) -> dict[str, object]:
    """Called by Sphinx."""
    load_mime_renders().append(PlotlyRenderer)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
