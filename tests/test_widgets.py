"""Widgets that draw: what is chosen is what is shown."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from ast import literal_eval
from dataclasses import replace

import ipywidgets
import pytest
import torch
from jupyter_client.manager import start_new_kernel

import gevb
from gevbook import widget as shared
from gevbook.alignment import widget as alignment
from gevbook.building_a_vnn import widget as vnn
from gevbook.convolutions import widget as convolutions
from gevbook.credit_assignment import widget as credit
from gevbook.on_off import widget as on_off
from gevbook.sign_match import widget as sign_match


def all_of(box):
    """All widgets in a box."""
    yield box
    for child in getattr(box, "children", ()):
        yield from all_of(child)


def parts(box):
    """Choices by name, buttons by description, and all words that are shown."""
    rows = [row for row in box.children if isinstance(row, ipywidgets.HBox)]
    choices = {row.children[0].value: row.children[1] for row in rows if len(row.children) == 2}
    buttons = {w.description: w for w in all_of(box) if isinstance(w, ipywidgets.Button)}
    return choices, buttons, lambda: words(box)


def words(box):
    return " ".join(w.value for w in all_of(box) if isinstance(w, ipywidgets.HTML))


def test_width_explorer_draws_when_asked_and_anew_for_each_choice(monkeypatch):
    drawn = []
    monkeypatch.setattr(alignment, "display", drawn.append)
    choices, buttons, said = parts(alignment.width_explorer())
    buttons["Draw"].click()
    assert len(drawn) == 1
    assert drawn[0].layout.meta["alt"]
    assert "predicted 55.7°" in said()
    plain = said()
    choices["weights"].value = True
    assert len(drawn) == 2
    assert said() != plain
    choices["width"].value = 8
    assert len(drawn) == 3


@pytest.mark.parametrize(
    ("explorer", "says", "choice", "value", "then", "figures"),
    [
        (on_off.plane_explorer, "plain: mean cosine", "width", 4, "plain: mean cosine", 2),
        (vnn.gate_by_hand, "the gate is open, a = (1.5, -0.5)", "angle of t", 135,
         "t · h = -1.41: the gate is closed, a = (0.0, 0.0)", 2),
        (sign_match.break_the_signs, "layer 1: 100 %", "negative weights (%)", 50, "layer 1: ", 2),
        (credit.perturbation_by_hand, "(about 84° expected)", "trials averaged", 101,
         "(about 45° expected)", 0),
    ],
)  # fmt: skip
def test_explorer_draws_at_once_and_anew(explorer, says, choice, value, then, figures, monkeypatch):
    drawn = []
    monkeypatch.setattr(shared, "display", drawn.append)
    choices, _, said = parts(explorer())
    assert says in said()
    before = said()
    choices[choice].value = value
    assert then in said()
    assert said() != before
    assert len(drawn) == figures
    assert all(figure.layout.meta["alt"] for figure in drawn)


def test_the_gate_by_hand_shows_the_point_that_is_chosen(monkeypatch):
    drawn = []
    monkeypatch.setattr(shared, "display", drawn.append)
    choices, _, _ = parts(vnn.gate_by_hand())
    choices["h, component 2"].value = 2.0
    _, _, h, _, a = drawn[-1].data
    assert [(p.x[0], p.y[0]) for p in (h, a)] == [(1.5, 2.0), (1.5, 2.0)]
    choices["angle of t"].value = 225
    assert [(p.x[0], p.y[0]) for p in drawn[-1].data[2::2]] == [(1.5, 2.0), (0.0, 0.0)]


def test_training_explorer_trains_what_is_chosen_and_forgets_it(monkeypatch):
    drawn, asked = [], []

    def new_trainer(config):
        asked.append(config)
        short = replace(config, epochs=0)
        return gevb.Trainer(short, gevb.load("digits"), torch.device("cpu"))

    monkeypatch.setattr(shared, "display", drawn.append)
    monkeypatch.setattr(shared, "new_trainer", new_trainer)
    choices, buttons, said = parts(shared.training_explorer())
    choices["epochs"].value, choices["seed"].value = 2, 3
    buttons["Train"].click()
    assert asked == [gevb.Config(epochs=2, seed=3, evaluate_every=1)]
    assert said().endswith("after 0 epochs")
    choices["network"].value = "conventional, mixed-sign"
    buttons["Train"].click()
    assert "wanted a vectorized one" in said()
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
    monkeypatch.setattr(convolutions, "kernel_sum", lambda *what: shown.append(what))
    network = gevb.build("digits", (gevb.Conv(4, 3, 1, 1), gevb.Conv(6, 3, 1, 1))).double()
    split = gevb.load("digits").test
    choices, _, _ = parts(convolutions.kernel_explorer(network, split))
    choices["image"].value = 2
    choices["sending channel"].value, choices["receiving channel"].value = 3, 5
    image, _, mask, terms = shown[-1]
    assert len(shown) == 4
    assert torch.equal(image, split.x[2, 0].double())
    update = gevb.GEVB(network).updates(split.x[2:3].double(), split.y[2:3])[1]
    torch.testing.assert_close(terms.sum((0, 1)), update[5, 3])
    assert torch.equal(mask, network.trace(split.x[2:3].double()).gates[1][0, 5].double())


# ------------------------------------------------------------------------------- work that lasts


class Bench:
    """Work of three steps, each of which waits until it is let go on."""

    def __init__(self, fails=False):
        self.go, self.shown, self.plans = threading.Semaphore(0), [], 0

        def job(report):
            for step in range(3):
                report(step / 3, f"step {step}")
                self.go.acquire()
            if fails:
                raise gevb.InputError("it cannot be done")
            return self.plans

        def plan():
            self.plans += 1
            return job

        self.work = shared.Work("Go", plan, lambda result: self.shown.append(result) or "done")

    async def until(self, condition):
        for _ in range(500):
            if condition():
                return
            await asyncio.sleep(0.01)
        pytest.fail(f"never: {inspect.getsource(condition)}")


def test_work_tells_how_far_it_is_and_shows_the_result():
    async def story():
        bench = Bench()
        work = bench.work
        work.start.click()
        await bench.until(lambda: work.says.value == "step 0")
        assert (work.start.disabled, work.stop.disabled) == (True, False)
        assert work.bar.layout.visibility == "visible"
        bench.go.release()
        await bench.until(lambda: work.says.value == "step 1" and work.bar.value == 1 / 3)
        bench.go.release(2)
        await bench.until(lambda: not work.start.disabled)
        assert (bench.shown, work.says.value, work.stop.disabled) == ([1], "done", True)
        assert work.bar.layout.visibility == "hidden"

    asyncio.run(story())


def test_work_stops_when_asked_and_can_start_again():
    async def story():
        bench = Bench()
        work = bench.work
        for count in (1, 2):
            work.start.click()
            await bench.until(lambda: work.says.value == "step 0")
            work.stop.click()
            bench.go.release()
            await bench.until(lambda: not work.start.disabled)
            assert work.says.value == "stopped; so far: step 1"
            assert (bench.plans, bench.shown) == (count, [])

    asyncio.run(story())


def test_work_begins_anew_with_what_is_chosen_now():
    """A slider moves on while the figure for its last place is still being made."""

    async def story():
        bench = Bench()
        for _ in range(3):
            bench.work.begin()
        bench.go.release(4)
        await bench.until(lambda: bench.shown)
        assert (bench.plans, bench.shown) == (2, [2])

    asyncio.run(story())


@pytest.mark.parametrize("live", [True, False])
def test_work_that_fails_says_why(live):
    bench = Bench(fails=True)
    bench.go.release(3)

    async def story():
        bench.work.start.click()
        await bench.until(lambda: bench.work.says.value == "it cannot be done")
        await bench.until(lambda: not bench.work.start.disabled)

    if live:
        asyncio.run(story())
    else:
        bench.work.start.click()
    assert bench.work.says.value == "it cannot be done"
    assert bench.shown == []


IN_A_KERNEL = """
import time
from gevbook.widget import training_explorer
box = training_explorer()
choices = [row.children[1] for row in box.children[:5]]
buttons, says, shown = box.children[6].children
start, stop, bar = buttons.children
choices[2].value, choices[3].value = "lc", 60
"""


def test_a_kernel_hears_the_stop_button():
    """The messages are those that a notebook's page sends."""
    manager, client = start_new_kernel(kernel_name="python3")

    def ask(code):
        found = []
        reply = client.execute_interactive(
            "", user_expressions={"x": code}, timeout=60, output_hook=found.append
        )
        return literal_eval(reply["content"]["user_expressions"]["x"]["data"]["text/plain"])

    def click(button):
        content = {
            "comm_id": ask(f"{button}.model_id"),
            "data": {"method": "custom", "content": {"event": "click"}},
        }
        client.shell_channel.send(client.session.msg("comm_msg", content))

    def wait(code):
        for _ in range(300):
            if ask(code):
                return
            time.sleep(0.1)
        pytest.fail(f"never {code}; it says {ask('says.value')}")

    try:
        client.execute_interactive(IN_A_KERNEL, timeout=120)
        click("start")
        wait("bar.value > 0 and 'after' in says.value")
        assert ask("start.disabled, stop.disabled, shown.outputs") == (True, False, ())
        click("stop")
        wait("not start.disabled")
        assert "test error" in ask("says.value")
        assert 0 < ask("bar.value") < 1
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
