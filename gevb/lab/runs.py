"""Run folders: a checkpoint and a record, written atomically by one process at a time.

The checkpoint holds everything; the record repeats its readable part, and is written again
when a run resumes. A process killed at any moment leaves the last complete checkpoint.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import secrets
import time
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from tqdm import tqdm

from gevb.data import choose_device, load
from gevb.errors import InputError, check_kind, check_path, check_whole, one_line, shown
from gevb.lab.provenance import provenance
from gevb.lab.records import Record, read_record
from gevb.networks import Network
from gevb.training import Config, Evaluation, Trainer

#: Seconds until a checkpoint is due, also in the middle of an epoch.
CHECKPOINT_EVERY = 300.0

FORMAT = "gevb checkpoint 4"


class Busy(InputError):
    """Another process works on the run."""


PARTIAL = ".{}.partial"  # with a random name, so that nobody can prepare a file of that name


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file as a whole, or leave it unchanged.

    Raises:
        InputError: the file cannot be written.
    """
    partial = path.with_name(PARTIAL.format(secrets.token_hex(8)))
    with one_line(f"write {path}"):
        try:
            with open(partial, "xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(partial, path)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise


class RunFolder:
    """Folder of one training run; it holds a run once it holds a checkpoint.

    Args:
        path: made if missing.
        config: the run's configuration.
        resume: continue the run that the folder holds, if any.

    Raises:
        InputError: not a folder's name, or the folder holds a run and `resume` is False.
    """

    def __init__(self, path: str | Path, config: Config, resume: bool = False) -> None:
        self.path, self.config = check_path("run folder", path), config
        if self.holds_a_run and not resume:
            raise InputError(f"{path} holds a run; --resume continues it, or choose another folder")

    @property
    def checkpoint(self) -> Path:
        """Path of the last complete checkpoint."""
        return self.path / "checkpoint.pt"

    @property
    def holds_a_run(self) -> bool:
        """True if there is a checkpoint.

        Raises:
            InputError: the system does not allow the check.
        """
        with one_line(f"use the folder {self.path}"):
            return self.checkpoint.exists()

    @property
    def record(self) -> Path:
        """Path of the readable record."""
        return self.path / "record.json"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from working on the run; the system releases the lock of a dead one.

        Partial files of a dead process are removed.

        Raises:
            InputError: the folder cannot be made or written, or another process works on the run.
        """
        with one_line(f"use the folder {self.path}"):
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                lock = FileLock(self.path / ".lock", timeout=0)
                lock.acquire()
            except Timeout as error:
                raise Busy(f"{self.path}: another process works on this run") from error
        try:
            for partial in self.path.glob(PARTIAL.format("*")):
                with contextlib.suppress(OSError):
                    partial.unlink()
            yield
        finally:
            lock.release()

    def load(self, device: torch.device) -> dict[str, Any] | None:
        """Load the last checkpoint's state, or None if there is none yet.

        Raises:
            InputError: the file is damaged, not a checkpoint of this package, or belongs to
                another configuration.
        """
        if not self.holds_a_run:
            return None
        try:
            with zipfile.ZipFile(self.checkpoint) as archive:
                if damaged := archive.testzip():
                    raise zipfile.BadZipFile(f"wrong checksum of {damaged}")
            state = torch.load(self.checkpoint, map_location=device, weights_only=True)
        except Exception as error:  # A damaged file can make the unpickler raise any error.
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            if isinstance(error, pickle.UnpicklingError):
                # PyTorch's message would explain how to load it anyway.
                reason = "it holds something else than tensors and plain values"
            raise InputError(
                f"{self.checkpoint} cannot be read, truncated or foreign: {reason}"
            ) from error
        if not isinstance(state, dict) or state.get("format") != FORMAT:
            raise InputError(f"{self.checkpoint} is not a checkpoint of this package ({FORMAT})")
        here, there = asdict(self.config), state["config"]
        for name in [*here, *(name for name in there if name not in here)]:
            got, wanted = here.get(name), there.get(name)
            if got != wanted:
                raise InputError(
                    f"{self.path} holds a run of another configuration: "
                    f"{name}: got {shown(got)}, wanted {shown(wanted)}"
                )
        return state

    def save(self, state: dict[str, Any], record: Record) -> None:
        """Write checkpoint and record.

        Raises:
            InputError: a file cannot be written; the last checkpoint stays.
        """
        buffer = io.BytesIO()
        torch.save({"format": FORMAT, "config": asdict(self.config), **state}, buffer)
        write_atomically(self.checkpoint, buffer.getvalue())
        self.write(record)

    def write(self, record: Record, anew: bool = True) -> None:
        """Write the record; without `anew`, only if the file holds another one or none.

        Raises:
            InputError: it cannot be written.
        """
        if not anew:
            with contextlib.suppress(InputError):
                if read_record(self.record) == record:
                    return
        write_atomically(self.record, record.to_json())


@dataclass(frozen=True)
class Run:
    """A finished run: the network and its record."""

    network: Network
    record: Record

    @property
    def history(self) -> list[Evaluation]:
        """Its evaluations."""
        return self.record.history


def restore(trainer: Trainer, state: dict[str, Any], file: Path) -> list[dict[str, Any]]:
    """Put a checkpoint's state into a trainer; return the sessions that made it.

    Raises:
        InputError: the checkpoint, `file`, is impossible for such a run; nothing is loaded.
    """
    try:
        trainer.load_state(state)
    except (InputError, RuntimeError) as error:
        raise InputError(f"{file} does not hold the state of such a run: {error}") from error
    return list(state["sessions"])


class _Session:
    """Training in one process, with the state kept to continue later.

    Args:
        trainer: state of the run.
        folder: for checkpoint and record; None keeps nothing.
        sessions: provenance of earlier processes of the run.
    """

    def __init__(
        self, trainer: Trainer, folder: RunFolder | None, sessions: list[dict[str, Any]]
    ) -> None:
        self.trainer, self.folder, self.sessions = trainer, folder, sessions
        self.started = self.saved = time.perf_counter()

    @property
    def record(self) -> Record:
        """Results of the run so far, and the processes that worked on it."""
        status = "finished" if self.trainer.finished else "running"
        return Record(self.trainer.config, self.trainer.history, self.sessions, status)

    def train(self, until: int | None, progress: bool) -> None:
        """Train to the end or `until`, with a checkpoint at every evaluation and when one is due.

        Raises:
            InputError: a loss is not finite, or a file cannot be written.
        """
        trainer, device = self.trainer, self.trainer.device
        facts = provenance(__name__, device, trainer.config.seed)
        self.sessions.append({**facts, "from_epoch": trainer.epoch})
        last = trainer.config.epochs if until is None else min(until, trainer.config.epochs)
        with tqdm(
            total=last * trainer.batches,
            initial=trainer.epoch * trainer.batches + trainer.batch,
            unit="batch",
            disable=not progress,
        ) as bar:

            def after_batch() -> None:
                bar.update()
                if time.perf_counter() - self.saved >= CHECKPOINT_EVERY:
                    self.save_between_batches()

            for evaluation in trainer.run(after_batch, until):
                bar.set_description(str(evaluation), refresh=False)
                self.save()

    def save(self) -> None:
        """Write checkpoint and record, if there is a folder for them."""
        self.saved = time.perf_counter()
        self.sessions[-1]["seconds"] = round(self.saved - self.started, 3)
        if self.folder is not None:
            self.folder.save({**self.trainer.state(), "sessions": self.sessions}, self.record)

    def save_between_batches(self) -> None:
        """Save, except non-finite weights: no loss has checked the last step yet."""
        weights = [p.detach().sum() for p in self.trainer.network.parameters()]
        self.trainer.check_finite(torch.stack(weights).sum().item())
        self.save()


def train(
    config: Config,
    out: str | Path | None = None,
    *,
    resume: bool = False,
    until: int | None = None,
    data_dir: str | Path | None = None,
    device: str = "auto",
    progress: bool = True,
) -> Run:
    """Train a network by `config`, and keep what is needed to continue later.

    This sets PyTorch to full float32 precision in the whole process: TF32 would round the products
    of recent GPUs to 10 bits.

    Args:
        config: settings of the run.
        out: run folder for checkpoint and record; None keeps nothing.
        resume: continue the run in `out`, or start it if there is none.
        until: pause the run at the first evaluation at or after this epoch; a later call continues
            with the same results, bit by bit, as without a pause.
        data_dir: see `gevb.data.load`.
        device: see `gevb.data.choose_device`.
        progress: show a bar with the latest errors on standard error.

    Raises:
        InputError: see `gevb.data.load`, `gevb.data.choose_device`, `RunFolder`; or a loss that is
            not finite, in which case the last good checkpoint stays.
    """
    check_kind("config", config, Config)
    until = None if until is None else check_whole("until", until)
    chosen = choose_device(device)
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    folder = None if out is None else RunFolder(out, config, resume)
    with contextlib.nullcontext() if folder is None else folder.locked():
        state = None if folder is None else folder.load(chosen)
        trainer = Trainer(config, load(config.dataset, data_dir, chosen), chosen)
        sessions: list[dict[str, Any]] = []
        if folder is not None and state is not None:
            sessions = restore(trainer, state, folder.checkpoint)
        session, left = _Session(trainer, folder, sessions), trainer.reached(until)
        if folder is not None:
            # Now, to find out early if the folder cannot be written.
            folder.write(session.record, anew=not left)
        if not left:
            session.train(until, progress)
    return Run(trainer.network, session.record)
