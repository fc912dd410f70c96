"""Questions in the page in a real browser: every answer, the keyboard, and what is kept."""

from __future__ import annotations

import json
import re

import browser
import faults
import pytest
from browser import BOOK, DESK, PHONE, ROOT

QUIZ = "book/teach/exit_quiz.html"
CHAPTER = "book/training.html"  # a number, a selection, and an exercise for Python only
CHAPTERS = [
    name for name in browser.pages(BOOK) if 'form class="question"' in (BOOK / name).read_text()
]
ADDED = 15_000  # bytes, as sent, that questions may add to a chapter
NO_STORAGE = """for (const name of ["getItem", "setItem"]) {
  const theirs = Storage.prototype[name];
  Storage.prototype[name] = function (key, ...value) {
    if (key === "gevb answers") throw new DOMException("full", "QuotaExceededError");
    return theirs.call(this, key, ...value);
  };
}"""


@pytest.fixture
def opened(in_a_window, home):
    """Open a page in a window that counts what goes wrong."""

    def opened(name, size=DESK, script=None, at=home, **options):
        page = in_a_window(at, name, script, **{**size, **options})
        page.wait_for_selector(".answers")
        return page

    return opened


def questions(page):
    """Name, facts and sentences of each, as the page has them."""
    return page.evaluate(
        """() => [...document.querySelectorAll("form.question")].map((form) => {
          const fold = document.createElement("div");
          fold.innerHTML = form.querySelector("noscript").textContent;
          return { name: form.dataset.name, facts: JSON.parse(form.dataset.facts),
            says: [...fold.querySelectorAll(".says")].map((place) => place.textContent) };
        })"""
    )


def answer(page, name, filled):
    """Fill in, check, and read what is said."""
    form = page.locator(f'form[data-name="{name}"]')
    if form.locator('input[type="text"]').count():
        form.locator("input").fill(filled)
    else:
        words = [filled] if isinstance(filled, str) else filled
        for box in form.locator("input").all():
            if box.get_attribute("type") == "checkbox":
                box.set_checked(box.get_attribute("value") in words)
            elif box.get_attribute("value") in words:
                box.check()
    form.locator("button").click()
    return form.locator(".verdict").text_content()


def known(facts):
    """Inputs that lead to each of a question's sentences, the right one last."""
    if facts["kind"] == "selection":
        right = facts["right"]
        flipped = [sorted(set(right) ^ {word}) for word in facts["words"]]
        return [*enumerate(flipped, start=1), (0, right)]
    answers = facts["answers"]
    if facts["kind"] == "numbers":
        answers = [", ".join(f"{b}i" if b else f"{a}" for a, b in pairs) for pairs in answers]
    if facts["kind"] == "number":
        answers = [json.dumps(value) for value in answers]
    other = {"number": ["12345.678"], "numbers": ["5, 5"], "choice": []}[facts["kind"]]
    return [*list(enumerate([*answers, *other]))[1:], (0, answers[0])]


def test_chapters_with_exercises_have_questions():
    text = {path.stem: path.read_text() for path in (ROOT / "book").glob("*.ipynb")}
    asking = {f"book/{name}.html" for name in text if "exercises.check_" in text[name]}
    assert asking == set(CHAPTERS) - {QUIZ}


# Fills in and checks one answer after another in the page itself, and reads what is said.
TRY = """tried => tried.map(([name, filled]) => {
  const form = document.querySelector(`form[data-name="${name}"]`);
  for (const input of form.querySelectorAll("input")) {
    if (input.type === "text") input.value = filled;
    else input.checked = [filled].flat().includes(input.value);
  }
  form.querySelector("button").click();
  return form.querySelector(".verdict").textContent;
})"""


def added(page):
    """Bytes that questions add to a page: in files of their own, and in the page itself."""
    return page.evaluate(
        """() => [performance.getEntriesByType("resource")
            .filter(({ name }) => name.includes("/quiz/"))
            .reduce((sum, entry) => sum + entry.encodedBodySize, 0),
          [...document.querySelectorAll("form.question")]
            .reduce((sum, form) => sum + new Blob([form.outerHTML]).size, 0)]"""
    )


@pytest.mark.parametrize("name", CHAPTERS)
def test_questions_add_little_and_every_answer_gets_its_sentence(opened, name):
    page = opened(name)
    files, forms = added(page)
    assert 0 < files < 6000
    if name != QUIZ:
        assert files + forms < ADDED
    asked = questions(page)
    tried = [(q, *answer) for q in asked for answer in known(q["facts"])]
    said = page.evaluate(TRY, [[question["name"], filled] for question, _, filled in tried])
    assert said == [
        f"{'Not yet.' if place else 'Right.'} {question['says'][place]}"
        for question, place, _ in tried
    ]
    count = f"{len(asked)} of {len(asked)} right on this page."
    assert page.inner_text(".answers").startswith(count)


def test_no_answer_and_no_number_is_told_what_is_wanted(opened):
    page = opened(QUIZ)
    assert answer(page, "exit_quiz.hears", []) == "Choose one of them first."
    wanted = "Write a number, as 1000 or 0.5 or 1/12"
    assert answer(page, "exit_quiz.weights", " ") == f"{wanted}."
    assert answer(page, "exit_quiz.weights", "<b>") == f"{wanted}; this is “<b>”."
    assert page.inner_text(".answers").startswith("0 of 10 right on this page.")
    assert page.evaluate("localStorage.length") == 0 or not page.evaluate(
        "localStorage.getItem('gevb answers')"
    )


THOUSANDTH = """const { parse } = JSON;
JSON.parse = (text) => {
  const facts = parse(text);
  if (facts?.kind === "number") facts.answers.push(facts.answers[0] / 1000);
  return facts;
};"""


def test_where_a_comma_may_part_thousands_or_decimals_the_form_asks(opened):
    page = opened(QUIZ, script=THOUSANDTH)
    says = answer(page, "exit_quiz.weights", "524,288")
    assert says.startswith("“524,288” can mean 524288 or 524.288: please write it with a point")
    assert page.inner_text(".answers").startswith("0 of 10 right")
    assert answer(page, "exit_quiz.weights", "524 288").startswith("Right.")
    assert page.inner_text(".answers").startswith("1 of 10 right")


def go(page, address):
    """Open an address where the store is heard.

    On a busy machine Chromium gives a page from disk now and then a store of its own: what others
    keep does not reach it, nor others what it keeps. The next page has the real one.
    """
    for _ in range(5):
        page.wait_for_load_state("networkidle")  # a request cut short would be a complaint
        page.goto(address)
        if page.evaluate("localStorage.getItem('heard')"):
            return
        page.evaluate("localStorage.setItem('heard', 'yes')")
    pytest.fail(f"no page in five hears the store: {address}")


def saved(page):
    with page.expect_download() as download:
        page.click(".save")
    assert download.value.suggested_filename == "answers.json"
    return json.loads(download.value.path().read_text())


@pytest.mark.parametrize("from_disk", [False, True])
def test_answers_stay_over_pages_and_reloads_and_are_saved_as_one_file(opened, home, from_disk):
    at = f"{BOOK.as_uri()}/" if from_disk else home
    page = opened(QUIZ, at=at)
    go(page, page.url)
    first = answer(page, "exit_quiz.independent", "10")
    answer(page, "exit_quiz.without", "an error")
    answer(page, "exit_quiz.without", "a backward path")
    go(page, f"{at}{CHAPTER}")
    parts = ["network", "optimizer", "order"]
    answer(page, "training.check_checkpoint", parts)
    go(page, f"{at}{QUIZ}")
    form = page.locator('form[data-name="exit_quiz.independent"]')
    form.locator(".verdict", has_text=first).wait_for()
    assert form.locator("input").input_value() == "10"
    assert page.locator('input[value="a backward path"]').is_checked()
    assert page.inner_text(".answers").startswith("1 of 10 right")
    file = saved(page)
    assert re.match(r"\d{4}-\d\d-\d\dT", file["saved"])
    told = {entry.pop("question"): entry for entry in file["answers"]}
    assert told == {
        "exit_quiz.independent": {
            "asks": told["exit_quiz.independent"]["asks"],
            "tries": ["10"],
            "right": False,
        },
        "exit_quiz.without": {
            "asks": "Which of these does GEVB not need?",
            "tries": ["an error", "a backward path"],
            "right": True,
        },
        "training.check_checkpoint": {
            "asks": told["training.check_checkpoint"]["asks"],
            "tries": [parts],
            "right": False,
        },
    }
    page.click(".again")
    assert page.inner_text(".answers").startswith("0 of 10 right")
    assert form.locator(".verdict").text_content() == ""
    assert form.locator("input").input_value() == ""
    assert not page.locator("input:checked").count()
    assert [entry["question"] for entry in saved(page)["answers"]] == ["training.check_checkpoint"]


def test_two_windows_agree(opened, home):
    page = opened(QUIZ)
    other = page.context.new_page()
    complaints = browser.watch(other, home)
    other.goto(page.url)
    said = answer(page, "exit_quiz.independent", "10")
    form = other.locator('form[data-name="exit_quiz.independent"]')
    form.locator(".verdict", has_text=said).wait_for()
    assert form.locator("input").input_value() == "10"
    assert complaints == []


@pytest.mark.parametrize("kept", ["{", "7", "null", '{"exit_quiz.hears": {"tries": 3}}'])
def test_a_damaged_store_is_no_obstacle(opened, kept):
    page = opened(QUIZ, script=f"localStorage.setItem('gevb answers', {kept!r});")
    assert answer(page, "exit_quiz.independent", "9").startswith("Right.")


def test_without_storage_answers_last_as_long_as_the_page(opened):
    page = opened(QUIZ, script=NO_STORAGE)
    answer(page, "exit_quiz.independent", "9")
    assert "1 of 10 right on this page. This browser keeps no answers" in page.inner_text(
        ".answers"
    )
    assert [entry["tries"] for entry in saved(page)["answers"]] == [["9"]]


def test_keyboard_alone_will_do(opened):
    page = opened(QUIZ)
    page.focus('input[value^="its own"]')
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    verdict = page.locator('form[data-name="exit_quiz.hears"] .verdict')
    assert verdict.text_content().startswith("Right.")
    assert verdict.get_attribute("role") == "status"
    page.keyboard.press("Tab")
    page.keyboard.type("524,288")
    page.keyboard.press("Enter")
    assert page.inner_text('form[data-name="exit_quiz.weights"] .verdict').startswith("Right.")


def test_another_answer_takes_the_verdict_back(opened):
    page = opened(QUIZ)
    answer(page, "exit_quiz.without", "a backward path")
    page.check('input[value="an error"]')
    form = page.locator('form[data-name="exit_quiz.without"]')
    assert form.locator(".verdict").text_content() == ""
    assert form.get_attribute("data-verdict") == ""


@pytest.mark.parametrize("name", [QUIZ, CHAPTER])
@pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])
def test_answered_questions_fit_and_are_accessible(opened, name, window):
    page = opened(name, window)
    for question in questions(page):
        _, filled = known(question["facts"])[0]
        answer(page, question["name"], filled)
    found = faults.overflow(page) + faults.accessibility(page)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_timeout(500)
    assert found + [f"dark: {fault}" for fault in faults.accessibility(page, faults.COLOURS)] == []


def test_without_scripts_the_answers_are_in_a_fold(chromium, home):
    with browser.visited(chromium, home, QUIZ, java_script_enabled=False) as visit:
        page = visit.page
        assert page.locator("form.question details:not([open])").count() == 10
        assert page.locator("form.question input:visible").count() == 0
        assert page.locator("form.question :text('a backward path')").first.is_visible()
        page.locator("form.question summary").first.click()
        assert "back-propagation, which needs" in page.locator("form.question").first.inner_text()
