"""What all figures have in common: room for their words, and captions in a notebook."""

from __future__ import annotations

import sys

import plotly.graph_objects as go
import plotly.io as pio
import pytest

from gevbook import plots


@pytest.fixture
def shown(monkeypatch):
    """What a notebook is shown, kind by kind."""
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
