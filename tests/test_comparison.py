"""Verdicts: the tests behind them by value, and the rule's corners."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from bs4 import BeautifulSoup
from conftest import make_record
from scipy import stats

import gevb
from gevb.lab.comparison import (
    CLAIMS,
    SEEDS,
    TOLERANCE,
    Difference,
    Sample,
    at_equal_epochs,
    at_the_end,
    findings,
    holm,
    late_error,
)
from gevb.lab.experiments import experiments
from gevb.lab.published import published_curves, published_errors
from gevb.lab.tables import Table, errors_table, findings_table

pytestmark = pytest.mark.usefixtures("unchecked")
OURS = (1.9, 2.1, 1.7, 2.0, 1.8)
OTHERS = (2.4, 2.6, 2.5, 2.3)
MANY = 10**9  # Images, so many that only the seeds are left to chance.


def records(experiment: gevb.Experiment, errors, first: int = 0, **how) -> list[gevb.lab.Record]:
    return [
        make_record(experiment.run(seed=first + seed, **how), error)
        for seed, error in enumerate(errors)
    ]


def test_sample():
    sample = Sample.of(OURS, MANY)
    assert (sample.mean, sample.n) == (pytest.approx(1.9), 5)
    assert sample.sd == pytest.approx(math.sqrt(0.025))
    assert Sample.of([3.0], 360) == Sample(3.0, 1, None, 360)


def test_sampling_error_of_a_share():
    """10 % of 5 x 360 answers are wrong. Laplace's rule gives zero errors a rate above zero."""
    p = (180 + 1) / (1800 + 2)
    wanted = 100 * math.sqrt(p * (1 - p) / 1800)
    assert Sample.of([9.0, 11.0, 10.0, 10.0, 10.0], 360).sampling == pytest.approx(wanted)
    assert wanted == pytest.approx(stats.binom(1800, p).std() / 18)
    assert Sample.of([0.0, 0.0], 360).sampling == pytest.approx(100 / 722 * math.sqrt(721 / 720))


def test_two_spreads_give_welch():
    difference = Difference.between(Sample.of(OURS, MANY), Sample.of(OTHERS, MANY))
    wanted = stats.ttest_ind(OURS, OTHERS, equal_var=False)
    assert difference.p_zero() == pytest.approx(wanted.pvalue)
    assert difference.interval == pytest.approx(tuple(wanted.confidence_interval()))
    less = stats.ttest_ind(OURS, OTHERS, equal_var=False, alternative="less")
    assert difference.p_below(0.0) == pytest.approx(less.pvalue)
    more = stats.ttest_ind(OURS, np.subtract(OTHERS, 1), equal_var=False, alternative="greater")
    assert difference.p_above(-1.0) == pytest.approx(more.pvalue)


def test_two_one_sided_tests():
    difference = Difference.between(Sample.of(OURS, MANY), Sample.of(OTHERS, MANY))
    bounds = [
        stats.ttest_ind(np.add(OURS, 0.8), OTHERS, equal_var=False, alternative="greater"),
        stats.ttest_ind(np.subtract(OURS, 0.8), OTHERS, equal_var=False, alternative="less"),
    ]
    assert difference.p_near(0.8) == pytest.approx(max(bound.pvalue for bound in bounds))


def test_pooled_spread():
    """Student's test of two samples with one spread."""
    difference = Difference.pooled(Sample.of(OURS, MANY), Sample.of(OTHERS, MANY))
    wanted = stats.ttest_ind(OURS, OTHERS)
    assert difference.p_zero() == pytest.approx(wanted.pvalue)
    assert difference.interval == pytest.approx(tuple(wanted.confidence_interval()))


def test_a_single_seed_has_a_prediction_interval():
    """The interval for one more run: the t-interval of the others, times sqrt(1 + 1/n)."""
    difference = Difference.pooled(Sample.of([2.0], MANY), Sample.of(OTHERS, MANY))
    half = np.std(OTHERS, ddof=1) * math.sqrt(1 + 1 / 4) * stats.t.ppf(0.975, 3)
    off = 2.0 - np.mean(OTHERS)
    assert difference.interval == pytest.approx((off - half, off + half))


def test_without_a_spread_nothing_is_decided():
    assert Difference.between(Sample(1.0, 1, None, MANY), Sample.of(OTHERS, MANY)) is None
    assert Difference.pooled(Sample(1.0, 1, None, MANY), Sample(1.6, 5, None, MANY)) is None


def test_pairs_by_seed():
    """The scatter that two rules share does not hide their difference."""
    left = dict(enumerate((1.9, 2.9, 0.9, 2.4, 1.4)))
    right = dict(enumerate((1.8, 2.7, 0.8, 2.3, 1.3, 7.0)))
    difference = Difference.paired(left, right, MANY)
    shared = [right[seed] for seed in left]
    wanted = stats.ttest_rel(list(left.values()), shared)
    assert difference.p_zero() == pytest.approx(wanted.pvalue)
    assert difference.interval == pytest.approx(tuple(wanted.confidence_interval()))
    apart = Difference.between(Sample.of(list(left.values()), MANY), Sample.of(shared, MANY))
    assert difference.p_zero() < 0.01 < 0.5 < apart.p_zero()
    assert Difference.paired(left, {0: 1.0, 9: 2.0}, MANY) is None


def test_seeds_that_agree_leave_the_images_to_chance():
    """Five times the same count of wrong digits is no certainty; of many images it would be."""
    few, many = (
        Difference.between(Sample.of([3.0] * 5, n), Sample.of([2.0] * 5, n)) for n in (360, MANY)
    )
    assert many.p_zero() == 0.0
    z = 1 / few.sampling
    assert few.p_zero() == pytest.approx(2 * stats.norm.sf(z))
    assert few.p_zero() > 0.05
    assert few.interval == pytest.approx(
        (1 - 1.96 * few.sampling, 1 + 1.96 * few.sampling), abs=1e-4
    )
    same = Difference.pooled(Sample.of([0.0] * 5, MANY), Sample(0.0, 5, None, MANY))
    assert (same.p_zero(), same.p_near(0.3)) == (1.0, 0.0)


def test_the_larger_p_value_of_seeds_and_images_counts():
    for spread, images in ((1.0, MANY), (1e-3, 100), (0.1, 10_000)):
        ours = Sample.of([2.0 - spread, 2.0, 2.0 + spread], images)
        d = Difference.pooled(ours, Sample(1.5, 5, None, images))
        by_seeds = stats.t.sf(0.5 / d.error, 2)
        by_images = stats.norm.sf(0.5 / d.sampling)
        assert d.p_above(0.0) == pytest.approx(max(by_seeds, by_images))


@pytest.mark.parametrize(
    ("p", "corrected"),
    [
        ([], []),
        ([0.2], [0.2]),
        ([0.01, 0.02], [2 * 0.01, 0.02]),
        # Three times 0.01, twice 0.03, and 0.04 would come below that.
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        # Of equal values, each becomes what the first does.
        ([0.03, 0.03, 0.001], [0.06, 0.06, 0.003]),
        ([0.6, 0.4, 0.0, 1.0], [1.0, 1.0, 0.0, 1.0]),
    ],
)
def test_holm_by_hand(p, corrected):
    given = list(p)
    assert holm(p) == pytest.approx(corrected, rel=1e-12)
    assert p == given


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ((1.86, 1.88, 1.87, 1.87, 1.87), "consistent"),  # Within 0.3 points, and surely.
        ((1.99, 2.01, 2.00, 2.00, 2.00), "consistent"),  # Not the same, but near.
        ((2.86, 2.88, 2.87, 2.87, 2.87), "differs"),
        ((1.2, 2.6, 1.8, 2.2, 1.6), "undecidable"),
        ((1.87,), "undecidable"),
        ((), ""),
    ],
)
def test_verdicts(errors, verdict):
    (experiment,) = experiments(["mnist"], "fc-vectorized-nonnegative-gevb")
    (cell,) = at_the_end(records(experiment, errors), [experiment], range(5))
    assert (cell.verdict, len(cell.errors)) == (verdict, len(errors))
    late = [published_curves()[experiment.name][epoch].sd for epoch in range(150, 191, 10)]
    assert cell.reference.mean == published_errors()[experiment.name][0]
    assert cell.reference.sd == pytest.approx(np.sqrt(np.mean(np.square(late))))
    assert cell.missing == list(range(len(errors), 5))


def test_holm_is_over_the_cells_of_a_table():
    """A difference that is plain alone is not among many."""
    alone, *others = experiments(["mnist"])
    values = (2.0, 2.4, 1.9, 2.3, 2.2)
    (cell,) = at_the_end(records(alone, values), [alone], range(5))
    assert cell.verdict == "differs"
    assert "2.16 ± 0.21" in str(errors_table([cell]))
    shifts = np.array((-0.6, 0, 0.6, 0.3, -0.3))
    spread = [published_errors()[other.name][0] + shifts for other in others]
    more = [r for other, v in zip(others, spread, strict=True) for r in records(other, v)]
    cells = at_the_end([*records(alone, values), *more], [alone, *others], range(5))
    assert cells[0].verdict == "undecidable"
    assert cells[0].difference == cell.difference


def test_missing_and_failed_runs_stay_in_sight():
    (experiment,) = experiments(["mnist"], "lc-vectorized-mixed-bp")
    there = [*records(experiment, (1.5, None, 1.4)), *records(experiment, (None,), first=4)]
    (cell,) = at_the_end(there, [experiment], range(6))
    assert (cell.errors, cell.failed, cell.missing) == ({0: 1.5, 2: 1.4}, [1, 4], [3, 5])
    assert "2 finished, 2 failed, 2 missing" in str(errors_table([cell]))


@pytest.mark.parametrize("first", [True, False])
def test_a_run_that_failed_once_and_then_finished_has_finished(first):
    (experiment,) = experiments(["mnist"], "lc-vectorized-mixed-bp")
    there = [make_record(experiment.run(), None), make_record(experiment.run(), 1.4)]
    (cell,) = at_the_end(there[:: 1 if first else -1], [experiment], [0])
    assert (cell.errors, cell.failed) == ({0: 1.4}, [])


def test_a_shortened_protocol_is_a_row_of_its_own_without_verdict():
    (experiment,) = experiments(["mnist"], "fc-vectorized-nonnegative-gevb")
    short = {"epochs": 5, "evaluate_every": 1}
    there = [*records(experiment, OURS), *records(experiment, (3.0, 3.1), **short)]
    full, other = at_the_end(there, [experiment], range(5))
    assert (full.setting.departures, len(full.errors)) == ("", 5)
    assert (other.setting.departures, other.verdict, other.reference) == (
        "epochs 5, evaluate_every 1",
        "",
        None,
    )
    assert other.errors == {0: 3.0, 1: 3.1}
    assert "fc-vectorized-nonnegative-gevb (epochs 5, evaluate_every 1)" in str(
        errors_table([other])
    )


def test_two_sets_of_seeds():
    """Cells of the same spread agree; one that was moved does not."""
    chosen = experiments(["mnist"], "fc-")
    generator = np.random.default_rng(0)
    there = []
    for experiment in chosen:
        values = 1 + 0.02 * generator.standard_normal(10)
        if experiment == chosen[0]:
            values[5:] += 1
        there += records(experiment, values)
    cells = at_the_end(there, chosen, range(5), against=range(5, 10))
    assert [cell.verdict for cell in cells] == ["differs"] + 7 * ["consistent"]
    assert all(cell.reference.n == 5 for cell in cells)


def test_train_errors():
    (experiment,) = experiments(["mnist"], "fc-vectorized-nonnegative-gevb")
    record = make_record(experiment.run(), 2.0)
    history = [replace(record.history[-1], train_error=0.5)]
    (cell,) = at_the_end([replace(record, history=history)], [experiment], [0], "train")
    assert (cell.errors, cell.reference.mean) == ({0: 0.5}, 0.06)
    with pytest.raises(gevb.InputError, match="measure: got 'both', wanted one of test, train"):
        at_the_end([], [experiment], [0], "both")


def claimed(**errors: float) -> list[gevb.lab.Record]:
    """Five seeds of every conv experiment on MNIST, with small scatter around these errors."""
    names = {
        "gevb_vnn": "conv-vectorized-nonnegative-gevb",
        "bp_vnn": "conv-vectorized-nonnegative-bp",
        "dfa": "conv-conventional-nonnegative-dfa",
    }
    scatter = (-0.02, 0.01, 0.0, 0.02, -0.01)
    return [
        record
        for name, error in errors.items()
        for experiment in experiments(["mnist"], names[name])
        for record in records(experiment, [error + s for s in scatter])
    ]


@pytest.mark.parametrize(
    ("errors", "near", "ahead"),
    [
        ({"gevb_vnn": 1.5, "bp_vnn": 1.6, "dfa": 3.0}, "supported", "supported"),
        ({"gevb_vnn": 2.5, "bp_vnn": 1.6, "dfa": 1.2}, "contradicted", "contradicted"),
        ({"gevb_vnn": 2.5, "bp_vnn": 1.6}, "contradicted", "no runs"),
        ({"gevb_vnn": 1.5, "bp_vnn": 1.8, "dfa": 1.5}, "undecidable", "undecidable"),
        ({}, "no runs", "no runs"),
    ],
)
def test_claims(errors, near, ahead):
    found = {(f.claim.statement, f.left.arch): f for f in findings(claimed(**errors), ["mnist"])}
    assert len(found) == sum(len(claim.architectures) for claim in CLAIMS)
    matches = found["GEVB matches back-propagation in VNNs", "conv"]
    assert matches.verdict == near
    assert matches.published is False  # 2.33 % and 1.30 %: further apart than 0.3.
    dfa = found["GEVB in VNNs is ahead of DFA in conventional nonnegative networks", "conv"]
    assert dfa.verdict == ahead
    text = str(findings_table(list(found.values()), list(found.values())))
    assert "disagrees" in text
    assert text.count("\n") == len(found)


def test_claims_on_cifar10_agree_with_the_published_means():
    found = findings([], ["cifar10"])
    ahead = [f for f in found if "ahead of DFA" in f.claim.statement and f.left.arch == "conv"]
    assert ahead
    assert all(f.published for f in ahead)
    assert {f.verdict for f in found} == {"no runs"}


def test_rules_of_one_network_are_compared_by_seed_and_others_are_not():
    """Seeds scatter by a point, alike for GEVB and BP: pairs leave that out, Welch would not."""
    names = (
        "vectorized-nonnegative-gevb",
        "vectorized-nonnegative-bp",
        "conventional-nonnegative-dfa",
    )
    scatter = (-1.0, 0.5, 0.0, 1.0, -0.5)
    there = [
        record
        for name, error in zip(names, (2.05, 2.0, 3.5), strict=True)
        for experiment in experiments(["mnist"], f"fc-{name}")
        for record in records(experiment, [error + s for s in scatter])
    ]
    found = {f.claim.statement: f for f in findings(there, ["mnist"]) if f.difference}
    paired = found["GEVB matches back-propagation in VNNs"]
    assert paired.difference.error == pytest.approx(0, abs=1e-9)
    welch = found["GEVB in VNNs is ahead of DFA in conventional nonnegative networks"]
    assert welch.difference.error == pytest.approx(math.sqrt(2 * 0.625 / 5))


def test_verdicts_on_claims_depend_on_neither_what_is_shown_nor_further_seeds():
    there = claimed(gevb_vnn=1.5, bp_vnn=1.6, dfa=3.0)
    one = findings(there, ["mnist"])
    every = [f for f in findings(there) if f.left.dataset == "mnist"]
    assert one == every
    (experiment,) = experiments(["mnist"], "conv-vectorized-nonnegative-gevb")
    further = records(experiment, (90.0, 90.0), first=len(SEEDS))
    assert findings([*there, *further], ["mnist"]) == one


def test_late_error_is_a_mean_over_the_last_evaluations():
    (experiment,) = experiments(["mnist"], "fc-conventional-mixed-bp")
    record = make_record(experiment.run(), 2.0)
    start = record.history[0]

    def at(epoch: int, error: float):
        return replace(start, epoch=epoch, test_error=error)

    to_the_end = [start, *(at(10 * n, 20.0 - n) for n in range(1, 20))]
    assert late_error(replace(record, history=to_the_end)) == pytest.approx(20 - 17)
    # Stopped without training error at epoch 170: its 15 % stand for two more evaluations.
    stopped = [start, *(at(10 * n, 32.0 - n) for n in range(1, 18))]
    assert late_error(replace(record, history=stopped)) == pytest.approx((17 + 16 + 15 * 3) / 5)
    # Evaluated at 0, 10, 20 and 25; stopped at epoch 10.
    short = replace(record, config=experiment.run(epochs=25), history=[at(0, 9.0), at(10, 4.0)])
    assert late_error(short) == 4.0
    assert late_error(replace(short, history=[*short.history, at(20, 1.0)])) == 2.0


def test_a_table_is_text_in_a_terminal_and_html_in_a_notebook():
    made = Table(("name", "error < 5 %"), [("a & b", "1.5"), ("c", "-")])
    assert str(made) == "name   error < 5 %\na & b  1.5\nc      -"
    assert repr(made) == str(made)
    (table,) = BeautifulSoup(made._repr_html_(), "html.parser").find_all("table")
    assert [th.text for th in table.thead.find_all("th")] == ["name", "error < 5 %"]
    rows = [[cell.text for cell in row.find_all(["th", "td"])] for row in table.tbody("tr")]
    assert rows == [["a & b", "1.5"], ["c", "-"]]
    assert {td["data-label"] for td in table("td")} == {"error < 5 %"}


def test_a_table_of_more_than_a_dozen_rows_may_be_sorted():
    rows = [(str(n), "x") for n in range(13)]
    assert 'class="rows"' in Table(("n", "x"), rows[:12])._repr_html_()
    assert 'class="rows sortable"' in Table(("n", "x"), rows)._repr_html_()


def under_way(experiment: gevb.Experiment, seed: int, by_epoch) -> gevb.lab.Record:
    """A run that has got so far, with these test errors."""
    history = [
        gevb.Evaluation(epoch, 1.0, float(error), 0.1, 0.2, ()) for epoch, error in by_epoch.items()
    ]
    return gevb.lab.Record(experiment.run(seed=seed), history, [], "running")


CURVED = experiments(["cifar10"], "conv-vectorized-nonnegative-gevb")[0]


def test_one_seed_at_equal_epochs_by_hand():
    curve = published_curves()[CURVED.name]
    off = {10: 2.0, 20: -1.0, 30: 0.5}
    ours = {0: 90.0} | {epoch: curve[epoch].mean + by for epoch, by in off.items()}
    (cell,) = at_equal_epochs([under_way(CURVED, 0, ours)], [CURVED])
    errors = {epoch: curve[epoch].sd * math.sqrt(1 + 1 / 5) for epoch in off}
    z = sorted(by / errors[epoch] for epoch, by in off.items())[1]
    assert (cell.seeds, list(cell.ours)) == ((0,), [10, 20, 30])
    assert cell.standardised == pytest.approx(z)
    assert cell.p == pytest.approx(2 * stats.t.sf(abs(z), 4))
    t, error = stats.t.ppf(0.975, 4), np.median(list(errors.values()))
    assert cell.interval == pytest.approx(((z - t) * error, (z + t) * error))


def test_several_seeds_at_equal_epochs_are_pooled_with_the_papers():
    """Two seeds have epoch 10, one epoch 20; a seed that does not count, and failures, are left."""
    curve = published_curves()[CURVED.name]
    there = [
        under_way(CURVED, 0, {10: 48.0, 20: 40.0}),
        under_way(CURVED, 1, {10: 51.0}),
        under_way(CURVED, SEEDS[-1] + 1, {10: 99.0}),
        replace(under_way(CURVED, 2, {10: 99.0}), status="failed"),
        make_record(CURVED.run(seed=0, epochs=10), 99.0),
    ]
    (cell,) = at_equal_epochs(there, [CURVED])
    assert cell.seeds == (0, 1)
    s2 = (4 * curve[10].sd ** 2 + np.var([48.0, 51.0], ddof=1)) / 5
    first, second = cell.differences.values()
    assert first.error == pytest.approx(math.sqrt(s2 * (1 / 2 + 1 / 5)))
    assert (first.freedom, second.freedom) == (5, 4)
    assert second.error == pytest.approx(curve[20].sd * math.sqrt(6 / 5))


@pytest.mark.parametrize(
    ("off", "verdict"),
    [
        ((0.0, 0.1, -0.1), "consistent"),
        ((0.0, 30.0, 0.0, 0.1, -0.1), "consistent"),  # A spike.
        ((40.0, 40.0, 40.0), "differs"),
        ((6.0, 6.0, 6.0), "undecidable"),  # Outside its interval, not after Holm's correction.
        ((), ""),
    ],
)
def test_verdicts_at_equal_epochs(off, verdict):
    """Beside the other 47 networks, which have the published means."""
    others = [e for e in experiments(["mnist", "cifar10"]) if e != CURVED]
    there = [
        under_way(e, 0, {t: published_curves()[e.name][t].mean for t in (10, 20)}) for e in others
    ]
    curve = published_curves()[CURVED.name]
    ours = {t: curve[t].mean + by for t, by in zip(curve, off, strict=False)}
    (cell,) = at_equal_epochs([*there, under_way(CURVED, 0, ours)] if off else there, [CURVED])
    assert cell.verdict == verdict


def test_a_wide_interval_decides_nothing():
    """The paper's runs of this network are so far apart that no error would be surprising."""
    (wide,) = experiments(["cifar10"], "conv-conventional-nonnegative-dfa")
    ours = under_way(wide, 0, {10: published_curves()[wide.name][10].mean})
    (cell,) = at_equal_epochs([ours], [wide])
    assert cell.p == pytest.approx(1)
    assert max(cell.interval) > TOLERANCE
    assert cell.verdict == "undecidable"


def test_the_farther_end_of_the_interval_decides_what_is_narrow():
    """Zero is inside, and one end within the tolerance; the other is not."""
    curve = published_curves()[CURVED.name]
    half = stats.t.ppf(0.975, 4) * curve[20].sd * math.sqrt(6 / 5)
    off = TOLERANCE - half + 0.5  # One end is beyond, the other within.
    for by in (off, -off):
        (cell,) = at_equal_epochs([under_way(CURVED, 0, {20: curve[20].mean - by})], [CURVED])
        low, high = cell.interval
        assert min(abs(low), high) < TOLERANCE < max(abs(low), high)
        assert low < 0 < high
        assert cell.verdict == "undecidable"


def test_claims_are_about_the_networks_that_they_name():
    assert [
        (gevb.Experiment(**claim.left).title, claim.relation, gevb.Experiment(**claim.right).title)
        for claim in CLAIMS
    ] == [
        ("GEVB+ vectorized", "near", "BP+ vectorized"),
        ("GEVB+ vectorized", "below", "DFA+ conventional"),
        ("GEVB vectorized", "below", "DFA conventional"),
        ("BP vectorized", "below", "GEVB vectorized"),
        ("BP conventional", "below", "DFA conventional"),
    ]
