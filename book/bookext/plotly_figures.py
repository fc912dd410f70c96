"""Stored plotly figures as HTML that figure.js draws in the browser, without a kernel.

The caption follows: the Markdown right after the figure in the notebook, and a number made of the
chapter's and the figure's place in it. Until a script draws the figure, the page shows a picture
(see `pictures`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from myst_nb.core.render import load_mime_renders
from sphinx.transforms.post_transforms import SphinxPostTransform

from . import pictures
from .figure_html import figure_html, has_room_to_fill

if TYPE_CHECKING:
    from myst_nb.core.render import MimeData, NbElementRenderer
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

MIME = "application/vnd.plotly.v1+json"


class PlotlyFigure(nodes.General, nodes.Element):
    """A figure before its page is written: "content" is plotly's JSON, "place" its number there."""


class PlotlyRenderer:
    """MyST-NB plugin for plotly's MIME type."""

    mime_priority_overrides = (("html", MIME, 5),)

    @staticmethod
    def handle_mime(
        renderer: NbElementRenderer, data: MimeData, inline: bool
    ) -> list[nodes.Element] | None:
        """Handle the block-level plotly outputs and leave the rest to MyST-NB."""
        if data.mime_type != MIME or inline:
            return None
        renderer.add_js_file("figure", "figure.js", {"defer": "defer"})
        return [PlotlyFigure(content=data.content)]


def count_figures(app: Sphinx, doctree: nodes.document) -> None:
    """Count the figures of a page, and note the pictures that they need."""
    names = []
    for place, node in enumerate(doctree.findall(PlotlyFigure), start=1):
        node["place"] = place
        node["picture"] = pictures.name_of(node["content"])
        names.append(node["picture"])
    app.env.metadata[app.env.docname]["pictures"] = names


def draw_pictures(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Draw the missing pictures; return the pages that can now show one."""
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
    """Delete pictures of figures that the book no longer has."""
    if exception is None and app.builder.format == "html":
        pages = app.env.metadata.values()
        pictures.Folder(Path(app.outdir)).keep(
            n for page in pages for n in page.get("pictures", [])
        )


class ShowFigures(SphinxPostTransform):
    """Turn figures and the captions that follow them into `<figure>` elements."""

    default_priority = 500  # after MyST-NB has chosen among the forms of each output
    formats: ClassVar[tuple[str, ...]] = ("html",)

    def run(self, **_: Any) -> None:
        """Turn the figures of one page into HTML."""
        there = pictures.Folder(Path(self.app.outdir))
        page = self.env.docname
        chapter = self.env.toc_secnumbers.get(page, {}).get("", ())
        for node in list(self.document.findall(PlotlyFigure)):
            if node["place"] is None:  # a copy; the original has the number and caption
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
    """Register the parts with Sphinx."""
    load_mime_renders().append(PlotlyRenderer)
    app.add_node(PlotlyFigure)
    app.add_post_transform(ShowFigures)
    app.connect("doctree-read", count_figures)
    app.connect("env-updated", draw_pictures)
    app.connect("build-finished", drop_pictures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
