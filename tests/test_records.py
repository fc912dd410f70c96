"""Recorded results: what the book ships, files of records, and a name that is none."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from functools import cache

import numpy as np
import pytest
from conftest import ROOT, whole_record

import gevb
from gevb.datasets import DATASETS
from gevb.lab.embedding import SHOWN, recorded_maps
from gevb.lab.experiments import read_results
from gevb.lab.records import read_record, results_folder, to_json
from gevb.theory.costs import unfilled
from gevbook.deviations import variants
from gevbook.deviations.variants import COMPARISONS

shapes = cache(unfilled)
RECORDS = [record for record in read_results() if record.status == "finished"]


def test_the_book_ships_records():
    assert results_folder() == ROOT / "data" / "results"
    digits = {r.config.experiment for r in RECORDS if r.config.dataset == "digits"}
    assert len(digits) == 24
    assert [file.suffix for file in results_folder().iterdir()] == [".json"] * len(read_results())


def counted(percent: float, images: int) -> bool:
    """Return True if this number of images can give such an error."""
    return abs(percent * images / 100 - round(percent * images / 100)) < 1e-6


def test_what_is_recorded_can_be():
    """Every record in `data` is one that such a run can give, with its provenance."""
    for record in read_results():
        config, history = record.config, record.history
        facts, hidden = DATASETS[config.dataset], len(shapes(config.experiment).hidden_units)
        assert [e.epoch for e in history] == config.evaluated[: len(history)]
        assert all(e.train_error > 0 for e in history[:-1])
        ended = any(e.epoch == config.epochs or e.train_error == 0 for e in history[-1:])
        assert (record.status == "finished") == ended
        assert (record.status == "failed") == bool(record.error)
        for found in history:
            assert counted(found.train_error, facts.train)
            assert counted(found.test_error, facts.test)
            assert len(found.angles) in (0, hidden)  # None were measured at first.
        for session in record.sessions:
            assert session["seed"] == config.seed
            assert len(session["source_sha256"]) == 64
            for fact in ("python", "torch", "numpy", "device_name", "started"):
                assert session[fact]
            assert session["seconds"] > 0
        assert record.sessions[-1]["source_sha256"][:12] in record.origin
        assert f"seed {config.seed}," in record.origin
    for made in recorded_maps().values():
        assert made.map.xy.shape == (len(made.map.labels), 2)
        assert len(made.map.labels) == min(SHOWN, made.map.count)
        assert np.isfinite(made.map.xy).all()
        assert 0 < made.map.quality < 1
        assert 0 < made.map.quality_pca < 1
        assert made.session["source_sha256"]
    for name in COMPARISONS:
        values = variants.read_comparison(name)
        for sides in values["errors"].values():
            for errors in sides.values():
                assert all(counted(e, DATASETS[values["dataset"]].test) for e in errors)


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
    """The digest finds each flipped bit that changes a value; others leave the record as it was."""
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


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda v: v["history"][-1].update(test_error=float("nan")), "test_error: got nan"),
        (lambda v: v["history"][-1].update(speed=1), "got 'speed', which is not wanted"),
        (lambda v: v.update(status="finishef"), "status: got 'finishef', wanted one of running, "),
        (lambda v: v["config"].update(speed=1), "config: got 'speed', which is not wanted"),
        (lambda v: v.pop("status"), "record: got no status"),
    ],
)
def test_records_of_another_version(change, wanted, tmp_path):
    """Whole, but with something that this one does not know."""
    values = json.loads(CONTENT)
    del values["format"], values["sha256"]
    change(values)
    file = tmp_path / f"{CONFIG.name}.json"
    file.write_bytes(to_json("gevb record", values))
    with pytest.raises(gevb.InputError, match=wanted) as caught:
        read_results(tmp_path)
    assert str(caught.value).startswith(f"{file} does not hold a whole record: ")


def test_records_without_a_digest_or_of_another_format(tmp_path):
    values, file = json.loads(CONTENT), tmp_path / "record.json"
    del values["sha256"]
    for name, wanted in (
        ("gevb record 2", "was damaged or changed: got the digest None"),
        ("gevb record 1", "got format 'gevb record 1', wanted 'gevb record 2'"),
    ):
        file.write_text(json.dumps({**values, "format": name}))
        with pytest.raises(gevb.InputError, match=wanted):
            read_record(file)


def test_names_that_no_record_has():
    for name in ("x" * 300, "../results/x", "a\0b"):
        with pytest.raises(gevb.InputError, match=r"record: got '.*, wanted one like cifar10-"):
            gevb.lab.recorded(name)
