"""Slides made of parts of the chapters: a deck is a page whose sections are its slides.

* ``{from} CHAPTER`` shows an equation, a paragraph, an item, a list, a table or a cell's output of
  the current chapter (or its beginning, up to the words `until`). Each slide ends with links to
  its sources. A part that a chapter no longer has is a warning, which fails the build.
* ``{ask} QUIZ.yml`` shows one of a quiz's questions as a vote, and ``{answers}`` explains each
  answer to the teacher.
* ``{notes}`` holds the speaker's notes, and the slide's minutes in the long class and, if it is
  shown there, in the short one.
* ``{deck}`` marks the place of the buttons above the slides, which `slides.js` handles. Without
  scripts the slides stand one below the other, with their notes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

from .libraries import ASSETS, serve
from .plotly_figures import PlotlyFigure
from .quiz import Question, read_quiz, sentences

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LOGGER = logging.getLogger(__name__)
BAR = ASSETS / "slides" / "bar.html"
FILES = ("slides/slides.css", "slides/slides.js", "figure.js")
NOTES = "slide-notes"
#: Parts to take, by the words at their start; equations also by number.
KINDS: dict[str, type[nodes.Element]] = {
    "equation": nodes.math_block,
    "paragraph": nodes.paragraph,
    "item": nodes.list_item,
    "list": nodes.bullet_list,
    "table": nodes.table,
}
STRAIGHT = str.maketrans("‘’“”", "''\"\"")  # typographic quotation marks, as they are typed
SHOW = ("figure", "text", "code")


class Taken(nodes.General, nodes.Element):
    """Placeholder for parts of a chapter until all chapters are read."""


class Deck(nodes.General, nodes.Element):
    """Placeholder for the buttons until the slides are counted."""


class From(SphinxDirective):
    """``{from} chapter.ipynb`` with one of the options; ``|`` separates several values."""

    required_arguments = 1
    option_spec: ClassVar = {
        **dict.fromkeys(["cell", "until", *KINDS], directives.unchanged_required),
        "show": lambda value: directives.choice(value, SHOW),
    }

    def run(self) -> list[nodes.Node]:
        """Note the wanted parts, and that the page depends on the chapter."""
        _, path = self.env.relfn2path(self.arguments[0])
        chapter = self.env.path2doc(path)
        kinds = [kind for kind in self.options if kind not in ("show", "until")]
        if chapter not in self.env.found_docs:
            raise self.error(f"no chapter {self.arguments[0]}")
        if len(kinds) != 1:
            raise self.error(f"wanted one of cell, {', '.join(KINDS)}; got {kinds}")
        self.env.note_dependency(path)
        names = self.options[kinds[0]].split(" | ")
        options = {name: self.options.get(name) for name in ("show", "until")}
        taken = Taken(chapter=chapter, kind=kinds[0], wanted=names, **options)
        self.set_source_info(taken)
        return [taken]


class Notes(SphinxDirective):
    """``{notes}``: text for the speaker only, with the slide's minutes."""

    has_content = True
    option_spec: ClassVar = {
        "minutes": directives.positive_int,
        "short": directives.positive_int,
    }

    def run(self) -> list[nodes.Node]:
        """Make a block with a class for slides.js and the print style."""
        if "minutes" not in self.options:
            raise self.error("a slide takes some minutes: `:minutes: 3`")
        minutes, short = self.options["minutes"], self.options.get("short")
        words = f"{minutes} min" + (f", {short} in the short class" if short else "")
        data = f'data-minutes="{minutes}"' + (f' data-short="{short}"' if short else "")
        block = nodes.container(classes=[NOTES], minutes=minutes, short=short)
        block += nodes.raw(text=f'<p class="slide-time" {data}>{words}</p>', format="html")
        block += self.parse_content_to_nodes()
        return [block]


class Drawing(SphinxDirective):
    """``{drawing} FILE.svg``: a drawing in the theme's colours, as at the head of a chapter."""

    required_arguments = 1
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """Return the drawing as a part of the page."""
        relative, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(relative)
        try:
            return [nodes.raw(text=Path(path).read_text(encoding="utf-8"), format="html")]
        except OSError as error:
            raise self.error(f"no drawing {self.arguments[0]}: {error.strerror}") from None


class OfQuiz(SphinxDirective):
    """A question of a quiz's file, by its name."""

    required_arguments = 1
    option_spec: ClassVar = {"name": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return its nodes for the slide."""
        relative, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(relative)
        questions = read_quiz(Path(path))
        name = f"{Path(path).stem}.{self.options.get('name')}"
        for number, question in enumerate(questions, start=1):
            if question.name == name:
                return list(self.shown(number, question))
        raise self.error(f"no question {name}")

    def shown(self, number: int, question: Question) -> Iterator[nodes.Node]:
        """Yield its nodes."""
        raise NotImplementedError

    def line(self, text: str, **attributes: Any) -> nodes.inline:
        """Parse a line of the page's markup."""
        return nodes.inline("", "", *self.state.inline_text(text, self.lineno)[0], **attributes)


class Ask(OfQuiz):
    """``{ask} FILE.yml``: the question and its choices, lettered."""

    def shown(self, number: int, question: Question) -> Iterator[nodes.Node]:
        """Yield a paragraph, and a list if there are choices."""
        yield nodes.paragraph("", "", self.line(question.exercise.asks), classes=["asked"])
        if question.choices:
            items = (
                nodes.list_item("", nodes.paragraph("", "", self.line(choice)))
                for choice in question.choices
            )
            yield nodes.enumerated_list("", *items, enumtype="upperalpha", prefix="", suffix=".")


class Answers(OfQuiz):
    """``{answers} FILE.yml``: every answer with its reply, the right one first."""

    def shown(self, number: int, question: Question) -> Iterator[nodes.Node]:
        """Yield its number, and a list."""
        exercise = question.exercise
        yield nodes.paragraph(
            "", "", nodes.strong("", f"Question {number}. "), self.line(exercise.asks)
        )
        items = []
        for place, (answer, says) in enumerate(sentences(exercise)):
            mark = [nodes.strong("", "Right: ")] if place == 0 else []
            text = [*mark, nodes.emphasis("", "", self.line(answer)), nodes.Text(": ")]
            items.append(nodes.list_item("", nodes.paragraph("", "", *text, self.line(says))))
        yield nodes.bullet_list("", *items)


class DeckBar(SphinxDirective):
    """``{deck}``: the buttons."""

    def run(self) -> list[nodes.Node]:
        """Insert a placeholder for them."""
        return [Deck()]


def make_slides(app: Sphinx, doctree: nodes.document) -> None:
    """Mark the sections of a page with a ``{deck}`` as slides, and count them."""
    decks = list(doctree.findall(Deck))
    if not decks:
        return
    page = next(iter(doctree.findall(nodes.section)))
    slides = [node for node in page.children if isinstance(node, nodes.section)]
    times: list[tuple[int, int]] = []
    for slide in slides:
        notes = [n for n in slide.children if NOTES in getattr(n, "attributes", {})["classes"]]
        if len(notes) != 1:
            found = slide.next_node(nodes.title)
            title = found.astext() if found else ""
            LOGGER.warning("slide %r: %s notes, wanted one", title, len(notes), location=slide)
            continue
        minutes, short = notes[0]["minutes"], notes[0]["short"]
        slide["classes"] += ["slide", "short"] if short else ["slide"]
        times.append((minutes, short or 0))
    for deck in decks:
        bar = Template(BAR.read_text(encoding="utf-8")).substitute(
            slides=len(times),
            minutes=sum(minutes for minutes, _ in times),
            short_slides=sum(bool(short) for _, short in times),
            short_minutes=sum(short for _, short in times),
        )
        deck.replace_self(nodes.raw(text=bar, format="html", classes=["deck"]))


class TakeFromChapters(SphinxPostTransform):
    """Copy the wanted parts of the chapters."""

    default_priority = 1  # before the transforms that complete the copied nodes

    def run(self, **_: Any) -> None:
        """Copy the parts of one page."""
        self.chapters: dict[str, nodes.document] = {}
        for taken in list(self.document.findall(Taken)):
            copies: list[nodes.Node] = []
            for name in map(str.strip, taken["wanted"]):
                found = self.found(taken, name)
                copies += (new := [self.copied(node) for node in found])
                if found:
                    self.note_place(taken, found[0])
                else:
                    self.miss(taken, name)
                if (until := taken["until"]) and not (new and cut(new[-1], until)):
                    self.miss(taken, until)
            if taken["kind"] == "item":
                copies = [nodes.bullet_list("", *copies)]
            taken.replace_self(copies)

    def miss(self, taken: Taken, name: str) -> None:
        """Warn that a part is missing."""
        chapter, kind = taken["chapter"], taken["kind"]
        LOGGER.warning("%s has no %s %r", chapter, kind, name, location=taken)

    def found(self, taken: Taken, name: str) -> list[nodes.Element]:
        """Find the wanted part, [] if there is none."""
        chapter = taken["chapter"]
        if chapter not in self.chapters:
            self.chapters[chapter] = self.env.get_doctree(chapter)
        doctree = self.chapters[chapter]
        if taken["kind"] == "cell":
            return list(self.of_cell(doctree, chapter, name, taken["show"]))
        for node in doctree.findall(KINDS[taken["kind"]]):
            text = " ".join(node.astext().translate(STRAIGHT).split())
            number = taken["kind"] == "equation" and f"\\tag{{{name}}}" in text
            if number or text.startswith(name):
                return [node]
        return []

    def of_cell(
        self, doctree: nodes.document, chapter: str, name: str, show: str | None
    ) -> Iterator[nodes.Element]:
        """Take a cell's code, or its output: figures, text, or both."""
        cells = json.loads(Path(self.env.doc2path(chapter)).read_text(encoding="utf-8"))["cells"]
        sources = ["".join(cell["source"]).strip() for cell in cells if cell.get("id") == name]
        for cell in doctree.findall(nodes.container):
            if cell.get("nb_element") != "cell_code" or not sources:
                continue
            block = cell.next_node(nodes.literal_block)
            if block is None or block.astext().strip() != sources[0]:
                continue
            for part in cell.children:
                if show == "code" and "cell_input" in part["classes"]:
                    yield part
                elif show != "code" and "cell_output" in part["classes"]:
                    after_figure = False
                    for output in part.children:
                        drawn = output.next_node(PlotlyFigure) is not None
                        # A figure's caption follows it; a slide has no room for it.
                        if not after_figure and show in (None, "figure" if drawn else "text"):
                            yield output
                        after_figure = drawn
            return

    def copied(self, node: nodes.Element) -> nodes.Element:
        """Copy it for this page: no second anchors, and links relative to this page."""
        copy = node.deepcopy()
        for inner in copy.findall(nodes.Element):
            inner["ids"], inner["names"] = [], []
            if isinstance(inner, PlotlyFigure):
                inner["place"] = None
            if isinstance(inner, addnodes.pending_xref):
                inner["refdoc"] = self.env.docname
        return copy

    def note_place(self, taken: Taken, node: nodes.Element) -> None:
        """Link to the part's section at the end of the slide."""
        section = node
        while not isinstance(section, nodes.section):
            section = section.parent
        chapter = taken["chapter"]
        title = self.env.titles[chapter].astext()
        heading = section.next_node(nodes.title)
        words = heading.astext() if heading else title
        words = title if words == title else f"{title}, {words}"
        slide = taken.parent
        while not isinstance(slide, nodes.section | nodes.document):
            slide = slide.parent
        sources = [n for n in slide.children if "slide-source" in n.get("classes", [])]
        if not sources:
            sources = [nodes.paragraph("", "From ", classes=["slide-source"])]
            notes = [i for i, n in enumerate(slide.children) if NOTES in n.get("classes", [])]
            slide.insert(notes[0] if notes else len(slide), sources[0])
        links = [n.astext() for n in sources[0].findall(nodes.reference)]
        if words not in links:
            if links:
                sources[0] += nodes.Text("; ")
            anchor = section["ids"][0] if section["ids"] else ""
            sources[0] += make_refnode(
                self.app.builder, self.env.docname, chapter, anchor, nodes.Text(words)
            )


def cut(node: nodes.Element, words: str) -> bool:
    """Cut a node's text at some words; return False if it does not contain them."""
    texts = list(node.findall(nodes.Text))
    pattern = r"\s+".join(map(re.escape, words.split()))
    match = re.search(pattern, "".join(texts).translate(STRAIGHT))
    if match is None:
        return False
    left = match.start()
    for text in texts:
        if len(text) > left:
            # Texts compare equal by their words: `replace` would take the first such text.
            parent = text.parent
            place = next(n for n, child in enumerate(parent.children) if child is text)
            parent[place] = nodes.Text(str(text)[:left].rstrip())
        left = max(0, left - len(text))
    for inner in list(node.findall(nodes.Inline)):
        if isinstance(inner, nodes.Element) and not inner.astext() and inner.parent:
            inner.parent.remove(inner)
    return True


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx."""
    app.add_node(Taken)
    app.add_node(Deck)
    app.add_directive("from", From)
    app.add_directive("notes", Notes)
    app.add_directive("deck", DeckBar)
    app.add_directive("drawing", Drawing)
    app.add_directive("ask", Ask)
    app.add_directive("answers", Answers)
    app.add_post_transform(TakeFromChapters)
    app.connect("doctree-read", make_slides)
    serve(app, '<div class="deck-bar', *FILES)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
