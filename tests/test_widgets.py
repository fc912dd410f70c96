"""Widgets that draw: what is chosen is what is shown."""

from __future__ import annotations

import ipywidgets
import pytest
import torch

import gevb
from gevb.companion import widget as shared
from gevb.companion.alignment import widget as alignment
from gevb.companion.convolutions import widget as convolutions
from gevb.companion.on_off import widget as on_off


@pytest.mark.parametrize(
    ("explorer", "module", "says"),
    [
        (alignment.width_explorer, alignment, "predicted 55.7°"),
        (on_off.plane_explorer, on_off, "plain: mean cosine"),
    ],
)
def test_explorer_draws(explorer, module, says, monkeypatch):
    drawn = []
    monkeypatch.setattr(module, "display", drawn.append)
    box = explorer()
    button = next(c for c in box.children if isinstance(c, ipywidgets.Button))
    button.click()
    assert len(drawn) == 1
    assert drawn[0].layout.meta["alt"]
    assert any(says in c.value for c in box.children if isinstance(c, ipywidgets.HTML))
    first = box.children[0].children[1]
    first.value = next(v for v in first.options if v != first.value)
    assert len(drawn) == 2


def parts(box):
    """Choices by name, buttons by description."""
    rows = [row for row in box.children if isinstance(row, ipywidgets.HBox)]
    choices = {row.children[0].value: row.children[1] for row in rows if len(row.children) == 2}
    widgets = [*box.children, *(w for row in rows for w in row.children)]
    return choices, {w.description: w for w in widgets if isinstance(w, ipywidgets.Button)}


def test_training_explorer_trains_what_is_chosen_and_forgets_it(monkeypatch):
    drawn, asked = [], []

    def train(config, progress):
        asked.append(config)
        return gevb.lab.train(gevb.Config(epochs=0), progress=progress)

    monkeypatch.setattr(shared, "display", drawn.append)
    monkeypatch.setattr(shared, "train", train)
    box = shared.training_explorer()
    choices, buttons = parts(box)
    says = box.children[-2].children[-1]
    choices["epochs"].value, choices["seed"].value = 2, 3
    buttons["Train"].click()
    assert asked == [gevb.Config(epochs=2, seed=3, evaluate_every=1)]
    assert says.value.endswith("after 0 epochs")
    choices["network"].value = "conventional, mixed-sign"
    buttons["Train"].click()
    assert "wanted a vectorized one" in says.value
    assert len(asked) == len(drawn) == 1
    choices["rule"].value = "dfa"
    buttons["Train"].click()
    assert asked[1] == gevb.Config(
        rule="dfa", vectorized=False, nonnegative=False, epochs=2, seed=3, evaluate_every=1
    )
    names = " ".join(str(trace.name) for trace in drawn[1].data)
    assert "GEVB" in names
    assert "DFA" in names
    buttons["Clear"].click()
    buttons["Train"].click()
    assert "GEVB" not in " ".join(str(trace.name) for trace in drawn[2].data)


def test_kernel_explorer_shows_the_chosen_channels_update(monkeypatch):
    shown = []
    monkeypatch.setattr(convolutions, "display", lambda figure: None)
    monkeypatch.setattr(convolutions, "kernel_sum", lambda *what: shown.append(what))
    network = gevb.build("digits", (gevb.Conv(4, 3, 1, 1), gevb.Conv(6, 3, 1, 1))).double()
    split = gevb.load("digits").test
    choices, buttons = parts(convolutions.kernel_explorer(network, split))
    buttons["Draw"].click()
    choices["image"].value = 2
    choices["sending channel"].value, choices["receiving channel"].value = 3, 5
    image, _, mask, terms = shown[-1]
    assert len(shown) == 4
    assert torch.equal(image, split.x[2, 0].double())
    update = gevb.GEVB(network).updates(split.x[2:3].double(), split.y[2:3])[1]
    torch.testing.assert_close(terms.sum((0, 1)), update[5, 3])
    assert torch.equal(mask, network.trace(split.x[2:3].double()).gates[1][0, 5].double())
