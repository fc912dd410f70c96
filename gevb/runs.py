"""Run folders: configuration, checkpoint, history and provenance, written atomically.

The checkpoint holds everything; `history.json` and `provenance.json` repeat the readable part of
it, and are written again when a run resumes. A process killed at any moment leaves the files of
the last complete checkpoint.
"""

from __future__ import annotations

import io
import json
import os
import pickle
from pathlib import Path
from typing import Any

import torch

from gevb.errors import InputError

FORMAT = "gevb checkpoint 1"


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
        partial.unlink(missing_ok=True)
        raise InputError(f"cannot write {path}: {error.strerror}") from error


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


class RunFolder:
    """The folder of one training run.

    Args:
        path: made if it is not there.
        config: the run's configuration, as plain values.
        resume: continue the run that the folder holds, if any.

    Raises:
        InputError: the folder cannot be written, holds a run and `resume` is False, or holds a
            run with another configuration.
    """

    def __init__(self, path: str | Path, config: dict[str, Any], resume: bool = False) -> None:
        self.path, self.config = Path(path), config
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot make the folder {path}: {error.strerror}") from error
        if self._file("config").exists():
            self._check_config(resume)
        else:
            write_atomically(self._file("config"), _json(config))

    def _file(self, name: str) -> Path:
        return self.path / f"{name}.json"

    @property
    def checkpoint(self) -> Path:
        """The last complete checkpoint."""
        return self.path / "checkpoint.pt"

    def _check_config(self, resume: bool) -> None:
        if not resume:
            raise InputError(f"{self.path} holds a run; --resume continues it, or choose another")
        try:
            there = dict(json.loads(self._file("config").read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"{self._file('config')} is no configuration: {error}") from error
        for name in sorted({*self.config, *there}):
            got, wanted = self.config.get(name), there.get(name)
            if got != wanted:
                raise InputError(
                    f"{self.path} holds a run of another configuration: "
                    f"{name}: got {got}, wanted {wanted}"
                )

    def save(self, state: dict[str, Any]) -> None:
        """Write checkpoint, history and provenance.

        Raises:
            InputError: a file cannot be written; the last checkpoint stays.
        """
        buffer = io.BytesIO()
        torch.save({"format": FORMAT, **state}, buffer)
        write_atomically(self.checkpoint, buffer.getvalue())
        self._write_readable(state)

    def load(self, device: torch.device) -> dict[str, Any] | None:
        """The last checkpoint's state, or None where there is none yet.

        Raises:
            InputError: the file is truncated, or not a checkpoint of this package.
        """
        if not self.checkpoint.exists():
            return None
        try:
            state = torch.load(self.checkpoint, map_location=device, weights_only=True)
        except (RuntimeError, EOFError, ValueError, OSError, pickle.UnpicklingError) as error:
            raise InputError(f"{self.checkpoint} cannot be read: truncated or foreign") from error
        if not isinstance(state, dict) or state.get("format") != FORMAT:
            raise InputError(f"{self.checkpoint} is not a checkpoint of this package ({FORMAT})")
        self._write_readable(state)
        return state

    def _write_readable(self, state: dict[str, Any]) -> None:
        write_atomically(self._file("history"), _json(state["history"]))
        write_atomically(self._file("provenance"), _json(state["sessions"]))
