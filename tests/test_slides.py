"""Slides are the chapters' own parts; the deck's times are those of the plan."""

from __future__ import annotations

import os
import re

import nbformat
import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, build_book
from test_book_extension import CONFIG, FIGURE

from bookext import plotly_figures

v4 = nbformat.v4
TEACH = ROOT / "book" / "teach"
DECK = """# Slides

How it works.

```{deck}
```

## One

```{from} part/chapter.ipynb
:equation: 9 | h = w
```

```{from} part/chapter.ipynb
:paragraph: Read it
:until: and no more
```

```{notes}
:minutes: 3
:short: 2

Say this.
```

## Two

```{from} part/chapter.ipynb
:cell: chapter-3
:show: figure
```

```{from} part/chapter.ipynb
:item: second | first
```

```{from} part/chapter.ipynb
:table: name value
```

```{from} part/chapter.ipynb
:cell: chapter-3
:show: code
```

```{notes}
:minutes: 4

Say that.
```
"""
TEXT = """# Chapter

## A rule

$$ a = b \\tag{9} $$

$$ h = w $$

Read it
as a sentence, in [the start](../index.md), and no
more of *this*
and of [that](../index.md).

* first thing
* second thing

| name | value |
| --- | --- |
| x | 1 |
"""


def chapter(path, text=TEXT):
    outputs = [
        v4.new_output("stream", name="stdout", text="a printed line\n"),
        v4.new_output("display_data", data={plotly_figures.MIME: FIGURE}, metadata={}),
    ]
    cells = [
        v4.new_markdown_cell(text),
        v4.new_code_cell("draw(1)", id="chapter-3", outputs=outputs),
    ]
    nbformat.write(v4.new_notebook(cells=cells), path)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    source = tmp_path_factory.mktemp("deck")
    (source / "conf.py").write_text(CONFIG)
    (source / "part").mkdir()
    (source / "index.md").write_text("# Start\n\n```{toctree}\nslides\npart/chapter\n```\n")
    (source / "slides.md").write_text(DECK)
    chapter(source / "part" / "chapter.ipynb")
    return source


@pytest.fixture(scope="module")
def page(book):
    _, said = build_book(book, book / "out")
    assert "slide" not in said, said
    return BeautifulSoup((book / "out" / "slides.html").read_text(), "html.parser")


def test_slides_hold_the_chapter_s_parts(page):
    one, two = page.select("section.slide")
    assert len(one.select(".katex-display")) == 2
    assert "Read it as a sentence" in " ".join(one.get_text().split())
    assert "no more" not in one.get_text()
    assert "that" not in one.get_text()
    assert [a.get_text() for a in one.select("a[href='index.html']")] == ["the start"]
    assert len(two.select(".plotly-figure")) == 1
    assert "a printed line" not in two.get_text()
    assert [li.get_text().strip() for li in two.select("li")] == ["second thing", "first thing"]
    assert two.select_one("table td").get_text() == "x"
    assert "draw(1)" in two.select_one(".cell_input").get_text()


def test_slides_say_where_they_are_from_and_how_long_they_take(page):
    one, two = page.select("section.slide")
    assert "short" in one["class"]
    assert "short" not in two["class"]
    for slide in (one, two):
        (link,) = slide.select(".slide-source a")
        assert link["href"] == "part/chapter.html#a-rule"
        assert link.get_text() == "Chapter, A rule"
    assert one.select_one(".slide-time")["data-short"] == "2"
    (bar,) = page.select(".deck-bar")
    assert "2 slides, 7 minutes" in bar.get_text()
    assert "1 slides, 2 minutes" in bar.get_text()


def test_the_page_has_its_scripts_and_no_anchor_twice(page, book):
    sources = [script["src"].split("?")[0] for script in page.select("script[src]")]
    assert {"_static/slides/slides.js", "_static/figure.js"} <= set(sources)
    ids = [element["id"] for element in page.select("[id]")]
    assert len(ids) == len(set(ids))
    other = BeautifulSoup((book / "out" / "index.html").read_text(), "html.parser")
    assert not [s for s in other.select("script[src]") if "slides.js" in s["src"]]


def test_a_changed_chapter_changes_the_slide(page, book):
    path = book / "part" / "chapter.ipynb"
    chapter(path, TEXT.replace("Read it\nas a sentence", "Read it as a poem"))
    os.utime(path, (2e9, 2e9))
    build_book(book, book / "out")
    assert "Read it as a poem" in (book / "out" / "slides.html").read_text()


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("part/chapter.ipynb\n:equation: 10", "part/chapter has no equation '10'"),
        ("part/chapter.ipynb\n:paragraph: Never", "part/chapter has no paragraph 'Never'"),
        ("part/chapter.ipynb\n:paragraph: Read\n:until: Nor", "no paragraph 'Nor'"),
        ("part/chapter.ipynb\n:cell: chapter-4", "part/chapter has no cell 'chapter-4'"),
        ("part/other.ipynb\n:equation: 9", "no chapter part/other.ipynb"),
        ("part/chapter.ipynb", "wanted one of cell, equation"),
    ],
)
def test_what_a_chapter_does_not_have_fails_the_build(page, book, wanted, said):
    notes = "```{notes}\n:minutes: 1\n```\n"
    text = f"# Slides\n\n```{{deck}}\n```\n\n## One\n\n```{{from}} {wanted}\n```\n\n{notes}"
    (book / "slides.md").write_text(text)
    status, warnings = build_book(book, book / "out")
    assert status
    assert said in warnings


def test_a_drawing_is_part_of_the_page_and_a_missing_one_fails_the_build(page, book):
    (book / "dot.svg").write_text('<svg class="chapter-picture"><circle r="1"/></svg>')
    slide = "# Slides\n\n```{deck}\n```\n\n## One\n\n```{drawing} %s.svg\n```\n\n"
    notes = "```{notes}\n:minutes: 1\n```\n"
    (book / "slides.md").write_text(slide % "dot" + notes)
    build_book(book, book / "out")
    html = BeautifulSoup((book / "out" / "slides.html").read_text(), "html.parser")
    assert html.select("section.slide > svg.chapter-picture circle")
    (book / "slides.md").write_text(slide % "none" + notes)
    status, warnings = build_book(book, book / "out")
    assert status
    assert "no drawing none.svg: No such file" in warnings


def test_a_slide_without_notes_fails_the_build(page, book):
    (book / "slides.md").write_text("# Slides\n\n```{deck}\n```\n\n## Bare\n\nText.\n")
    status, warnings = build_book(book, book / "out")
    assert status
    assert "slide 'Bare': 0 notes, wanted one" in warnings


# ------------------------------------------------------------------------- the book's own deck


def times():
    """Minutes of each slide of the deck in the long and in the short class, by its anchor."""
    text = (TEACH / "slides.md").read_text()
    slides = re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    found = {}
    for title, body in slides:
        long, short = (re.search(rf":{name}: (\d+)", body) for name in ("minutes", "short"))
        anchor = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        found[anchor] = (int(long[1]), int(short[1]) if short else 0)
    return found


def starts(column):
    """When each slide begins."""
    found, now = {}, 0
    for anchor, minutes in times().items():
        if minutes[column]:
            found[anchor], now = now, now + minutes[column]
    return found, now


@pytest.mark.parametrize(("column", "whole", "slack"), [(0, 90, 10), (1, 50, 5)])
def test_the_plan_s_times_are_the_slides_and_leave_some_in_hand(column, whole, slack):
    when, end = starts(column)
    assert end == whole - slack
    plan = (TEACH / "plan.md").read_text()
    part = plan.split(f"(plan-{whole})=")[1].split("\n## ")[1]
    rows = re.findall(r"^\| (\d+)–(\d+) \[.*?\]\(slides\.md#(.*?)\)", part, re.MULTILINE)
    assert [(int(start), anchor) for start, _, anchor in rows] == [
        (when[anchor], anchor) for _, _, anchor in rows
    ]
    ends = [int(stop) for _, stop, _ in rows]
    assert ends == [int(start) for start, _, _ in rows[1:]] + [end]


def test_what_is_to_be_cut_first_saves_what_its_slide_takes_in_the_long_class_alone():
    part = (TEACH / "plan.md").read_text().split("### What to cut first")[1].split("\n(plan-")[0]
    rows = re.findall(r"^\| \[.*?\]\(slides\.md#(.*?)\) \| (\d+) \|", part, re.MULTILINE)
    assert len(rows) > 4
    assert {anchor: (int(saves), 0) for anchor, saves in rows} == {
        anchor: times()[anchor] for anchor, _ in rows
    }


def test_the_deck_is_of_a_size_for_the_class():
    assert 20 <= len(times()) <= 30
