"""Theory of alignment: by definition, by hand, and against drawn and real networks."""

from __future__ import annotations

import math

import pytest
import torch

import gevb
from gevb.networks import FC, Network
from gevb.theory.alignment import (
    ON_OFF_RATIO,
    angle,
    draw_feedback,
    on_off_recursion,
    relative_std,
    width_recursion,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_relative_std_and_angle_by_hand():
    dhat = torch.tensor([[1.0, 3.0], [2.0, 2.0], [0.0, 0.0]])
    r = relative_std(dhat)
    assert r[:2].tolist() == [0.5, 0.0]
    assert r[2].isnan()
    u = torch.tensor([1.0, 3.0])
    cosine = u.sum() / (u.norm() * math.sqrt(2))
    assert float(angle(r[0])) == pytest.approx(float(cosine.acos().rad2deg()), abs=1e-4)
    assert float(angle(torch.tensor(ON_OFF_RATIO))) == pytest.approx(55.65, abs=0.01)


def test_on_off_ratio_is_that_of_the_entries():
    w = torch.randn(1_000_000, generator=generator(), dtype=torch.float64).relu()
    assert float(relative_std(w)) == pytest.approx(ON_OFF_RATIO, rel=0.005)


def test_width_recursion_by_hand():
    got = width_recursion([7, 50, 8], ratio=2.0)
    second = math.sqrt(2 / 8) * 2 * math.sqrt(1 + 4)
    first = math.sqrt(2 / 50) * 2 * math.sqrt(1 + second**2)
    assert got.tolist() == pytest.approx([first, second, 2.0])
    by_layer = width_recursion([7, 50, 8], ratio=[3.0, 1.0, 2.0])
    second = math.sqrt(2 / 8) * 1 * math.sqrt(1 + 4)
    first = math.sqrt(2 / 50) * 3 * math.sqrt(1 + second**2)
    assert by_layer.tolist() == pytest.approx([first, second, 2.0])
    assert width_recursion([4]).tolist() == [ON_OFF_RATIO]


def test_on_off_recursion_by_hand():
    n = 10_000
    got = on_off_recursion([n] * 4)
    pi = math.pi
    assert float(got[3]) == pytest.approx(math.sqrt(pi - 1))
    assert float(got[2]) == pytest.approx(math.sqrt(2 / n * pi * (pi - 1)))
    assert float(got[0]) == pytest.approx(math.sqrt(2 / n * (pi - 2)), rel=1e-3)
    assert got[2:].tolist() == pytest.approx(width_recursion([n] * 4)[2:].tolist())


@pytest.mark.parametrize("paired", [False, True])
def test_drawn_feedback_follows_its_recursion(paired):
    widths = [200, 100, 120, 80]
    source = generator()
    drawn = [draw_feedback(widths, source, paired=paired) for _ in range(400)]
    assert [len(d) for d in drawn[0]] == widths
    assert all((d >= 0).all() and abs(d.mean() - 1) < 1e-9 for d in drawn[0])
    r = torch.stack([torch.stack([relative_std(d) for d in layers]) for layers in drawn])
    wanted = on_off_recursion(widths) if paired else width_recursion(widths)
    assert (r.mean(0) / wanted).tolist() == pytest.approx([1] * 4, abs=0.03)
    # The other recursion misses the lower layers by sqrt((pi - 1) / (pi - 2)) = 1.37.
    other = width_recursion(widths) if paired else on_off_recursion(widths)
    assert abs(float((r.mean(0) / other)[0]) - 1) > 0.2


def test_paired_draws_have_one_silent_unit_a_pair_in_the_last_layer():
    *_, last = draw_feedback([6, 8], generator(), paired=True)
    assert (last[0::2] * last[1::2] == 0).all()
    assert ((last[0::2] + last[1::2]) > 0).all()


def test_real_on_off_networks_follow_the_paired_recursion():
    widths = [128, 128, 128, 128]
    x = torch.randn(32, 1, 8, 8, generator=generator(), dtype=torch.float64)
    y = torch.zeros(32, dtype=torch.long)
    angles = []
    for seed in range(12):
        network = Network((1, 8, 8), 10, [FC(n) for n in widths], seed=seed).double()
        angles.append(gevb.alignment_angles(gevb.GEVB(network), x, y))
    got = torch.stack(angles).mean(0)
    assert (got / angle(on_off_recursion(widths))).tolist() == pytest.approx([1] * 4, abs=0.06)
    assert float(got[0] / angle(width_recursion(widths))[0]) < 0.8


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (lambda: width_recursion([]), r"widths: got \[\], wanted at least one"),
        (lambda: on_off_recursion([4, 0]), r"widths: got \[4, 0\], wanted at least one"),
        (lambda: width_recursion([4, 4], [1.0]), "ratio: got 1 values, wanted one or 2"),
        (lambda: draw_feedback([3, 4], generator(), paired=True), "widths: got 3, wanted even"),
    ],
)
def test_bad_input(call, wanted):
    with pytest.raises(gevb.InputError, match=wanted):
        call()


def test_closed_gates_leave_zero():
    drawn = [draw_feedback([2, 2], generator(seed), paired=True) for seed in range(20)]
    first = torch.stack([layers[0] for layers in drawn])
    assert (first.sum(1) == 0).any()
    assert (first.sum(1) > 0).any()
