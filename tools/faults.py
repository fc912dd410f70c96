"""What can be wrong with a page of the built book: each check gives a list of its faults.

Checks of an open page take playwright's page, read through before (`browser.read_through`);
checks of the files take the folder of the built book.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from axe_playwright_python.sync_playwright import Axe
from browser import pages
from bs4 import BeautifulSoup
from playwright.sync_api import ElementHandle, Page

PATIENCE = 3  # seconds that a control has to show an effect
SHOWN = 5  # elements that a fault names
REST = 500  # milliseconds without change that count as standing still
COLOURS = ("color-contrast", "link-in-text-block")  # what another theme can break
# axe's own reading ahead of style sheets asks for addresses that no page names.
AXE = {"resultTypes": ["violations"], "preload": False}

# tell(element): an element as a reader of a fault can find it.
TELL = """
const tell = (element) => {
  const words = element.getAttribute("aria-label") || element.textContent;
  const classes = [...element.classList].map((name) => "." + name).join("");
  const shown = words.trim().replace(/\\s+/g, " ").slice(0, 50);
  return `<${element.localName}${element.id && "#" + element.id}${classes}> ${shown}`;
};
"""
FIGURES = """
const named = (element) => (element.getAttribute("aria-label") ?? "").trim()
  || (element.getAttribute("aria-labelledby") ?? "").split(" ")
    .some((id) => document.getElementById(id)?.textContent.trim());
return [...document.querySelectorAll(".plotly-figure")].flatMap((figure, i) => {
  const which = `figure ${i + 1}, ${tell(figure)}`;
  const plot = figure.closest(".js-plotly-plot") ?? figure.querySelector(".js-plotly-plot");
  const marks = figure.querySelectorAll(".trace, .hm");
  const size = figure.querySelector(".main-svg")?.getBoundingClientRect();
  return [
    (!plot || !size?.width || !size?.height) && `${which}: not drawn`,
    plot && !marks.length && `${which}: drawn without a single mark`,
    !named(figure) && ![...figure.querySelectorAll("[role=img]")].some(named)
      && `${which}: no accessible name`,
    figure.querySelector(".slider-container, .updatemenu-container")
      && `${which}: has a control of plotly's own, which no keyboard reaches`,
  ].filter(Boolean);
});
"""
MATHEMATICS = """
const found = [];
for (const node of document.querySelectorAll(".katex-error")) {
  found.push(`${tell(node)}: ${node.title}`);
}
for (const node of document.querySelectorAll("div.math, span.math")) {
  if (!node.querySelector(".katex")) found.push(`${tell(node)}: not set`);
}
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const { data, parentElement } = walker.currentNode;
  if (/\\$\\$|\\\\\\(/.test(data) && parentElement.checkVisibility()
      && !parentElement.closest("code, pre, script, style, noscript, .katex")) {
    found.push(`${tell(parentElement)}: raw mathematics`);
  }
}
return found;
"""
OVERFLOW = """
const sticksOut = (element) => element.getBoundingClientRect().right > WIDTH + 1;
const held = (element) => {
  for (let outer = element.parentElement; outer; outer = outer.parentElement) {
    if (outer !== document.body && outer !== document.documentElement
        && getComputedStyle(outer).overflowX !== "visible") return true;
  }
  return false;
};
const excess = document.documentElement.scrollWidth - WIDTH;
if (excess <= 0) return [];
const culprits = [...document.body.querySelectorAll("*")].filter((element) =>
  sticksOut(element) && ![...element.children].some(sticksOut) && !held(element));
return [`${excess} px wider than the window of ${WIDTH} px: ${culprits.slice(0, 5).map(tell)}`];
"""
STAND_INS = """
return [...document.querySelectorAll(".plotly-figure")].flatMap((figure, i) => {
  const next = figure.nextElementSibling;
  const places = [figure, ...(next?.localName === "noscript" ? [next] : [])];
  const texts = places.flatMap((place) =>
    place.localName === "noscript" ? [place] : [...place.querySelectorAll("noscript")]);
  const images = places.flatMap((place) => [...place.querySelectorAll("img, svg")]);
  const seen = texts.some((text) => text.innerText.trim()) || images.some((image) =>
    image.checkVisibility() && image.getBoundingClientRect().width && image.naturalWidth !== 0);
  return seen ? [] : [`figure ${i + 1}, ${tell(figure)}: nothing stands in for it`];
});
"""
DRAWING = """(figure) => [...figure.querySelectorAll(".main-svg")]
  .map((drawing) => drawing.outerHTML).join("")"""
OUTPUT = '(control) => control.closest(".figure-controls").querySelector("output")?.textContent'
COUNTS = """() => [...document.querySelectorAll(".plotly-figure")].map((figure) => {
  const before = figure.previousElementSibling;
  const group = figure.querySelector(".figure-controls")
    ?? (before?.matches(".figure-controls") ? before : null);
  return ["input[type=range]", "button, select"]
    .map((kind) => group?.querySelectorAll(kind).length ?? 0);
})"""
# The figure that a group of controls belongs to: around it, or next to it.
OWNER = '(group) => group.closest(".plotly-figure") ?? group.nextElementSibling'
WEIGHT = """() => [...performance.getEntriesByType("navigation"),
    ...performance.getEntriesByType("resource")]
  .reduce((sum, entry) => sum + entry.encodedBodySize, 0)"""


def ask(page: Page, body: str) -> list[str]:
    """What a function with this body returns in the page."""
    return page.evaluate(f"() => {{ {TELL} {body} }}")


def figures(page: Page) -> list[str]:
    """Figures that are not drawn, empty, nameless, or that the keyboard cannot work."""
    return ask(page, FIGURES)


def mathematics(page: Page) -> list[str]:
    """Equations with errors, equations not set, and TeX in plain sight."""
    return ask(page, MATHEMATICS)


def overflow(page: Page) -> list[str]:
    """What makes a page wider than its window, once its figures had time to take their width."""
    assert page.viewport_size
    check = OVERFLOW.replace("WIDTH", str(page.viewport_size["width"]))
    eventually(page, lambda: not ask(page, check))
    return ask(page, check)


def stand_ins(page: Page) -> list[str]:
    """Figures that leave a reader without JavaScript with nothing."""
    return ask(page, STAND_INS)


def accessibility(page: Page, rules: Sequence[str] | None = None) -> list[str]:
    """Violations of axe-core's default rules, best practices included, or of those named."""
    found = []
    chosen = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    for violation in Axe().run(page, options=AXE | chosen).response["violations"]:
        nodes = violation["nodes"]
        shown = [f"{' '.join(map(str, n['target']))} {n['html'][:120]}" for n in nodes[:SHOWN]]
        more = f", and {len(nodes) - SHOWN} more" if len(nodes) > SHOWN else ""
        found.append(f"{violation['id']} ({violation['impact']}): {', '.join(shown)}{more}")
    return found


def weight(page: Page) -> int:
    """Bytes that a page and all it asked for took on the way, without headers."""
    return page.evaluate(WEIGHT)


def eventually(page: Page, holds: Callable[[], bool]) -> bool:
    """Whether something comes true in time."""
    deadline = time.monotonic() + PATIENCE
    while not (true := holds()) and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    return true


def moves(page: Page, state: Callable[[], str]) -> bool:
    """Whether something changes without being touched."""
    before = state()
    page.wait_for_timeout(REST)
    return state() != before


def name_of(element: ElementHandle) -> str:
    """An element as a reader of a fault can find it."""
    return element.evaluate(f"e => {{ {TELL} return tell(e); }}")


def control_counts(page: Page) -> list[tuple[int, int]]:
    """For every figure, how many sliders and how many buttons and lists it has."""
    return [tuple(counts) for counts in page.evaluate(COUNTS)]


def key_for(control: ElementHandle) -> str:
    """The key that has to work a control now: at its last value, a list or slider goes back."""
    return control.evaluate("""e => ({
      button: () => "Enter",
      select: () => e.selectedIndex + 1 < e.length ? "ArrowDown" : "ArrowUp",
      input: () => e.type !== "range" ? "Space" : +e.value < +e.max ? "ArrowRight" : "ArrowLeft",
    })[e.localName]()""")


def chosen(control: ElementHandle) -> bool:
    """Whether a control of a group is the chosen one, or a list offers no choice."""
    return control.evaluate("""e => e.ariaPressed === "true" || (e.type === "radio" && e.checked)
        || (e.localName === "select" && e.length < 2)""")


def dead_controls(page: Page, controls: list[ElementHandle], state: Callable[[], str]) -> list[str]:
    """Controls that Tab does not reach, or whose key changes nothing.

    A key press has to change what stands still, and to bring to rest what moves.
    """
    found = []
    # The chosen one of a group shows its effect after another was chosen.
    for control in sorted(controls, key=chosen):
        name = name_of(control)
        control.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        if not control.evaluate("e => e === document.activeElement"):
            found.append(f"{name}: Tab does not reach it")
            continue
        if chosen(control):
            continue
        # A button that is no choice may set something going.
        action = control.evaluate("e => e.localName === 'button' && e.ariaPressed === null")
        key = key_for(control)
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
            control.press(key)  # a button that starts something may also end it
        elif not action:
            page.wait_for_timeout(100)
    return found


def figure_controls(page: Page) -> list[str]:
    """Controls of figures that do not answer to the keyboard, or are without a name."""
    found = []
    for group in page.query_selector_all(".figure-controls"):
        figure = group.evaluate_handle(OWNER).as_element()
        if figure is None:
            found.append("controls without a figure")
            continue
        controls = group.query_selector_all("input, select, button")
        found += dead_controls(page, controls, lambda figure=figure: figure.evaluate(DRAWING))
        for slider in group.query_selector_all("input[type=range]"):
            name = name_of(slider)
            if not slider.get_attribute("aria-label"):
                found.append(f"{name}: no aria-label")
            before = slider.evaluate(OUTPUT)
            slider.press(key_for(slider))
            if not before or slider.evaluate(OUTPUT) == before:
                found.append(f"{name}: its output does not follow")
    return found


def moving_figure(page: Page, selector: str) -> list[str]:
    """Controls of a moving figure that do not answer to the keyboard."""
    place = page.query_selector(selector)
    if place is None:
        return [f"no element {selector}"]
    controls = place.query_selector_all("button, input, select")
    found = [] if controls else [f"{selector}: no controls"]
    return found + dead_controls(page, controls, place.inner_html)


def motion(page: Page, selector: str, seconds: float) -> list[str]:
    """What moves by itself within so many seconds."""
    place = page.query_selector(selector)
    if place is None:
        return [f"no element {selector}"]
    before = place.inner_html()
    page.wait_for_timeout(1000 * seconds)
    return [] if place.inner_html() == before else [f"{selector} moves by itself"]


@dataclass(frozen=True)
class Document:
    """What the checks of files want to know of one."""

    ids: tuple[str, ...]
    classes: frozenset[str]
    targets: tuple[tuple[str, str], ...]  # tag and address of all that is linked or loaded
    nameless_images: tuple[str, ...]
    headings: int
    language: str
    title: str
    description: str


@functools.cache
def read(file: Path) -> Document:
    """Parse a page."""
    soup = BeautifulSoup(file.read_bytes(), "html.parser")
    description = soup.find("meta", attrs={"name": "description"})
    return Document(
        ids=tuple(element["id"] for element in soup.find_all(id=True)),
        classes=frozenset(name for e in soup.find_all(class_=True) for name in e["class"]),
        targets=tuple(
            (element.name, element[attribute])
            for attribute in ("href", "src", "poster", "data")
            for element in soup.find_all(attrs={attribute: True})
        ),
        nameless_images=tuple(str(i)[:100] for i in soup.find_all("img") if not i.has_attr("alt")),
        headings=len(soup.find_all("h1")),
        language=soup.html.get("lang", "") if soup.html else "",
        title=soup.title.get_text().strip() if soup.title else "",
        description=description.get("content", "").strip() if description else "",
    )


def links(book: Path) -> list[str]:
    """Addresses within the book that lead nowhere, and parts of pages that come from elsewhere."""
    found = []
    for page in pages(book):
        for tag, address in read(book / page).targets:
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
            elif "=" in anchor and "playground" in read(file).classes:
                continue  # not a place, but settings that the page's script reads
            elif anchor and file.suffix == ".html" and anchor not in read(file).ids:
                found.append(f"{page}: <{tag}> leads to no anchor: {address}")
    return list(dict.fromkeys(found))


def documents(book: Path) -> list[str]:
    """Pages without what every page needs, or with what another page has too."""
    found = []
    titles: dict[str, str] = {}
    descriptions: dict[str, str] = {}
    for page in pages(book):
        document = read(book / page)
        repeated = sorted({i for i in document.ids if document.ids.count(i) > 1})
        found += [f"{page}: id {name} is not unique" for name in repeated]
        found += [f"{page}: without alt: {image}" for image in document.nameless_images]
        if document.headings != 1:
            found.append(f"{page}: {document.headings} <h1>, wanted one")
        if not document.language:
            found.append(f"{page}: <html> without lang")
        for kind, text, seen in (
            ("title", document.title, titles),
            ("description", document.description, descriptions),
        ):
            if not text:
                found.append(f"{page}: no {kind}")
            elif (other := seen.setdefault(text, page)) != page:
                found.append(f"{page}: the {kind} of {other}")
    return found
