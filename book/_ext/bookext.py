"""The book's Sphinx extension: everything a page needs comes from the book itself.

* Plotly figures are drawn in the reader's browser by one small script, without a kernel.
* plotly.min.js and MathJax are copied from installed Python packages into the built book.
* The buttons that lead to the repository follow from `repository: url:` in `_config.yml`.
"""

from __future__ import annotations

import html
import json
import re
import shutil
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from myst_nb.core.render import load_mime_renders

if TYPE_CHECKING:
    from myst_nb.core.render import MimeData, NbElementRenderer
    from sphinx.application import Sphinx
    from sphinx.config import Config

PLOTLY = "application/vnd.plotly.v1+json"
FIGURE_SCRIPT = Path(__file__).parents[1] / "assets" / "figure.js"
# The [tex] extensions load on use only: \boldsymbol and \cancel are such.
MATHJAX = re.compile(
    r".*static/(mathjax/(?:tex-chtml\.js|input/tex/extensions/[^/]+\.js|output/chtml/fonts/.+\.woff))"
)
GITHUB = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")


class PlotlyRenderer:
    """MyST-NB plugin: a div that holds the figure's JSON until figure.js draws it."""

    mime_priority_overrides = (("html", PLOTLY, 5),)

    @staticmethod
    def handle_mime(
        renderer: NbElementRenderer, data: MimeData, inline: bool
    ) -> list[nodes.Element] | None:
        """Take the block-level plotly outputs and leave the rest to MyST-NB."""
        if data.mime_type != PLOTLY or inline:
            return None
        figure: dict[str, Any] = data.content
        layout = figure.get("layout", {})
        meta = layout.get("meta")
        alt = meta.get("alt") if isinstance(meta, dict) else None
        label = f' role="img" aria-label="{html.escape(alt)}"' if alt else ""
        height = layout.get("height", 450)  # plotly's default; reserved, so that nothing jumps
        # An escaped "<" cannot end the script element.
        text = json.dumps(figure, separators=(",", ":")).replace("<", "\\u003c")
        renderer.add_js_file("figure", FIGURE_SCRIPT.name, {"defer": "defer"})
        return [
            nodes.raw(
                text=f'<div class="plotly-figure"{label} style="min-height:{height}px">'
                f'<script type="application/json">{text}</script></div>',
                format="html",
            )
        ]


def copy_scripts(app: Sphinx) -> None:
    """Put our script, plotly.min.js and the needed part of MathJax under `_static/`."""
    if app.builder.format != "html":
        return
    sources = {FIGURE_SCRIPT.name: FIGURE_SCRIPT}
    for file in metadata.files("plotly") or []:
        if file.name == "plotly.min.js":
            sources[file.name] = file.locate()
    for file in metadata.files("sphinx-mathjax-offline") or []:
        if match := MATHJAX.fullmatch(file.as_posix()):
            sources[match[1]] = file.locate()
    for name, source in sources.items():
        target = Path(app.outdir, "_static", name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def drop_icon_script(app: Sphinx, error: Exception | None) -> None:
    """Empty the theme's 1.4 MB script: its icons come from the web fonts that it ships as well."""
    if app.builder.format == "html" and not error:
        Path(app.outdir, "_static", "scripts", "fontawesome.js").write_text("")


def repository_buttons(app: Sphinx, config: Config) -> None:
    """Show the repository, issue and Colab buttons where they lead somewhere."""
    options = config.html_theme_options
    if GITHUB.fullmatch(options.get("repository_url") or ""):
        options["use_repository_button"] = options["use_issues_button"] = True
        options["launch_buttons"]["colab_url"] = "https://colab.research.google.com"
    else:
        options["repository_url"] = ""  # the theme stops at a host that it does not know


def name_toggles(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Say in words what the chevrons of the theme's navigation open."""
    navigation = context["generate_toctree_html"]

    def named(*arguments: Any, **options: Any) -> Any:
        soup = navigation(*arguments, **options)
        for summary in soup.select("summary"):
            title = summary.find_parent("li").find("a").get_text()
            summary["aria-label"] = f"Pages under {title}"
        return soup

    context["generate_toctree_html"] = named


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.setup_extension("api_links")
    load_mime_renders().append(PlotlyRenderer)
    app.connect("config-inited", repository_buttons)
    app.connect("builder-inited", copy_scripts)
    app.connect("html-page-context", name_toggles, priority=900)  # after the theme
    app.connect("build-finished", drop_icon_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
