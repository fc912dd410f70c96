"""Checks of the built book's pages; each returns a list of faults.

Checks of an open page take playwright's page, already read through (`browser.read_through`);
checks of the files take the folder of the built book.
"""

from __future__ import annotations

import functools
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe
from browser import ask, function, pages
from bs4 import BeautifulSoup
from playwright.sync_api import ElementHandle, Page

PATIENCE = 10  # seconds for a control to show an effect, on a busy machine
SHOWN = 5  # elements that a fault lists
REST = 500  # milliseconds without change that count as still
# Rules that depend on the theme, and their elements: one element for each look of text.
COLOURS = {"color-contrast": "[data-look]", "link-in-text-block": "a[data-look]"}
RULES = [{"id": rule, "selector": selector} for rule, selector in COLOURS.items()]
AXE = Axe(f"{AXE_SCRIPT}; axe.configure({{rules: {json.dumps(RULES)}}})")
# axe's own loading of style sheets requests addresses that no page names.
AXE_OPTIONS = {"resultTypes": ["violations"], "preload": False}
TARGETS = {"href", "src", "poster", "data"}


def figures(page: Page) -> list[str]:
    """List figures that are not drawn, empty, nameless, or out of the keyboard's reach."""
    return ask(page, "figures")


def drawings(page: Page) -> list[str]:
    """List cut or overlapping text in figures, empty panels, and legend entries without a curve."""
    return ask(page, "drawings")


def mathematics(page: Page) -> list[str]:
    """List equations with errors, equations that are not set, and raw TeX."""
    return ask(page, "mathematics")


def overflow(page: Page) -> list[str]:
    """List the elements that make a page wider than its window, after its figures have settled."""
    assert page.viewport_size
    width = page.viewport_size["width"]
    eventually(page, lambda: not ask(page, "overflow", width))
    return ask(page, "overflow", width)


def scrolling(page: Page, allowed: str = "") -> list[str]:
    """List blocks that scroll sideways, except those within the allowed elements."""
    return ask(page, "scrolling", allowed)


def stand_ins(page: Page) -> list[str]:
    """List figures without a picture for readers without JavaScript."""
    return ask(page, "standIns")


def accessibility(page: Page, rules: Iterable[str] = ()) -> list[str]:
    """List violations of axe-core's default rules, with best practices, or of the given rules."""
    ask(page, "markLooks")
    ask(page, "setAside")
    chosen = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    violations = AXE.run(page, options=AXE_OPTIONS | chosen).response["violations"]
    ask(page, "putBack")
    found = []
    for violation in violations:
        nodes = violation["nodes"]
        shown = [f"{' '.join(map(str, n['target']))} {n['html'][:120]}" for n in nodes[:SHOWN]]
        more = f", and {len(nodes) - SHOWN} more" if len(nodes) > SHOWN else ""
        found.append(f"{violation['id']} ({violation['impact']}): {', '.join(shown)}{more}")
    return found


def weight(page: Page) -> int:
    """Count the bytes that a page and all its requests transferred, without headers."""
    return ask(page, "weight")


def eventually(page: Page, holds: Callable[[], bool]) -> bool:
    """Check if something becomes true in time."""
    deadline = time.monotonic() + PATIENCE
    while not (true := holds()) and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    return true


def moves(page: Page, state: Callable[[], str]) -> bool:
    """Check if something changes without input."""
    before = state()
    page.wait_for_timeout(REST)
    return state() != before


def control_counts(page: Page) -> list[tuple[int, int]]:
    """Count, for every figure, its sliders and its buttons and lists."""
    return [tuple(counts) for counts in ask(page, "controlCounts")]


def dead_controls(page: Page, controls: list[ElementHandle], state: Callable[[], str]) -> list[str]:
    """List controls that Tab does not reach, or whose key changes nothing.

    A key press has to change a still element, and to stop a moving one.
    """
    found = []
    # The chosen control of a group shows its effect only after another was chosen.
    for control in sorted(controls, key=lambda control: ask(control, "isChosen")):
        name = ask(control, "tell")
        control.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        if not ask(control, "hasFocus"):
            found.append(f"{name}: Tab does not reach it")
            continue
        if ask(control, "isChosen"):
            continue
        # A button that is no choice may start something.
        action = ask(control, "isAction")
        key = ask(control, "keyFor")
        if action and moves(page, state):
            control.press(key)
            answered = eventually(page, lambda: not moves(page, state))
        else:
            before = state()
            control.press(key)
            answered = eventually(page, lambda before=before: state() != before)
        if not answered:
            found.append(f"{name}: {key} has no effect")
        if action and moves(page, state):
            control.press(key)  # a button that starts something may also stop it
        elif not action:
            page.wait_for_timeout(100)
    return found


def figure_controls(page: Page) -> list[str]:
    """List controls of figures that do not respond to the keyboard, or have no name."""
    found = []
    for group in page.query_selector_all(".figure-controls"):
        figure = group.evaluate_handle(function("owner")).as_element()
        if figure is None:
            found.append("controls without a figure")
            continue
        controls = group.query_selector_all("input, select, button")
        found += dead_controls(page, controls, lambda figure=figure: ask(figure, "drawing"))
        for slider in group.query_selector_all("input[type=range]"):
            name = ask(slider, "tell")
            if not slider.get_attribute("aria-label"):
                found.append(f"{name}: no aria-label")
            before = ask(slider, "output")
            slider.press(ask(slider, "keyFor"))
            if not before or ask(slider, "output") == before:
                found.append(f"{name}: its output does not follow")
    return found


def moving_figure(page: Page, selector: str) -> list[str]:
    """List controls of a moving figure that do not respond to the keyboard."""
    place = page.query_selector(selector)
    if place is None:
        return [f"no element {selector}"]
    controls = place.query_selector_all("button, input, select")
    found = [] if controls else [f"{selector}: no controls"]
    return found + dead_controls(page, controls, place.inner_html)


def motion(page: Page, selector: str, seconds: float) -> list[str]:
    """List elements that move by themselves within so many seconds."""
    place = page.query_selector(selector)
    if place is None:
        return [f"no element {selector}"]
    before = place.inner_html()
    page.wait_for_timeout(1000 * seconds)
    return [] if place.inner_html() == before else [f"{selector} moves by itself"]


@functools.cache
def read(file: Path) -> BeautifulSoup:
    """Parse a page."""
    return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")


@functools.cache
def names(file: Path) -> Counter[str]:
    """Count how often a page has each id."""
    return Counter(element["id"] for element in read(file).find_all(id=True))


def links(book: Path) -> list[str]:
    """List broken links within the book, and parts of pages that come from elsewhere."""
    found = []
    for page in pages(book):
        targets = [
            (element.name, element[name])
            for element in read(book / page).find_all(True)
            for name in TARGETS & element.attrs.keys()
        ]
        for tag, address in targets:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                if tag != "a" and parts.scheme != "data":
                    found.append(f"{page}: <{tag}> leaves the book: {address}")
                continue
            path = unquote(parts.path)
            file = ((book / page).parent / path).resolve() if path else book / page
            anchor = unquote(parts.fragment)
            if not file.is_relative_to(book.resolve()) or not file.is_file():
                found.append(f"{page}: <{tag}> leads nowhere: {address}")
            elif "=" in anchor and read(file).find(class_="playground"):
                continue  # not an anchor, but settings that the page's script reads
            elif anchor and file.suffix == ".html" and anchor not in names(file):
                found.append(f"{page}: <{tag}> leads to no anchor: {address}")
    return list(dict.fromkeys(found))


def documents(book: Path) -> list[str]:
    """List pages that lack a required element, or share one that must be unique."""
    found = []
    titles: dict[str, str] = {}
    descriptions: dict[str, str] = {}
    for page in pages(book):
        document = read(book / page)
        repeated = sorted(name for name, count in names(book / page).items() if count > 1)
        found += [f"{page}: id {name} is not unique" for name in repeated]
        nameless = document.find_all("img", alt=None)
        found += [f"{page}: without alt: {str(image)[:100]}" for image in nameless]
        if (headings := len(document.find_all("h1"))) != 1:
            found.append(f"{page}: {headings} <h1>, wanted one")
        if not document.find("html", lang=re.compile(".")):
            found.append(f"{page}: <html> without lang")
        title, about = document.title, document.find("meta", attrs={"name": "description"})
        for kind, text, seen in (
            ("title", title.get_text(strip=True) if title else "", titles),
            ("description", about.get("content", "").strip() if about else "", descriptions),
        ):
            if not text:
                found.append(f"{page}: no {kind}")
            elif (other := seen.setdefault(text, page)) != page:
                found.append(f"{page}: the {kind} of {other}")
    return found
