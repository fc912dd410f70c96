"""Run folders: configuration, checkpoint, history and provenance, written atomically.

The checkpoint holds everything; the JSON files repeat the readable part of it, and are written
again when a run resumes. A process killed at any moment leaves the last complete checkpoint.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
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
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise InputError(f"cannot write {path}: {error.strerror}") from error


class RunFolder:
    """The folder of one training run; it holds a run once it holds a checkpoint.

    Args:
        path: made by `open` if it is not there.
        config: the run's configuration, as plain values.
        resume: continue the run that the folder holds, if any.

    Raises:
        InputError: no path, or the folder holds a run and `resume` is False.
    """

    def __init__(self, path: str | Path, config: dict[str, Any], resume: bool = False) -> None:
        if not str(path):
            raise InputError("run folder: got an empty path, wanted the name of a folder")
        self.path, self.config = Path(path), config
        if self.checkpoint.exists() and not resume:
            raise InputError(f"{path} holds a run; --resume continues it, or choose another folder")

    @property
    def checkpoint(self) -> Path:
        """The last complete checkpoint."""
        return self.path / "checkpoint.pt"

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
        if not isinstance(state, dict) or state.get("format") != FORMAT:
            raise InputError(f"{self.checkpoint} is not a checkpoint of this package ({FORMAT})")
        there = state.get("config", {})
        for name in sorted({*self.config, *there}):
            got, wanted = self.config.get(name), there.get(name)
            if got != wanted:
                raise InputError(
                    f"{self.path} holds a run of another configuration: "
                    f"{name}: got {got}, wanted {wanted}"
                )
        return state

    def open(self) -> None:
        """Make the folder and write the configuration, to see early that it can be written.

        Raises:
            InputError: the folder cannot be made or written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot make the folder {self.path}: {error.strerror}") from error
        self._write_json("config", self.config)

    def save(self, state: dict[str, Any]) -> None:
        """Write checkpoint, history and provenance.

        Raises:
            InputError: a file cannot be written; the last checkpoint stays.
        """
        buffer = io.BytesIO()
        torch.save({"format": FORMAT, "config": self.config, **state}, buffer)
        write_atomically(self.checkpoint, buffer.getvalue())
        self.write_readable(state)

    def write_readable(self, state: dict[str, Any]) -> None:
        """Write the history and provenance of a checkpoint's state.

        Raises:
            InputError: a file cannot be written.
        """
        self._write_json("history", state["history"])
        self._write_json("provenance", state["sessions"])

    def _write_json(self, name: str, value: object) -> None:
        write_atomically(self.path / f"{name}.json", (json.dumps(value, indent=1) + "\n").encode())
