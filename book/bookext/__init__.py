"""The book's Sphinx extension: pages get everything they need from the book itself.

Each part is an extension of its own, in a module of this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .chapters import GITHUB
from .libraries import serve

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config


def repository_buttons(app: Sphinx, config: Config) -> None:
    """Show the repository, issue and Colab buttons if the repository is known."""
    options = config.html_theme_options
    if GITHUB.fullmatch(options.get("repository_url") or ""):
        options["use_repository_button"] = options["use_issues_button"] = True
        options["launch_buttons"]["colab_url"] = "https://colab.research.google.com"
    else:
        options["repository_url"] = ""  # the theme fails on a host that it does not know


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx."""
    for part in (
        "libraries",
        "rules",
        "plotly_figures",
        "folding",
        "search",
        "glossary",
        "chapters",
        "equations",
        "goals",
        "homework",
        "kit",
        "api_links",
        "landing",
        "playground",
        "quiz",
        "slides",
        "slim",
    ):
        app.setup_extension(f"{__name__}.{part}")
    # sortable tables of many rows; `gevb.lab.tables.Table` marks them
    serve(app, '<table class="rows sortable">', "sorting.js")
    app.connect("config-inited", repository_buttons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
