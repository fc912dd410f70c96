"""Figures of the chapters on training and on limits and meaning: what they show, by value."""

from __future__ import annotations

import pytest
import torch

import gevb
from gevb.lab.records import Record
from gevb.theory.costs import Cost
from gevb.training import Evaluation
from gevbook.figures import learning_curves, one_weight_becomes_four
from gevbook.meaning import figures as meaning
from gevbook.plots import COLOURS, NEGATIVE, POSITIVE
from gevbook.training import figures as learning


def shown(figure):
    assert figure.layout.meta["alt"]
    assert figure.layout.meta["caption"]
    return figure


def evaluation(epoch, error, angles=(20.0, 50.0)):
    return Evaluation(epoch, error / 2, error, 0.1, 0.1, angles)


def record(history, **choices):
    return Record(gevb.Config(**choices), history, [], "finished")


def test_learning_curves_take_the_rule_from_the_record():
    history = [evaluation(0, 90.0), evaluation(3, 10.0)]
    runs = {
        "ours": record(history),
        "BP in all but name": record(history, rule="dfa", vectorized=False),
        "again": record(history, nonnegative=False),
    }
    figure = shown(learning_curves(runs, ceiling=40))
    assert [list(line.y) for line in figure.data[:2]] == [[90, 10], [45, 5]]  # test, training
    looks = [(line.line.color, line.line.dash) for line in figure.data[::2]]
    assert looks == [
        (COLOURS["gevb"], "solid"), (COLOURS["dfa"], "solid"), (COLOURS["gevb"], "dash")
    ]  # fmt: skip
    assert figure.layout.yaxis.range == (0, 40)
    assert "ours: test 90 to 10 %, training 45 to 5 %" in figure.layout.meta["alt"]
    assert "epochs. At the end the test error is 10 % for ours, 10" in figure.layout.meta["caption"]


def test_learning_curves_say_where_a_shorter_run_ends():
    history = [evaluation(0, 90.0), evaluation(3, 10.0), evaluation(6, 8.0)]
    figure = shown(learning_curves({"long": record(history), "short": record(history[:2])}))
    assert figure.layout.meta["caption"].endswith("is 8 % for long, 10 % for short (at epoch 3).")
    assert "short (to epoch 3): test 90 to 10 %" in figure.layout.meta["alt"]
    assert "long: test 90 to 8 %" in figure.layout.meta["alt"]


def test_histograms_count_zeros_apart():
    weights = torch.tensor([0.0, 0.0, 0.11, -0.05])
    figure = shown(learning.weight_histograms({"with": {0: weights}, "without": {0: weights}}))
    *keys, counts, zeros, said, _, _, _ = figure.data
    assert [(key.name, key.marker.color) for key in keys] == [
        ("positive", POSITIVE), ("negative", NEGATIVE)
    ]  # fmt: skip
    assert sum(counts.y) == pytest.approx(50)
    assert zeros.y[1] == 50
    assert zeros.name == "exactly zero"
    assert said.text == ("zero: 50 %<br>negative: 25 %",)
    assert not figure.frames  # nothing to choose
    assert "50 % exactly zero and 25 % negative" in figure.layout.meta["alt"]


def test_constraint_has_a_column_for_every_rate():
    curve = ([0, 5], [[1.0, 3.0], [10.0, 20.0]])
    parts = dict.fromkeys(("zero", "negative", "clamped_signs", "free_signs"), curve)
    figure = shown(learning.constraint_over_training({"slow": parts, "fast": parts}))
    assert list(figure.data[0].y) == [2, 15]
    assert list(figure.data[0].error_y.array) == [1, 5]
    assert [trace.xaxis for trace in figure.data] == ["x", "x2"] * 2 + ["x3", "x4"] * 2
    assert [t.name for t in figure.data if t.showlegend] == ["with the clamp", "without it"]
    assert not figure.layout.updatemenus
    assert (
        "without it: slow: zero or negative (%) 2 to 15; without it: fast"
        in (figure.layout.meta["alt"])
    )


def test_angles_by_layer_have_a_panel_for_every_layer():
    history = [evaluation(0, 90.0), evaluation(3, 10.0, (15.0, 45.0))]
    dfa = record(history, rule="dfa", vectorized=False)
    runs = {"VNN": record(history), "plus": dfa, "without": dfa}
    figure = shown(learning.angles_by_layer(runs))
    assert [list(line.y) for line in figure.data[:2]] == [[20, 15], [50, 45]]
    assert figure.data[2].line.color == figure.data[4].line.color == COLOURS["dfa"]
    assert [line.line.dash for line in figure.data[::2]] == ["solid", "solid", "dash"]
    said = "VNN: hidden layer 1 20 to 15, hidden layer 2 50 to 45;"
    assert said in figure.layout.meta["alt"]


def test_step_parts_are_relative_to_the_first_kind():
    kinds = {"BP": Cost(4, 0, 2, 4), "GEVB": Cost(40, 2, 0, 8)}
    figure = shown(meaning.step_parts({"FC": kinds}))
    assert [list(bar.y) for bar in figure.data] == [
        pytest.approx([0.4, 4.0]),
        pytest.approx([0.0, 0.2]),
        pytest.approx([0.2, 0.0]),
        pytest.approx([0.4, 0.8]),
    ]
    assert "FC: BP 1.0, GEVB 5.0" in figure.layout.meta["alt"]


def test_time_steps_first_layer_waits_longest_by_back_propagation():
    figure = shown(meaning.time_steps([3]))
    updates = [bar for bar in figure.data if bar.name.endswith("updates")]
    assert [list(bar.base) for bar in updates] == [[6, 5, 4], [4, 4, 4]]
    for hold, update in zip(figure.data[1::3], updates, strict=True):
        ends = [base + x for base, x in zip(hold.base, hold.x, strict=True)]
        assert ends == list(update.base)
    assert "in step 6 by back-propagation and in step 4 by GEVB" in figure.layout.meta["alt"]


def test_errors_are_shown_as_means_and_points():
    errors = {"gevb": {2: [40.0, 50.0], 10: [3.0, 5.0]}}
    figure = shown(meaning.components(errors, {2: 100, 10: 400}))
    assert list(figure.data[0].y) == [45, 4]
    assert list(figure.data[1].y) == [40, 50, 3, 5]
    assert list(figure.data[2].y) == [0.25, 1]
    assert "as a multiple of that with 10: 0.25 with 2, 1.00 with 10." in figure.layout.meta["alt"]
    angles = {"first": {2: 10.0, 10: 12.0}, "last": {2: 40.0, 10: 50.0}}
    figure = shown(meaning.depth_curves(errors, angles))
    assert list(figure.data[-1].y) == [40, 50]
    assert "last hidden layer 40° with 2, 50° with 10." in figure.layout.meta["alt"]
    figure = shown(meaning.broadcasts({"exact": [3.0, 5.0], "noise": [9.0, 11.0]}))
    assert list(figure.data[0].x) == [3, 5, 9, 11]
    assert list(figure.data[1].x) == [4, 10]


def test_four_nonnegative_weights_stand_for_one_of_either_sign():
    figure = shown(one_weight_becomes_four([-0.5, 0.0, 1.0], start=-0.5))
    for frame, weight in zip(figure.frames, (-0.5, 0.0, 1.0), strict=True):
        *lines, said = frame.data
        strengths = dict(zip([tuple(l.y) for l in lines], map(float, said.text), strict=True))
        assert strengths[1, 1] == strengths[0, 0] == max(weight, 0)
        assert strengths[1, 0] == strengths[0, 1] == max(-weight, 0)
        # What the ON receiver receives from a and its OFF twin, -a.
        assert strengths[1, 1] - strengths[0, 1] == weight
