"""Look at the built book with the network off.

python tools/look.py [PAGES] [--to FOLDER]

Opens every page in headless Chromium at a phone's, a tablet's and a desk's width, in the light and
the dark theme, stores full-page screenshots, and prints what went wrong: requests that failed or
left the book, errors on the console, figures that stayed empty, pages wider than the window.
Needs Chromium: python tools/browser.py install
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import browser
import faults
from browser import BOOK, DESK, PHONE, ROOT
from command import Parser, Stop

WINDOWS = (PHONE, {"viewport": {"width": 820, "height": 1180}}, DESK)
THEMES = ("light", "dark")
TALLEST = 16000  # pixels; Chromium's limit for a screenshot


def photograph(visit: browser.Visit, image: Path) -> None:
    """Store a picture of the page from its top, as tall as Chromium can."""
    width = visit.page.viewport_size["width"]
    height = visit.page.evaluate("document.documentElement.scrollHeight")
    # In a window as tall as the page, elements fixed to its edges appear once, in their place.
    visit.page.set_viewport_size({"width": width, "height": min(TALLEST, height)})
    visit.page.wait_for_timeout(500)  # time for figures to settle
    visit.page.screenshot(path=image)


def main(arguments: list[str] | None = None) -> int:
    """Look at the pages; return 1 if any has a fault."""
    parser = Parser(prog="look.py", description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", help="such as book/index.html; default: all")
    parser.add_argument("--to", type=Path, default=ROOT / "_build" / "look", help="for the images")
    options = parser.parse_args(arguments)
    bad = 0
    try:
        pages = options.pages or browser.pages(BOOK)
        if missing := [page for page in pages if not (BOOK / page).is_file()] or not pages:
            raise Stop(f"not in the built book: {missing if pages else 'anything; build it first'}")
        options.to.mkdir(parents=True, exist_ok=True)
        with browser.served(BOOK) as home, browser.chromium() as chromium:
            for page in pages:
                for window in WINDOWS:
                    for theme in THEMES:
                        width = window["viewport"]["width"]
                        name = page.removesuffix(".html").replace("/", "-")
                        with browser.visited(chromium, home, page, theme, **window) as visit:
                            found = [
                                *faults.figures(visit.page),
                                *faults.mathematics(visit.page),
                                *faults.overflow(visit.page),
                                *visit.complaints,
                            ]
                            photograph(visit, options.to / f"{name}-{width}-{theme}.png")
                        bad += len(found)
                        print(f"{page} {width} {theme}: {'; '.join(found) or 'fine'}", flush=True)
    except Stop as error:
        print(f"look.py: {error}", file=sys.stderr)
        return 2
    print(f"screenshots: {os.path.relpath(options.to)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
