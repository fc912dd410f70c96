"""Tables of many rows, which a reader may sort: `book/assets/sorting.js`, where there is one.

`gevb.lab.tables.Table` says which are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .libraries import ASSETS, copy_static

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

SCRIPT = "sorting.js"


def add_script(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Load the script where there is such a table."""
    if '<table class="rows sortable">' in context.get("body", ""):
        app.add_js_file(SCRIPT, loading_method="defer")


def copy_script(app: Sphinx) -> None:
    """Put the script under `_static/`."""
    if app.builder.format == "html":
        copy_static(app, {SCRIPT: ASSETS / SCRIPT})


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", copy_script)
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
