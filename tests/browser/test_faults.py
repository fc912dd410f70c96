"""The checks of pages catch a page with one thing broken, and let a sound page through."""

from __future__ import annotations

import re

import browser
import faults
import pytest

SOUND = """<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8"><meta name="viewport" content="width=device-width">
  <title>A page</title><meta name="description" content="What it is about.">
  <link rel="icon" href="data:,">
</head>
<body><main>
  <h1 id="top">A page</h1>
  <p><a href="#top">up</a> <span class="math"><span class="katex">x</span></span>
  <img src="data:," alt="a dot"></p>
  <div class="cell_input"><pre style="overflow: auto" tabindex="0">x = 1</pre></div>
  <div class="plotly-figure js-plotly-plot" role="group" aria-label="a line">
    <div class="figure-controls">
      <input type="range" min="0" max="2" value="0" aria-label="step"><output>0</output>
      <button aria-pressed="true">red</button><button aria-pressed="false">blue</button>
    </div>
    <picture><img src="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>" alt=""
      width="9" height="9"></picture>
    <svg class="main-svg" width="90" height="90">
      <g class="subplot xy"><g class="trace"><path d="M0 0L9 9"/></g></g>
      <text x="9" y="40">left</text><text x="50" y="40">right</text>
    </svg>
  </div>
  <div id="moving"><output>0</output> <button>play</button> <button>pause</button></div>
</main>
<script>
  const axis = { _offset: 0, _length: 90 };
  Object.assign(document.querySelector(".plotly-figure"), {
    _fullLayout: { _plots: { xy: { xaxis: axis, yaxis: axis } } },
    _fullData: [{ index: 0, name: "rising", showlegend: true, visible: true, x: [0, 1] }],
    _transitionData: { _frames: [] },
  });
  const path = document.querySelector("path"), [red, blue, play, pause] =
    document.querySelectorAll("button"), [shown, count] = document.querySelectorAll("output");
  document.querySelector("input").oninput = (event) => {
    shown.value = event.target.value;
    path.style.opacity = 1 / (1 + Number(shown.value));
  };
  for (const button of [red, blue]) button.onclick = () => {
    for (const other of [red, blue]) other.ariaPressed = String(other === button);
    path.style.stroke = button.textContent;
  };
  let timer;
  const tick = () => { count.value = Number(count.value) + 1; };
  play.onclick = () => { timer ??= setInterval(tick, 90); };
  pause.onclick = () => { clearInterval(timer); timer = null; };
</script>
</body></html>
"""


@pytest.fixture
def visit(chromium, tmp_path, monkeypatch):
    """Open the sound page after one replacement."""
    monkeypatch.setattr(browser, "PATIENCE", 200)
    monkeypatch.setattr(faults, "PATIENCE", 1)
    opened = []

    def open_page(old, new, **options):
        assert old in SOUND
        (tmp_path / "page.html").write_text(SOUND.replace(old, new))
        server = browser.served(tmp_path)
        visited = browser.visited(chromium, server.__enter__(), "page.html", **options)
        opened.extend((server, visited))
        return visited.__enter__()

    yield open_page
    for context in reversed(opened):
        context.__exit__(None, None, None)


def complaints(visit):
    return visit.complaints


def figures(visit):
    return faults.figures(visit.page)


def drawings(visit):
    return faults.drawings(visit.page)


def mathematics(visit):
    return faults.mathematics(visit.page)


def overflow(visit):
    return faults.overflow(visit.page)


def scrolling(visit):
    return faults.scrolling(visit.page)


def accessibility(visit):
    return faults.accessibility(visit.page)


def figure_controls(visit):
    return faults.figure_controls(visit.page)


def motion(visit):
    return faults.motion(visit.page, "#moving", seconds=0.5)


def moving_figure(visit):
    return faults.moving_figure(visit.page, "#moving")


CHECKS = (
    complaints,
    figures,
    drawings,
    mathematics,
    overflow,
    scrolling,
    accessibility,
    figure_controls,
    motion,
    moving_figure,
)
PALE = 'style="color: #ccc"'
BROKEN = [
    (complaints, "</main>", '<img src="http://a.test/i.png" alt="i"></main>', "leaves the book"),
    (complaints, 'src="data:,', 'src="missing.png', "missing.png (404)"),
    (complaints, "let timer;", 'let timer; console.error("oh");', "console error: oh"),
    (complaints, "let timer;", 'let timer; console.warn("oh");', "console warning: oh"),
    (complaints, "let timer;", 'let timer; throw Error("oh");', "page error: oh"),
    (figures, ' class="main-svg"', "", "a line: not drawn"),
    (figures, ' class="trace"', "", "a line: drawn without a single mark"),
    (figures, ' aria-label="a line"', "", ": no accessible name"),
    (figures, '"trace"', '"trace slider-container"', "a line: has a control of plotly's own"),
    (drawings, 'x="9"', 'x="-30"', 'figure 1: "left" is cut'),
    (drawings, 'x="50"', 'x="20"', 'figure 1: "left" on "right"'),
    (drawings, '<path d="M0 0L9 9"/>', '</g><g class="trace"><path/>', "nothing in panel xy"),
    (drawings, "x: [0, 1]", "x: [null]", 'figure 1: nothing is "rising"'),
    (mathematics, ' class="katex"', "", "x: not set"),
    (mathematics, "up</a>", "up</a> $$x$$", "raw mathematics"),
    (mathematics, '"katex"', '"katex-error" title="oh"', "x: oh"),
    (overflow, "<p>", '<p style="width: 2000px">', "wider than the window of 1280 px: <p>"),
    (scrolling, "x = 1", "x" * 999, "<pre> xxx"),
    (accessibility, ' alt="a dot"', "", "image-alt (critical): img"),
    (accessibility, "<p>", f"<p {PALE}>Some text ", "color-contrast (serious): p"),
    (accessibility, "<p>", f"<p hidden {PALE}>No<p {PALE}>Some ", "color-contrast (serious): p"),
    (accessibility, "x = 1", f"<b>x = <i {PALE}>ten</i></b>", "color-contrast (serious): i"),
    (
        accessibility,
        ' tabindex="0">x = 1',
        f"><b>{'x' * 999}<i>1</i></b>",
        "scrollable-region-focusable (serious): pre",
    ),
    (figure_controls, "path.style.opacity", "path.opacity", "step: ArrowRight has no effect"),
    (figure_controls, "shown.value =", "shown.title =", "step: its output does not follow"),
    (figure_controls, "path.style.stroke", "path.stroke", "blue: Enter has no effect"),
    (figure_controls, 'value="0"', 'value="0" tabindex="-1"', "step: Tab does not reach it"),
    (moving_figure, "count.value =", "count.unseen =", "play: Enter has no effect"),
    (moving_figure, "clearInterval(timer);", "", "pause: Enter has no effect"),
    (moving_figure, 'id="moving"', "", "no element #moving"),
    (motion, "let timer;", "let timer; setInterval(() => tick(), 90);", "moves by itself"),
]


def test_a_sound_page_passes(visit, tmp_path):
    sound = visit("", "")
    assert [fault for check in CHECKS for fault in check(sound)] == []
    assert faults.links(tmp_path) == faults.documents(tmp_path) == []


def test_what_axe_does_not_see_is_put_back(visit):
    page = visit("x = 1", "<b>x = <i>1</i></b>").page
    seen = page.evaluate("() => document.body.innerHTML")
    assert faults.accessibility(page) == []
    assert re.sub(r' data-look="\d+"', "", page.evaluate("() => document.body.innerHTML")) == seen


@pytest.mark.parametrize(("check", "old", "new", "fault"), BROKEN)
def test_a_broken_page_is_caught(visit, check, old, new, fault):
    assert any(fault in found for found in check(visit(old, new)))


def test_code_may_scroll_where_that_is_allowed(visit):
    page = visit("x = 1", "x" * 999).page
    assert faults.scrolling(page, ".cell_output")
    assert faults.scrolling(page, ".cell_input") == []


def test_a_figure_without_javascript_needs_a_stand_in(visit):
    plain = {"java_script_enabled": False}
    assert faults.stand_ins(visit("", "", **plain).page) == []
    (found,) = faults.stand_ins(visit("<picture>", "<picture hidden>", **plain).page)
    assert "no picture stands in for it" in found
    (found,) = faults.stand_ins(
        visit("data:image/svg+xml,<svg", "data:image/svg+xml,", **plain).page
    )
    assert "no picture stands in for it" in found


FILES = {
    "<a> leads nowhere: other.html": ("#top", "other.html"),
    "<a> leads to no anchor: page.html#bottom": ("#top", "page.html#bottom"),
    "<a> leads to no anchor: #bottom": ("#top", "#bottom"),
    "<link> leaves the book": ('href="data:,"', 'href="https://example.org/i.svg"'),
    "id moving is not unique": ('id="top"', 'id="moving"'),
    "without alt": (' alt="a dot"', ""),
    "2 <h1>": ("</h1>", "</h1><h1>Another</h1>"),
    "without lang": (' lang="en"', ""),
    "no title": ("<title>A page</title>", ""),
    "no description": ('name="description"', ""),
}


@pytest.mark.parametrize("fault", FILES)
def test_a_broken_file_is_caught(tmp_path, fault):
    (tmp_path / "page.html").write_text(SOUND.replace(*FILES[fault]))
    assert any(fault in found for found in faults.links(tmp_path) + faults.documents(tmp_path))


def test_title_and_description_are_a_pages_own(tmp_path):
    for name in ("one.html", "two.html"):
        (tmp_path / name).write_text(SOUND)
    assert faults.documents(tmp_path) == [
        "two.html: the title of one.html",
        "two.html: the description of one.html",
    ]


def test_weight_is_what_went_over_the_line(chromium, tmp_path):
    (tmp_path / "page.html").write_text("<script src=long.js></script>")
    (tmp_path / "long.js").write_text("//" + 100_000 * "x")
    with browser.served(tmp_path) as home, browser.visited(chromium, home, "page.html") as visit:
        assert 100 < faults.weight(visit.page) < 2000  # over gzip


def test_a_window_that_shows_nothing_is_not_waited_for(chromium):
    with chromium.new_context() as context:
        page = context.new_page()
        browser.read_through(page)
        page.set_default_timeout(200)
        page.evaluate("requestAnimationFrame = () => {}")
        with pytest.raises(browser.TimeoutError):
            browser.read_through(page)
