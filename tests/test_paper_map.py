"""The map of the paper names all of the paper, and each entry has a place or says that none is."""

from __future__ import annotations

import re

from conftest import ROOT

PAGE = (ROOT / "book" / "paper_map.md").read_text()
ROWS = re.findall(r"^\| (?!---|in the paper)(.*?) \| (.*?) \| (.*) \|$", PAGE, re.MULTILINE)
PAPER = [
    *(f"Figure {name}" for name in ("1", "2", "3", "A1", "A2", "A3")),
    *(f"Table {name}" for name in ("1", "2", "1 of the appendix", "2 of the appendix")),
    "before Section 3",
    *(f"Section {name}" for name in ("3.1", "3.2", "3.3", "4", "5", "5")),
    "the discussion",
    *(f"Appendix {name}" for name in "ABCDEFGHIJKLM"),
]


def test_every_part_of_the_paper_is_on_the_map():
    assert [name for name, _, _ in ROWS] == PAPER


def test_each_entry_has_a_place_or_says_that_there_is_none():
    for name, _, place in ROWS:
        assert "](" in place or "above" in place or "**Not here**" in place, name
