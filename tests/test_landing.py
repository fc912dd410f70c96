"""The first page: its network computes what the package does, its chart shows the records."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import torch
from bs4 import BeautifulSoup
from conftest import ROOT
from node import in_node, parameters

import gevb
from bookext import landing, result_chart
from gevb.lab.experiments import read_results
from gevb.networks import FC, Network
from gevbook.plots import Curve

pytestmark = pytest.mark.usefixtures("unchecked")
RULES = ("gevb", "bp")


def assert_close(got: Any, wanted: torch.Tensor) -> None:
    torch.testing.assert_close(
        torch.tensor(got, dtype=torch.float64), wanted.detach(), rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("classes", "hidden", "seed"),
    [(3, (4, 4), 0), (2, (6,), 1), (5, (4, 6, 2), 2), (3, (8, 4), 3)],
)
def test_arithmetic_is_the_packages(rule: str, classes: int, hidden: tuple[int, ...], seed: int):
    network = Network((1, 3, 2), classes, [FC(n) for n in hidden], seed=seed).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in network.layers:
            bias = layer.weights.bias
            bias.copy_(torch.randn(bias.shape, generator=generator) / 3)
    x = torch.randn(1, 1, 3, 2, generator=generator).double()
    label, rate = seed % classes, 0.7
    before = landing.as_json(network)
    got = in_node(
        """const network = Networks.typed(before), after = Networks.copy(network);
        const learnt = Networks.learn(network, rule, null, Float64Array.from(x), [label], 1);
        new Networks.SGD(rate).step(after, learnt.gradients);
        Networks.clamp(after);
        return { ...learnt, before: network, after };""",
        before=before,
        x=x.flatten().tolist(),
        label=label,
        rule=rule,
        rate=rate,
    )
    trace = network.trace(x)
    y = torch.tensor([label])
    gates = [gate.flatten().tolist() for gate in trace.gates]
    assert got["trace"]["open"][:-1] == gates
    assert not all(torch.cat(trace.gates, dim=1).flatten()), "no closed gate to tell by"
    for a, wanted in zip(got["trace"]["a"][:-1], trace.inputs[1:], strict=True):
        assert_close(a, wanted.flatten())
    assert_close(got["trace"]["logits"], trace.logits[0])
    assert_close(got["e"], gevb.cross_entropy(trace.logits, y)[1][0])
    chosen = gevb.make_rule(rule, network)
    for heard, wanted in zip(got["heard"][:-1], chosen.feedbacks(x, y), strict=True):
        assert_close(heard, wanted[0])
    chosen.backward(x, y)
    wanted = [p.grad.flatten() for p in network.parameters()]
    layers = got["gradients"]
    ours = [layer[name] for layer in layers for name in ("weight", "bias")]
    for gradient, theirs in zip(ours, wanted, strict=True):
        assert_close(gradient, theirs)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter -= rate * parameter.grad
    network.clamp_()
    weights = [layer.weights.weight for layer in network.layers]
    assert any((w == 0).any() for w in weights[1:]), "no weight to clamp"
    after = [layer[name] for layer in got["after"]["layers"] for name in ("weight", "bias")]
    for value, theirs in zip(after, parameters(network), strict=True):
        assert_close(value, torch.tensor(theirs, dtype=torch.float64))
    assert got["before"] == before, "the copy is not one"


def story() -> dict[str, Any]:
    """Data that the page's script reads."""
    found = re.search(
        r'<script type="application/json">(.*?)</script>', landing.moving_figure("playground.html")
    )
    return json.loads(found[1])


@pytest.mark.parametrize("rule", RULES)
def test_the_page_makes_the_mistakes_that_are_drawn(rule: str):
    told = story()
    wrong = in_node(
        """const network = Networks.typed(story.network), descent = new Networks.SGD(story.rate);
        return story.pictures.map((picture, n) => {
          const x = Float64Array.from(picture, (bit) => 2 * bit - 1), label = story.labels[n];
          const { trace, gradients } = Networks.learn(network, rule, null, x, [label], 1);
          descent.step(network, gradients);
          Networks.clamp(network);
          return trace.logits.indexOf(Math.max(...trace.logits)) !== label;
        });""",
        story=told,
        rule=rule,
    )
    assert wrong == landing.mistakes(rule)
    row = re.search(
        rf'<div class="net[^>]* data-rule="{rule}".*?class="miss" d="(.*?)".*?d="(.*?)"',
        landing.moving_figure("playground.html"),
        re.DOTALL,
    )
    assert row[1].count("M") == sum(wrong)
    assert row[2].count("M") == len(wrong) - sum(wrong)
    assert sum(wrong[:20]) > 2 * sum(wrong[-20:]), "it does not learn"


@pytest.mark.parametrize("rule", RULES)
def test_scene_shows_the_networks_numbers(rule: str):
    network, x, y = landing.toy()
    drawn = landing.scene(rule)
    image = x[:1].view(1, 1, 3, 3)
    trace = network.trace(image)
    e = gevb.cross_entropy(trace.logits, y[:1])[1][0]

    def bars(kind: str) -> list[list[float]]:
        groups = re.findall(rf'<g class="{kind}.*?</g>', drawn)
        return [[float(v) for v in re.findall(r"--v:(-?[\d.]+)", group)] for group in groups]

    shown = torch.tensor([*bars("unit")]).double()
    wanted = [*(a[0].T for a in trace.inputs[1:]), trace.logits]
    torch.testing.assert_close(shown, torch.cat(wanted), rtol=0, atol=6e-4)
    messages = torch.tensor(bars("message")).double()
    heard = torch.cat(gevb.make_rule(rule, network).feedbacks(image, y[:1]), dim=1)[0]
    assert rule == "gevb" or len(heard.unique()) > 2, "a message of its own for each unit"
    told = torch.cat([heard[:8], torch.ones(1)])  # all hidden units, and e itself
    torch.testing.assert_close(messages, torch.outer(told, e), rtol=0, atol=6e-4)
    closed = len(re.findall('class="unit closed"', drawn))
    assert closed == sum(int((~gate).sum()) for gate in trace.gates)
    thick = [float(w) for w in re.findall(r"--w:([\d.]+)", drawn)]
    landing.learn(network, rule, x[0], y[0])
    later = [layer.weights.weight.detach().flatten() for layer in network.layers[1:]]
    torch.testing.assert_close(torch.tensor(thick).double(), torch.cat(later), rtol=0, atol=6e-4)


@pytest.mark.parametrize("rule", RULES)
def test_every_picture_finds_a_way_through_the_network(rule):
    network, x, y = landing.toy()
    for image, label in zip(x, y, strict=True):
        trace = network.trace(image.view(1, 1, 3, 3))
        assert all(gate.any() for gate in trace.gates)
        landing.learn(network, rule, image, label)


def curves_of(what: str) -> dict[str, list[str]]:
    """Names of the curves in each panel, by data set and title."""
    page = BeautifulSoup(result_chart.result_chart("results.html", what), "html.parser")
    found = {}
    for head in page.select("figure > p"):
        for panel in head.find_next_sibling("div").find_all("div", recursive=False):
            names = [path["data-name"] for path in panel.select("path.curve")]
            found[f"{head.get_text()}, {panel.p.get_text()}"] = names
    return found


def test_chart_shows_every_network_of_the_paper_and_both_kinds_of_dfa():
    found = curves_of("errors")
    assert len(found) == 12
    paper = {panel: {n for n in names if n.endswith("paper")} for panel, names in found.items()}
    assert sum(map(len, paper.values())) == 48
    wanted = {f"{label}, paper" for label in ("DFA", "DFA+", "BP", "BP+")}
    assert paper["CIFAR-10, convolutional, conventional"] == wanted


def test_chart_shows_every_network_that_has_a_run():
    runs = {
        r.config.experiment.name
        for r in read_results()
        if r.config.dataset != "digits" and not r.config.departures and r.epoch >= 10
    }
    drawn = [name for names in curves_of("errors").values() for name in names]
    assert sum(name.endswith("ours") for name in drawn) == len(runs)


def test_chart_of_angles_has_a_line_for_each_hidden_layer():
    names = curves_of("angles")["MNIST, fully connected, mixed signs"]
    assert {f"{rule}, layer {n}, paper" for rule in ("GEVB", "DFA") for n in (1, 2)} <= set(names)


def test_chart_places_points_by_their_values():
    curve = Curve("a", {"t": ([0, 190], [0.0, 5.0])}, "red", {"dash": "solid"})
    svg = result_chart.panel([curve], "t", (0.0, 10.0), " %")
    (path,) = re.findall(r'data-name="a" d="M(.*?)"', svg)
    (x0, y0), (x1, y1) = (map(float, point.split()) for point in path.split("L"))
    assert (x0, x1) == (result_chart.LEFT, result_chart.WIDTH - 4)
    bottom = result_chart.HEIGHT - result_chart.TOP
    assert (y0, y1) == (bottom, (bottom + result_chart.TOP) / 2)


def test_times_are_those_of_the_chapters():
    page = (ROOT / "book" / "index.md").read_text()
    listed = {
        name: int(n) for name, n in re.findall(r"^\[.*\]\((\w+)\.ipynb\) · (\d+) min", page, re.M)
    }
    words = {"ten minutes": 10, "half an hour": 30}
    stated = {}
    for file in (ROOT / "book").glob("*.ipynb"):
        said = re.search(r"\*\*Time\*\* (.*?) to read", file.read_text())[1]
        stated[file.stem] = words.get(said) or int(said.removesuffix(" minutes"))
    assert listed == stated
    assert f"{round(sum(stated.values()) / 30) // 2}½ hours in all" in page
    assert round(sum(stated.values()) / 30) % 2 == 1
