"""tools/equations.py on made-up chapters, and the real book without a gap."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

from gevbook.checks import check

ROOT = Path(__file__).parents[1]
v4 = nbformat.v4


@pytest.fixture
def tool(tmp_path, monkeypatch) -> ModuleType:
    """The tool in a project of its own that wants three equations of one chapter."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / "book").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "tools")
    for name in ("equations", "notebooks"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    module = import_module("equations")
    wanted = {"7": "the first", "A7": "the second", "M1": "a result"}
    monkeypatch.setattr(module, "ALL", wanted)
    monkeypatch.setattr(module, "RESULTS", {"M1": wanted["M1"]})
    monkeypatch.setattr(module, "SECTIONS", {"All": wanted})
    yield module
    for name in ("equations", "notebooks"):
        sys.modules.pop(name, None)


def checked(*equations: str, tags: tuple[str, ...] = ()) -> nbformat.NotebookNode:
    """A code cell with the line of one check as its output."""
    lines = [
        f"Eq. {name} holds: x | y = `z`; largest error 0.034 (wanted: 0.05)" for name in equations
    ]
    text = "\n".join(["before", *lines, "after"]).replace("Eq. M", "Result M")
    output = v4.new_output("stream", name="stdout", text=text)
    return v4.new_code_cell("check(...)", outputs=[output], metadata={"tags": list(tags)})


def book(tool: ModuleType, **chapters: list) -> None:
    """Store chapters, and list them in the table of contents: a string is a Markdown cell."""
    names = "".join(f"  - file: book/{name}\n" for name in chapters)
    (tool.ROOT / "_toc.yml").write_text(f"root: book/index\nchapters:\n{names}")
    for name, cells in chapters.items():
        cells = [v4.new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells]
        nbformat.write(v4.new_notebook(cells=cells), tool.ROOT / f"book/{name}.ipynb")


SOUND = [
    "# Chapter one\n\n## The gate\n\ntext\n\n$$\nx\n= y \\tag{7}\n$$",
    checked("7"),
    "## The *angle* of `a`\n\nInline $$z \\tag{A7}$$ too.\n\n```\n## no heading\n```",
    checked("A7", "M1"),
]


def page_and_findings(tool, capsys) -> tuple[str, list[str]]:
    assert tool.main([]) == 0
    capsys.readouterr()
    code = tool.main(["--check"])
    found = capsys.readouterr().out.splitlines()
    assert code == (1 if found else 0)
    return tool.PAGE.read_text(), found


def test_found(tool, capsys):
    book(tool, one=SOUND)
    page, found = page_and_findings(tool, capsys)
    assert found == []
    assert "missing" not in page
    assert "### Equation 7: the first\n\n$$\nx\n= y\n$$\n" in page
    assert "* In the book: [Chapter one, The gate](one.ipynb#the-gate)\n" in page
    assert "* In the book: [Chapter one, The *angle* of `a`](one.ipynb#the-angle-of-a)\n" in page
    line = "largest error 0.034 (wanted: 0.05)"
    assert (
        f"* Checked: [Chapter one, The gate](one.ipynb#the-gate). `` x | y = `z` ``: {line}" in page
    )
    assert page.count(line) == 3
    assert "(equation-m1)=\n### Result M1: a result\n" in page
    assert "| [A7](#equation-a7) | the second | 0.034 |" in page


@pytest.mark.parametrize("statement", ["x = y", 20 * "x = y and " + "x = y"])
def test_real_line_is_found(tool, capsys, statement):
    check("A7", statement, 2.3e-16, 1e-12)
    cell = checked()
    cell.outputs[0].text = capsys.readouterr().out
    book(tool, one=[SOUND[2], cell])
    page, _ = page_and_findings(tool, capsys)
    assert f"`{statement}`: largest error below 1e-15 (wanted: 1e-12)\n" in page


def test_gaps_are_named_and_shown(tool, capsys):
    book(tool, one=["# One\n\n$$x \\tag{7}$$\n\nno formula: \\tag{A7}"])
    page, found = page_and_findings(tool, capsys)
    assert found == [
        "Equation 7: not checked in any chapter",
        "Equation A7: neither derived nor checked in any chapter",
        "Result M1: not checked in any chapter",
    ]
    assert "**3 of these 3 have a gap.**" in page
    assert page.count("**missing**, no chapter checks it") == 3
    assert page.count("**missing**, no chapter derives it") == 1


@pytest.mark.parametrize("tag", ["nbval-skip", "skip-execution"])
def test_check_that_does_not_run_counts_for_nothing(tool, capsys, tag):
    book(tool, one=[*SOUND[:3], checked("A7", "M1", tags=(tag,))])
    _, found = page_and_findings(tool, capsys)
    assert [line.partition(":")[0] for line in found] == ["Equation A7", "Result M1"]


def test_old_page(tool, capsys):
    book(tool, one=SOUND)
    assert tool.main(["--check"]) == 1
    assert capsys.readouterr().out.count("old entry in equations.md\n") == 3
    assert not tool.PAGE.exists()
    tool.main([])
    page = tool.PAGE.read_text()
    capsys.readouterr()
    book(tool, one=[*SOUND[:2], SOUND[2].replace("z ", "new "), SOUND[3]])
    assert tool.main(["--check"]) == 1
    assert capsys.readouterr().out == "Equation A7: old entry in equations.md\n"
    assert tool.PAGE.read_text() == page
    book(tool, one=SOUND)
    tool.PAGE.write_text(page.replace("Each numbered", "No numbered"))
    assert tool.main(["--check"]) == 1
    assert capsys.readouterr().out == "equations.md: out of date: run tools/equations.py\n"


def test_the_chapter_that_checks_is_the_one_that_derives(tool, capsys):
    book(tool, first=["# First\n\n$$early \\tag{7, A7}$$"], one=SOUND)
    page, found = page_and_findings(tool, capsys)
    assert found == []
    assert "early" not in page
    book(tool, one=["# One\n\n$$both \\tag{7, A7}$$", checked("7, A7"), checked("M1")])
    page, found = page_and_findings(tool, capsys)
    assert (found, page.count("both")) == ([], 2)


def test_all_lines_of_an_equation_are_shown(tool, capsys):
    lines = "# One\n\n$$one \\tag{A7}.$$\n\n$$two\\, \\tag{A7}$$\n\n## Again\n\n$$three \\tag{A7}$$"
    book(tool, one=[lines, checked("A7")])
    page, _ = page_and_findings(tool, capsys)
    assert "$$\none\n$$\n\n$$\ntwo\\,\n$$\n\n* In the book: [One](one.ipynb)\n" in page
    assert "three" not in page


def test_number_that_the_paper_does_not_have(tool, capsys):
    book(tool, one=[*SOUND, checked("A15")])
    _, found = page_and_findings(tool, capsys)
    assert found == ["Equation A15: not a number of the paper, in one.ipynb"]


def test_chapter_that_cannot_be_read(tool, capsys):
    book(tool, one=SOUND)
    (tool.ROOT / "book/one.ipynb").write_text("not json")
    with pytest.raises(SystemExit) as leaving:
        tool.main([])
    assert leaving.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not tool.PAGE.exists()


def test_book_has_no_gap():
    """Every equation of the paper is derived and checked in a chapter, and the page says so."""
    command = [sys.executable, ROOT / "tools/equations.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0
