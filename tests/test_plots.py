"""Properties that all figures share: room for words, captions in a notebook, colours."""

from __future__ import annotations

import re
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio
import pytest

from bookext import colours
from gevbook import plots
from gevbook.representations import figures as representations

ROOT = Path(__file__).parents[1]


@pytest.fixture
def shown(monkeypatch):
    """Outputs that a notebook gets, kind by kind."""
    before = pio.renderers.default, pio.templates.default
    said = []
    monkeypatch.setattr(
        "IPython.display.display", lambda bundle, **_: said.append(("figure", list(bundle)))
    )
    monkeypatch.setattr(plots, "display", lambda markdown: said.append(("words", markdown.data)))
    plots.use_notebook_renderer()
    yield said
    pio.renderers.default, pio.templates.default = before


def test_a_figure_is_followed_by_its_caption(shown):
    figure = plots.finished(go.Figure(), alt="a", caption="What to *see*.", height=100)
    pio.show(figure)
    assert shown == [
        ("figure", ["application/vnd.plotly.v1+json"]),
        ("words", "What to *see*."),
    ]


def test_colab_draws_and_has_captions_too(shown, monkeypatch):
    monkeypatch.setenv("COLAB_NOTEBOOK_ID", "an id")
    plots.use_notebook_renderer()
    pio.show(plots.finished(go.Figure(), alt="a", caption="See.", height=100))
    assert shown == [("figure", ["text/html"]), ("words", "See.")]


def test_another_front_end_on_a_machine_of_colab_is_no_colab(shown, monkeypatch):
    """Plotly 5.24 imports that module by itself, where there is one."""
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    plots.use_notebook_renderer()
    pio.show(go.Figure())
    assert shown == [("figure", ["application/vnd.plotly.v1+json"])]


def test_a_readers_own_figure_is_shown_without(shown):
    pio.show(go.Figure())
    assert [kind for kind, _ in shown] == ["figure"]


def test_a_long_title_is_broken_where_a_phones_panel_ends():
    figure = plots.panels(["short", "one that is far too long for it"])
    assert [note.text for note in figure.layout.annotations] == [
        "short", "one that is far too<br>long for it"
    ]  # fmt: skip


def test_many_rows_keep_more_than_half_of_the_height():
    domains = [axis.domain for axis in plots.panels("abcdefgh", rows=8).select_yaxes()]
    assert sum(top - bottom for bottom, top in domains) > 0.5


def test_a_phone_has_room_for_a_longer_legend():
    figure = go.Figure([plots.key(f"entry number {n}", "red") for n in range(4)])
    layout = plots.finished(figure, alt="", caption="", height=100).layout
    narrow = layout.meta["narrow"]
    more = narrow["margin"]["b"] - layout.margin.b
    assert more > 0
    assert narrow["height"] == layout.height + more
    figure = plots.finished(go.Figure(), alt="", caption="", height=100)
    assert "narrow" not in figure.layout.meta


# ------------------------------------------------------------------------------------- colours

# Machado, Oliveira and Fernandes (2009), complete absence of one kind of cones; linear light.
CONES = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
TO_XYZ = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])


def lab(colour: str, cones: str) -> np.ndarray:
    """CIELAB coordinates of "#rrggbb" as seen with these cones."""
    channels = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)]) / 255
    light = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    x, y, z = np.cbrt(TO_XYZ @ np.clip(CONES[cones] @ light, 0, 1) / TO_XYZ.sum(1))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("cones", CONES)
@pytest.mark.parametrize(
    "scale",
    [
        (plots.NEUTRAL, plots.WRONG),
        (plots.NEUTRAL, plots.MARKED),
        (plots.NEGATIVE, plots.POSITIVE),
        [plots.COLOURS[rule] for rule in ("bp", "dfa", "gevb")],
    ],
    ids=["right and wrong", "marked", "signs", "rules"],
)
def test_colours_of_a_scale_differ_for_colour_blind_readers(scale, cones):
    """Twenty units are about ten just noticeable differences."""
    for one, other in combinations(scale, 2):
        assert np.linalg.norm(lab(one, cones) - lab(other, cones)) > 20


NAMED = ("MARKED", "WRONG", "NEGATIVE", "POSITIVE", "NEUTRAL")


@pytest.mark.parametrize("name", NAMED)
def test_colours_stand_out_from_all_grounds(name):
    """WCAG 2.2, 1.4.11: at least 3 to 1."""
    grounds = [ground for theme in colours.GROUNDS.values() for ground in theme]
    assert min(colours.contrast(getattr(plots, name), ground) for ground in grounds) >= 3


def test_no_two_meanings_share_a_colour():
    meant = [*plots.COLOURS.values(), *(getattr(plots, name) for name in NAMED)]
    assert all(
        np.linalg.norm(lab(one, "normal") - lab(other, "normal")) > 20
        for one, other in combinations(meant, 2)
    )


def test_classes_have_one_scale_in_figures_and_playground():
    style = (ROOT / "book/assets/playground/playground.css").read_text()
    listed = dict(re.findall(r"--class-(\d): (#[0-9a-f]{6})", style))
    assert [listed[str(k)] for k in range(10)] == [c.lower() for c in representations._CLASSES]
