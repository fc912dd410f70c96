"""The built book in a real browser, with every other host out of reach.

The tests of a page share one visit, in the order of this file; the last of them reads what the
browser had to complain about meanwhile.
"""

from __future__ import annotations

import json

import browser
import faults
import pytest
from browser import BOOK, DESK, LANDING, PHONE, ROOT

PLOTLY = "application/vnd.plotly.v1+json"
PAGES = browser.pages(BOOK)
if not PAGES:
    pytest.fail("no built book: run `make book` first", pytrace=False)
CHAPTER = "book/convolutions.html"  # has each kind of control
LANDING_SIZE, SIZE = 700_000, 2_500_000  # bytes


def each(pages):
    """Parameters that keep the tests of a page with one worker."""
    return [pytest.param(page, marks=pytest.mark.xdist_group(page)) for page in pages]


def expect_none(page, found):
    """Fail with one line for each fault."""
    if found:
        pytest.fail("\n".join(f"{page}: {fault}" for fault in found), pytrace=False)


@pytest.fixture(scope="class", params=each(PAGES))
def desk(request, chromium, home):
    with browser.visited(chromium, home, request.param) as visit:
        yield visit


@pytest.fixture(scope="class", params=each(PAGES))
def phone(request, chromium, home):
    with browser.visited(chromium, home, request.param, **PHONE) as visit:
        yield visit


@pytest.fixture(scope="class", params=each(PAGES))
def plain(request, chromium, home):
    """Without JavaScript."""
    with browser.visited(chromium, home, request.param, java_script_enabled=False) as visit:
        yield visit


def outputs(page):
    """The figures that the page's notebook has stored."""
    notebook = ROOT / page.replace(".html", ".ipynb")
    if not notebook.is_file():
        return []
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    data = [o.get("data", {}) for cell in cells for o in cell.get("outputs", [])]
    return [bundle[PLOTLY] for bundle in data if PLOTLY in bundle]


class TestDesk:
    def test_figures(self, desk):
        expect_none(desk.name, faults.figures(desk.page))

    def test_no_figure_and_no_control_is_lost(self, desk):
        stored = outputs(desk.name)
        layouts = [figure["layout"] for figure in stored]
        lists = [menu for l in layouts for menu in l.get("updatemenus", [])]
        wanted = {
            "figures": len(stored),
            "sliders": sum(len(l.get("sliders", [])) for l in layouts),
            "buttons and lists": sum(len(m["buttons"]) > 4 or len(m["buttons"]) for m in lists),
        }
        count = lambda selector: len(desk.page.query_selector_all(selector))  # noqa: E731
        assert wanted == {
            "figures": count(".plotly-figure"),
            "sliders": count(".figure-controls input[type=range]"),
            "buttons and lists": count(".figure-controls button, .figure-controls select"),
        }

    def test_mathematics(self, desk):
        expect_none(desk.name, faults.mathematics(desk.page))

    def test_size(self, desk):
        limit = LANDING_SIZE if desk.name == LANDING else SIZE
        assert faults.weight(desk.page) <= limit

    def test_accessible_in_light(self, desk):
        expect_none(desk.name, faults.accessibility(desk.page))

    def test_accessible_in_dark(self, desk):
        desk.page.evaluate("document.documentElement.dataset.theme = 'dark'")
        desk.page.wait_for_timeout(500)  # the figures take their new colours
        expect_none(desk.name, faults.accessibility(desk.page))

    def test_controls_answer_to_the_keyboard(self, desk):
        expect_none(desk.name, faults.figure_controls(desk.page))

    def test_fits_when_zoomed(self, desk):
        desk.page.set_viewport_size({"width": 640, "height": 450})  # 1280 x 900 at 200 %
        desk.page.wait_for_timeout(500)  # the figures take their new width
        expect_none(desk.name, faults.overflow(desk.page))

    def test_no_complaint(self, desk):
        expect_none(desk.name, desk.complaints)


class TestPhone:
    def test_figures(self, phone):
        expect_none(phone.name, faults.figures(phone.page))

    def test_fits(self, phone):
        expect_none(phone.name, faults.overflow(phone.page))

    def test_no_complaint(self, phone):
        expect_none(phone.name, phone.complaints)


class TestWithoutJavaScript:
    def test_text(self, plain):
        assert len(plain.page.inner_text("article")) > 100

    def test_mathematics(self, plain):
        expect_none(plain.name, faults.mathematics(plain.page))

    def test_figures(self, plain):
        expect_none(plain.name, faults.stand_ins(plain.page))

    def test_no_complaint(self, plain):
        expect_none(plain.name, plain.complaints)


class TestLanding:
    def test_stands_still_for_those_who_want_less_motion(self, chromium, home):
        with browser.visited(chromium, home, LANDING, reduced_motion="reduce") as visit:
            expect_none(LANDING, faults.motion(visit.page, "#broadcast", seconds=3))

    def test_controls_answer_to_the_keyboard(self, chromium, home):
        with browser.visited(chromium, home, LANDING, reduced_motion="reduce") as visit:
            expect_none(LANDING, faults.moving_figure(visit.page, "#broadcast"))


def test_figures_answer_with_less_motion(chromium, home):
    with browser.visited(chromium, home, CHAPTER, reduced_motion="reduce") as visit:
        expect_none(CHAPTER, faults.figure_controls(visit.page))


@pytest.mark.parametrize("page", [LANDING, CHAPTER])
def test_opens_from_disk(chromium, page):
    with browser.visited(chromium, f"{BOOK.as_uri()}/", page) as visit:
        expect_none(page, faults.figures(visit.page) + visit.complaints)


@pytest.mark.parametrize("from_disk", [True, False])
def test_search(chromium, home, from_disk):
    address = f"{BOOK.as_uri()}/" if from_disk else home
    with browser.visited(chromium, address, "search.html?q=broadcast") as visit:
        visit.page.wait_for_selector("#search-results li a")


@pytest.mark.xdist_group("documents")
def test_links():
    report = faults.links(BOOK)
    assert not report, "\n".join(report)


@pytest.mark.xdist_group("documents")
def test_documents():
    report = faults.documents(BOOK)
    assert not report, "\n".join(report)
