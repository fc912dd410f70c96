"""Code in a chapter's page: open where reading it is the point, else folded to one line.

A cell tagged `show-input` stays open. The line of a folded one is the comment that it begins with.
`book/assets/folding.js` is the switch in a chapter's head that opens and folds all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes

from .libraries import ASSETS, copy_static

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SCRIPT = "folding.js"
SWITCH = (
    '<button type="button" class="chapter-button code-switch pst-js-only" aria-pressed="false">'
    "Show all code</button>"
)


def summary(source: str) -> str:
    """What a cell's code is for: the first sentence of the comment at its head, if there is one."""
    lines = []
    for line in source.splitlines():
        if not line.startswith("# ") or line.startswith("# @"):
            break
        lines.append(line[2:].strip())
    said = " ".join(lines).split(". ")[0].rstrip(".")
    return f"Code: {said[0].lower()}{said[1:]}" if said else "Code"


def fold(app: Sphinx, doctree: nodes.document) -> None:
    """Mark the cells to be folded as MyST-NB marks those tagged `hide-input`."""
    for cell in doctree.findall(nodes.container):
        if cell.get("nb_element") != "cell_code":
            continue
        tags = cell["cell_metadata"].get("tags", [])
        code = next(cell.findall(nodes.literal_block), None)
        if code is None or "show-input" in tags:
            continue
        cell.setdefault("hide_mode", "input")
        cell["prompt_show"] = cell["prompt_hide"] = summary(code.astext())


def add_script(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Load the switch's script where there is a switch."""
    if "code-switch" in context.get("body", ""):
        app.add_js_file(SCRIPT, loading_method="defer")


def copy_script(app: Sphinx) -> None:
    """Put the script under `_static/`."""
    if app.builder.format == "html":
        copy_static(app, {SCRIPT: ASSETS / SCRIPT})


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("doctree-read", fold)
    app.connect("builder-inited", copy_script)
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
