"""The planner of runs, and the explorer of broadcasts."""

from __future__ import annotations

import ipywidgets

import gevb
from gevb.theory.costs import run_cost
from gevbook.meaning.widget import broadcast_explorer
from gevbook.training.widget import run_planner


def parts(box):
    return {
        row.children[0].value: row.children[1]
        for row in box.children
        if isinstance(row, ipywidgets.HBox)
    }


def test_planner_gives_command_cost_and_time():
    box = run_planner(rate=1e12)
    choices, says = parts(box), box.children[-2]
    cost = run_cost(gevb.Config(dataset="mnist"))
    assert f"{cost / 1e12:,.0f} million million" in says.value
    assert f"{cost / 1e12 / 3600:,.1f} hours" in says.value
    choices["rule"].value = "bp"
    choices["network"].value = "conventional, mixed-sign"
    choices["epochs"].value = 7
    assert "--rule bp --conventional --mixed-sign --epochs 7" in says.value
    assert "mnist-fc-conventional-mixed-bp-7epochs-seed0" in says.value


def test_planner_says_what_cannot_be():
    box = run_planner(rate=1e12)
    parts(box)["network"].value = "conventional, nonnegative"
    assert "wanted a vectorized one" in box.children[-2].value


def test_explorer_trains_what_is_chosen():
    asked = []

    def error(*given):
        *chosen, report = given
        report(0.5, "half way")
        asked.append(tuple(chosen))
        return 12.34

    box = broadcast_explorer(error, ["exact", "noise"])
    button = box.children[-2].children[0].children[0]
    parts(box)["components K"].value = 4
    button.click()
    parts(box)["broadcast"].value = "noise"
    button.click()
    assert asked == [("exact", 4, 2, 0), ("noise", 4, 2, 0)]
    assert box.children[-1].value.count("12.3 %") == 2
