"""The folder for a stick: what is in it, and what is not."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile

import browser
import nbformat
import pytest
from bs4 import BeautifulSoup

import teach
from bookext import homework


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A small built book, and no browser that could print."""
    monkeypatch.setattr(browser, "program", lambda: None)
    book = tmp_path / "html"
    copy = book / homework.COPY
    copy.parent.mkdir(parents=True)
    nbformat.write(homework.for_students(homework.with_solutions()), copy)
    (book / teach.SLIDES).parent.mkdir(parents=True)
    (book / teach.SLIDES).write_text("<h1>Slides</h1>")
    return book


def texts(folder):
    """All text of a folder's files."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(path.read_text(encoding="utf-8", errors="ignore") for path in files)


def solutions():
    """What tells a solution: its longer lines, as a notebook's file has them.

    Without those that the package itself says, such as a checker's praise.
    """
    cells = [cell.source for cell in homework.with_solutions().cells if homework.is_solution(cell)]
    lines = [json.dumps(line, ensure_ascii=False)[1:-1] for c in cells for line in c.split("\n")]
    package = texts(teach.ROOT / "gevb")
    return [line for line in lines if len(line) > 40 and line.strip() not in package]


def test_the_folder_has_everything_and_no_solution(built, tmp_path):
    folder = tmp_path / "teach"
    (folder / "old").mkdir(parents=True)
    assert teach.build(built, folder, solutions=False) == [f"handout.pdf ({browser.MISSING})"]
    assert sorted(path.name for path in folder.iterdir()) == ["book", "homework", "start.html"]
    assert (folder / "book" / teach.SLIDES).is_file()
    assert (folder / "homework" / "homework.ipynb").is_file()
    text = texts(folder)
    assert not [line for line in solutions() if line in text]
    with zipfile.ZipFile(tmp_path / "teach.zip") as archive:
        assert {"teach/start.html", "teach/homework/homework.ipynb"} <= set(archive.namelist())


def test_with_solutions_it_has_them_all(built, tmp_path):
    teach.build(built, tmp_path / "teach", solutions=True)
    text = texts(tmp_path / "teach")
    assert len(solutions()) > 20
    assert not [line for line in solutions() if line not in text]


def test_the_package_works_from_the_folder_alone(built, tmp_path):
    teach.build(built, tmp_path / "teach", solutions=False)
    script = (
        "import sys; sys.path[:] = [p for p in sys.path if 'editable' not in p];"
        "sys.meta_path[:] = [m for m in sys.meta_path if 'editable' not in repr(m)];"
        "from importlib import metadata; import gevbook.homework.exercises as e;"
        "print(e.__file__); metadata.version('gevb')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path / "teach" / "homework",
        env={"PATH": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(str(tmp_path / "teach" / "homework"))


def test_without_a_book_it_is_one_line_and_2(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(teach, "BOOK", tmp_path)
    assert teach.main(["--to", str(tmp_path / "teach")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("teach.py: no book/teach/slides.html")
    assert error.count("\n") == 1
    assert not (tmp_path / "teach").exists()


def test_the_start_page_leads_into_the_book():
    html = BeautifulSoup(teach.START.read_text(), "html.parser")
    names = [a["href"].removeprefix("book/") for a in html.select("a")]
    sources = [(teach.ROOT / name).with_suffix("") for name in names]
    assert sources
    assert not [path for path in sources if not path.with_suffix(".md").is_file()]
