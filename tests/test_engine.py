"""The engine: what is run, what is recorded, and what happens when things break."""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

import gevb
from gevb.lab.engine import ATTEMPTS, Job, Progress, reproduce, to_do
from gevb.lab.experiments import every_run, experiments, read_results
from gevb.lab.records import read_record
from gevb.lab.runs import Busy, RunFolder
from gevb.theory.costs import run_cost

pytestmark = pytest.mark.usefixtures("quick_workers")
SHORT = every_run(experiments(["digits"], "fc-*-nonnegative"), [0], epochs=4, evaluate_every=1)
ENDLESS = replace(SHORT[0], epochs=10_000, learning_rate=1e-6)  # errors are left to the end


@pytest.fixture
def spawned(quick_workers, monkeypatch):
    """Workers begin in a new process after all, as outside of the tests."""
    monkeypatch.setattr("gevb.lab.engine.get_context", multiprocessing.get_context)


def quietly(wanted, out, **options) -> list[gevb.lab.Record]:
    options = {"jobs": 2, "device": "cpu", "say": lambda line: None, **options}
    return reproduce(wanted, out, **options)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@contextmanager
def killing_workers(folder: Path, times: int, epoch: int = 1):
    """Kill the worker of a run with SIGKILL whenever it got as far as an epoch, so many times."""
    killed: list[int] = []
    earlier = {c.pid for c in multiprocessing.active_children()}  # another test's, not gone yet
    done = threading.Event()

    def watch() -> None:
        while len(killed) < times and not done.is_set():
            time.sleep(0.01)
            history = Job(SHORT[0], folder, None, "cpu", 1).record().history
            children = multiprocessing.active_children()
            alive = [c for c in children if c.pid not in {*earlier, *killed}]
            if alive and history and history[-1].epoch >= epoch:
                alive[0].kill()
                killed.append(alive[0].pid)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield killed
    finally:
        done.set()
        watcher.join()


def test_what_is_recorded_is_not_run_again(tmp_path):
    said: list[str] = []
    tried = reproduce(SHORT, tmp_path, jobs=2, device="cpu", say=said.append)
    assert said[0] == f"{len(SHORT)} runs wanted, 0 recorded, {len(SHORT)} to do"
    assert len(said) == 1 + len(SHORT)
    assert re.fullmatch(r"digits-fc-\S+: test error .* after 4 epochs, \d+ s", said[1])
    assert sorted(r.config.name for r in tried) == sorted(c.name for c in SHORT)
    assert all(record.status == "finished" for record in tried)
    there = {r.config: r for r in read_results(tmp_path / "results")}
    assert there == {r.config: r for r in tried}
    files = {file: file.read_bytes() for file in (tmp_path / "results").iterdir()}
    more = every_run(experiments(["digits"], "fc-*-nonnegative-gevb"), [0, 1], 4, 1)
    assert [record.config.seed for record in quietly(more, tmp_path)] == [1]
    assert {file: file.read_bytes() for file in files} == files


def test_a_run_is_that_of_train(tmp_path, spawned):
    (record,) = quietly(SHORT[:1], tmp_path)
    alone = gevb.lab.train(SHORT[0], device="cpu", progress=False)
    assert [e.epoch for e in record.history] == [0, 1, 2, 3, 4]
    assert record.history[-1].train_loss == pytest.approx(alone.history[-1].train_loss, rel=1e-4)
    assert all(len(e.angles) == 2 for e in record.history)


def test_left_and_continued_is_as_if_never_left(tmp_path):
    """First one run further, then all, the least advanced first, to the end: bit by bit."""
    options = {"jobs": 1}
    first, second = SHORT[:2]
    quietly([first], tmp_path, until=3, **options)
    tried = quietly([first, second], tmp_path, until=2, **options)
    assert [r.config for r in tried] == [second]
    assert {r.status for r in tried} == {"running"}
    there = {r.config: r for r in read_results(tmp_path / "results")}
    assert [there[config].epoch for config in (first, second)] == [3, 2]
    assert to_do([first, second], tmp_path, until=4) == [second, first]
    for record in quietly([first, second], tmp_path, **options):
        assert record.status == "finished"
        assert record.extends(there[record.config])
        alone = reproduce([record.config], tmp_path / "alone", jobs=1, device="cpu", say=str)
        assert record.history == alone[0].history


def test_only_a_longer_record_of_the_same_run_replaces_one(tmp_path):
    out, config = tmp_path / "data", SHORT[0]
    quietly([config], out, until=2)
    (record,) = read_results(out / "results")
    file = out / "results" / f"{config.name}.json"
    other = replace(record.history[0], test_error=100 / 360)
    file.write_bytes(replace(record, history=[other, *record.history[1:]]).to_json())
    kept, said = file.read_bytes(), []
    reproduce([config], out, until=3, jobs=1, device="cpu", say=said.append)
    assert said[-1] == f"{config.name}: left out, {file} holds another beginning of this run"
    assert file.read_bytes() == kept
    # Longer than what is there in the run folder: stays until the run has caught up.
    longer = [*record.history, *(replace(record.history[-1], epoch=n) for n in (3, 4))]
    file.write_bytes(replace(record, history=longer).to_json())
    kept = file.read_bytes()
    quietly([config], tmp_path / "data", until=3)
    assert file.read_bytes() == kept
    # And nothing replaces a finished one.
    ended = replace(record.history[1], train_error=0.0)
    ended = replace(record, history=[record.history[0], ended], status="finished")
    file.write_bytes(ended.to_json())
    assert quietly([config], out) == []


def test_what_a_dead_master_left_is_recorded_by_the_next(tmp_path):
    config = ENDLESS
    folder = tmp_path / "checkpoints" / config.name
    gevb.lab.train(config, folder, until=5, device="cpu", progress=False)
    assert not (tmp_path / "results").exists()
    with killing_workers(folder, times=ATTEMPTS, epoch=0):
        quietly([config], tmp_path)
    (record,) = (r for r in read_results(tmp_path / "results") if r.status == "running")
    assert record.epoch >= 5


def test_killed_worker_goes_on_from_its_checkpoint(tmp_path):
    config = replace(SHORT[0], epochs=40)  # no error is left after 46
    with killing_workers(tmp_path / "checkpoints" / config.name, times=1) as killed:
        (record,) = quietly([config], tmp_path)
    assert len(killed) == 1
    assert record.status == "finished"
    assert [evaluation.epoch for evaluation in record.history] == list(range(41))
    assert len(record.sessions) == 2
    assert record.sessions[1]["from_epoch"] >= 1
    assert names(tmp_path / "results") == [f"{config.name}.json"]


ORPHANING = """
import os, signal, sys, threading, time
from pathlib import Path
import gevb
from gevb.lab.engine import Job, reproduce

if __name__ == "__main__":
    out, config = Path(sys.argv[1]), gevb.Config(epochs=10_000, evaluate_every=1)
    job = Job(config, out / "checkpoints" / config.name, None, "cpu", 1)

    def die():
        while len(job.record().history) < 2:
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=die, daemon=True).start()
    reproduce([config], out, device="cpu")
"""


def test_workers_end_with_their_master(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(ORPHANING)
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True)
    assert done.returncode == -signal.SIGKILL
    (folder,) = (tmp_path / "checkpoints").iterdir()
    config = read_record(folder / "record.json").config
    for _ in range(100):  # The lock falls with the worker.
        with suppress(Busy), RunFolder(folder, config, resume=True).locked():
            return
        time.sleep(0.1)
    pytest.fail("the worker is still at work")


def test_run_whose_workers_always_die_is_recorded_as_failed(tmp_path):
    config = ENDLESS
    with killing_workers(tmp_path / "checkpoints" / config.name, times=ATTEMPTS):
        (record,) = quietly([config], tmp_path)
    assert record.status == "failed"
    assert record.error == f"its process died {ATTEMPTS} times"
    assert record.history[-1].epoch >= 1  # What it got done stays in sight.
    assert names(tmp_path / "results") == [f"{config.name}.failed-1.json", f"{config.name}.json"]


SCRIPT = """
import sys
from gevb.lab.engine import reproduce
from gevb.lab.experiments import every_run, experiments
reproduce(every_run(experiments(["digits"], "fc-*-gevb"), [0], epochs=1), sys.argv[1], device="cpu")
"""


def test_a_script_without_a_main_guard_is_told_at_once(tmp_path):
    """Its workers would begin with the script anew; nothing is recorded."""
    script, out = tmp_path / "script.py", tmp_path / "out"
    script.write_text(SCRIPT, "utf-8")
    done = subprocess.run([sys.executable, script, out], capture_output=True, encoding="utf-8")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("gevb.errors.InputError: reproduce: got processes that end before they")
    assert "`if __name__ == '__main__':`" in last
    assert done.stderr.count("Traceback") == 1
    assert names(out / "results") == []


def test_more_jobs_than_cores(tmp_path):
    """Each has a thread at least."""
    jobs = (os.cpu_count() or 1) + 1
    (record,) = quietly([gevb.Config(epochs=0)], tmp_path, jobs=jobs)
    assert record.status == "finished"


def test_the_bar_counts_to_what_is_asked_for_and_is_closed(tmp_path):
    """A run that is left at some epoch counts up to there."""
    jobs = [Job(config, tmp_path / config.name, None, "cpu", 1, until=2) for config in SHORT]
    assert [job.target for job in jobs] == [2] * len(jobs)
    assert [replace(job, until=9).target for job in jobs] == [4] * len(jobs)
    cost = [run_cost(config) // 4 for config in SHORT]
    with Progress(jobs) as progress:
        assert progress.bar.total == 2 * sum(cost)
        for job in jobs:
            progress.ended(job)
        assert progress.bar.n == progress.bar.total
        assert not progress.bar.disable
    assert progress.bar.disable  # tqdm's word for closed


def test_failures_are_kept_and_tried_again(tmp_path):
    folder = tmp_path / "checkpoints" / SHORT[0].name
    folder.mkdir(parents=True)
    (folder / "checkpoint.pt").write_text("damaged")
    for _ in range(2):
        first, *others = sorted(quietly(SHORT, tmp_path), key=lambda r: r.config != SHORT[0])
        assert first.status == "failed"
        assert "checkpoint.pt cannot be read, truncated or foreign" in str(first.error)
        assert all(record.status == "finished" for record in others)
    (folder / "checkpoint.pt").unlink()
    (record,) = quietly(SHORT, tmp_path)
    assert record.status == "finished"
    there = [name for name in names(tmp_path / "results") if name.startswith(SHORT[0].name)]
    assert there == [f"{SHORT[0].name}{end}.json" for end in (".failed-1", ".failed-2", "")]


def test_a_run_that_another_process_works_on_is_left_alone(tmp_path):
    said: list[str] = []
    folder = tmp_path / "checkpoints" / SHORT[0].name
    with RunFolder(folder, SHORT[0]).locked():
        (record,) = reproduce(SHORT[:1], tmp_path, device="cpu", say=said.append)
        with pytest.raises(gevb.InputError, match="another process works on this run"):
            gevb.lab.train(SHORT[0], folder, device="cpu", progress=False)
    assert record.status == "running"
    assert said[1].startswith(f"{SHORT[0].name}: left alone: ")
    assert names(tmp_path / "results") == []
    assert [record.status for record in quietly(SHORT[:1], tmp_path)] == ["finished"]


def test_records_that_are_damaged_or_of_another_run_stop_it(tmp_path):
    quietly(SHORT[:1], tmp_path)
    file = tmp_path / "results" / f"{SHORT[0].name}.json"
    content = file.read_bytes()
    file.write_bytes(content[:300])
    with pytest.raises(gevb.InputError, match="is damaged or was cut short"):
        quietly(SHORT, tmp_path)
    assert names(tmp_path / "results") == [file.name]
    file.write_bytes(content)
    with pytest.raises(gevb.InputError, match=r"got the record of .*evaluate_every=1"):
        quietly([replace(SHORT[0], evaluate_every=2)], tmp_path)
    assert file.read_bytes() == content


@pytest.fixture
def small_disk(spawned):
    """No file may grow beyond 100 kB, as on a disk that is nearly full."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, usual[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_full_disk(tmp_path, small_disk):
    """The checkpoint does not fit: the run fails with one line, and nothing is half-written."""
    (record,) = quietly(SHORT[:1], tmp_path)
    assert record.status == "failed"
    assert re.fullmatch(r"cannot write .*checkpoint.pt: File too large", str(record.error))
    folder = tmp_path / "checkpoints" / SHORT[0].name
    assert names(folder) == [".lock", "record.json"]
    assert read_record(folder / "record.json").history == []


def test_a_failure_that_cannot_be_recorded_stops_no_other_run(tmp_path, monkeypatch):
    """The disk for results is full."""
    damaged, whole = SHORT[:2]
    folder = tmp_path / "checkpoints" / damaged.name
    folder.mkdir(parents=True)
    (folder / "checkpoint.pt").write_text("damaged")

    def full(path, content):
        raise gevb.InputError(f"cannot write {path}: No space left on device")

    said: list[str] = []
    with monkeypatch.context() as disk:
        disk.setattr("gevb.lab.engine.write_atomically", full)
        tried = reproduce([damaged, whole], tmp_path, jobs=1, device="cpu", say=said.append)
    assert [record.status for record in tried] == ["failed", "failed"]
    assert all("No space left on device" in str(record.error) for record in tried)
    assert [line.split(": ")[1] for line in said[1:]] == ["FAILED", "FAILED"]
    (folder / "checkpoint.pt").unlink()
    assert {record.status for record in quietly([damaged, whole], tmp_path)} == {"finished"}


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"gpus": float("nan")}, "gpus: got nan, wanted a number >= 0"),
        ({"gpus": float("nan"), "engine": "ray"}, "gpus: got nan, wanted a number >= 0"),
        ({"gpus": 0.5}, "gpus: got 0.5 with engine local, wanted engine ray"),
        ({"jobs": 0}, "jobs: got 0, wanted a whole number >= 1"),
        ({"until": 0}, "until: got 0, wanted a whole number >= 1"),
        ({"out": " "}, "out: got ' ', wanted the name of a folder"),
        ({"out": "x" * 300}, "cannot read .*: File name too long"),
    ],
)
def test_options_that_make_no_sense(options, wanted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(gevb.InputError, match=wanted):
        quietly(SHORT, **{"out": tmp_path, **options})
    assert names(tmp_path) == []


def test_no_network_stops_before_anything_runs(tmp_path, monkeypatch):
    def no_network(*args, **kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    wanted = every_run(experiments(["digits", "mnist"], "fc-"), [0], epochs=1)
    with pytest.raises(gevb.InputError, match=r"mnist: not in .* could not be downloaded"):
        quietly(wanted, tmp_path, data_dir=tmp_path / "nowhere")
    assert not (tmp_path / "checkpoints").exists()


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(gevb.InputError, match=r"cannot make the folder .*: Not a directory"):
        quietly(SHORT, tmp_path / "data")


def test_unknown_engine(tmp_path):
    with pytest.raises(gevb.InputError, match="engine: got 'slurm', wanted one of local, ray"):
        quietly(SHORT, tmp_path, engine="slurm")
