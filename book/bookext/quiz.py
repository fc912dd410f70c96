"""Questions that a reader answers in the page, without Python.

``{quiz} FILE.yml`` inserts the questions of a file beside the page. If an exercise's cell asks for
a number, for numbers or for a choice of words, the page shows a form instead, made from the
exercise that the notebook calls.

The right answer, and the replies to wrong ones, are defined only in the exercise, one of the kinds
of `gevbook.answers`. The page's script reads them from the form. Without scripts the form shows
the choices, and all answers in a fold.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import yaml
from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from gevbook.answers import Choice, Known, Number, Numbers, Selection, written

from .libraries import serve

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FILES = ("quiz/quiz.css", "quiz/answers.js", "quiz/page.js")
CHECKER = re.compile(r"\bexercises\.(check_\w+)\(")
IN_PYTHON = "This one is answered in Python, in the notebook; there the line above judges it."

Inline = Callable[[str], list[nodes.Node]]  # content of a line


@dataclass(frozen=True)
class Question:
    """A question as it appears on the page.

    Attributes:
        name: key of the answer in the reader's browser.
        exercise: holds the answers.
        choices: in the order shown; none if the answer is typed.
    """

    name: str
    exercise: Known[Any] | Selection
    choices: tuple[str, ...] = ()


def facts(exercise: Known[Any] | Selection) -> dict[str, Any]:
    """Collect the values that the script needs to check an answer."""
    kind = type(exercise).__name__.lower()
    if isinstance(exercise, Selection):
        return {"kind": kind, "right": sorted(exercise.right), "words": list(exercise.slips)}
    answers: list[Any] = [exercise.right, *exercise.slips]
    if isinstance(exercise, Number):
        about = {"tolerance": exercise.tolerance, "percent": exercise.percent}
        return {"kind": kind, **about, "answers": answers}
    if isinstance(exercise, Numbers):
        pairs = [[(complex(z).real, complex(z).imag) for z in answer] for answer in answers]
        return {"kind": kind, "ordered": exercise.in_order, "answers": pairs}
    return {"kind": kind, "answers": answers}


def sentences(exercise: Known[Any] | Selection) -> list[tuple[str, str]]:
    """List answers and the reply to each, in the order of the script's verdicts."""
    if isinstance(exercise, Selection):
        right = ", ".join(word for word in exercise.slips if word in exercise.right)
        return [(right, exercise.because), *exercise.slips.items()]
    said = [(written(exercise.right), exercise.because)]
    said += [(written(slip), says) for slip, says in exercise.slips.items()]
    return [*said, ("anything else", exercise.otherwise)] if exercise.otherwise else said


def form(question: Question, legend: nodes.Node, inline: Inline) -> nodes.container:
    """Make the question, its fields, and the answers for use without scripts."""

    def html(text: str) -> nodes.raw:
        return nodes.raw(text=text, format="html")

    def line(text: str, **attributes: Any) -> nodes.inline:
        return nodes.inline("", "", *inline(text), **attributes)

    exercise = question.exercise
    several = isinstance(exercise, Selection)
    known = escape(json.dumps(facts(exercise), separators=(",", ":")))
    parts = [
        html(
            f'<form class="question" autocomplete="off" data-name="{escape(question.name)}" '
            f'data-asks="{escape(exercise.asks)}" data-facts="{known}"><fieldset><legend>'
        ),
        legend,
        html("</legend>"),
    ]
    for choice in question.choices:
        kind = "checkbox" if several else "radio"
        box = f'<input class="pst-js-only" type="{kind}" name="answer" value="{escape(choice)}">'
        parts += [html(f"<label>{box}"), line(choice), html("</label>")]
    if not question.choices:
        name = "Numbers" if isinstance(exercise, Numbers) else "A number"
        box = f'<input type="text" name="answer" aria-label="{name}" autocapitalize="off">'
        parts.append(html(f'<span class="typed pst-js-only">{box}</span>'))
    parts.append(html("</fieldset><noscript><details><summary>Answers</summary><ul>"))
    for place, (answer, says) in enumerate(sentences(exercise)):
        right = " (right)" if place == 0 else ""
        parts += [html("<li><strong>"), line(answer), html(f"{right}:</strong> ")]
        parts += [line(says, classes=["says"]), html("</li>")]
    parts.append(html("</ul></details></noscript></form>"))
    return nodes.container("", *parts, classes=["quiz"])


# ------------------------------------------------------------------------- exercises of chapters


def asked(code: str, chapter: str) -> tuple[str, Any] | None:
    """Find name and exercise of a chapter's cell that calls a checker."""
    if not (call := CHECKER.search(code)):
        return None
    exercises = importlib.import_module(exercises_of(chapter))
    return f"{chapter}.{call[1]}", getattr(exercises, call[1])


def exercises_of(chapter: str) -> str:
    """Name the module of a chapter's exercises."""
    return f"gevbook.{chapter}.exercises"


def plain(text: str) -> list[nodes.Node]:
    """Return a text unchanged."""
    return [nodes.Text(text)]


def of_exercise(name: str, exercise: Known[Any] | Selection) -> Question:
    """Make the question of an exercise; sorted words do not reveal the answer by their order."""
    if isinstance(exercise, Selection):
        return Question(name, exercise, tuple(sorted(exercise.slips, key=str.lower)))
    if isinstance(exercise, Choice):
        words = {exercise.right, *exercise.slips}
        return Question(name, exercise, tuple(sorted(words, key=str.lower)))
    return Question(name, exercise)


def ask_in_the_page(app: Sphinx, doctree: nodes.document) -> None:
    """Replace every cell that asks with a form, or note that it is answered in Python."""
    chapter = app.env.docname.rsplit("/", 1)[-1]
    for cell in list(doctree.findall(nodes.container)):
        if cell.get("nb_element") != "cell_code":
            continue
        code = "\n".join(block.astext() for block in cell.findall(nodes.literal_block))
        if not (found := asked(code, chapter)):
            continue
        name, exercise = found
        app.env.note_dependency(importlib.import_module(exercises_of(chapter)).__file__)
        if isinstance(exercise, Known | Selection):
            # The question stands above, with its details.
            hidden = f'<span class="visually-hidden">: {escape(exercise.asks)}</span>'
            legend = nodes.raw(text=f"Your answer{hidden}", format="html")
            cell.parent.replace(cell, form(of_exercise(name, exercise), legend, plain))
        else:
            for output in list(cell.findall(nodes.container)):
                if output.get("nb_element") == "cell_code_output":
                    output.parent.replace(output, nodes.paragraph(IN_PYTHON, IN_PYTHON))


# ---------------------------------------------------------------------------- files of questions


def read_quiz(path: Path) -> list[Question]:
    """Read the questions of a file, a list in YAML.

    Each has a `name`, a text `asks`, and one of

    * `choices`, one of them right: a list of `says`, and of `right` or `wrong` with the reply to a
      reader who chose it;
    * `selection`, some of them right, and `because`: the same, with the reply to a reader who left
      it out, or selected it, by mistake;
    * `number`, `because`, `slips` (replies by wrong number), `otherwise`, perhaps `tolerance`.

    Raises:
        ExtensionError: the file cannot be read, or a question is not of this form.
    """
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ExtensionError(f"{path}: {error}") from None
    if not isinstance(entries, list) or not entries:
        raise ExtensionError(f"{path}: got {type(entries).__name__}, wanted a list of questions")
    questions: dict[str, Question] = {}
    for number, entry in enumerate(entries, start=1):
        try:
            question = _question(path.stem, dict(entry))
        except (KeyError, TypeError, ValueError) as error:
            raise ExtensionError(f"{path}: question {number}: {error!r}") from None
        if questions.setdefault(question.name, question) is not question:
            raise ExtensionError(f"{path}: question {number}: another one has its name")
    return list(questions.values())


def _question(file: str, entry: dict[str, Any]) -> Question:
    """Read one entry; its other fields belong to its kind of exercise."""
    name, asks = f"{file}.{entry.pop('name')}", entry.pop("asks")
    if "number" in entry:
        return Question(name, Number(asks, entry.pop("number"), **entry))
    several = "selection" in entry
    options = entry.pop("selection" if several else "choices")
    right = {option["says"]: option["right"] for option in options if "right" in option}
    wrong = {option["says"]: option["wrong"] for option in options if "wrong" in option}
    if {type(word) for word in right | wrong} != {str} or len(right | wrong) != len(options):
        raise ValueError("wanted different texts to choose from, each right or wrong")
    said = {option["says"]: (right | wrong)[option["says"]] for option in options}
    if several:
        return Question(name, Selection(asks, frozenset(right), slips=said, **entry), tuple(said))
    ((word, because),) = right.items()
    return Question(name, Choice(asks, word, because, wrong, **entry), tuple(said))


class Quiz(SphinxDirective):
    """``{quiz} FILE.yml``: see `read_quiz`. Texts may hold Markdown and mathematics."""

    required_arguments = 1
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """Make a form for each question."""
        relative, path = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(relative)
        found = []
        for number, question in enumerate(read_quiz(Path(path)), start=1):
            asks = self.inline(question.exercise.asks)
            legend = nodes.inline("", "", nodes.Text(f"{number}. "), *asks)
            found.append(form(question, legend, self.inline))
        return found

    def inline(self, text: str) -> list[nodes.Node]:
        """Parse a line of the page's markup."""
        return self.state.inline_text(text, self.lineno)[0]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx."""
    app.add_directive("quiz", Quiz)
    app.connect("doctree-read", ask_in_the_page)
    serve(app, '<form class="question"', *FILES)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
