"""Glossary terms, linked at their first use in a chapter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

from .rules import named

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def spelled(term: str) -> list[str]:
    """List a term's spellings: "Feedback alignment (FA)" without its brackets."""
    return [part.strip() for part in re.sub(r"\(.*?\)", "", term).split(",")]


class LinkTerms(SphinxPostTransform):
    """Turn the first use of each term in a chapter's paragraphs into a link to it."""

    default_priority = 910  # After the equations.
    formats: ClassVar[tuple[str, ...]] = ("html",)

    def run(self, **_: Any) -> None:
        """Link the terms of one page."""
        if not any("chapter-facts" in c["classes"] for c in self.document.findall(nodes.container)):
            return
        places, rules = {}, {}
        for (kind, term), place in self.env.get_domain("std").objects.items():
            if kind == "term":
                places |= {words.lower(): place for words in spelled(term)}
                rules[place] = named(term)
        if not places:
            return
        # If two terms begin at the same place, the longer one is meant.
        words = "|".join(map(re.escape, sorted(places, key=len, reverse=True)))
        mention = re.compile(rf"(?<![\w-])(?P<term>{words})(?P<more>s?)(?![\w-])", re.IGNORECASE)
        linked: set[tuple[str, str]] = set()
        for paragraph in list(self.document.findall(nodes.paragraph)):
            if "chapter-facts" in paragraph.parent.get("classes", ()):
                continue
            for text in [child for child in paragraph if isinstance(child, nodes.Text)]:
                parts, done = [], 0
                for found in mention.finditer(text):
                    place = places[found["term"].lower()]
                    if place in linked:
                        continue
                    linked.add(place)
                    link = make_refnode(
                        self.app.builder, self.env.docname, *place, nodes.Text(found[0])
                    )
                    link["classes"].append("term")
                    if rule := rules[place]:
                        link["classes"].append(f"rule-{rule}")
                    parts += [nodes.Text(text[done : found.start()]), link]
                    done = found.end()
                if parts:
                    paragraph.replace(text, [*parts, nodes.Text(text[done:])])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx."""
    app.add_post_transform(LinkTerms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
