"""A stored plotly figure as HTML that figure.js draws in the reader's browser, without a kernel.

Plotly paints its sliders and buttons as graphics, which a keyboard or a screen reader cannot
reach. Here they become a browser's own, above the drawing. Below it stands the caption, the
Markdown that the notebook shows right after the figure, and a number: the chapter's, and the
figure's place in it. Until a script draws the figure, a picture is there (see `pictures`).
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from myst_nb.core.render import load_mime_renders
from sphinx.transforms.post_transforms import SphinxPostTransform

from . import pictures
from .rules import named

if TYPE_CHECKING:
    from myst_nb.core.render import MimeData, NbElementRenderer
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

MIME = "application/vnd.plotly.v1+json"
MANY = 6  # choices that do not fit into a row of buttons


class PlotlyFigure(nodes.General, nodes.Element):
    """A figure on its way into a page: "content" is plotly's JSON, "place" counts on the page."""


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
    """Whether a figure gains by being wider than the text: panels side by side, of any shape."""
    axes = [value for name, value in layout.items() if name[1:].startswith("axis")]
    columns = {tuple(axis["domain"]) for axis in axes if axis.get("anchor", "").startswith("y")}
    return len(columns) > 1 and not any("scaleanchor" in axis for axis in axes)


def figure_html(figure: dict[str, Any], picture: str = "") -> str:
    """The figure's controls, and a place of its size that holds its JSON and picture, or words.

    Raises:
        KeyError: the figure was not made by `gevbook.plots.finished`: no height or words.
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
        return [PlotlyFigure(content=data.content)]


def count_figures(app: Sphinx, doctree: nodes.document) -> None:
    """Give the figures of a page their places, and note which pictures they want."""
    names = []
    for place, node in enumerate(doctree.findall(PlotlyFigure), start=1):
        node["place"] = place
        node["picture"] = pictures.name_of(node["content"])
        names.append(node["picture"])
    app.env.metadata[app.env.docname]["pictures"] = names


def draw_pictures(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Draw what pictures are not there yet; gives the pages that now can show one."""
    if app.builder.format != "html":
        return []
    there = pictures.Folder(Path(app.outdir))
    wanted = {
        page: missing
        for page, metadata in env.metadata.items()
        if (missing := [name for name in metadata.get("pictures", []) if not there.has(name)])
    }
    figures = {
        node["picture"]: node["content"]
        for page in wanted
        for node in env.get_doctree(page).findall(PlotlyFigure)
    }
    missing = {name for names in wanted.values() for name in names}
    there.draw({name: figures[name] for name in sorted(missing)})
    return [page for page, names in wanted.items() if any(map(there.has, names))]


def drop_pictures(app: Sphinx, exception: Exception | None) -> None:
    """Leave no picture of a figure that the book no longer has."""
    if exception is None and app.builder.format == "html":
        pages = app.env.metadata.values()
        pictures.Folder(Path(app.outdir)).keep(
            n for page in pages for n in page.get("pictures", [])
        )


class ShowFigures(SphinxPostTransform):
    """Turn figures and the captions that follow them into `<figure>` elements."""

    default_priority = 500  # MyST-NB has chosen among the forms of each output
    formats: ClassVar[tuple[str, ...]] = ("html",)

    def run(self, **_: Any) -> None:
        """Called by Sphinx for each page."""
        there = pictures.Folder(Path(self.app.outdir))
        page = self.env.docname
        chapter = self.env.toc_secnumbers.get(page, {}).get("", ())
        for node in list(self.document.findall(PlotlyFigure)):
            if node["place"] is None:  # a copy, whose number and caption are the original's
                shown = figure_html(
                    node["content"], there.html(node["picture"], "../" * page.count("/"))
                )
                node.replace_self(nodes.raw(text=shown, format="html"))
                continue
            number = ".".join(map(str, (*chapter, node["place"])))
            picture = there.html(node["picture"], "../" * page.count("/"))
            anchor = f"figure-{node['place']}"
            block = node.parent
            start = block.index(node)
            after = block[start + 1 : start + 2]
            caption = after[0] if after and isinstance(after[0], nodes.paragraph) else None
            caption = nodes.paragraph() if caption is None else caption
            label = f'<a class="figure-number" href="#{anchor}">Figure {number}</a> '
            caption["classes"].append("caption-words")
            caption.insert(0, nodes.raw(text=label, format="html"))
            wide = " wide" * has_room_to_fill(node["content"]["layout"])
            opening = f'<figure class="book-figure{wide}" id="{anchor}">'
            block[start : start + 1 + len([n for n in after if n is caption])] = [
                nodes.raw(
                    text=f"{opening}{figure_html(node['content'], picture)}<figcaption>",
                    format="html",
                ),
                caption,
                nodes.raw(text="</figcaption></figure>", format="html"),
            ]


def setup(app: Sphinx) -> dict[str, object]:
    """Called by Sphinx."""
    load_mime_renders().append(PlotlyRenderer)
    app.add_node(PlotlyFigure)
    app.add_post_transform(ShowFigures)
    app.connect("doctree-read", count_figures)
    app.connect("env-updated", draw_pictures)
    app.connect("build-finished", drop_pictures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
