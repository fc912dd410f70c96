"""Put a class on a USB stick: slides, handout, homework and the built book, for use offline.

python tools/teach.py [--solutions] [--to FOLDER]

Builds _build/teach and _build/teach.zip from the built book. The handout is printed by Chromium
(python tools/browser.py install). Without it, print the slides' page instead: it is the same.
"""

from __future__ import annotations

import shutil
import sys
from importlib import metadata
from pathlib import Path

import browser
from browser import BOOK, ROOT
from command import Parser, Stop

sys.path.append(str(ROOT / "book"))
from bookext import homework

SLIDES = "book/teach/slides.html"
START = ROOT / "book" / "assets" / "teach" / "start.html"
PACKAGE = shutil.ignore_patterns("__pycache__")


def print_handout(book: Path, target: Path) -> None:
    """Print the slides with Chromium, one per page; raise Stop if there is none."""
    home = f"{book.resolve().as_uri()}/"
    with browser.chromium() as chromium, browser.visited(chromium, home, SLIDES) as visit:
        visit.page.pdf(path=target, prefer_css_page_size=True, print_background=True)


def lend_package(folder: Path) -> None:
    """Copy the package and its metadata into the folder, where notebooks can import it."""
    shutil.copytree(ROOT / "gevb", folder / "gevb", ignore=PACKAGE)
    facts = metadata.distribution("gevb")
    about = folder / f"gevb-{facts.version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(facts.read_text("METADATA") or "", encoding="utf-8")


def build(book: Path, folder: Path, solutions: bool) -> list[str]:
    """Build the folder and its archive from scratch; return what was left out.

    Raises:
        Stop: the book is not built.
    """
    if not (book / SLIDES).is_file():
        raise Stop(f"no {SLIDES} in {book}: build the book first")
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(book, folder / "book", ignore=shutil.ignore_patterns(".doctrees", ".buildinfo"))
    shutil.copy(START, folder)
    (folder / "homework").mkdir()
    shutil.copy(book / homework.COPY, folder / "homework")
    lend_package(folder / "homework")
    if solutions:
        shutil.copy(homework.SOURCE, folder / "homework" / "homework_with_solutions.ipynb")
    left_out = []
    try:
        print_handout(folder / "book", folder / "handout.pdf")
    except Stop as reason:
        left_out.append(f"handout.pdf ({reason})")
    shutil.make_archive(str(folder), "zip", folder.parent, folder.name)
    return left_out


def main(arguments: list[str] | None = None) -> int:
    """Build the folder; return 2 if there is no book."""
    parser = Parser(prog="teach.py", description=__doc__.splitlines()[0])
    parser.add_argument("--solutions", action="store_true", help="add those of the homework")
    parser.add_argument("--to", type=Path, default=ROOT / "_build" / "teach", help="the folder")
    options = parser.parse_args(arguments)
    try:
        left_out = build(BOOK, options.to, options.solutions)
    except Stop as error:
        print(f"teach.py: {error}", file=sys.stderr)
        return 2
    for name in left_out:
        print(f"left out: {name}")
    print(f"{options.to} and {options.to}.zip: open start.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
