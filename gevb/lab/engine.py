"""Run many runs: skip the recorded, continue the interrupted, record the failed ones.

Under the output folder, `results/NAME.json` holds the record of a run, finished or not,
`results/NAME.failed-1.json` that of a failure, and `checkpoints/NAME/` its run folder. Only a
longer record of the same run replaces that of an unfinished one; nothing replaces a finished one.
A worker that dies is replaced, and its run continues from the last checkpoint.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import connection, current_process, get_context, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from threading import RLock, Thread

import torch
from tqdm import tqdm

from gevb.data import choose_device, load
from gevb.errors import InputError, check_choice, check_number, check_path, check_whole, one_line
from gevb.lab.memory import keep_freed_memory
from gevb.lab.records import Record, read_record
from gevb.lab.runs import Busy, train, write_atomically
from gevb.theory.costs import run_cost
from gevb.training import Config

ATTEMPTS = 3  # of a run whose worker dies
POLL = 2.0  # seconds between checks of runs under way
NO_GUARD = (
    "reproduce: got processes that end before they begin, wanted the call under "
    "`if __name__ == '__main__':`, since each new process imports the script"
)


@dataclass(frozen=True)
class Job:
    """One run, as given to a worker.

    Attributes:
        config: configuration of the run.
        folder: run folder.
        data_dir: see `gevb.data.load`.
        device: "cpu" or "cuda".
        threads: of the worker; they affect only rounding.
        until: epoch after which the run is paused; None for never.
    """

    config: Config
    folder: Path
    data_dir: str | None
    device: str
    threads: int
    until: int | None = None

    @property
    def target(self) -> int:
        """Epochs that the run has after this job."""
        return min(self.config.epochs, self.config.epochs if self.until is None else self.until)

    def work(self) -> Record:
        """Train, or continue training; return the record, also of a failure."""
        torch.set_num_threads(self.threads)
        keep_freed_memory()
        try:
            return train(
                self.config,
                self.folder,
                resume=True,
                until=self.until,
                data_dir=self.data_dir,
                device=self.device,
                progress=False,
            ).record
        except Busy as error:
            return self.record("running", str(error))
        except Exception as error:  # Every error belongs in the record.
            said = str(error) if isinstance(error, InputError) else f"{error!r:.300}"
            return self.record("failed", said)

    def record(self, status: str | None = None, error: str | None = None) -> Record:
        """Read the run's record from its folder; a given status or error replaces its own."""
        there = Record(self.config, [], [], "running")
        with suppress(InputError):
            there = read_record(self.folder / "record.json")
        return replace(there, status=status or there.status, error=error)


# An engine works on jobs and yields each result, or None while there is none.
Outcomes = Iterator[tuple[Job, Record] | None]


def _serve(line: Connection) -> None:
    """Run jobs from the pipe until it closes; the first message reports the start."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The main process handles Ctrl-C.
    tqdm.set_lock(RLock())  # A killed worker would leave the usual lock locked.
    Thread(target=_end_with_master, daemon=True).start()
    with suppress(EOFError):
        line.send(None)
        while True:
            line.send(line.recv().work())


def _end_with_master() -> None:
    """End the process when the main process ends; the checkpoint stays."""
    master = parent_process()
    assert master is not None
    connection.wait([master.sentinel])
    os._exit(1)


class Worker:
    """A process that runs one job at a time."""

    def __init__(self) -> None:
        context = get_context("spawn")  # CUDA does not work after a fork.
        self.line, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()


def local(jobs: Sequence[Job], workers: int) -> Outcomes:
    """Run jobs in several processes of this machine.

    Raises:
        InputError: processes end before they start to work.
    """
    begun = False
    waiting = deque((job, 1) for job in jobs)
    idle: list[Worker] = []
    busy: dict[Connection, tuple[Worker, Job, int]] = {}
    try:
        while waiting or busy:
            while waiting and len(busy) < workers:
                worker = idle.pop() if idle else Worker()
                job, attempt = waiting.popleft()
                worker.line.send(job)
                busy[worker.line] = worker, job, attempt
            yield None
            for line in connection.wait(list(busy), POLL):
                worker, job, attempt = busy[line]  # type: ignore[index]
                try:
                    record = worker.line.recv()
                except (EOFError, OSError):  # The worker was killed (signal or out of memory).
                    worker.process.join()
                    if not begun and worker.process.exitcode == 1:  # ended by Python, no signal
                        raise InputError(NO_GUARD) from None
                    del busy[worker.line]
                    if attempt < ATTEMPTS:
                        waiting.appendleft((job, attempt + 1))
                    else:
                        yield job, job.record("failed", f"its process died {attempt} times")
                else:
                    begun = True
                    if record is not None:
                        del busy[worker.line]
                        idle.append(worker)
                        yield job, record
    finally:
        for worker in idle:
            worker.line.close()  # The worker then ends.
        for worker, _, _ in busy.values():
            worker.process.kill()


def on_ray(jobs: Sequence[Job], gpus: float) -> Outcomes:
    """Run jobs in a Ray cluster: the one at RAY_ADDRESS, or a new one on this machine.

    A job takes `threads` CPUs and `gpus` of a GPU. Run folders are used in place. If the nodes
    share the file system, the run of a dead node continues from its checkpoint, else from the
    start.

    Raises:
        InputError: Ray is not installed, or there is no cluster at RAY_ADDRESS.
    """
    try:
        import ray
    except ImportError as error:
        raise InputError("engine ray: not installed, wanted: pip install 'gevb[ray]'") from error
    if not ray.is_initialized():
        try:
            ray.init(log_to_driver=False)
        except (ConnectionError, ValueError) as error:
            raise InputError(f"engine ray: no cluster at RAY_ADDRESS: {error!r:.200}") from error

    work = ray.remote(num_gpus=gpus, max_retries=ATTEMPTS - 1)(Job.work)
    pending = {work.options(num_cpus=job.threads).remote(job): job for job in jobs}
    while pending:
        yield None
        for ref in ray.wait(list(pending), timeout=POLL)[0]:
            job = pending.pop(ref)
            try:
                record = ray.get(ref)
            except ray.exceptions.RayError as error:
                reason = (str(error).splitlines() or [""])[0]
                record = job.record("failed", f"{type(error).__name__}: {reason}")
            yield job, record


ENGINES = ("local", "ray")


def reproduce(
    wanted: Sequence[Config],
    out: str | Path,
    *,
    until: int | None = None,
    engine: str = "local",
    jobs: int | None = None,
    gpus: float = 0.0,
    data_dir: str | Path | None = None,
    device: str = "auto",
    say: Callable[[str], object] = tqdm.write,
) -> list[Record]:
    """Run the wanted runs that are not recorded; return the records of those tried.

    Args:
        wanted: runs in the order of their value, from `gevb.lab.plan.by_value`.
        out: folder for `results` and `checkpoints`.
        until: pause every run at the first evaluation at or after this epoch, the least advanced
            first; a later call continues it.
        engine: "local" or "ray".
        jobs: parallel runs on this machine; as many as cores, or one on a GPU, if None. With Ray,
            the cluster's resources decide.
        gpus: GPU share of a run, for Ray.
        data_dir: as for `gevb.lab.train`.
        device: as for `gevb.lab.train`.
        say: called with a line for every run that ends.

    Raises:
        InputError: an unknown engine, a number out of range, no data, a record that is damaged or
            of another configuration, a folder that cannot be made, or a script without
            `if __name__ == "__main__":`. Existing records stay, and a run that cannot be recorded
            counts as failed.
    """
    check_choice("engine", engine, ENGINES)
    if getattr(current_process(), "_inheriting", False):  # a worker that imports the script
        sys.exit(1)
    if check_number("gpus", gpus) and engine != "ray":
        raise InputError(f"gpus: got {gpus:g} with engine {engine}, wanted engine ray")
    until = None if until is None else check_whole("until", until, 1)
    cores = os.cpu_count() or 1
    chosen = choose_device(device).type
    default_jobs = cores if chosen == "cpu" else 1
    jobs = default_jobs if jobs is None else check_whole("jobs", jobs, 1)
    with one_line(f"use the folder {out}"):
        out = check_path("out", out).absolute()
    results = out / "results"
    todo = to_do(wanted, out, until)
    say(f"{len(wanted)} runs wanted, {len(wanted) - len(todo)} recorded, {len(todo)} to do")
    # Once, before the workers start: downloads and checks the files.
    # Digits last, because they make no folder for the data.
    for name in sorted({config.dataset for config in todo}, key=lambda name: name == "digits"):
        load(name, data_dir)
    work = [
        Job(
            config,
            out / "checkpoints" / config.name,
            None if data_dir is None else str(data_dir),
            chosen,
            threads=1 if engine == "ray" else max(1, cores // jobs),
            until=until,
        )
        for config in todo
    ]
    with one_line(f"make the folder {results}"):
        results.mkdir(parents=True, exist_ok=True)
    tried = []
    with Progress(work) as progress:
        for outcome in local(work, jobs) if engine == "local" else on_ray(work, gpus):
            for record in progress.look():  # Records survive if the main process dies.
                with suppress(InputError):
                    _keep(results, record)
            if outcome is None:
                continue
            job, record = outcome
            try:
                objection = _keep(results, record)
            except InputError as error:  # A full disk must not stop the other runs.
                record = replace(record, status="failed", error=str(error))
                objection = ""
            progress.ended(job)
            tried.append(record)
            say(objection or _line(record))
    return tried


def to_do(wanted: Sequence[Config], out: str | Path, until: int | None = None) -> list[Config]:
    """List the wanted runs that are not recorded up to their end, or up to `until` epochs.

    The order stays, except that the least advanced come first if `until` is given.

    Raises:
        InputError: a record that is damaged or of another configuration.
    """
    epochs = {}
    for config in wanted:
        there = _recorded(Path(out) / "results", config)
        if there is None:
            epochs[config] = 0
        elif there.status != "finished" and (until is None or there.epoch < until):
            epochs[config] = there.epoch
    return sorted(epochs, key=epochs.__getitem__) if until is not None else list(epochs)


def _recorded(results: Path, config: Config) -> Record | None:
    file = results / f"{config.name}.json"
    with one_line(f"read {file}"):
        if not file.exists():
            return None
    record = read_record(file)
    if record.config != config:
        raise InputError(f"{file}: got the record of {record.config}, wanted that of {config}")
    return record


def _keep(results: Path, record: Record) -> str:
    """Add a record to the results, or replace a shorter one of the same run.

    Returns the reason if it cannot, else "".
    """
    file = results / f"{record.config.name}.json"
    if record.status == "failed":
        write_atomically(failure_file(results, record.config.name), record.to_json())
        return ""
    there = _recorded(results, record.config)
    if there is None or (there.status == "running" and record.extends(there)):
        if record.history:
            write_atomically(file, record.to_json())
    elif there.status == "running" and record != there and not there.extends(record):
        return f"{record.config.name}: left out, {file} holds another beginning of this run"
    return ""


def failure_file(folder: Path, name: str) -> Path:
    """Return a free file name for a run's next failure; earlier ones stay."""
    number = 1 + len(list(folder.glob(f"{name}.failed-*.json")))
    return folder / f"{name}.failed-{number}.json"


def _line(record: Record) -> str:
    name = record.config.name
    if record.status == "failed" or record.error:
        return f"{name}: {'FAILED' if record.status == 'failed' else 'left alone'}: {record.error}"
    under_way = f" of {record.config.epochs}" if record.status == "running" else ""
    return f"{name}: {record.history[-1]}{under_way}, {record.seconds:.0f} s"


class Progress:
    """A bar over the multiply-adds of all jobs, with an estimate of the time left."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.epochs = dict.fromkeys(jobs, 0)  # done
        self.cost = {job: run_cost(job.config) // max(1, job.config.epochs) for job in jobs}
        total = sum(job.target * cost for job, cost in self.cost.items())
        self.bar = tqdm(total=total, unit="MAC", unit_scale=True, smoothing=0.05)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def look(self) -> list[Record]:
        """Check the runs under way; return the records of those that have advanced."""
        grown = []
        for job, epoch in self.epochs.items():
            record = job.record()
            if record.epoch > epoch:
                self._reached(job, record.epoch)
                grown.append(record)
        return grown

    def ended(self, job: Job) -> None:
        """Count a run as done, even if it stopped early."""
        self._reached(job, job.target)
        del self.epochs[job]
        self.bar.set_description(f"{len(self.cost) - len(self.epochs)} of {len(self.cost)} runs")

    def _reached(self, job: Job, epoch: int) -> None:
        self.bar.update((epoch - self.epochs[job]) * self.cost[job])
        self.epochs[job] = epoch
