"""Goals of a chapter: the list under "After this you can" moves into its header block.

Each entry ends with the exercise or section that teaches it: "(Exercise 2)", "(*Break it*)".
These become links. A goal without a target is a warning, which fails the build.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LOGGER = logging.getLogger(__name__)
PROMISE = "After this you can"
SHOWN_BY = re.compile(r"\(([^()]+)\)[;.]$")


def sections(doctree: nodes.document) -> dict[str, str]:
    """Collect ids of a page's sections, by their titles; an exercise's also by "Exercise 1"."""
    found: dict[str, str] = {}
    for section in doctree.findall(nodes.section):
        title = section[section.first_child_matching_class(nodes.title)].astext()
        for name in (title, title.partition(":")[0]):
            found.setdefault(name, section["ids"][0])
    return found


def show_goals(app: Sphinx, doctree: nodes.document) -> None:
    """Move the goals into the header block, and link each to its exercise or section."""
    for opening in list(doctree.findall(nodes.paragraph)):
        if opening.astext() != PROMISE:
            continue
        goals = opening.next_node(nodes.bullet_list, descend=False, siblings=True)
        facts = opening.parent[opening.parent.index(opening) - 1]
        if goals is None or "chapter-facts" not in facts["classes"]:
            LOGGER.warning("goals without a list, or not below the facts", location=opening)
            continue
        places = sections(doctree)
        for goal in goals.children:
            link_goal(goal, places)
        block = nodes.container(classes=["chapter-goals"])
        for node in (opening, goals):
            node.parent.remove(node)
            block += node
        facts.insert(len(facts) - 1, block)  # above the buttons


def link_goal(goal: nodes.Node, places: dict[str, str]) -> None:
    """Turn the name in a goal's brackets into a link."""
    named = SHOWN_BY.search(goal.astext())
    anchor = places.get(named[1]) if named else None
    if named is None or anchor is None:
        LOGGER.warning("nothing on the page shows the goal %r", goal.astext(), location=goal)
        return
    for text in list(goal.findall(nodes.Text)):
        if named[1] in text:
            before, name, after = text.rpartition(named[1])
            link = nodes.reference("", name, refid=anchor, internal=True)
            text.parent.replace(text, [nodes.Text(before), link, nodes.Text(after)])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx."""
    app.connect("doctree-read", show_goals, priority=600)  # after the header block is made
    return {"parallel_read_safe": True, "parallel_write_safe": True}
