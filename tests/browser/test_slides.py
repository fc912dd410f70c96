"""The slides in a real browser: one at a time by keys, with notes, on paper, and from disk."""

from __future__ import annotations

import re

import browser
import faults
import pytest
from browser import BOOK, DESK, PHONE

NAME = "book/teach/slides.html"
PROJECTOR = {"viewport": {"width": 1280, "height": 720}}
SHOWN = "document.querySelector('.slide.shown')"
EMPTY = (  # figures of the slide that is shown
    f"[...{SHOWN}.querySelectorAll('.plotly-figure')].filter(f =>"
    " !f.querySelector('.main-svg')?.getBoundingClientRect().width).length"
)


@pytest.fixture(params=[False, True], ids=["served", "from disk"])
def deck(request, chromium, home):
    address = f"{BOOK.as_uri()}/" if request.param else home
    with browser.visited(chromium, address, NAME, **PROJECTOR) as visit:
        yield visit.page
        assert visit.complaints == []


def place(page):
    """Number of the slide that is shown, and of all."""
    return tuple(int(n) for n in page.inner_text(".deck-place").split(" / "))


def present(page, which="long"):
    page.click(f".deck-bar [value={which}]")


def test_keys_lead_through_the_deck(deck):
    present(deck)
    _, count = place(deck)
    for key, wanted in [
        ("ArrowRight", 2),
        ("PageDown", 3),
        ("ArrowLeft", 2),
        ("End", count),
        ("ArrowRight", count),
        ("Home", 1),
        ("PageUp", 1),
    ]:
        deck.keyboard.press(key)
        assert place(deck) == (wanted, count)
        assert deck.evaluate("document.querySelectorAll('.slide.shown').length") == 1
        assert deck.evaluate(f"location.hash === '#' + {SHOWN}.id")
    deck.keyboard.press("Escape")
    assert not deck.is_visible(".deck-foot")
    assert deck.is_visible(".bd-sidebar-primary")
    assert deck.evaluate("document.querySelectorAll('[inert]').length") == 0


def test_the_short_class_is_a_part_of_the_deck(deck):
    present(deck)
    whole = place(deck)[1]
    deck.keyboard.press("Escape")
    present(deck, "short")
    part = place(deck)[1]
    assert 0 < part < whole
    titles, clocks = [], []
    for _ in range(part):
        titles.append(deck.evaluate(f"{SHOWN}.id"))
        clocks.append(int(re.search(r"planned (\d+)", deck.inner_text(".deck-clock"))[1]))
        deck.keyboard.press("ArrowRight")
    assert len(set(titles)) == part
    assert clocks == sorted(clocks)
    assert clocks[-1] < 45


def test_notes_below_and_in_a_window_of_their_own(deck):
    present(deck)
    notes = ".slide.shown .slide-notes"
    assert not deck.is_visible(notes)
    deck.keyboard.press("n")
    assert deck.is_visible(notes)
    with deck.expect_popup() as popup:
        deck.keyboard.press("w")
    beside = popup.value
    title = deck.evaluate(f"{SHOWN}.querySelector('h2').firstChild.textContent")
    assert title in beside.inner_text("h1")
    assert beside.inner_text(".slide-notes").strip() == deck.inner_text(notes).strip()
    beside.keyboard.press("ArrowRight")
    assert place(deck)[0] == 2
    assert title not in beside.inner_text("h1")
    assert "Next: " in beside.inner_text("body")


def test_a_figure_keeps_the_keys_of_its_slider(deck):
    deck.evaluate("location.hash = 'that-number-is-a-sum-over-paths'")
    present(deck)
    slider = deck.locator(".slide.shown input[type=range]")
    output = deck.locator(".slide.shown output")
    before, number = output.inner_text(), place(deck)
    slider.press("ArrowRight")
    deck.wait_for_function(
        f"before => {SHOWN}.querySelector('output').value !== before", arg=before
    )
    assert place(deck) == number
    slider.press("PageDown")
    assert place(deck)[0] == number[0] + 1


def test_slides_fit_on_a_projector_with_live_figures(chromium, home):
    found = []
    with browser.visited(chromium, home, NAME, **PROJECTOR) as visit:
        page = visit.page
        present(page)
        for _ in range(place(page)[1]):
            faults.eventually(page, lambda: not page.evaluate(EMPTY))
            page.wait_for_timeout(150)
            excess = page.evaluate(f"{SHOWN}.scrollHeight - {SHOWN}.clientHeight")
            wide = page.evaluate(f"{SHOWN}.scrollWidth - {SHOWN}.clientWidth")
            empty = page.evaluate(EMPTY)
            if excess > 0 or wide > 0 or empty:
                name = page.evaluate(f"{SHOWN}.id")
                found.append(f"{name}: {excess} px too tall, {wide} too wide, {empty} not drawn")
            page.keyboard.press("ArrowRight")
    assert found == []


@pytest.mark.parametrize("notes", [False, True])
def test_on_paper_a_slide_is_a_page_and_its_notes_perhaps_another(chromium, home, notes):
    with browser.visited(chromium, home, NAME, **DESK) as visit:
        page = visit.page
        page.evaluate("on => document.documentElement.classList.toggle('print-notes', on)", notes)
        slides = page.evaluate("document.querySelectorAll('section.slide').length")
        paper = page.pdf(prefer_css_page_size=True, print_background=True)
        page.emulate_media(media="print")
        assert page.is_visible(".slide-notes >> nth=0") == notes
        assert not page.is_visible(".deck-bar")
    pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", paper))
    assert slides <= pages < 2 * slides if notes else pages == slides


def test_on_a_phone_the_slides_can_be_turned_by_hand(chromium, home):
    with browser.visited(chromium, home, NAME, **PHONE) as visit:
        present(visit.page)
        visit.page.click(".deck-foot [value=on]")
        assert place(visit.page)[0] == 2
        assert visit.complaints == []
