"""Every chapter says what it takes, and what its reader can do afterwards, and what shows it."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from conftest import ROOT

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
