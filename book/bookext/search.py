"""Search page: chapters first, readable excerpts, and common synonyms.

`book/assets/search.js` orders the results and cleans the excerpts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: Other search words for pages that often use the word on the left.
SYNONYMS = {"back-propagation": "backprop, backpropagation, backpropagate"}
OFTEN = 5


def add_synonyms(app: Sphinx, doctree: nodes.document) -> None:
    """Add keywords to a page, which Sphinx's index includes."""
    text = doctree.astext().lower()
    for word, others in SYNONYMS.items():
        if text.count(word) >= OFTEN:
            doctree += nodes.meta(name="keywords", content=others)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx."""
    app.connect("doctree-read", add_synonyms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
