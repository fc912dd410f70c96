"""Run folders: a checkpoint and a record, written atomically by one process at a time.

The checkpoint holds everything; the record repeats the readable part of it, and is written again
when a run resumes. A process killed at any moment leaves the last complete checkpoint.
"""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from gevb.errors import InputError
from gevb.records import Config, Record

FORMAT = "gevb checkpoint 4"
FORMAT_BETWEEN_EPOCHS = "gevb checkpoint 3"  # the one before, which knows no other place


class Busy(InputError):
    """Another process works on the run."""


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file as a whole, or leave it as it was.

    Raises:
        InputError: the file cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with open(partial, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise InputError(f"cannot write {path}: {error.strerror}") from error


class RunFolder:
    """The folder of one training run; it holds a run once it holds a checkpoint.

    Args:
        path: made if it is not there.
        config: the run's configuration.
        resume: continue the run that the folder holds, if any.

    Raises:
        InputError: no path, or the folder holds a run and `resume` is False.
    """

    def __init__(self, path: str | Path, config: Config, resume: bool = False) -> None:
        if not str(path):
            raise InputError("run folder: got an empty path, wanted the name of a folder")
        self.path, self.config = Path(path), config
        if self.checkpoint.exists() and not resume:
            raise InputError(f"{path} holds a run; --resume continues it, or choose another folder")

    @property
    def checkpoint(self) -> Path:
        """The last complete checkpoint."""
        return self.path / "checkpoint.pt"

    @property
    def record(self) -> Path:
        """The readable part of it."""
        return self.path / "record.json"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from working on the run; the system lifts the lock of a dead one.

        Raises:
            InputError: the folder cannot be made or written, or another process works on the run.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / ".lock", timeout=0)
            lock.acquire()
        except Timeout as error:
            raise Busy(f"{self.path}: another process works on this run") from error
        except OSError as error:
            raise InputError(f"cannot use the folder {self.path}: {error.strerror}") from error
        try:
            yield
        finally:
            lock.release()

    def load(self, device: torch.device) -> dict[str, Any] | None:
        """The last checkpoint's state, or None where there is none yet.

        Raises:
            InputError: the file is damaged, not a checkpoint of this package, or belongs to
                another configuration.
        """
        if not self.checkpoint.exists():
            return None
        try:
            with zipfile.ZipFile(self.checkpoint) as archive:
                if damaged := archive.testzip():
                    raise zipfile.BadZipFile(f"wrong checksum of {damaged}")
            state = torch.load(self.checkpoint, map_location=device, weights_only=True)
        except Exception as error:  # A damaged file can make the unpickler raise anything.
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"{self.checkpoint} cannot be read, truncated or foreign: {reason}"
            ) from error
        if isinstance(state, dict) and state.get("format") == FORMAT_BETWEEN_EPOCHS:
            state.update(format=FORMAT, batch=0, loss=0.0)
        if not isinstance(state, dict) or state.get("format") != FORMAT:
            raise InputError(f"{self.checkpoint} is not a checkpoint of this package ({FORMAT})")
        here, there = asdict(self.config), state.get("config", {})
        for name in sorted({*here, *there}):
            got, wanted = here.get(name), there.get(name)
            if got != wanted:
                raise InputError(
                    f"{self.path} holds a run of another configuration: "
                    f"{name}: got {got}, wanted {wanted}"
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
        write_atomically(self.record, record.to_json())
