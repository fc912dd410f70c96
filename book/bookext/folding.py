"""Code in a chapter's page: open if it is the point of the section, else folded to one line.

A cell tagged `show-input` stays open. A folded cell shows its first comment.
`book/assets/folding.js` is the switch in a chapter's head that opens and folds all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docutils import nodes

from .libraries import serve

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SWITCH = (
    '<button type="button" class="chapter-button code-switch pst-js-only" aria-pressed="false">'
    "Show all code</button>"
)


def summary(source: str) -> str:
    """Summarize a cell's code: the first sentence of the comment at its start, if any."""
    lines = []
    for line in source.splitlines():
        if not line.startswith("# ") or line.startswith("# @"):
            break
        lines.append(line[2:].strip())
    said = re.split(r"(?<!\bEq)\. ", " ".join(lines))[0].rstrip(".")
    kept = said.startswith("Eq.") or not said[1:2].islower()  # Abbreviations stay.
    first = said[:2] if kept else said[:2].lower()
    return f"Code: {first}{said[2:]}" if said else "Code"


def fold(app: Sphinx, doctree: nodes.document) -> None:
    """Tag the cells to fold, as MyST-NB tags those with `hide-input`."""
    for cell in doctree.findall(nodes.container):
        if cell.get("nb_element") != "cell_code":
            continue
        tags = cell["cell_metadata"].get("tags", [])
        code = next(cell.findall(nodes.literal_block), None)
        if code is None or "show-input" in tags:
            continue
        cell.setdefault("hide_mode", "input")
        cell["prompt_show"] = cell["prompt_hide"] = summary(code.astext())


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx."""
    app.connect("doctree-read", fold)
    serve(app, "code-switch", "folding.js")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
