"""Recorded results: what the book ships, files of records, and a name that is none."""

from __future__ import annotations

import pytest
from conftest import ROOT, make_record

import gevb
from gevb.lab.experiments import read_results
from gevb.lab.records import read_record, results_folder

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
    record = make_record(gevb.Config(epochs=2), 3.0)
    file = tmp_path / "record.json"
    file.write_bytes(record.to_json())
    assert read_record(file) == record
    (line,) = (line for line in file.read_text().splitlines() if '"epoch"' in line)
    assert '"angles": [ 30.0, null ]' in line


def test_unknown_record():
    near = "mnist-fc-vectorized-nonnegative-gevb-5epochs-seed"
    with pytest.raises(gevb.InputError, match=rf"got '{near}9', wanted one like {near}0"):
        gevb.lab.recorded(f"{near}9")
    with pytest.raises(gevb.InputError, match="got 'svhn', wanted one like digits-"):
        gevb.lab.recorded("svhn")
