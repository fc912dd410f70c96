"""The built book in a real browser, with every other host out of reach."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import browser
import faults
import pytest
from browser import BOOK, DESK, LANDING, PHONE, ROOT
from bs4 import BeautifulSoup, SoupStrainer

PLOTLY = "application/vnd.plotly.v1+json"
PAGES = browser.pages(BOOK)
if not PAGES:
    pytest.fail("no built book: run `make book` first", pytrace=False)
CHAPTER = "book/convolutions.html"  # has a slider, buttons and figures of both kinds
BUTTONS = "book/building_a_vnn.html"  # has a figure with buttons
SORTABLE = "book/results.html"
CODE = ".highlight"  # may scroll sideways on a phone
MOVING = ".vnn"  # the figure of the landing page
LANDING_SIZE, SIZE = 700_000, 2_500_000  # bytes


def report(page, found):
    """Fail with one line for each fault."""
    if found:
        pytest.fail("\n".join(f"{page}: {fault}" for fault in found), pytrace=False)


def lost(visit):
    """Figures, and controls of figures, that the notebook has stored and the page does not show."""
    notebook = ROOT / visit.name.replace(".html", ".ipynb")
    if not notebook.is_file():
        return []
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    bundles = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    stored = [bundle[PLOTLY]["layout"] for bundle in bundles if PLOTLY in bundle]
    shown = faults.control_counts(visit.page)
    if len(stored) != len(shown):
        return [f"{len(shown)} figures, wanted {len(stored)}"]
    found = []
    for number, (layout, (sliders, others)) in enumerate(zip(stored, shown, strict=True), start=1):
        menus = [menu for menu in layout.get("updatemenus", []) if len(menu["buttons"]) > 1]
        if sliders != len(layout.get("sliders", [])):
            found.append(f"figure {number}: {sliders} sliders, wanted {len(layout['sliders'])}")
        if others < len(menus):
            found.append(f"figure {number}: {others} buttons and lists for {len(menus)} choices")
    return found


PLACES = """() => {
  const head = document.querySelector(".chapter-facts")?.getBoundingClientRect();
  const width = (kind) => [...document.querySelectorAll(kind)].map((e) => e.offsetWidth);
  return head && { below: head.bottom + scrollY, pictures: width(".chapter-facts > svg").length,
    wide: width(".book-figure.wide"), others: width(".book-figure:not(.wide)"),
    text: Math.max(...width("section > p")) };
}"""


def places(page, room):
    """A chapter's head without its picture or taller than its room; figures of a wrong width."""
    if not (found := page.evaluate(PLACES)):
        return []
    wide, text = page.viewport_size["width"] == DESK["viewport"]["width"], found["text"]
    faulty = {
        f"{found['pictures']} pictures in the head": found["pictures"] != 1,
        f"the head ends at {found['below']} px": found["below"] >= room,
        "a wide figure is not": wide and any(width <= text for width in found["wide"]),
        "a figure is wider than the text": any(width > text for width in found["others"]),
    }
    return [fault for fault, holds in faulty.items() if holds]


@pytest.mark.parametrize("name", PAGES)
def test_on_a_desk(chromium, home, name):
    with browser.visited(chromium, home, name) as visit:
        page = visit.page
        found = faults.figures(page) + lost(visit) + faults.mathematics(page)
        found += faults.drawings(page) + faults.scrolling(page)
        found += places(page, DESK["viewport"]["height"])
        limit = LANDING_SIZE if name == LANDING else SIZE
        if (size := faults.weight(page)) > limit:
            found.append(f"{size} bytes transferred, {limit} allowed")
        found += faults.accessibility(page)
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        page.wait_for_timeout(1000)  # everything takes its new colours
        found += [
            f"in the dark theme: {fault}" for fault in faults.accessibility(page, faults.COLOURS)
        ]
        found += faults.figure_controls(page)
        page.set_viewport_size({"width": 640, "height": 450})  # 1280 x 900 at 200 %
        found += [f"at 200 %: {fault}" for fault in faults.overflow(page)]
    report(name, found + visit.complaints)


@pytest.mark.parametrize("name", PAGES)
def test_on_a_phone(chromium, home, name):
    with browser.visited(chromium, home, name, **PHONE) as visit:
        found = faults.figures(visit.page) + faults.overflow(visit.page)
        found += faults.drawings(visit.page) + faults.scrolling(visit.page, CODE)
        found += places(visit.page, PHONE["viewport"]["height"] - 50)
    report(name, found + visit.complaints)


@pytest.mark.parametrize("name", PAGES)
def test_without_javascript(chromium, home, name):
    with browser.visited(chromium, home, name, java_script_enabled=False) as visit:
        found = faults.mathematics(visit.page) + faults.stand_ins(visit.page)
        if len(visit.page.inner_text("main")) < 100:
            found.append("<main>: no text")
    report(name, found)


def test_landing_page_stands_still_for_those_who_want_less_motion(chromium, home):
    with browser.visited(chromium, home, LANDING, reduced_motion="reduce") as visit:
        report(LANDING, faults.motion(visit.page, MOVING, seconds=3))


def test_moving_figure_answers_to_the_keyboard(chromium, home):
    with browser.visited(chromium, home, LANDING, reduced_motion="reduce") as visit:
        report(LANDING, faults.moving_figure(visit.page, MOVING))


def test_both_rules_of_the_moving_figure_learn_from_the_start(chromium, home):
    with browser.visited(chromium, home, LANDING, reduced_motion="reduce") as visit:
        for n in (1, 2):
            marks = [
                "".join(path.get_attribute("d") for path in row.query_selector_all("path"))
                for row in visit.page.query_selector_all(f"{MOVING} .mistakes")
            ]
            assert [row.count("M") for row in marks] == [n, n]
            visit.page.click(f"{MOVING} .step")


def test_figures_answer_with_less_motion(chromium, home):
    with browser.visited(chromium, home, CHAPTER, reduced_motion="reduce") as visit:
        report(CHAPTER, lost(visit) + faults.figure_controls(visit.page))


FILL = "getComputedStyle(document.querySelector('.plotly-figure .xtick text')).fill"
BODY = "getComputedStyle(document.body)"
COLOURS = f"[{BODY}.color, {BODY}.backgroundColor, {FILL}]"


def test_paper_is_light(chromium, home):
    """A page in the dark theme is printed as one in the light theme; its figures, too."""
    read = {}
    for theme in ("light", "dark"):
        with browser.visited(chromium, home, CHAPTER, theme) as visit:
            read[theme] = visit.page.evaluate(COLOURS)
            visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
            assert visit.page.evaluate(COLOURS) == read["light"]
            visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
            wanted = json.dumps(read[theme], separators=(",", ":"))
            visit.page.wait_for_function(
                f"wanted => JSON.stringify({COLOURS}) === wanted", arg=wanted
            )
    assert not set(read["light"]) & set(read["dark"])


@pytest.mark.parametrize("name", [LANDING, "book/playground.html", "book/kernels.html"])
def test_works_in_a_sandboxed_frame(chromium, home, name):
    """Learning platforms use such frames: no storage, no fonts of other files."""
    page = chromium.new_page()
    faulty = []
    page.on("pageerror", lambda error: faulty.append(str(error)))
    page.on("console", lambda message: message.type == "error" and faulty.append(message.text))
    page.set_content(f'<iframe sandbox="allow-scripts" src="{home}{name}" width="1200"></iframe>')
    frame = page.frame_locator("iframe")
    switch = frame.locator(".theme-switch-button").first
    theme = "document.documentElement.dataset.theme"
    modes = set()
    for _ in range(3):
        switch.dispatch_event("click")
        modes.add(frame.locator("html").evaluate(f"() => {theme}"))
    assert modes == {"light", "dark"}
    icons = "() => [...document.fonts].filter((f) => /Awesome/.test(f.family)).map((f) => f.status)"
    assert "loaded" in frame.locator("html").evaluate(icons)
    page.close()
    assert faulty == []


def test_a_pressed_button_shows_without_colours_of_our_own(chromium, home):
    """The chosen button of a figure differs from its neighbours in forced colours."""
    with browser.visited(chromium, home, BUTTONS, forced_colors="active") as visit:
        looks = visit.page.evaluate(
            """() => [...document.querySelectorAll(".figure-control [aria-pressed]")].map((e) => {
              const { backgroundColor, color } = getComputedStyle(e);
              return [e.ariaPressed, `${backgroundColor} ${color}`];
            })"""
        )
    pressed, others = ({look for on, look in looks if on == want} for want in ("true", "false"))
    assert len(pressed) == len(others) == 1
    assert pressed != others


def last_choices():
    """A page, its figure, and the figure's last choice, for each kind of control."""
    found = {}
    for name in PAGES:
        text = (BOOK / name).read_text(encoding="utf-8")
        figures = BeautifulSoup(text, "html.parser", parse_only=SoupStrainer(class_="book-figure"))
        for figure in figures.select(".book-figure"):
            layout = json.loads(figure.script.string)["layout"]
            for control in figure.select("input, select, button[aria-pressed]"):
                kind = "sliders" if control.name == "input" else "updatemenus"
                (choices,) = [group.get("steps") or group["buttons"] for group in layout[kind]]
                found.setdefault(control.name, (name, figure["id"], choices[-1]["label"]))
        if len(found) == 3:  # sliders, lists and buttons
            break
    return list(found.values())


@pytest.mark.parametrize(("name", "figure", "choice"), last_choices())
def test_a_figure_links_to_itself_as_it_stands(chromium, home, name, figure, choice):
    address = f"#{figure}=" + quote(choice, safe="!'()*")
    chosen = f"#{figure} :is(output, [aria-pressed=true], option:checked)"
    with browser.visited(chromium, home, name + address) as visit:
        visit.page.wait_for_function(
            "([chosen, label]) => document.querySelector(chosen).textContent === label",
            arg=[chosen, choice],
        )
        number = visit.page.locator(f"#{figure} a.figure-number")
        assert number.get_attribute("href") == address
        # Reading through has led away from it.
        visit.page.evaluate("address => { location.hash = ''; location.hash = address; }", address)
        visit.page.wait_for_function(
            "id => Math.abs(document.getElementById(id).getBoundingClientRect().y) < innerHeight",
            arg=figure,
        )
    report(name, visit.complaints)


@pytest.mark.parametrize("window", [DESK, PHONE])
def test_a_long_table_is_sorted_by_keyboard(chromium, window):
    with browser.visited(chromium, f"{BOOK.as_uri()}/", SORTABLE, **window) as visit:
        visit.page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        table = visit.page.locator("table.sortable").nth(4)  # that of the digits, all numbers
        head = table.locator("thead th").nth(1)

        def column():
            return [
                float(text.split()[0])
                for text in table.locator("td:nth-child(2)").all_inner_texts()
            ]

        before = column()
        for order, wanted in ("ascending", sorted(before)), ("descending", sorted(before)[::-1]):
            head.locator("button").press("Enter")
            assert head.get_attribute("aria-sort") == order
            assert column() == wanted
        assert column() != before
        table.locator("thead th button").first.press("Space")
        assert head.get_attribute("aria-sort") is None
    report(SORTABLE, visit.complaints)


def test_only_pages_with_a_long_table_load_its_script():
    text = {name: (BOOK / name).read_text(encoding="utf-8") for name in PAGES}
    loading = {name for name in PAGES if "sorting.js" in text[name]}
    long = re.compile(r'<table class="[^"]*\bsortable\b')
    assert loading == {name for name in PAGES if long.search(text[name])}
    assert SORTABLE in loading


@pytest.mark.parametrize("name", [LANDING, CHAPTER])
def test_opens_from_disk(chromium, name):
    with browser.visited(chromium, f"{BOOK.as_uri()}/", name) as visit:
        report(name, faults.figures(visit.page) + visit.complaints)


@pytest.mark.parametrize("from_disk", [True, False])
def test_search_finds(chromium, home, from_disk):
    address = f"{BOOK.as_uri()}/" if from_disk else home
    with browser.visited(chromium, address, "search.html?q=broadcast") as visit:
        visit.page.wait_for_selector("#search-results li a")


@pytest.mark.parametrize("words", ["backprop", "backpropagation", "weight transport", "GEVB"])
def test_search_leads_to_chapters_first_and_shows_sentences(chromium, home, words):
    with browser.visited(chromium, home, f"search.html?q={words}") as visit:
        visit.page.wait_for_selector("#search-results li p.context")
        results = visit.page.locator("#search-results li")
        links = [link.get_attribute("href") for link in results.locator("a:first-child").all()]
        package = ["/api/" in link for link in links]
        assert not package[0]
        assert package == sorted(package)
        excerpts = results.locator("p.context").all_inner_texts()
        assert not [text for text in excerpts if "\\" in text or "import " in text]


def test_a_missing_page_leads_back(chromium, home):
    with browser.visited(chromium, home, "404.html") as visit:
        link = visit.page.locator("text=first page")
        assert link.evaluate("link => link.href") == f"{home}index.html"


def test_files():
    report("files", faults.links(BOOK) + faults.documents(BOOK))
