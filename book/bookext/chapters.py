"""Additions to a chapter's page, so that its notebook stays plain Markdown.

* The opening paragraph ("Time ... You need ... In the paper ...") becomes a header block, with the
  chapter's picture in `assets/heads`, its sentence on the book's first page, the facts, and
  buttons: the notebook in Colab, as a file, in the repository, and the switch for its code.
* Each equation with a number of the paper gets an anchor; "Eq. 9" in the text links to it.
* Every page gets a description for search engines: its own, else its first words.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

from .folding import SWITCH
from .libraries import ASSETS

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

NUMBER = r"(?:[AM]?\d+)"
TAG = re.compile(rf"\\tag\{{({NUMBER})\}}")
MENTION = re.compile(rf"\bEqs?\.\s+{NUMBER}(?:(?:,\s+|\s+and\s+){NUMBER})*(?![\w-])")
GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+)")
HEADS = ASSETS / "heads"  # a picture for each chapter
LONGEST = 155  # characters of a description that search engines show


def targets(env: BuildEnvironment) -> dict[str, dict[str, str]]:
    """Return the anchors of equations: page -> number -> id."""
    if not hasattr(env, "equation_targets"):
        env.equation_targets = {}
    return env.equation_targets


def anchor_equations(app: Sphinx, doctree: nodes.document) -> None:
    """Give the first equation of each number on a page an id."""
    found = targets(app.env)[app.env.docname] = {}
    for block in doctree.findall(nodes.math_block):
        if (tag := TAG.search(block.astext())) and tag[1] not in found:
            found[tag[1]] = f"eq-{tag[1].lower()}"
            block["ids"].append(found[tag[1]])


def forget_equations(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    """Forget a page's equations when the page changes or is removed."""
    targets(env).pop(page, None)


class LinkEquations(SphinxPostTransform):
    """Turn the numbers of "Eq. 7, 8 and A1" into links to the equations."""

    default_priority = 900
    formats: ClassVar[tuple[str, ...]] = ("html",)

    def run(self, **_: Any) -> None:
        """Link the equations of one page."""
        apart = (nodes.reference, nodes.literal, nodes.literal_block, nodes.title, nodes.raw)
        for text in list(self.document.findall(nodes.Text)):
            node = text.parent
            while node and not isinstance(node, apart):
                node = node.parent
            if node is None and MENTION.search(text):
                text.parent.replace(text, list(self._linked(str(text))))

    def _linked(self, text: str) -> Iterator[nodes.Node]:
        """Split the text into parts, with links in it."""
        done = 0
        for mention in MENTION.finditer(text):
            for number in re.finditer(NUMBER, mention[0]):
                start, end = (mention.start() + place for place in number.span())
                if place := self._place(number[0]):
                    yield nodes.Text(text[done:start])
                    yield make_refnode(
                        self.app.builder, self.env.docname, *place, nodes.Text(number[0])
                    )
                    done = end
        yield nodes.Text(text[done:])

    def _place(self, number: str) -> tuple[str, str] | None:
        """Find page and id of an equation: on this page, else its first place in the book."""
        pages = targets(self.env)
        order = [self.env.docname, *self.env.toctree_includes.get(self.config.root_doc, [])]
        for page in order:
            if anchor := pages.get(page, {}).get(number):
                return page, anchor
        return None


def _first_paragraph(doctree: nodes.document) -> nodes.paragraph | None:
    """Return the paragraph directly below the page's title."""
    section = next(doctree.findall(nodes.section), None)
    title = section.first_child_matching_class(nodes.title) if section else None
    if title is None or len(section) <= title + 1:
        return None
    following = section[title + 1]
    return following if isinstance(following, nodes.paragraph) else None


def _is_facts(paragraph: nodes.paragraph) -> bool:
    """Check if a paragraph states a chapter's time, prerequisites and sections of the paper."""
    strong = paragraph.next_node(nodes.strong)
    return strong is not None and strong.astext() == "Time"


def _each(facts: nodes.paragraph) -> Iterator[nodes.paragraph]:
    """Yield the facts one by one; each begins with its name."""
    starts = [n for n, child in enumerate(facts) if isinstance(child, nodes.strong)]
    for start, end in zip(starts, [*starts[1:], len(facts)], strict=True):
        yield nodes.paragraph("", "", *facts[start:end], classes=["fact"])


def note_promises(app: Sphinx, doctree: nodes.document) -> None:
    """Note the sentence for each page in the definition list on the book's first page."""
    if app.env.docname == app.config.root_doc:
        app.env.metadata[app.env.docname]["promises"] = {
            link["reftarget"]: item[-1].astext()
            for item in doctree.findall(nodes.definition_list_item)
            for link in item[0].findall(addnodes.pending_xref)
        }


class Promise(SphinxPostTransform):
    """Begin a chapter's header block with its sentence from the book's first page."""

    default_priority = 920  # after the terms: they are linked in the text only
    formats: ClassVar[tuple[str, ...]] = ("html",)

    def run(self, **_: Any) -> None:
        """Insert the sentence on one page."""
        promises = self.env.metadata[self.config.root_doc].get("promises", {})
        if words := promises.get(self.env.docname):
            for block in self.document.findall(nodes.container):
                if "chapter-facts" in block["classes"]:
                    block.insert(0, nodes.paragraph("", words, classes=["chapter-promise"]))


def head_chapter(app: Sphinx, doctree: nodes.document) -> None:
    """Make the header block of a chapter."""
    facts = _first_paragraph(doctree)
    if facts is None or not _is_facts(facts):
        return
    page = app.env.docname
    up = "../" * page.count("/")
    options = app.config.html_theme_options
    buttons = [(f"{up}_sources/{page}.ipynb", " download", "Download notebook")]
    if repository := GITHUB.fullmatch(options.get("repository_url") or ""):
        branch = options["repository_branch"]
        place = f"{repository[1]}/blob/{branch}/{page}.ipynb"
        buttons.insert(0, (f"https://colab.research.google.com/github/{place}", "", "Run in Colab"))
        buttons.append((f"https://github.com/{place}", "", "See in repository"))
    links = "".join(
        f'<a class="chapter-button" href="{html.escape(url)}"{extra}>{label}</a>'
        for url, extra, label in buttons
    )
    block = nodes.container(classes=["chapter-facts"])
    facts.replace_self(block)
    picture = HEADS / f"{page.rsplit('/', 1)[-1]}.svg"
    if picture.is_file():
        app.env.note_dependency(str(picture))
        block += nodes.raw(text=picture.read_text(encoding="utf-8"), format="html")
    block += nodes.container("", *_each(facts), classes=["facts"])
    block += nodes.raw(text=f'<p class="chapter-buttons">{links}{SWITCH}</p>', format="html")


def describe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Add the page's description to its head."""
    tags = context.get("metatags", "")
    if 'name="description"' in tags:
        return
    known = app.env.titles.get(page)  # without a number
    title = (
        known.astext() if known else context.get("title") or page.rsplit("/", 1)[-1].capitalize()
    )
    words = f"{title}: a page of “{app.config.html_title}”."
    if doctree:
        own = [p for p in doctree.findall(nodes.paragraph) if len(p.astext()) > 60]
        own = [p for p in own if not {"fact", "caption-words"} & {*p["classes"]}]
        words = " ".join(own[0].astext().split()) if own else words
    if len(words) > LONGEST:
        words = words[: words.rindex(" ", 0, LONGEST)].rstrip(",;:") + " …"
    context["metatags"] = f'{tags}<meta name="description" content="{html.escape(words)}" />\n'


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the parts with Sphinx."""
    app.connect("doctree-read", anchor_equations)
    app.connect("doctree-read", head_chapter)
    app.connect("doctree-read", note_promises)
    app.connect("env-purge-doc", forget_equations)
    app.connect("html-page-context", describe)
    app.add_post_transform(LinkEquations)
    app.add_post_transform(Promise)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
