"""The variants differ from our networks in what they are said to differ in, and in nothing else."""

from __future__ import annotations

import json
from statistics import mean, stdev

import pytest
import torch

import gevb
from gevb.layers import Flatten
from gevbook.deviations import figures, variants
from gevbook.deviations.variants import COMPARISONS


def both(name, rule, seed=1):
    """The learners of a comparison, ours and the other."""
    return [side(rule, seed) for side in COMPARISONS[name].sides.values()]


def test_flattening_by_explicit_indices():
    ours, other = both("flattening", "bp")
    for mine, theirs in zip(ours.network.parameters(), other.network.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    (flat,) = (m for layer in other.network.layers for m in layer.arrange if isinstance(m, Flatten))
    a = torch.rand(2, 1, *flat.in_units)
    channels, height, width = flat.in_units
    for c, y, x in [(0, 0, 0), (1, 1, 0), (channels - 1, height - 1, width - 1)]:
        assert torch.equal(flat(a)[..., (c * height + y) * width + x], a[..., c, y, x])
    signal = torch.rand(2, flat(a).shape[-1])
    assert torch.equal(flat(flat.transpose(signal).unsqueeze(1))[:, 0], signal)


def test_the_other_order_is_back_propagated_as_autograd_has_it():
    other = both("flattening", "bp")[1]
    network, test = other.network.double(), gevb.load("digits").test
    x, y = test.x[:8].double(), test.y[:8]
    torch.nn.functional.cross_entropy(network(x), y).backward()
    wanted = [p.grad.clone() for p in network.parameters()]
    network.zero_grad()
    other.backward(x, y)
    for parameter, gradient in zip(network.parameters(), wanted, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-10, atol=1e-14)


def test_output_rows_in_pairs():
    (ours, other) = (learner.network.layers for learner in both("output", "dfa"))
    for mine, theirs in zip(ours[:-1], other[:-1], strict=True):
        assert torch.equal(mine.weights.weight, theirs.weights.weight)
    weight = other[-1].weights.weight.squeeze()
    on, off = weight[::2], weight[1::2]
    assert torch.equal(on[:, ::2], off[:, 1::2])
    assert torch.equal(on[:, 1::2], off[:, ::2])
    ours_on = ours[-1].weights.weight.squeeze()
    assert not torch.equal(ours_on[::2, ::2], ours_on[1::2, 1::2])


def test_half_the_units_other_bits_and_a_quarter_of_the_feedback():
    same = both("units", "bp")[0].network.architecture
    assert same == gevb.networks.ARCHITECTURES["digits"]["lc"]
    wide, narrow = (learner.network.hidden_units for learner in both("units", "bp"))
    assert (wide[:-1], wide[-1], narrow[-1]) == (narrow[:-1], (64,), (32,))
    ours, other = both("precision", "gevb")
    for mine, theirs in zip(ours.network.parameters(), other.network.parameters(), strict=True):
        assert (mine.dtype, theirs.dtype) == (torch.float32, torch.float64)
        assert torch.equal(mine, theirs.float())
    test = gevb.load("digits").test
    ours, other = (learner.updates(test.x[:8], test.y[:8]) for learner in both("pooling", "dfa"))
    for l, (mine, theirs) in enumerate(zip(ours, other, strict=True)):
        torch.testing.assert_close(theirs * (4 if l < 2 else 1), mine)


def test_a_run_is_the_protocols():
    """The same networks, order and end as those of `gevb.lab.train`."""
    config = gevb.Config(rule="gevb", epochs=10)
    wanted = gevb.lab.train(config, device="cpu", progress=False).history[-1].test_error
    learner = both("precision", "gevb", seed=0)[0]
    assert variants.final_error(learner, gevb.load("digits"), 0, 10) == pytest.approx(wanted)


@pytest.mark.parametrize("name", COMPARISONS)
def test_what_is_recorded(name):
    comparison, values = COMPARISONS[name], variants.read_comparison(name)
    assert (values["dataset"], values["epochs"]) == (comparison.dataset, comparison.epochs)
    assert list(values["errors"]) == list(comparison.rules)
    for rule, sides in values["errors"].items():
        assert list(sides) == list(comparison.sides)
        ours, other = sides.values()
        assert len(ours) == len(other) == comparison.seeds
        apart = [b - a for a, b in zip(ours, other, strict=True)]
        found = variants.differences(name)[rule]
        assert found.estimate == pytest.approx(mean(apart))
        assert found.error == pytest.approx(stdev(apart) / len(apart) ** 0.5)
        (low, high) = found.interval
        assert low < found.estimate < high
        assert f"{found.estimate:+.2f}".replace("-", "−") in str(variants.effect_table(name))


def test_measure_and_record(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(variants, "folder", lambda: tmp_path)
    short = variants.Comparison("digits", ("gevb",), COMPARISONS["precision"].sides, 1, 2)
    monkeypatch.setitem(COMPARISONS, "precision", short)
    variants.main(["precision"], standalone_mode=False)
    assert "64 bits: " in capsys.readouterr().out
    values = variants.read_comparison("precision")
    assert values["session"]["seconds"] > 0
    assert variants.origin("precision").startswith("digits, 2 seeds, 1 epochs, recorded 2")
    file = tmp_path / "precision.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "epochs": 190}))
    with pytest.raises(gevb.InputError, match="damaged or changed"):
        variants.read_comparison("precision")


def test_the_picture_of_all_effects():
    figure = figures.effects(dict.fromkeys(COMPARISONS, "a choice"))
    drawn = [trace for trace in figure.data if trace.error_x.array is not None]
    wanted = [d for name in COMPARISONS for d in variants.differences(name).values()]
    assert len(drawn) == len(wanted)
    for trace, difference in zip(drawn, wanted, strict=True):
        ((x,), (up,), (down,)) = (trace.x, trace.error_x.array, trace.error_x.arrayminus)
        ends = (x - down, x, x + up)
        low, high = difference.interval
        assert ends == pytest.approx((low, difference.estimate, high), abs=2e-3)
    within = sum(d.interval[0] <= 0 <= d.interval[1] for d in wanted)
    assert f"{within} of {len(wanted)} intervals" in figure.layout.meta["caption"]
