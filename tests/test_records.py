"""Recorded results: what the book ships, and a name that is none."""

from __future__ import annotations

import json

import pytest
from conftest import ROOT

import gevb

FOLDERS = sorted(folder for folder in (ROOT / "data" / "results").iterdir() if folder.is_dir())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_record_says_where_it_comes_from(folder):
    record = gevb.recorded(folder.name)
    assert folder.name.startswith(f"{record.config.dataset}-{record.config.arch}-")
    assert record.history[0].epoch == 0
    assert record.history[-1].epoch <= record.config.epochs
    for session in record.sessions:
        assert session["seed"] == record.config.seed
        assert len(session["source_sha256"]) == 64
        for fact in ("python", "torch", "numpy", "device_name", "started"):
            assert session[fact]
        assert session["seconds"] > 0
    assert record.sessions[-1]["source_sha256"][:12] in record.origin
    assert not list(folder.glob("*.pt"))


def test_files_of_a_record_are_those_of_a_run():
    assert FOLDERS
    for folder in FOLDERS:
        names = sorted(file.name for file in folder.iterdir())
        assert names == ["config.json", "history.json", "provenance.json"]
        assert json.loads((folder / "config.json").read_text())["dataset"] in gevb.ARCHITECTURES


def test_unknown_record():
    with pytest.raises(gevb.InputError, match=r"record: got 'svhn', wanted one of .*mnist-fc-bp"):
        gevb.recorded("svhn")
