"""The book's Sphinx extension: everything a page needs comes from the book itself.

Its parts are extensions of their own, each a module of this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .chapters import GITHUB
from .libraries import serve

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config


def repository_buttons(app: Sphinx, config: Config) -> None:
    """Show the repository, issue and Colab buttons where they lead somewhere."""
    options = config.html_theme_options
    if GITHUB.fullmatch(options.get("repository_url") or ""):
        options["use_repository_button"] = options["use_issues_button"] = True
        options["launch_buttons"]["colab_url"] = "https://colab.research.google.com"
    else:
        options["repository_url"] = ""  # the theme stops at a host that it does not know


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
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
        "api_links",
        "landing",
        "playground",
        "quiz",
        "slides",
        "slim",
    ):
        app.setup_extension(f"{__name__}.{part}")
    # tables of many rows, which a reader may sort: `gevb.lab.tables.Table` says which are
    serve(app, '<table class="rows sortable">', "sorting.js")
    app.connect("config-inited", repository_buttons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
