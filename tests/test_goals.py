"""Every chapter says what it takes, and what its reader can do afterwards, and what shows it."""

from __future__ import annotations

import json
import re

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from conftest import ROOT, build_book
from test_book_extension import CONFIG, FACTS

GOAL = re.compile(r"^\* (.+) \(([^()]+)\)[;.]$")
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
CHAPTERS = [
    path
    for part in TOC["parts"]
    for chapter in part["chapters"]
    if (path := (ROOT / chapter["file"]).with_suffix(".ipynb")).is_file()
]


def markdown(path):
    cells = json.loads(path.read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_header_has_goals_that_something_shows(path):
    first, *others = markdown(path)
    headings = re.findall(r"^#{2,3} (.*)$", "\n".join(others), re.MULTILINE)
    facts, promise, goals = first.split("\n\n")[1:4]
    assert all(f"**{fact}**" in facts for fact in ("Time", "You need", "In the paper"))
    assert promise == "**After this you can**"
    lines = goals.splitlines()
    assert 1 <= len(lines) <= 3
    exercises = [heading.partition(":")[0] for heading in headings if "Exercise " in heading]
    shown = [GOAL.match(line)[2] for line in lines]
    for name in shown:
        assert name.removeprefix("*").removesuffix("*") in {*headings, *exercises}
    assert bool(exercises) == any(name in exercises for name in shown)


def test_the_book_has_chapters():
    assert len(CHAPTERS) > 10


@pytest.fixture
def page(tmp_path):
    """Builds a chapter with some goals; gives the page and what Sphinx said."""
    (tmp_path / "conf.py").write_text(CONFIG)

    def page(goals):
        first = f"# A\n\n{FACTS}\n\n**After this you can**\n\n{goals}\n\nIt begins."
        cells = [first, "## Exercises\n\n### Exercise 1: a sum", "## What it is"]
        notebook = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_markdown_cell, cells)])
        nbformat.write(notebook, tmp_path / "index.ipynb")
        _, said = build_book(tmp_path, tmp_path / "out")
        html = (tmp_path / "out" / "index.html").read_text()
        return BeautifulSoup(html, "html.parser"), said

    return page


def test_goals_stand_in_the_header_and_lead_to_what_shows_them(page):
    html, _ = page("* add (Exercise 1);\n* say *what* it is (*What it is*).")
    links = [(a.get_text(), a["href"]) for a in html.select(".chapter-facts .chapter-goals li a")]
    assert links == [("Exercise 1", "#exercise-1-a-sum"), ("What it is", "#what-it-is")]
    assert "It begins" not in html.select_one(".chapter-facts").get_text()


@pytest.mark.parametrize("goal", ["* add (Exercise 2).", "* add."])
def test_a_goal_that_nothing_shows_fails_the_build(page, goal):
    _, said = page(goal)
    assert "nothing on the page shows the goal" in said
