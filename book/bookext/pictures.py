"""Static pictures of the figures, shown until a script draws them, or without scripts.

The build draws them with the book's own figure.js in Chromium, in the column widths of a desk and
a phone. A picture's name is a digest of all its inputs, so a second build draws nothing, and a
picture always belongs to its figure. Notebooks draw none, so the repository holds no pictures.
Without Chromium the pages show the figures' words instead, and the build reports it.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sphinx.util import logging

from .colours import THEME
from .figure_html import figure_html
from .libraries import ASSETS, PLOTLY

TOOLS = Path(__file__).parents[2] / "tools"
LOGGER = logging.getLogger(__name__)
WIDTHS = {"wide": 700, "narrow": 340}  # pixels
NARROW = "(max-width: 599px)"  # of the window; also in figure.js and custom.css
PATIENCE = 60_000  # milliseconds for all figures
FONT = '-apple-system, BlinkMacSystemFont, "Segoe UI", "Helvetica Neue", Arial, sans-serif'
DRAW = """async () => {
  const drawn = [];
  for (const figure of document.querySelectorAll(".plotly-figure")) {
    figure.scrollIntoView();
    while (!figure.querySelector(".main-svg")) await new Promise((done) => setTimeout(done, 5));
    drawn.push(Plotly.Snapshot.toSVG(figure, "svg"));
  }
  return drawn;
}"""


@cache
def _tools() -> str:
    """Compute the digest of the files that draw."""
    here = Path(__file__)
    sources = (here, here.with_name("colours.py"), ASSETS / "figure.js", PLOTLY)
    return _digest(b"".join(map(Path.read_bytes, sources)))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def browser_tool() -> tuple[Any, type[Exception]]:
    """Load `tools/browser.py`, and the error that it raises without Chromium."""
    if str(TOOLS) not in sys.path:
        sys.path.append(str(TOOLS))
    import browser
    from command import Stop

    return browser, Stop


def name_of(figure: Mapping[str, Any]) -> str:
    """Compute the name of a figure's picture."""
    return _digest(json.dumps(figure).encode())


class Folder:
    """Pictures of a built book."""

    def __init__(self, book: Path) -> None:
        self.book = book
        self.folder = book / "_images" / "figures"

    def file(self, name: str, width: str) -> Path:
        """Return the path of a picture."""
        return self.folder / f"{name}-{_tools()}-{width}.svg"

    def has(self, name: str) -> bool:
        """Check if a picture exists."""
        return all(self.file(name, width).is_file() for width in WIDTHS)

    def html(self, name: str, up: str) -> str:
        """Return a picture as HTML, "" if there is none; `up` leads from the page to the book."""
        if not self.has(name):
            return ""
        wide, narrow = (
            up + self.file(name, width).relative_to(self.book).as_posix() for width in WIDTHS
        )
        return (
            f'<picture><source media="{NARROW}" srcset="{narrow}">'
            f'<img src="{wide}" alt="" loading="lazy"></picture>'
        )

    def keep(self, names: Iterable[str]) -> None:
        """Remove all pictures but these."""
        kept = {self.file(name, width) for name in names for width in WIDTHS}
        for file in set(self.folder.glob("*.svg")) - kept:
            file.unlink()

    def draw(self, figures: Mapping[str, Mapping[str, Any]]) -> None:
        """Draw figures under these names, if Chromium is installed."""
        if not figures:
            return
        browser, Stop = browser_tool()
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with browser.chromium() as chromium, tempfile.TemporaryDirectory() as folder:
                place = Path(folder, "figures.html")
                place.write_text(_page(self.book, figures.values()), encoding="utf-8")
                for width, pixels in WIDTHS.items():
                    window = {"width": pixels, "height": 900}
                    page = chromium.new_page(viewport=window)
                    page.set_default_timeout(PATIENCE)
                    page.goto(place.as_uri())
                    for name, svg in zip(figures, page.evaluate(DRAW), strict=True):
                        self.file(name, width).write_text(_finished(svg), encoding="utf-8")
                    page.close()
        except Stop as error:
            LOGGER.info("%d figures are words until a script draws them: %s", len(figures), error)


def _page(book: Path, figures: Iterable[Mapping[str, Any]]) -> str:
    """Make a page with nothing but figures."""
    colours = "".join(f"--pst-color-{name}:{sign};" for name, (sign, *_) in THEME.items())
    script = (book / "_static" / "figure.js").as_uri()
    return (
        f'<!DOCTYPE html><meta charset="utf-8"><style>body{{margin:0;font-family:{FONT};{colours}}}'
        ".figure-controls{display:none}.plotly-figure{height:var(--height)}"
        f"@media {NARROW}{{.plotly-figure{{height:var(--narrow-height)}}}}</style>"
        f'{"".join(map(figure_html, figures))}<script src="{script}"></script>'
    )


def _finished(svg: str) -> str:
    """Give the drawing the theme's colours and only as many digits as can be seen."""
    svg = re.sub(r"(\d\.\d\d)\d+", r"\1", svg)
    light, dark = "", ""
    for name, (sign, in_light, in_dark) in THEME.items():
        svg = svg.replace(sign, f"var(--{name})")
        light += f"--{name}:{in_light};"
        dark += f"--{name}:{in_dark};"
    style = f"svg{{{light}}}@media (prefers-color-scheme:dark){{svg{{{dark}}}}}"
    # With a view box it can have any size.
    size = r'<svg ([^>]*width="([\d.]+)" height="([\d.]+)"[^>]*)>'
    return re.sub(size, rf'<svg viewBox="0 0 \2 \3" \1><style>{style}</style>', svg, count=1)
