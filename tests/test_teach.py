"""The class as an archive and on a stick: what is in it, and what is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import browser
import pytest
from bs4 import BeautifulSoup

import teach
from bookext import homework, kit


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A small built book with its class, and no browser that could print."""
    monkeypatch.setattr(browser, "program", lambda: None)
    book = tmp_path / "html"
    app = SimpleNamespace(builder=SimpleNamespace(format="html"), srcdir=kit.ROOT, outdir=book)
    homework.write_copy(app)
    kit.write_parts(app)
    (book / kit.SLIDES).parent.mkdir(parents=True)
    (book / kit.SLIDES).write_text("<h1>Slides</h1>")
    kit.finish(app, None)
    return book


def texts(folder):
    """All text of a folder's files."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(path.read_text(encoding="utf-8", errors="ignore") for path in files)


def solutions():
    """Lines that identify a solution: its longer ones, as a notebook's file has them.

    Without those that the package itself says, such as a checker's praise.
    """
    cells = [cell.source for cell in homework.with_solutions().cells if homework.is_solution(cell)]
    lines = [json.dumps(line, ensure_ascii=False)[1:-1] for c in cells for line in c.split("\n")]
    package = texts(kit.ROOT / "gevb")
    return [line for line in lines if len(line) > 40 and line.strip() not in package]


def test_the_archive_has_everything_and_no_solution(built, tmp_path):
    with zipfile.ZipFile(built / kit.ARCHIVE) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "teach"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {
        "start.html",
        f"book/{kit.SLIDES}",
        *(f"book/{kit.PLACE}/{name}" for name in ("homework.ipynb", *kit.PARTS["quiz"])),
        *(f"{part}/{name}" for part, files in kit.PARTS.items() for name in files),
    }
    text = texts(folder)
    assert not [line for line in solutions() if line in text]


def test_a_second_build_packs_the_first_one_s_class_no_more(built, tmp_path):
    kit.pack(built)
    with zipfile.ZipFile(built / kit.ARCHIVE) as archive:
        assert not [name for name in archive.namelist() if name.endswith("teach.zip")]


def test_a_handout_is_printed_where_there_is_a_browser_and_again_for_new_slides(
    built, tmp_path, monkeypatch
):
    prints = []

    def printed(book, target):
        prints.append(book)
        target.write_text("a page")

    monkeypatch.setattr(kit, "print_handout", printed)
    kit.pack(built)
    kit.pack(built)
    assert len(prints) == 1
    os.utime(built / kit.SLIDES, (4e9, 4e9))
    kit.pack(built)
    assert len(prints) == 2
    with zipfile.ZipFile(built / kit.ARCHIVE) as archive:
        assert archive.read("teach/handout.pdf") == b"a page"
        assert len([name for name in archive.namelist() if name.endswith(".pdf")]) == 1


def test_with_solutions_it_has_them_all(built, tmp_path):
    folder = tmp_path / "stick"
    (folder / "old").mkdir(parents=True)
    teach.build(built, folder, solutions=True)
    assert not (folder / "old").exists()
    text = texts(folder)
    assert len(solutions()) > 20
    assert not [line for line in solutions() if line not in text]
    with zipfile.ZipFile(tmp_path / "stick.zip") as archive:
        assert "stick/homework/homework_with_solutions.ipynb" in archive.namelist()


def test_the_wheel_has_what_the_homework_needs(built, tmp_path):
    with zipfile.ZipFile(built / kit.PLACE / kit.WHEEL) as wheel:
        wheel.extractall(tmp_path / "alone")
    script = (
        "import sys; sys.path[:] = [p for p in sys.path if 'editable' not in p];"
        "sys.meta_path[:] = [m for m in sys.meta_path if 'editable' not in repr(m)];"
        "from importlib import metadata; import gevbook.homework.exercises as e;"
        "print(e.__file__, metadata.requires('gevb'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path / "alone",
        env={"PATH": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(str(tmp_path / "alone"))
    assert "plotly" in done.stdout


def test_without_a_book_it_is_one_line_and_2(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(teach, "BOOK", tmp_path)
    assert teach.main(["--to", str(tmp_path / "teach")]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"teach.py: no {kit.ARCHIVE}")
    assert error.count("\n") == 1
    assert not (tmp_path / "teach").exists()


def test_the_start_page_leads_into_the_book():
    html = BeautifulSoup(kit.START.read_text(), "html.parser")
    names = [a["href"].removeprefix("book/") for a in html.select("a")]
    sources = [(kit.ROOT / name).with_suffix("") for name in names]
    assert sources
    assert not [path for path in sources if not path.with_suffix(".md").is_file()]
