"""A figure as Colab is shown it, put into a fresh frame as a notebook's output area does."""

from __future__ import annotations

import subprocess
import sys

import pytest
from browser import ROOT
from plotly.offline import get_plotlyjs

CODE = """
import plotly.graph_objects as go
import plotly.io as pio
from gevbook.plots import use_notebook_renderer

use_notebook_renderer()
pio.renderers.default = pio.renderers.default.removesuffix("+caption")
for words in ("one", "</script><b>two</b>"):
    figure = go.Figure(go.Scatter(y=[1, 3, 2]), {"title": {"text": words}, "height": 300})
    print(pio.renderers[pio.renderers.default].to_mimebundle(figure.to_dict())["text/html"])
    print("====")
"""
# Scripts that come by innerHTML do not run: JupyterLab, ipywidgets and Colab make them anew.
INSERT = """fragment => {
  const place = document.createElement("div");
  place.innerHTML = fragment;
  document.body.append(place);
  for (const old of place.querySelectorAll("script")) {
    const script = document.createElement("script");
    for (const { name, value } of old.attributes) script.setAttribute(name, value);
    script.textContent = old.textContent;
    old.replaceWith(script);
  }
}"""


@pytest.fixture(scope="module")
def fragments(request):
    """Two figures in Colab's notebook."""
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=ROOT / "book",
        env={"COLAB_NOTEBOOK_ID": "an id", "PATH": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("====")[:2]


@pytest.fixture
def frame(chromium):
    """An empty frame; what the network brings, slowly, is plotly's own script."""
    with chromium.new_context() as context:
        page = context.new_page()
        page.wrong = []
        page.on("pageerror", lambda error: page.wrong.append(error.message))

        def brought(route):
            page.wait_for_timeout(300)
            route.fulfill(body=get_plotlyjs(), content_type="text/javascript")

        context.route("https://cdn.plot.ly/**", brought)
        page.set_content("<iframe></iframe>")
        yield page
        assert page.wrong == []


def test_figures_in_a_fresh_frame_wait_for_their_script(frame, fragments):
    inside = frame.frames[1]
    for fragment in fragments:  # the second comes while the first one waits
        inside.evaluate(INSERT, fragment)
    inside.wait_for_function("document.querySelectorAll('.gtitle').length == 2")
    titles = inside.locator(".gtitle").all_text_contents()
    assert titles[0] == "one"
    assert "two" in titles[1]


def test_a_figure_where_the_script_is_there_asks_for_no_second(frame, fragments):
    inside = frame.frames[1]
    inside.evaluate(INSERT, fragments[0])
    inside.wait_for_selector(".main-svg")
    inside.evaluate(INSERT, fragments[1])
    inside.wait_for_selector("div:nth-of-type(2) .main-svg")
    assert inside.evaluate("document.querySelectorAll('head script').length") == 1
