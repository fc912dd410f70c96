"""The index of the paper's equations, in small books: what it finds, and what fails the build."""

from __future__ import annotations

import re

import nbformat
import pytest
from bs4 import BeautifulSoup
from conftest import build_book

from gevbook.checks import check

v4 = nbformat.v4
CONFIG = """
extensions = ["myst_nb", "bookext.equations"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"
"""
INDEX = """# Index

```{equation-errors}
```

## All

```{equations}
7: the first
A7: the second
M1: a result
```
"""


def checked(*equations, tags=()):
    """A code cell with the line of one check as its output."""
    lines = [
        f"Eq. {name} holds: x | y = `z`; largest error 0.034 (wanted: 0.05)" for name in equations
    ]
    text = "\n".join(["before", *lines, "after"]).replace("Eq. M", "Result M")
    output = v4.new_output("stream", name="stdout", text=text)
    return v4.new_code_cell("check(...)", outputs=[output], metadata={"tags": list(tags)})


@pytest.fixture
def build(tmp_path):
    """Builds chapters, in which a string is a Markdown cell; gives the index and the warnings."""
    source, out = tmp_path / "book", tmp_path / "built" / "out"
    source.mkdir()
    (source / "conf.py").write_text(CONFIG)
    (source / "list.md").write_text(INDEX)

    def build(**chapters):
        for old in source.glob("*.ipynb"):
            old.unlink()
        names = "\n".join(chapters)
        (source / "index.md").write_text(f"# Start\n\n```{{toctree}}\n{names}\nlist\n```\n")
        for name, cells in chapters.items():
            cells = [v4.new_markdown_cell(c) if isinstance(c, str) else c for c in cells]
            notebook = v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
            nbformat.write(notebook, source / f"{name}.ipynb")
        _, said = build_book(source, out)
        page = BeautifulSoup((out / "list.html").read_text(), "html.parser")
        return page, re.findall(r"WARNING: (.*?)\x1b", said)

    return build


def tex(part):
    """The formulas in a part of the page, without what MathJax wants around them."""
    return [block.get_text().strip("\n \\[]") for block in part.select("div.math")]


SOUND = [
    "# Chapter one\n\n## The gate\n\ntext\n\n$$\nx\n= y .\\tag{7}\n$$",
    checked("7"),
    "## The *angle* of `a`\n\nInline:\n\n$$z \\tag{A7}$$\n\ntoo.\n\n```\n## no heading\n```",
    checked("A7", "M1"),
]


def test_found(build):
    page, said = build(one=SOUND)
    assert said == []
    first, second, result = (page.select_one(f"section#equation-{n}") for n in ("7", "a7", "m1"))
    assert first.h3.get_text().startswith("Equation 7: the first")
    assert result.h3.get_text().startswith("Result M1: a result")
    assert tex(first) == ["x\n= y"]
    line = "Checked: {}. x | y = `z`: largest error 0.034 (wanted: 0.05)"
    gate, angle = "Chapter one, The gate", "Chapter one, The angle of a"
    said = [item.get_text() for item in first.select("li")]
    assert said == [f"In the book: {gate}", line.format(gate)]
    assert {a["href"] for a in first.select("li a")} == {"one.html#the-gate"}
    assert [a["href"] for a in second.select("li a")] == ["one.html#the-angle-of-a"] * 2
    assert [item.get_text() for item in result.select("li")] == [line.format(angle)]
    rows = [[cell.get_text() for cell in row.select("td")] for row in page.select("tbody tr")]
    assert rows[1] == ["A7", "the second", "0.034", "0.05"]
    assert page.select("tbody a")[1]["href"] == "#equation-a7"


@pytest.mark.parametrize("statement", ["x = y", 20 * "x = y and " + "x = y"])
def test_real_line_is_found(build, capsys, statement):
    check("A7", statement, 2.3e-16, 1e-12)
    cell = checked()
    cell.outputs[0].text = capsys.readouterr().out
    page, _ = build(one=["# One", SOUND[2], cell])
    said = page.select_one("#equation-a7").get_text()
    assert f"{statement}: largest error below 1e-15 (wanted: 1e-12)\n" in said


def test_gaps_fail_the_build(build):
    page, said = build(one=["# One\n\n$$x \\tag{7}$$\n\nno formula: \\tag{A7}"])
    assert said == [
        "Equation 7: not checked in any chapter",
        "Equation A7: not derived and not checked in any chapter",
        "Result M1: not checked in any chapter",
    ]
    assert tex(page) == ["x"]


@pytest.mark.parametrize("tag", ["nbval-skip", "skip-execution"])
def test_check_that_does_not_run_counts_for_nothing(build, tag):
    _, said = build(one=[*SOUND[:3], checked("A7", "M1", tags=(tag,))])
    assert [line.partition(":")[0] for line in said] == ["Equation A7", "Result M1"]


def test_the_index_follows_a_chapter_that_changes(build):
    build(one=SOUND)
    page, said = build(one=[*SOUND[:2], SOUND[2].replace("z ", "new "), SOUND[3]])
    assert said == []
    assert tex(page) == ["x\n= y", "new"]
    _, said = build(one=SOUND[:3])
    assert [line.partition(":")[0] for line in said] == ["Equation A7", "Result M1"]


def test_the_chapter_that_checks_is_the_one_that_derives(build):
    page, said = build(first=["# First\n\n$$early \\tag{7, A7}$$"], one=SOUND)
    assert said == []
    assert "early" not in "".join(tex(page))
    page, said = build(one=["# One\n\n$$both \\tag{7, A7}$$", checked("7, A7"), checked("M1")])
    assert (said, tex(page)) == ([], ["both", "both"])


def test_all_lines_of_an_equation_are_shown(build):
    lines = "# One\n\n$$one \\tag{A7}.$$\n\n$$two\\, \\tag{A7}$$\n\n## Again\n\n$$three \\tag{A7}$$"
    page, _ = build(one=[lines, checked("A7")])
    assert tex(page.select_one("#equation-a7")) == ["one", "two\\,"]
    assert page.select_one("#equation-a7 li").get_text() == "In the book: One"


def test_number_that_the_paper_does_not_have(build):
    _, said = build(one=[*SOUND, checked("A15")])
    assert said == ["Equation A15: not a number of the paper"]
