"""The plan, what is left of it, and how long a machine takes."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest
import torch
from conftest import make_record

import gevb
from gevb.lab import rates
from gevb.lab.comparison import at_the_end
from gevb.lab.experiments import every_run, experiments
from gevb.lab.plan import PLAN, by_value, progress, remaining
from gevb.lab.tables import errors_table, progress_text
from gevb.lab.timings import benchmark
from gevb.theory.costs import run_cost

CPU = torch.device("cpu")
SMALL = gevb.Config(epochs=20, evaluate_every=5)


def test_the_plan_ends_with_all_of_the_paper():
    last = {config for stage in PLAN if stage.until == 190 for config in stage.runs}
    assert last == set(every_run(experiments(["mnist", "cifar10"]), range(5)))
    assert all(stage.why.endswith(".") for stage in PLAN)


def test_runs_in_the_order_of_the_plan():
    wanted = every_run(experiments(["digits", "mnist", "cifar10"]), range(2))
    ordered = by_value(wanted)
    assert sorted(ordered, key=wanted.index) == wanted
    names = [c.name for c in ordered]
    assert names[:8] == [c.name for c in PLAN[0].runs]
    assert names.index("cifar10-conv-vectorized-nonnegative-gevb-seed0") < names.index(
        "mnist-lc-vectorized-nonnegative-gevb-seed0"
    )
    assert {c.dataset for c in ordered[-48:]} == {"digits"}
    short = [replace(config, epochs=5) for config in wanted]
    assert [c.name for c in by_value(short)] == [replace(c, epochs=5).name for c in ordered]


def test_what_remains_adds_up():
    whole = remaining(SMALL, 0)
    assert whole == pytest.approx(remaining(SMALL, 0, 10) + remaining(SMALL, 10))
    # All but the evaluation before training.
    assert whole == run_cost(SMALL) - run_cost(replace(SMALL, epochs=0))
    assert remaining(SMALL, 10, 5) == 0


def test_progress_counts_and_takes_the_recorded_pace():
    (gevb_, bp) = experiments(["mnist"], "fc-vectorized-nonnegative")
    (conv,) = experiments(["cifar10"], "conv-vectorized-nonnegative-gevb")
    done, under_way = gevb_.run(), gevb_.run(seed=1)
    record = make_record(done, 2.0)
    records = [
        replace(
            record, sessions=[{"seconds": 3600.0}], history=[replace(record.history[-1], epoch=190)]
        ),
        replace(
            make_record(under_way, 3.0),
            status="running",
            sessions=[{"seconds": 1800.0}],
            history=[replace(record.history[-1], epoch=20)],
        ),
        make_record(bp.run(), None),
    ]
    first, second, third = progress(records, [gevb_, bp, conv], [0, 1])
    assert (first.finished, first.under_way, first.missing) == ([0], {1: 20}, [])
    assert (second.finished, second.under_way, second.missing) == ([], {}, [0, 1])
    pace = (remaining(done, 0) + remaining(under_way, 0, 20)) / 5400
    assert first.hours == pytest.approx(remaining(under_way, 20) / pace / 3600)
    assert second.hours == pytest.approx(2 * remaining(bp.run(), 0) / pace / 3600)
    assert third.hours is None
    text = progress_text([first, second, third])
    assert "0 of 3 experiments done" in text
    assert "and those of 1 that no recorded run tells about" in text


def test_a_run_under_way_is_shown_without_a_verdict():
    (experiment,) = experiments(["mnist"], "fc-vectorized-nonnegative-gevb")
    record = make_record(experiment.run(), 2.9)
    record = replace(record, status="running", history=[replace(record.history[-1], epoch=20)])
    failed = make_record(experiment.run(), None)
    for records in ([record, failed], [failed, record]):
        (cell,) = at_the_end(records, [experiment], range(2))
        assert (cell.errors, cell.under_way) == ({}, {0: (20, 2.9)})
        assert (cell.missing, cell.failed, cell.verdict) == ([1], [0], "")
        assert "at epoch 20 of 190: 2.90" in str(errors_table([cell]))
        assert "1 under way, 1 failed, 1 missing" in str(errors_table([cell]))


def test_a_rate_is_measured_not_assumed(monkeypatch):
    clock = iter([0.0, 9.0, 10.0, 10.5, 11.0, 11.25, 12.0, 13.0])  # the first step does not count
    monkeypatch.setattr(rates.time, "perf_counter", lambda: next(clock))
    rate = rates.measure(SMALL, CPU, steps=3)
    assert rate.seconds == 0.5
    assert rate.peak is None
    work = rate.multiply_adds * 0.5
    assert rate.hours(7200 * work) == pytest.approx(1.0)


def test_forecast_runs_nothing_and_counts_each_epoch_once(tmp_path):
    folder = tmp_path / "checkpoints" / SMALL.name
    gevb.lab.train(SMALL, folder, until=5, device="cpu", progress=False)
    before = sorted(p.name for p in tmp_path.rglob("*"))
    other = replace(SMALL, seed=1)
    stages = [([SMALL], 10, "First."), ([SMALL, other], None, "Then.")]
    lines = list(rates.forecast(stages, tmp_path, CPU))
    assert sorted(p.name for p in tmp_path.rglob("*")) == before
    told = [line.split(",")[0] for line in lines if "epoch" in line]
    assert told == [
        f"{SMALL.name}: epoch 5 to 10",
        f"{SMALL.name}: epoch 10 to 20",
        f"{other.name}: epoch 0 to 20",
    ]
    assert [line.strip() for line in islice(lines, 1, 2)] == ["First."]
    assert "hours in all" in lines[-1]


def test_an_outlook_says_how_long_and_where():
    rate = rates.recorded_rate(gevb.Experiment("mnist", "fc"))
    row = next(r for r in benchmark("laptop")["steps"] if r["dataset"] == "mnist")
    assert (row["arch"], row["rule"], row["way"]) == ("fc", "gevb", "ours")
    assert rate.seconds == row["seconds"]
    config = gevb.Config("mnist", "fc", epochs=10)
    lines = rates.outlook(config, rates.Rate(0.5, run_cost(config) / 1800, None), CPU).splitlines()
    assert lines[0].startswith(f"{config.name} on ")
    assert lines[1].startswith("a step: 500.0 ms")
    assert lines[2] == "10 epochs: 30 minutes or 0.5 hours, at most"
    assert lines[3].startswith("190 epochs: 5")
    with pytest.raises(gevb.InputError, match="benchmark laptop: got no steps of"):
        rates.recorded_rate(gevb.Experiment("mnist", "fc", "fa"))
