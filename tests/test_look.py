"""The book's look: one colour for each rule wherever it stands, and a head for each chapter."""

import re
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from conftest import ROOT

from bookext import colours, rules
from bookext.chapters import HEADS
from bookext.figure_html import controls, has_room_to_fill
from bookext.libraries import ASSETS, LIBRARIES
from gevbook.plots import COLOURS, NAMES

CHAPTERS = {path.stem for path in (ROOT / "book").glob("*.ipynb")}
HEX = re.compile(r"#[0-9a-f]{6}\b", re.IGNORECASE)


def values(place: str) -> dict[str, str]:
    """The custom properties that the style sheet sets there."""
    block = re.search(rf"^{re.escape(place)} {{(.*?)}}", rules.sheet(), re.MULTILINE)[1]
    return dict(re.findall(r"--([\w-]+): (\S+);", block))


def test_pages_have_the_colours_of_the_figures():
    light, dark = values(":root"), values('html[data-theme="dark"]')
    assert {rule: light[rule] for rule in COLOURS} == COLOURS
    assert not set(COLOURS) & set(dark), "a rule has one colour"
    for rule in COLOURS:
        assert f'[data-rule="{rule}"]' in rules.sheet()
        assert f".rule-{rule})" in rules.sheet()


@pytest.mark.parametrize("rule", COLOURS)
@pytest.mark.parametrize(
    ("theme", "place"), [("light", ":root"), ("dark", 'html[data-theme="dark"]')]
)
def test_words_in_a_rule_s_colour_can_be_read(rule, theme, place):
    shade = values(place)[f"{rule}-text"]
    for ground in colours.GROUNDS[theme]:
        assert colours.contrast(shade, ground) >= 4.5


def test_contrast_is_wcag_s():
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=5e-4)
    assert colours.contrast("#0072b2", "#0072b2") == 1


def test_no_file_of_the_pages_has_a_rule_s_colour_by_hand():
    own = {colour.lower() for colour in COLOURS.values()}
    for path in ASSETS.rglob("*"):
        if path.suffix in {".css", ".html", ".js", ".svg"} and LIBRARIES not in path.parents:
            if "static" in path.parts and path.suffix == ".svg":
                continue  # images of their own, which a page's colours do not reach
            text = re.sub(r"--class-\d: #\w+", "", path.read_text())  # kinds of data, not rules
            assert not own & {colour.lower() for colour in HEX.findall(text)}, path


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        *((name, rule) for rule, name in NAMES.items()),
        ("GEVB+ vectorized", "gevb"),
        ("BP and GEVB", None),
        ("BPTT", None),
        ("MNIST", None),
    ],
)
def test_a_button_that_stands_for_a_rule_has_its_colour(text, rule):
    menu = {"type": "buttons", "buttons": [{"label": text}, {"label": "other"}]}
    one, other = BeautifulSoup(controls({"updatemenus": [menu]}), "html.parser").select("button")
    assert one.get("data-rule") == rule
    assert "data-rule" not in other.attrs


def test_figures_with_panels_side_by_side_have_room_to_fill():
    left, right = ({"anchor": f"y{n}", "domain": [n / 2, n / 2 + 0.4]} for n in (0, 1))
    side = {"xaxis": left, "xaxis2": right, "yaxis": {"anchor": "x"}}
    assert has_room_to_fill(side)
    assert not has_room_to_fill({"xaxis": left, "xaxis2": left})
    assert not has_room_to_fill({"xaxis": {}, "yaxis": {}})
    assert not has_room_to_fill({**side, "yaxis": {"anchor": "x", "scaleanchor": "x"}})


def test_every_chapter_s_head_has_a_picture():
    assert {path.stem for path in HEADS.glob("*.svg")} == CHAPTERS


@pytest.mark.parametrize("chapter", sorted(CHAPTERS))
def test_a_head_s_picture_has_the_page_s_colours_and_no_words(chapter):
    text = (HEADS / f"{chapter}.svg").read_text()
    picture = ElementTree.fromstring(text)
    assert picture.get("aria-hidden") == "true", "it repeats what the text says"
    assert not "".join(picture.itertext()).strip()
    assert not HEX.search(text)
    assert {node.get("data-rule") for node in picture.iter()} - {None} <= set(COLOURS)
