"""Recorded results: what the book ships, files of records, and a name that is none."""

from __future__ import annotations

import json
import os
import random
from contextlib import suppress

import pytest
from conftest import ROOT, whole_record

import gevb
from gevb.lab.experiments import read_results
from gevb.lab.records import read_record, results_folder, sealed

RECORDS = [record for record in read_results() if record.status == "finished"]


def test_the_book_ships_records():
    assert results_folder() == ROOT / "data" / "results"
    digits = {r.config.experiment for r in RECORDS if r.config.dataset == "digits"}
    assert len(digits) == 24
    assert [file.suffix for file in results_folder().iterdir()] == [".json"] * len(read_results())


def test_records_say_where_they_come_from():
    for record in RECORDS:
        assert record.history[0].epoch == 0
        assert record.history[-1].epoch <= record.config.epochs
        for session in record.sessions:
            assert session["seed"] == record.config.seed
            assert len(session["source_sha256"]) == 64
            for fact in ("python", "torch", "numpy", "device_name", "started"):
                assert session[fact]
            assert session["seconds"] > 0
        assert record.sessions[-1]["source_sha256"][:12] in record.origin
        assert f"seed {record.config.seed}," in record.origin


def test_recorded_reads_by_name():
    record = RECORDS[0]
    assert gevb.lab.recorded(record.config.name) == record


def test_file_of_a_record(tmp_path):
    """Read back as it was, one evaluation a line."""
    record = whole_record(gevb.Config(epochs=2), 11)
    file = tmp_path / "record.json"
    file.write_bytes(record.to_json())
    assert read_record(file) == record
    _, line = (line for line in file.read_text().splitlines() if '"epoch"' in line)
    assert '"angles": [ 30.0, null ]' in line


def test_unknown_record():
    near = "mnist-fc-vectorized-nonnegative-gevb-5epochs-seed"
    with pytest.raises(gevb.InputError, match=rf"got '{near}9', wanted one like {near}0"):
        gevb.lab.recorded(f"{near}9")
    with pytest.raises(gevb.InputError, match="got 'svhn', wanted one like cifar10-"):
        gevb.lab.recorded("svhn")


CONFIG = gevb.Config(epochs=4, evaluate_every=2)
CONTENT = whole_record(CONFIG, 11).to_json()


def test_no_flipped_bit_passes(tmp_path):
    """What changes a value is noticed by the digest; what does not leaves the record as it was."""
    file, record, draw = tmp_path / "record.json", whole_record(CONFIG, 11), random.Random(0)
    passed = 0
    for _ in range(1000):
        content = bytearray(CONTENT)
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        file.write_bytes(content)
        with suppress(gevb.InputError):
            assert read_record(file) == record
            passed += 1
    assert passed < 50  # white space: a tab for a blank


def test_the_format_without_digest_still_reads(tmp_path):
    values = json.loads(CONTENT)
    assert values["format"] == "gevb record 2"
    del values["sha256"]
    file = tmp_path / "record.json"
    file.write_text(json.dumps({**values, "format": "gevb record 1"}))
    assert read_record(file) == whole_record(CONFIG, 11)
    file.write_text(json.dumps(values))
    with pytest.raises(gevb.InputError, match="was damaged or changed: got the digest None"):
        read_record(file)


def evaluations(**change: object):
    """A change of the last evaluation."""
    return lambda values: values["history"][-1].update(change)


def top(**change: object):
    return lambda values: values.update(change)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (evaluations(test_error=500.0), "test_error: got 500.0, wanted a number >= 0 and <= 100"),
        (evaluations(test_error=-3.0), "test_error: got -3.0"),
        (evaluations(test_error=float("nan")), "test_error: got nan"),
        (evaluations(test_error="3"), "test_error: got '3'"),
        (evaluations(test_error=True), "test_error: got True"),
        (evaluations(test_error=3.0), "a test error of 3.0 %, which 360 images cannot give"),
        (evaluations(train_loss=-1.0), "train_loss: got -1.0"),
        (evaluations(epoch=3), "an evaluation at epoch 3, where none is due"),
        (evaluations(epoch=4.0), "epoch: got 4.0, wanted a whole number"),
        (evaluations(angles=[30.0]), "got 1 angles, wanted 2"),
        (evaluations(angles=[30.0, 200.0]), "angle: got 200"),
        (evaluations(angles=None), "angles: got None, wanted a list"),
        (evaluations(speed=1), "evaluation: got 'speed', which is not wanted"),
        (top(history=[]), "status: got finished at epoch 0, wanted the last evaluation"),
        (top(history="none"), "history: got 'none', wanted a list"),
        (top(history=["none"]), "evaluation: got 'none'"),
        (top(status="finishef"), "status: got 'finishef', wanted one of running, finished, failed"),
        (top(status=3), "status: got 3"),
        (top(status="failed"), "error: got None, wanted a reason if the run failed"),
        (top(error=[1]), r"error: got \[1\]"),
        (top(sessions=None), "sessions: got None, wanted a list"),
        (top(sessions=[None]), "sessions: got None, wanted facts by name"),
        (top(sessions=[{}]), "sessions: started: got None, wanted a text"),
        (lambda v: v["sessions"][0].update(seconds="9"), "sessions: seconds: got '9'"),
        (top(config=3), "config: got 3, wanted dataset"),
        (lambda v: v["config"].update(seed=-1), "seed: got -1"),
        (lambda v: v["config"].update(vectorized="no"), "vectorized: got 'no', wanted True or"),
        (lambda v: v["config"].pop("seed"), "config: got no seed"),
        (lambda v: v.pop("status"), "record: got no status"),
    ],
)
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.usefixtures("unchecked")
def test_records_that_no_run_gives(change, wanted, version, tmp_path):
    """With a right digest, and in the format that has none."""
    values = json.loads(CONTENT)
    del values["format"], values["sha256"]
    change(values)
    file = tmp_path / f"{CONFIG.name}.json"
    if version == 1:
        file.write_text(json.dumps({"format": "gevb record 1", **values}))
    else:
        file.write_text(json.dumps(sealed("gevb record", values)))
    with pytest.raises(gevb.InputError, match=wanted) as caught:
        read_record(file)
    assert str(caught.value).startswith(f"{file} does not hold a whole record: ")
    with pytest.raises(gevb.InputError, match=wanted):
        read_results(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(gevb.InputError, match=r"cannot read .*pipe.json: it is not a file"):
        read_results(tmp_path)


def test_json_as_deep_as_the_stack(tmp_path):
    file = tmp_path / "record.json"
    file.write_text("[" * 100_000)
    with pytest.raises(gevb.InputError, match="is damaged or was cut short"):
        read_record(file)


def test_names_that_no_record_has():
    for name in ("x" * 300, "../results/x", "a\0b"):
        with pytest.raises(gevb.InputError, match=r"record: got '.*, wanted one like cifar10-"):
            gevb.lab.recorded(name)
