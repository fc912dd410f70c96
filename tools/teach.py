"""Unpack the class from the built book, for a USB stick; with the homework's solutions if wanted.

python tools/teach.py [--solutions] [--to FOLDER]

Makes _build/teach and _build/teach.zip of what `make book` has put into the built book.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from browser import BOOK, ROOT
from command import Parser, Stop

sys.path.append(str(ROOT / "book"))
from bookext import homework, kit


def build(book: Path, folder: Path, solutions: bool) -> None:
    """Make the folder and its archive from scratch.

    Raises:
        Stop: the book is not built.
    """
    archive = book / kit.ARCHIVE
    if not archive.is_file():
        raise Stop(f"no {kit.ARCHIVE} in {book}: build the book first")
    with tempfile.TemporaryDirectory() as scratch:
        shutil.unpack_archive(archive, scratch)
        if folder.exists():
            shutil.rmtree(folder)
        shutil.move(Path(scratch, "teach"), folder)
    if solutions:
        shutil.copy(homework.SOURCE, folder / "homework" / "homework_with_solutions.ipynb")
    shutil.make_archive(str(folder), "zip", folder.parent, folder.name)


def main(arguments: list[str] | None = None) -> int:
    """Build the folder; return 2 if there is no book."""
    parser = Parser(prog="teach.py", description=__doc__.splitlines()[0])
    parser.add_argument("--solutions", action="store_true", help="add those of the homework")
    parser.add_argument("--to", type=Path, default=ROOT / "_build" / "teach", help="the folder")
    options = parser.parse_args(arguments)
    try:
        build(BOOK, options.to, options.solutions)
    except Stop as error:
        print(f"teach.py: {error}", file=sys.stderr)
        return 2
    print(f"{options.to} and {options.to}.zip: open start.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
