"""A quiz in the formats of learning platforms: QTI for Canvas, XML for Moodle, with all replies.

Both are made from the result of `read_quiz`. Canvas has one reply for all wrong numbers, so it
also contains those of the known slips.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from text2qti.config import Config
from text2qti.qti import QTI
from text2qti.quiz import Quiz

from gevbook.answers import Number, Selection, written

from .quiz import Question


def qti(title: str, questions: Sequence[Question]) -> bytes:
    """Write a package of QTI 1.2, a zip, for Canvas."""
    blocks = [f"Quiz title: {title}", *map(_for_canvas, questions)]
    return QTI(Quiz("\n\n".join(blocks), config=Config(), source_name=title)).zip_bytes()


def _for_canvas(question: Question) -> str:
    """Write a question in the form of text2qti."""
    exercise = question.exercise
    lines = [f"1. {_line(exercise.asks)}"]
    if isinstance(exercise, Number):
        slips = [f"{written(slip)}: {says}" for slip, says in exercise.slips.items()]
        about = f" +- {100 * exercise.tolerance:g}%" if exercise.tolerance else ""
        lines += [
            f"+ {_line(exercise.because)}",
            f"- {_line(' '.join([exercise.otherwise, *slips]))}",
            f"= {exercise.right}{about}",
        ]
    for place, (choice, right, says) in enumerate(_choices(question)):
        if isinstance(exercise, Selection):
            mark = "[*]" if right else "[ ]"
        else:
            mark = f"{'*' * right}{'abcdefghijklmnopqrstuvwxyz'[place]})"
        lines += [f"{mark} {_line(choice)}", f"... {_line(says)}"]
    return "\n".join(lines)


def _line(text: str) -> str:
    return " ".join(text.split())


def _choices(question: Question) -> list[tuple[str, bool, str]]:
    """List the choices, each with True if it is right, and its feedback."""
    exercise = question.exercise
    if isinstance(exercise, Selection):
        return [(c, c in exercise.right, exercise.slips[c]) for c in question.choices]
    said = {exercise.right: exercise.because, **exercise.slips}
    return [(c, c == exercise.right, said[c]) for c in question.choices]


def moodle(title: str, questions: Sequence[Question]) -> bytes:
    """Write the questions as XML for Moodle, in a category with this title."""
    quiz = ElementTree.Element("quiz")
    category = ElementTree.SubElement(quiz, "question", type="category")
    _text(ElementTree.SubElement(category, "category"), f"$course$/top/{title}")
    for question in questions:
        exercise = question.exercise
        number, several = isinstance(exercise, Number), isinstance(exercise, Selection)
        entry = ElementTree.SubElement(
            quiz, "question", type="numerical" if number else "multichoice"
        )
        _text(ElementTree.SubElement(entry, "name"), question.name)
        _html(ElementTree.SubElement(entry, "questiontext"), exercise.asks)
        if isinstance(exercise, Number):
            answers = {exercise.right: exercise.because, **exercise.slips}
            for place, (value, says) in enumerate(answers.items()):
                answer = _answer(entry, 0 if place else 100, says)
                _text(answer, str(value))
                about = exercise.tolerance * abs(value)
                ElementTree.SubElement(answer, "tolerance").text = f"{about:g}"
            _text(_answer(entry, 0, exercise.otherwise), "*")
            continue
        ElementTree.SubElement(entry, "single").text = str(not several).lower()
        ElementTree.SubElement(entry, "answernumbering").text = "ABCD"
        for choice, right, says in _choices(question):
            share = 100 / len(exercise.right) if several else 100
            _html(_answer(entry, share if right else -share * several, says), choice)
    ElementTree.indent(quiz)
    return ElementTree.tostring(quiz, encoding="utf-8", xml_declaration=True)


def _answer(entry: ElementTree.Element, percent: float, says: str) -> ElementTree.Element:
    answer = ElementTree.SubElement(entry, "answer", fraction=f"{percent:.7g}")
    _html(ElementTree.SubElement(answer, "feedback"), says)
    return answer


def _text(parent: ElementTree.Element, text: str) -> None:
    child = ElementTree.Element("text")
    child.text = text
    parent.insert(0, child)


def _html(parent: ElementTree.Element, markdown: str) -> None:
    """Write a text's markup as HTML, with mathematics for Moodle's filter."""
    parent.set("format", "html")
    _text(parent, _MARKDOWN.renderInline(_line(markdown)))


_MARKDOWN = MarkdownIt().use(dollarmath_plugin, renderer=lambda content, options: rf"\({content}\)")
