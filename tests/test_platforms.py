"""The quiz for learning platforms, read back question by question."""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from conftest import ROOT

from bookext import platforms, quiz
from bookext.slides import STRAIGHT
from gevbook.answers import Number, Selection

EXIT = quiz.read_quiz(ROOT / "book" / "teach" / "exit_quiz.yml")
OTHERS = """
- name: several
  asks: Which of *these* are < 3?
  because: One and two.
  selection:
    - {says: $1$, right: It is.}
    - {says: $2$, right: "So is it: $2 < 3$."}
    - {says: "4 = {2}~2", wrong: "Too # large."}
- name: about
  asks: What is $\\nu$?
  number: 0.25
  tolerance: 0.1
  because: A quarter.
  slips: {4: "Upside down."}
  otherwise: Divide.
"""


@pytest.fixture(scope="module")
def questions(tmp_path_factory):
    """The exit quiz, and kinds of questions that it does not have."""
    path = tmp_path_factory.mktemp("quiz") / "others.yml"
    path.write_text(OTHERS)
    return [*EXIT, *quiz.read_quiz(path)]


def words(html: str) -> str:
    """Text of a piece of HTML, with formulas and quotation marks as they are typed."""
    soup = BeautifulSoup(html, "html.parser")
    for image in soup.select("img.equation_image"):
        image.replace_with(f"${image['data-equation-content']}$")
    return soup.get_text().translate(STRAIGHT).replace(r"\(", "$").replace(r"\)", "$").strip()


def typed(markdown: str) -> str:
    """The same of the source."""
    return " ".join(markdown.replace("*these*", "these").split())


def told(question: quiz.Question) -> dict[str, tuple[bool, str]]:
    """Verdict and reply, by choice or number."""
    exercise = question.exercise
    if isinstance(exercise, Selection):
        return {c: (c in exercise.right, says) for c, says in exercise.slips.items()}
    slips = {str(slip): (False, typed(says)) for slip, says in exercise.slips.items()}
    right = {str(exercise.right): (True, typed(exercise.because))}
    return {typed(choice): says for choice, says in (right | slips).items()}


# ------------------------------------------------------------------------------------------ QTI


@pytest.fixture(scope="module")
def items(questions):
    """The items of the package's assessment, without the name space."""
    with zipfile.ZipFile(io.BytesIO(platforms.qti("A quiz", questions))) as package:
        manifest = ElementTree.fromstring(package.read("imsmanifest.xml"))
        files = [e.get("href") for e in manifest.iter() if e.tag.endswith("}file")]
        assert set(files) <= set(package.namelist())
        (name,) = (n for n in package.namelist() if n.endswith(".xml") and "/text2qti_a" in n)
        text = package.read(name).decode()
    root = ElementTree.fromstring(text)
    for element in root.iter():
        element.tag = element.tag.partition("}")[2]
    return root.findall(".//item")


def test_canvas_gets_every_question_with_its_answers_and_sentences(items, questions):
    assert len(items) == len(questions)
    for item, question in zip(items, questions, strict=True):
        exercise = question.exercise
        assert words(item.find("presentation/material/mattext").text) == typed(exercise.asks)
        feedback = {
            f.get("ident"): words(f.find(".//mattext").text) for f in item.iter("itemfeedback")
        }
        if isinstance(exercise, Number):
            low, high = (float(next(item.iter(tag)).text) for tag in ("vargte", "varlte"))
            about = exercise.tolerance * exercise.right
            assert (low, high) == (exercise.right - about, exercise.right + about)
            assert feedback["correct_fb"] == typed(exercise.because)
            wrong = feedback["general_incorrect_fb"]
            assert wrong.startswith(typed(exercise.otherwise))
            for slip, says in exercise.slips.items():
                assert f"{slip}: {typed(says)}" in wrong
            continue
        scored = [c for c in item.iter("respcondition") if c.find("setvar") is not None]
        (score,) = scored
        excluded = {e.text for e in score.findall(".//not/varequal")}
        right = {e.text for e in score.iter("varequal")} - excluded
        found = {}
        for label in item.iter("response_label"):
            name = label.get("ident")
            found[words(label.find(".//mattext").text)] = name in right, feedback[f"{name}_fb"]
        assert found == told(question)
        kind = next(item.iter("response_lid")).get("rcardinality")
        assert kind == ("Multiple" if isinstance(exercise, Selection) else "Single")


# --------------------------------------------------------------------------------------- Moodle


@pytest.fixture(scope="module")
def entries(questions):
    root = ElementTree.fromstring(platforms.moodle("A quiz", questions))
    category, *entries = root.findall("question")
    assert category.findtext("category/text") == "$course$/top/A quiz"
    return entries


def test_moodle_gets_every_question_with_its_answers_and_sentences(entries, questions):
    assert len(entries) == len(questions)
    for entry, question in zip(entries, questions, strict=True):
        exercise = question.exercise
        assert entry.findtext("name/text") == question.name
        assert words(entry.findtext("questiontext/text")) == typed(exercise.asks)
        number, several = isinstance(exercise, Number), isinstance(exercise, Selection)
        assert entry.get("type") == ("numerical" if number else "multichoice")
        found, shares = {}, []
        for answer in entry.findall("answer"):
            shares.append(float(answer.get("fraction")))
            says = words(answer.findtext("feedback/text"))
            found[words(answer.findtext("text"))] = shares[-1] > 0, says
            if number and answer.findtext("text") != "*":
                about = exercise.tolerance * float(answer.findtext("text"))
                assert float(answer.findtext("tolerance")) == about
        if number:
            assert list(found)[-1] == "*"  # Moodle takes the first answer that fits
            assert found.pop("*") == (False, typed(exercise.otherwise))
        else:
            assert entry.findtext("single") == str(not several).lower()
        assert found == told(question)
        assert sum(share for share in shares if share > 0) == pytest.approx(100)
        assert (min(shares) < 0) == several  # who ticks all boxes gets nothing
