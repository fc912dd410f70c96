"""The search page: chapters first, excerpts a reader can read, and words that readers type.

`book/assets/search.js` orders the results and cleans the excerpts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: What a page that often says the word on the left is found by as well.
SYNONYMS = {"back-propagation": "backprop, backpropagation, backpropagate"}
OFTEN = 5


def add_synonyms(app: Sphinx, doctree: nodes.document) -> None:
    """Give a page the keywords that Sphinx's index takes beside its words."""
    text = doctree.astext().lower()
    for word, others in SYNONYMS.items():
        if text.count(word) >= OFTEN:
            doctree += nodes.meta(name="keywords", content=others)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("doctree-read", add_synonyms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
