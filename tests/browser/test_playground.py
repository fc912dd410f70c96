"""The playground in a real browser: it learns, answers to the keyboard, and hands on its state."""

from __future__ import annotations

import re

import browser
import faults
import pytest
from browser import BOOK, DESK, PHONE

NAME, KERNELS = "book/playground.html", "book/kernels.html"
SIZE = 350_000  # bytes
PATIENCE = 60  # seconds that training has to reach an error, on a busy machine
WITHOUT_WORKER = "delete window.Worker;"
STATE = "() => document.querySelector('.playground').innerHTML + location.hash"


@pytest.fixture
def opened(in_a_window, home):
    """Open the page with settings, in a window that counts what goes wrong."""

    def opened(settings="", size=DESK, script=None, at=home, name=NAME, **options):
        name = f"{name}{settings and '#' + settings}"
        page = in_a_window(at, name, script, **{**size, **options})
        page.wait_for_function("document.querySelector('.summary').textContent")
        return page

    return opened


def error(page, which="first"):
    """Test error in percent, as the page says it."""
    return float(page.inner_text(f".numbers .{which} dd").removesuffix(" %"))


def learned(page, error=7.0):
    """Wait until all runs have at most this test error."""
    page.wait_for_function(
        """error => [...document.querySelectorAll(".numbers :is(.first, .second):not([hidden]) dd")]
          .every((place) => parseFloat(place.textContent) <= error)""",
        arg=error,
        timeout=1000 * PATIENCE,
    )


@pytest.mark.parametrize(
    ("window", "from_disk", "script"),  # each with each of another
    [
        pytest.param(DESK, False, None, id="desk, worker"),
        pytest.param(DESK, True, WITHOUT_WORKER, id="desk, from disk, on the page"),
        pytest.param(PHONE, False, WITHOUT_WORKER, id="phone, on the page"),
        pytest.param(PHONE, True, None, id="phone, from disk, worker"),
    ],
)
def test_training_reaches_93_percent(opened, home, window, from_disk, script):
    at = f"{BOOK.as_uri()}/" if from_disk else home
    page = opened("rule=gevb&vs=none&speed=full", window, script, at)
    assert error(page) > 80
    page.click(".play")
    learned(page)
    page.click(".play")
    assert faults.eventually(page, lambda: not faults.moves(page, lambda: page.evaluate(STATE)))


def test_default_is_two_runs_from_the_same_weights(opened):
    page = opened()
    assert error(page) == error(page, "second")
    page.click(".epoch")
    page.wait_for_function("document.querySelector('.numbers .at').textContent === '1'")
    assert error(page) != error(page, "second")
    assert error(page) < 60


@pytest.mark.parametrize("name", [NAME, KERNELS])
def test_is_light(chromium, home, name):
    with browser.visited(chromium, home, name) as visit:
        assert faults.weight(visit.page) < SIZE


# Each control, the key that works it, and what it should change: a part of the address, or an
# element whose content becomes another.
CONTROLS = [
    (".step", "Enter", ".numbers"),
    (".epoch", "Enter", ".numbers"),
    (".again", "Enter", ".numbers"),
    ('select[name="speed"]', "ArrowDown", "speed=full"),
    ('button[value="forward"]', "Enter", "stage=forward"),
    ('button[value="error"]', "Enter", "stage=error"),
    ('button[value="message"]', "Enter", "stage=message"),
    ('button[value="change"]', "Space", "stage=change"),
    ('button[value="all"]', "Enter", "stage=all"),
    (".next", "Enter", "example=1&"),
    ('button[name="show"][value="second"]', "Enter", "show=second"),
    ('button[name="show"][value="first"]', "Enter", "show=first"),
    ('input[name="rule"][value="gevb"]', "ArrowRight", "rule=bp"),
    ('select[name="vs"]', "ArrowDown", "vs=fa"),
    ('select[name="net"]', "ArrowDown", "net=mixed"),
    ('select[name="net"]', "ArrowUp", "net=vnn"),
    ('[data-name="hidden"] input', "ArrowUp", "hidden=66-32"),
    ('[data-name="hidden"] .more', "Enter", "hidden=66-32-32"),
    ('[data-name="hidden"] .fewer', "Enter", "hidden=66-32&"),
    ('[data-name="conv"] .more', "Enter", "conv=16&"),
    ('[data-name="conv"] input', "ArrowDown", "conv=14&"),
    ('input[name="learner"]', "Space", "frozen=1&"),
    ('[data-name="conv"] .fewer', "Enter", "conv=none"),
    ('select[name="init"]', "ArrowDown", "init=plain"),
    ('input[name="clamp"]', "Space", "clamp=off"),
    ('select[name="opt"]', "ArrowDown", "opt=sgd"),
    ('input[name="rate"]', "ArrowUp", r"rate=(?!0\.1&)"),
    ('input[name="batch"]', "ArrowDown", "batch=127"),
    ('input[name="seed"]', "ArrowUp", "seed=1"),
    ('select[name="seeds"]', "ArrowDown", "seeds=3"),
    ('select[name="seeds"]', "ArrowUp", "seeds=1"),
    (".curves", "ArrowLeft", ".values"),
    (".pin", "Enter", ".pins"),
    (".pins button", "Enter", ".pins"),
    (".csv", "Enter", ".copied"),
    (".png", "Enter", ".copied"),
    (".link", "Enter", ".copied"),
    (".python", "Enter", ".copied"),
    ('button[name="signs"][value="batch"]', "Enter", "signs=batch"),
    ('button[name="signs"][value="one"]', "Enter", "signs=one"),
    ('select[name="layer"]', "ArrowDown", "layer=2"),
    (".wrong li:nth-child(3) button", "Enter", r"example=(?!1&)"),  # the third is not example 1
    (".pictures button:nth-child(3)", "Enter", ".parts"),
    (".pad", "ArrowDown", ".pad"),
    (".pad", "Space", ".answer"),
    (".clear-pad", "Enter", ".answer"),
    ('select[name="data"]', "ArrowDown", "data=spirals"),
    (".plane", "ArrowLeft", ".plane"),
    (".plane", "2", "data=points.*points=1"),
    ('button[name="class"][value="2"]', "Enter", ".plane-panel .choices"),
    (".plane", "Enter", "points=1.*2"),
    (".undo", "Enter", "points=1..$"),
    (".clear-points", "Enter", "stage=all$"),
]
# Tried by other tests, or of a group of which one is tried.
OTHERS = (
    ".play, .back, [name=learner], [type=file], [name=rule], .wrong *, .pictures *, .widths *, "
    "[name=class]"
)


def test_every_control_answers_to_the_keyboard(opened):
    page = opened(permissions=["clipboard-write"])
    for selector, key, effect in CONTROLS:
        # A panel may still be on its way, and the networks' answer may draw its list anew.
        control = page.locator(selector).first
        control.wait_for()

        def reached(control=control):
            control.focus()
            page.keyboard.press("Shift+Tab")
            page.keyboard.press("Tab")
            # Tab goes to the chosen one of a group.
            return control.evaluate("e => e.type === 'radio' || e === document.activeElement")

        assert faults.eventually(page, reached), f"{selector}: no Tab"
        control.focus()
        show = effect if effect.startswith(".") else None
        before = page.inner_html(show) if show else page.evaluate("location.hash")
        control.press(key)

        def answered(show=show, before=before, effect=effect):
            if show:
                return page.inner_html(show) != before
            return re.search(effect, page.evaluate("location.hash")) is not None

        assert faults.eventually(page, answered), f"{selector}: {key} does not do {effect}"
        page.wait_for_timeout(60)
    worked = {selector for selector, _, _ in CONTROLS}
    missed = page.evaluate(
        """([worked, others]) => [...document.querySelectorAll(
            ".playground :is(button, select, input, [tabindex])")]
          .filter((e) => !e.matches(others) && !worked.some((selector) => e.matches(selector)))
          .map((e) => e.outerHTML.slice(0, 120))""",
        [list(worked), OTHERS],
    )
    assert missed == [], "controls that this test leaves out"


def test_play_and_pause_by_keyboard(opened):
    page = opened("data=clouds")
    page.focus(".play")
    page.keyboard.press("Enter")
    assert page.inner_text(".play") == "Pause"
    before = page.inner_text(".numbers")
    assert faults.eventually(page, lambda: page.inner_text(".numbers") != before)
    page.keyboard.press("Space")
    assert page.inner_text(".play") == "Play"
    assert faults.eventually(
        page, lambda: not faults.moves(page, lambda: page.inner_text(".numbers"))
    )
    assert page.inner_text(".summary").startswith("Paused at epoch")


ADDRESS = (
    "data=digits&net=mixed&init=plain&clamp=off&conv=4-6&hidden=16-24&frozen=1-2&rule=dfa&vs=fa"
    "&opt=sgd&rate=0.05"
    "&batch=50&seed=7&seeds=3&speed=slow&show=second&example=5&layer=4&signs=batch&stage=message"
)


def test_address_goes_round(opened, home):
    page = opened(ADDRESS)
    values = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll(
          ".playground :is(select, .settings input:not([type=file]))")]
          .filter((e) => e.name && e.name !== "learner" && (e.type !== "radio" || e.checked))
          .map((e) => [e.name, e.type === "checkbox" ? e.checked : e.value]))"""
    )
    wanted = dict(part.split("=") for part in ADDRESS.split("&"))
    for name, value in values.items():
        assert str(value) == {"clamp": "False"}.get(name, wanted[name]), name
    for name in ("stage", "show", "signs"):
        assert (
            page.get_attribute(f'button[name="{name}"][aria-pressed="true"]', "value")
            == (wanted[name])
        )
    assert page.input_value('[data-name="hidden"] input:nth-child(2)') == "24"
    assert page.input_value('[data-name="conv"] input:nth-child(2)') == "6"
    learners = page.locator("input[name=learner]")
    assert [learners.nth(l).is_checked() for l in range(5)] == [False, False, True, True, True]
    page.click(".next")
    page.wait_for_function("location.hash.includes('example=6')")
    written = page.evaluate("location.hash")
    assert written == f"#{ADDRESS.replace('example=5', 'example=6')}"
    page.click(".step")  # Back leads to where something was learned
    page.wait_for_function("document.querySelector('.numbers .at').textContent !== '0'")
    for seed in ("8", "9"):
        page.fill('input[name="seed"]', seed)
        page.keyboard.press("Enter")
        page.wait_for_function(f"location.hash.includes('seed={seed}')")
    page.go_back()
    page.wait_for_function("document.querySelector('[name=seed]').value === '7'")
    assert page.evaluate("location.hash") == written
    page.reload()
    page.wait_for_function("document.querySelector('.summary').textContent")
    assert page.evaluate("location.hash") == written
    other = opened(written[1:])
    assert other.inner_text(".numbers") == page.inner_text(".numbers")


def test_link_and_python_are_copied(opened):
    page = opened("rule=gevb&seed=3", permissions=["clipboard-read", "clipboard-write"])
    page.click(".link")
    page.wait_for_function("document.querySelector('.copied').textContent")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(page.url.split("#")[0])
    assert "seed=3" in link
    page.click(".python")
    page.wait_for_function("document.querySelector('.copied').textContent.includes('gevb')")
    assert "rule = gevb.GEVB(network, seed=3)" in page.evaluate("navigator.clipboard.readText()")


def test_curves_and_picture_are_saved(opened):
    page = opened()
    page.click(".epoch")
    page.wait_for_function("document.querySelector('.numbers .at').textContent === '1'")
    page.click(".pin")
    with page.expect_download() as saved:
        page.click(".csv")
    rows = saved.value.path().read_text().splitlines()
    assert rows[0] == "run,settings,epoch,test error,training error"
    assert len(rows) > 10
    assert float(rows[-1].split(",")[-2]) == pytest.approx(error(page, "second"), abs=0.06)
    with page.expect_download() as saved:
        page.click(".png")
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")
    assert saved.value.path().stat().st_size > 20_000


def test_numbers_that_overflow_stop_it_with_a_word(opened):
    page = opened("opt=sgd&rate=1000&speed=full")
    page.click(".play")
    page.wait_for_selector(".notes:not([hidden])")
    assert "too large" in page.inner_text(".notes")
    assert page.inner_text(".play") == "Play"


def test_a_bad_link_is_met_kindly(opened):
    page = opened("rate=abc&rule=gevb")
    assert "wanted a number above 0" in page.inner_text(".notes")
    assert page.input_value('input[name="rate"]') == "0.001"
    assert error(page) > 80
    page.fill('input[name="batch"]', "0")
    page.keyboard.press("Enter")
    assert "batch: got 0, wanted a whole number from 1 to 512" in page.inner_text(".notes")
    assert page.input_value('input[name="batch"]') == "128"


def test_scalar_units_refuse_gevb_with_the_reason(opened):
    page = opened("net=vnn&rule=gevb&vs=none")
    page.select_option('select[name="net"]', "ordinary")
    page.wait_for_function("location.hash.includes('rule=dfa')")
    assert page.is_disabled('input[name="rule"][value="gevb"]')
    assert "components" in page.evaluate(
        "document.querySelector('[value=gevb]').closest('label').title"
    )
    shared = opened("net=ordinary&rule=gevb")
    assert "scalar units have none" in shared.inner_text(".notes")


def test_own_file_is_read_on_the_page(opened):
    page = opened()
    rows = "".join(f"{n % 7},{n % 5},{'high' if n % 7 > 3 else 'low'}\n" for n in range(70))
    file = {"name": "mine.csv", "mimeType": "text/csv", "buffer": f"a,b,c\n{rows}".encode()}
    page.set_input_files("input[type=file]", file)
    page.wait_for_function("location.hash.includes('data=file')")
    page.wait_for_selector(".plane-panel")
    page.click(".epoch")
    page.wait_for_function("document.querySelector('.numbers .at').textContent === '1'")
    page.select_option('select[name="speed"]', "full")
    page.click(".play")
    learned(page, 20.0)
    page.click(".play")
    rows = "".join(f"{n},{n * n},{'wxyz'[n % 4]}\n" for n in range(40))
    page.set_input_files("input[type=file]", {**file, "buffer": rows.encode()})
    page.wait_for_selector('.plane .learned[style*="class-3"]')
    assert page.evaluate("document.querySelectorAll('.plane .tested').length") == 8
    page.set_input_files("input[type=file]", {**file, "buffer": b"1,2,x\n1,oops,y\n"})
    page.wait_for_selector(".file-fault:not([hidden])")
    assert "Line 2 holds “oops”" in page.inner_text(".file-fault")


def test_it_rests_after_a_hundred_epochs(opened):
    page = opened("data=clouds&vs=none&hidden=8&batch=10&speed=full")
    page.click(".play")
    page.wait_for_selector(".notes:not([hidden])")
    assert page.inner_text(".notes") == "Paused after 100 epochs. Press Play to go on."
    before = page.inner_text(".numbers")  # by the time of the click's end it may rest again
    page.click(".play")
    assert faults.eventually(page, lambda: page.inner_text(".numbers") != before)


def test_points_set_by_pointer_are_learned_and_shared(opened):
    page = opened("data=clouds&vs=none&speed=full")
    page.click(".clear-points")
    for k, (x, y) in enumerate([(40, 40), (200, 60), (120, 220)] * 2):
        page.click(f'button[name="class"][value="{k % 3}"]')
        page.click(".plane", position={"x": x + k, "y": y})
    link = page.evaluate("location.hash")
    assert len(re.search("points=(.*)$", link)[1]) == 18
    page.click(".play")
    learned(page, 0.0)
    page.click(".play")
    other = opened(link[1:])
    assert other.evaluate("document.querySelectorAll('.plane .learned').length") == 6


@pytest.mark.parametrize("digit", [0, 1])
def test_a_drawn_digit_is_read(opened, digit):
    page = opened("rule=bp&rate=0.003&speed=full")
    page.click(".play")
    learned(page, 5.0)
    page.click(".play")
    pad = page.query_selector(".pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    ways = {
        0: [(0.5, 0.1), (0.3, 0.3), (0.28, 0.6), (0.5, 0.9), (0.7, 0.6), (0.68, 0.3), (0.5, 0.1)],
        1: [(0.42, 0.25), (0.55, 0.1), (0.53, 0.5), (0.52, 0.9)],
    }
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in ways[digit]]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()
    assert page.inner_text(".answer").startswith(f"It says {digit} (")


def test_stages_tell_what_happens(opened):
    page = opened("vs=bp")
    for stage, words in [
        ("forward", "gates are open"),
        ("error", "one number for each class"),
        ("message", "GEVB sends all 96 hidden units the same"),
        ("change", "to grow and"),
    ]:
        page.click(f'button[value="{stage}"]')
        page.wait_for_function(
            "words => document.querySelector('.told').textContent.includes(words)", arg=words
        )
        assert words in page.get_attribute(".scene", "aria-label")
    page.click('button[value="message"]')
    page.click('button[name="show"][value="second"]')
    page.wait_for_function("document.querySelector('.told').textContent.includes('of its own')")
    assert page.get_attribute(".playground", "data-rule") == "bp"


def test_stands_still_for_those_who_want_less_motion(opened):
    page = opened("stage=message", reduced_motion="reduce")
    page.wait_for_timeout(300)
    assert not faults.moves(page, lambda: page.evaluate(STATE))
    names = page.evaluate(
        """() => [...document.querySelectorAll(".playground *")]
          .map((e) => getComputedStyle(e).animationName).filter((name) => name !== "none")"""
    )
    assert names == []


@pytest.mark.parametrize("settings", ["data=spirals&stage=message", "net=ordinary&stage=change"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_other_states(opened, settings, theme):
    page = opened(settings)
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    page.click(".pin")
    page.click(".python")
    page.click(".epoch")
    page.wait_for_function("document.querySelector('.numbers .at').textContent === '1'")
    page.wait_for_timeout(800)
    assert faults.accessibility(page) == []


# Buttons of the run that are cut, or that cannot be reached.
CUT = """() => [...document.querySelectorAll(".playground .run :is(button, select)")].map((e) => {
  const { left, right, top, bottom } = e.getBoundingClientRect();
  const across = left >= 0 && right <= innerWidth, down = top >= 0 && bottom <= innerHeight;
  return [e.textContent.slice(0, 12), across, down];
}).filter(([, across, down]) => !across || !down)"""


@pytest.mark.parametrize("name", [NAME, KERNELS])
@pytest.mark.parametrize(
    ("width", "font"), [(320, 16), (390, 16), (390, 20), (700, 16), (1000, 16)]
)
def test_fits_any_window(opened, width, font, name):
    settings = "hidden=128-64-32-16&net=mixed" if name == NAME else ""
    page = opened(settings, {"viewport": {"width": width, "height": 800}}, name=name)
    page.evaluate(f"document.documentElement.style.fontSize = '{font}px'")
    if name == NAME:
        page.click(".pin")
    assert faults.overflow(page) == []
    if width < 600:  # the bar that stays at the window's foot
        assert page.evaluate(CUT) == []


@pytest.mark.parametrize(
    "size", [{"width": 1440, "height": 900}, {"width": 1280, "height": 720}, PHONE["viewport"]]
)
def test_the_error_falls_in_sight(opened, size):
    """Who presses Play sees numbers and curve without scrolling."""
    page = opened("", {"viewport": size})
    boxes = [page.locator(place).bounding_box() for place in (".play", ".numbers", ".glance svg")]
    assert all(box["y"] >= 0 and box["y"] + box["height"] <= size["height"] for box in boxes)


def test_what_is_chosen_shows_without_colours_of_our_own(opened):
    """A pressed button has another style than its neighbours in forced colours."""
    page = opened(forced_colors="active")
    for group in ("stage", "show", "signs"):
        styles = page.evaluate(
            """name => [...document.querySelectorAll(`button[name="${name}"]`)].map((e) => {
              const { backgroundColor, color } = getComputedStyle(e);
              return [e.getAttribute("aria-pressed"), backgroundColor, color];
            })""",
            group,
        )
        pressed, other = (
            {(b, c) for on, b, c in styles if on == want} for want in ("true", "false")
        )
        assert len(pressed) == len(other) == 1, group
        assert pressed != other, group
    spans = page.evaluate(
        """() => [...document.querySelectorAll(".rules input")].map((e) =>
          [e.checked, getComputedStyle(e.nextElementSibling).backgroundColor])"""
    )
    assert {b for on, b in spans if on}.isdisjoint({b for on, b in spans if not on})


def test_a_chosen_rate_stays_when_the_optimizer_changes(opened):
    page = opened("rate=10&opt=adam")
    page.select_option('select[name="opt"]', "sgd")
    page.wait_for_function("location.hash.includes('opt=sgd')")
    assert page.input_value('input[name="rate"]') == "10"
    other = opened()
    other.select_option('select[name="opt"]', "sgd")
    other.wait_for_function("location.hash.includes('opt=sgd&rate=0.1')")


# Whether each of the settings is the value of its list or number, or of its chosen button.
SETS = """settings => Object.entries(settings).every(([name, value]) => document.querySelector(
  `.playground :is(select, [type=number], :checked, [aria-pressed=true])[name=${name}]`
).value === value)"""


def test_guided_tasks_set_the_playground_up_and_bring_the_reader_there(opened):
    page = opened()
    links = page.query_selector_all(".discoveries a")
    assert len(links) == 6
    assert links[-1].get_attribute("href").startswith("kernels.html#")
    for link in links[:-1]:
        link.click()
        settings = dict(part.split("=") for part in link.get_attribute("href")[1:].split("&"))
        page.wait_for_function(SETS, arg=settings)  # the address changes before the page hears
        page.wait_for_function("document.activeElement.matches('.play')")
        box = page.locator(".playground .top").bounding_box()
        assert 0 <= box["y"] < 300
        page.click(".back")
        page.wait_for_function("document.activeElement.matches('.discoveries summary')")
        assert not page.is_visible(".back")


def test_convolutions_learn_in_the_playground(opened):
    page = opened("conv=8-8&hidden=16&rate=0.003&batch=32&vs=none&frozen=1")
    assert page.locator(".scene .map").count() > 20
    before = page.inner_html(".pictures")
    page.click(".epoch")
    page.wait_for_function("document.querySelector('.numbers .at').textContent === '1'")
    assert error(page) < 85
    assert page.locator(".pictures canvas").count() == 8
    assert page.inner_html(".pictures") == before  # frozen: canvases' sizes and names alone
    for stage in ("message", "change"):
        page.click(f'button[value="{stage}"]')
        page.wait_for_function(f"location.hash.includes('stage={stage}')")


@pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("from_disk", [False, True])
def test_trained_and_frozen_kernels_part(opened, home, window, from_disk):
    at = f"{BOOK.as_uri()}/" if from_disk else home
    page = opened("conv=8&seed=1", window, None, at, name=KERNELS)
    assert "Press Play" in page.inner_text(".verdicts")
    page.click(".epoch")
    page.wait_for_function(
        "document.querySelector('.numbers .at').textContent === '1'", timeout=1000 * PATIENCE
    )
    for n, name in enumerate(("DFA in a conventional", "GEVB in a VNN", "BP in a conventional")):
        column = page.locator(".column").nth(n)
        assert column.locator("h2").inner_text().startswith(name)
        trained, frozen = (
            float(v) for v in re.findall(r"([\d.]+) %", column.locator(".ends").inner_text())
        )
        side = "below" if trained < frozen else "above" if trained > frozen else "on"
        assert re.search(rf"{name}[^,]*, {side} the dashed", page.inner_text(".verdicts"))
    assert "1 times e at every position" in page.locator(".words").nth(1).inner_text()
    page.click('button[name="dfa"][value="vnn"]')
    page.wait_for_function("location.hash.includes('dfa=vnn')")
    page.wait_for_function("document.querySelector('.column h2').textContent === 'DFA in a VNN'")
    low = re.match(r"from (\S+) to", page.locator(".words").first.inner_text())[1]
    assert float(low) >= 0
    page.go_back()
    page.wait_for_function("document.querySelector('[name=dfa]').ariaPressed === 'true'")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_page_on_kernels(opened, theme):
    page = opened("conv=8", name=KERNELS)
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    page.click(".epoch")
    page.wait_for_function(
        "document.querySelector('.numbers .at').textContent === '1'", timeout=1000 * PATIENCE
    )
    page.wait_for_timeout(500)
    assert faults.accessibility(page) == []


def test_values_at_a_place_on_the_curves_of_the_page_on_kernels(opened):
    """One cursor in all three columns, by keyboard and by pointer."""
    page = opened("conv=8", name=KERNELS)
    page.click(".epoch")
    page.wait_for_function(
        "document.querySelector('.numbers .at').textContent === '1'", timeout=1000 * PATIENCE
    )
    values, curves = page.locator(".ends"), page.locator(".curves")
    now = values.all_inner_texts()
    curves.nth(1).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert all(text.startswith("epoch 0") for text in values.all_inner_texts())
    curves.nth(1).blur()
    assert values.all_inner_texts() == now
    curves.nth(2).hover(position={"x": 60, "y": 60})
    assert all(text.startswith("epoch 0") for text in values.all_inner_texts())
    page.mouse.move(0, 0)
    assert values.all_inner_texts() == now


def test_without_javascript_it_shows_a_picture_and_the_words(chromium, home):
    with browser.visited(chromium, home, NAME, java_script_enabled=False) as visit:
        page = visit.page
        assert page.is_visible(".scene svg")
        assert page.is_visible(".curves svg")
        assert "needs JavaScript" in page.inner_text(".playground")
        assert not page.is_visible(".play")
        assert "After 3 epochs" in page.inner_text(".told")
