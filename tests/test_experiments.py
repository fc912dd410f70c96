"""The table of experiments, seeds and patterns, published values, folders of records."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
from conftest import ROOT, make_record, whole_record

import gevb
from gevb.lab.engine import failure_file
from gevb.lab.experiments import (
    EXPERIMENTS,
    every_run,
    experiments,
    parse_seeds,
    read_results,
)
from gevb.lab.published import (
    published_angles,
    published_curves,
    published_errors,
    published_gains,
)
from gevb.lab.records import to_json


def test_every_experiment_of_the_paper_once():
    names = [experiment.name for experiment in experiments(["mnist", "cifar10"])]
    assert len(names) == len(set(names)) == 48
    assert set(names) == set(published_errors())
    assert len(experiments(["digits"])) == 24
    for experiment in EXPERIMENTS:
        run = experiment.run()
        protocol = (run.epochs, run.learning_rate, run.batch_size)
        assert protocol == (190, 3e-4, 128)
        assert (experiment.rule == "gevb") <= experiment.vectorized
        assert (experiment.rule == "dfa") <= (not experiment.vectorized)


def test_published_values_are_those_of_the_file():
    assert published_errors()["mnist-fc-vectorized-nonnegative-gevb"] == (1.87, 0.06)
    assert published_errors()["cifar10-lc-conventional-mixed-bp"] == (32.32, 0.00)


@pytest.mark.parametrize("name", ["error_rates", "learning_curves", "alignment_angles"])
def test_published_files_are_copies(name):
    source = ROOT.parent / "shared" / "published" / f"{name}.csv"
    if not source.is_file():
        pytest.skip(f"{source} absent: nothing to compare the copy with")
    ours = (ROOT / "data" / "published" / f"{name}.csv").read_text(encoding="utf-8")
    assert "arXiv:2106.04089" in ours
    kept = [line for line in ours.splitlines() if not line.startswith("#")]
    assert list(csv.reader(kept)) == list(csv.reader(source.read_text().splitlines()))


def test_published_curves():
    """Population deviations over five runs become sample deviations; the reading counts."""
    curve = published_curves("train")["mnist-fc-vectorized-nonnegative-gevb"]
    assert curve[10].mean == 1.6787
    assert curve[10].sd == pytest.approx((1.25 * 0.3271**2 + 5 * 0.0031**2) ** 0.5)
    assert curve[20].sd == pytest.approx((1.25 * 0.0697**2 + 5 * 0.0013**2) ** 0.5)  # Hidden.
    for measure in ("test", "train"):
        assert set(published_curves(measure)) == set(published_errors())


def test_published_curves_end_at_the_printed_means():
    """This concerns networks whose runs all go on to epoch 190."""
    off = [
        abs(published_curves()[name][190].mean - errors[0])
        for name, errors in published_errors().items()
        if 190 in published_curves()[name] and "cifar10" in name and "-bp" not in name
    ]
    assert len(off) >= 10
    assert max(off) < 0.02


def test_published_angles_and_gains():
    angles = published_angles()["mnist-fc-vectorized-mixed-gevb"]
    assert angles[0][0].mean == 89.4757  # The first layer, before training.
    assert angles[0][0].sd == pytest.approx(1.25**0.5 * 1.1721)
    broadcast = {name for name in published_errors() if not name.endswith("-bp")}
    assert set(published_angles()) == broadcast
    for name, layers in published_angles().items():
        experiment = next(e for e in EXPERIMENTS if e.name == name)
        assert len(layers) == len(experiment.build().hidden_units)
        assert all({0, 10} <= epochs.keys() for epochs in layers)
    gains = published_gains()
    assert {len(runs) for runs in gains.values()} == {5}
    assert len(gains) == 8
    assert 0.16 < sum(gains["cifar10-conv-vectorized-nonnegative-gevb"]) / 5 < 0.2


def test_published_labels_are_ours():
    with open(ROOT / "data" / "published" / "error_rates.csv", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    labels = {experiment.name: experiment.label for experiment in EXPERIMENTS}
    for row in rows:
        parts = ("dataset", "architecture", "network", "signs", "rule")
        assert labels["-".join(row[part] for part in parts)] == row["published_name"]


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("*", 24), ("fc-", 8), ("conv-*-gevb", 2), ("vectorized-nonnegative", 6), ("lc-[cv]*-bp", 4)],
)
def test_patterns(pattern, count):
    assert len(experiments(["digits"], pattern)) == count


def test_unknown_pattern_and_data_set():
    with pytest.raises(gevb.InputError, match=r"pattern: got 'rnn', which none of 48 experiments"):
        experiments(["mnist", "cifar10"], "rnn")
    with pytest.raises(gevb.InputError, match="dataset: got 'svhn', wanted one of digits"):
        experiments(["svhn"])


def test_all_experiments_run_before_the_next_seed():
    wanted = every_run(experiments(["digits"], "fc-*-gevb"), [0, 3], epochs=5)
    assert [config.name for config in wanted] == [
        "digits-fc-vectorized-nonnegative-gevb-5epochs-seed0",
        "digits-fc-vectorized-mixed-gevb-5epochs-seed0",
        "digits-fc-vectorized-nonnegative-gevb-5epochs-seed3",
        "digits-fc-vectorized-mixed-gevb-5epochs-seed3",
    ]


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("5", [0, 1, 2, 3, 4]), ("5-9", [5, 6, 7, 8, 9]), ("0,2,7", [0, 2, 7]), ("0,5-6", [0, 5, 6])],
)
def test_seeds(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "x", "-3", "3-1", "1,1", "1,,2", "0-100", "0-9999999999", "101", "200,0-99"),
        *("4294967296,1", "9" * 26, "2147483648", "9" * 5000, "1-" + "9" * 5000, "\u0663"),
    ],
)
def test_bad_seeds(text):
    with pytest.raises(gevb.InputError, match=r"\Aseeds?: got") as caught:
        parse_seeds(text)
    assert len(str(caught.value)) < 200


def test_the_largest_seeds():
    assert len(parse_seeds("100")) == len(parse_seeds("5-104")) == 100
    assert parse_seeds("4294967295-4294967295") == [2**32 - 1]


def test_results_folder_is_read_whole(tmp_path):
    config = gevb.Config(epochs=2)
    finished = whole_record(config, 11)
    failed = make_record(replace(config, seed=1), None)
    (tmp_path / f"{config.name}.json").write_bytes(finished.to_json())
    for _ in range(2):
        failure_file(tmp_path, failed.config.name).write_bytes(failed.to_json())
    assert read_results(tmp_path) == [finished, failed, failed]
    assert sorted(f.name for f in tmp_path.iterdir())[1:] == [
        f"{failed.config.name}.failed-1.json",
        f"{failed.config.name}.failed-2.json",
    ]


def test_records_stand_in_the_paper_s_order(tmp_path):
    runs = [
        gevb.Config("digits", "fc", "fa", epochs=2),  # None of the paper's: behind all of them.
        gevb.Config("mnist", "fc", "dfa", False, epochs=2),
        gevb.Config("mnist", "fc", "bp", epochs=2),
        gevb.Config("mnist", "fc", "gevb", epochs=2, seed=1),
        gevb.Config("mnist", "fc", "gevb", epochs=2),
    ]
    for run in runs:
        (tmp_path / f"{run.name}.json").write_bytes(whole_record(run, 11).to_json())
    assert [record.config for record in read_results(tmp_path)] == runs[::-1]


def test_damaged_foreign_and_misnamed_records(tmp_path):
    config = gevb.Config(epochs=2)
    content = whole_record(config, 11).to_json()
    file = tmp_path / f"{config.name}.json"
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(gevb.InputError, match=r"seed0.json is damaged or was cut short"):
        read_results(tmp_path)
    file.write_bytes(content.replace(b"gevb record 2", b"gevb record 9"))
    with pytest.raises(gevb.InputError, match="got format 'gevb record 9', wanted 'gevb record 2'"):
        read_results(tmp_path)
    values = json.loads(content)
    del values["config"], values["format"], values["sha256"]
    file.write_bytes(to_json("gevb record", values))
    with pytest.raises(gevb.InputError, match="a whole record: record: got no config"):
        read_results(tmp_path)
    file.unlink()
    (tmp_path / "other.json").write_bytes(content)
    with pytest.raises(gevb.InputError, match=r"other.json: got the record of digits-fc"):
        read_results(tmp_path)
    for folder in (tmp_path / "nowhere", file, tmp_path / ("x" * 300), "", " "):
        with pytest.raises(gevb.InputError, match=r"results|File name too long"):
            read_results(folder)
