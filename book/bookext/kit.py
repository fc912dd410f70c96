"""Material for a class: teach.zip, made with the book, and its parts as single files.

The archive holds the built book, the slides as a handout printed by Chromium (without it, print the
slides' page instead), the homework with the package's wheel, and the quiz for learning platforms.
`{kit}` links to a part.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from html import escape
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from . import platforms
from .libraries import ASSETS
from .pictures import browser_tool
from .quiz import read_quiz

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LOGGER = logging.getLogger(__name__)
ROOT = Path(__file__).parents[2]
PLACE = "_static/teach"
ARCHIVE = f"{PLACE}/teach.zip"
SLIDES = "book/teach/slides.html"
START = ASSETS / "teach" / "start.html"
QUIZ = ROOT / "book" / "teach" / "exit_quiz.yml"
WHEEL = f"gevb-{metadata.version('gevb')}-py3-none-any.whl"
PARTS = {  # in the archive's folder, by their place in the book
    "homework": ("homework.ipynb", WHEEL),
    "quiz": ("exit_quiz_qti.zip", "exit_quiz_moodle.xml"),
}


class Kit(SphinxDirective):
    """``{kit} NAME``: a link that downloads a part; the content is its text."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """Return a paragraph; `wheel` in it becomes the wheel's name."""
        name = WHEEL if self.arguments[0] == "wheel" else self.arguments[0]
        if name not in {Path(ARCHIVE).name, *(file for files in PARTS.values() for file in files)}:
            raise self.error(f"no part {name} of the class")
        up = "../" * self.env.docname.count("/")
        link = (
            f'<a class="chapter-button" href="{up}{PLACE}/{name}" download>'
            f"{escape(' '.join(self.content))}</a>"
        )
        return [nodes.raw(text=f'<p class="chapter-buttons">{link}</p>', format="html")]


def is_ours(app: Sphinx) -> bool:
    """Check if this is the book with the class, not one of the tests."""
    return app.builder.format == "html" and Path(app.srcdir) == ROOT


def write_parts(app: Sphinx) -> None:
    """Put the wheel and the quiz into the built book, beside the homework.

    Raises:
        ExtensionError: the wheel cannot be built.
    """
    if not is_ours(app):
        return
    place = Path(app.outdir, PLACE)
    place.mkdir(parents=True, exist_ok=True)
    for old in place.glob("*.whl"):
        old.unlink()
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    done = subprocess.run(
        [*command, "--directory", str(place)], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode or not (place / WHEEL).is_file():
        raise ExtensionError(f"no {WHEEL}: `make book` installs what builds it. {done.stderr}")
    questions = read_quiz(QUIZ)
    (place / "exit_quiz_qti.zip").write_bytes(platforms.qti("Exit quiz", questions))
    (place / "exit_quiz_moodle.xml").write_bytes(platforms.moodle("Exit quiz", questions))


def print_handout(book: Path, target: Path) -> bool:
    """Print the slides with Chromium, one per page; return False without Chromium."""
    browser, Stop = browser_tool()
    home = f"{book.resolve().as_uri()}/"
    try:
        with browser.chromium() as chromium, browser.visited(chromium, home, SLIDES) as visit:
            visit.page.pdf(path=target, prefer_css_page_size=True, print_background=True)
    except Stop as reason:
        LOGGER.info("the class goes without handout.pdf: %s", reason)
        return False
    return True


def pack(book: Path) -> None:
    """Put the archive into a built book."""
    archive, handout = book / ARCHIVE, book / PLACE / "handout.pdf"
    archive.unlink(missing_ok=True)
    slides = book / SLIDES
    if not handout.is_file() or handout.stat().st_mtime < slides.stat().st_mtime:
        handout.unlink(missing_ok=True)
        print_handout(book, handout)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "teach")
        leave = shutil.ignore_patterns(".doctrees", ".buildinfo*", "*.whl", "handout.pdf")
        shutil.copytree(book, folder / "book", ignore=leave)
        shutil.copy(START, folder)
        if handout.is_file():
            shutil.copy(handout, folder)
        for part, names in PARTS.items():
            (folder / part).mkdir()
            for name in names:
                shutil.copy(book / PLACE / name, folder / part)
        made = shutil.make_archive(str(Path(scratch, "all")), "zip", scratch, folder.name)
        shutil.move(made, archive)


def finish(app: Sphinx, error: Exception | None) -> None:
    """Pack the built files."""
    if is_ours(app) and not error:
        pack(Path(app.outdir))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_directive("kit", Kit)
    app.connect("builder-inited", write_parts)
    app.connect("build-finished", finish, priority=900)  # after all that changes pages
    return {"parallel_read_safe": True, "parallel_write_safe": True}
