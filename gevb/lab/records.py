"""Records of runs: configuration and evaluations.

A record is a small JSON file: `record.json` in a run's folder during training, and
`data/results/NAME.json` for the runs in the book. All recorded files, of every kind, end with a
digest of their content: `read_values` refuses one that was cut short or changed since.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from gevb.errors import InputError, check_choice, check_names, one_line, shown
from gevb.training import Config, Evaluation

FORMAT = "gevb record"
VERSION = 2  # of the files of all kinds
STATUSES = ("running", "finished", "failed")


@dataclass(frozen=True)
class Record:
    """A run, without its weights.

    Attributes:
        config: configuration of the run.
        history: evaluations.
        sessions: provenance of each process that worked on the run.
        status: "running" (under way, paused or interrupted), "finished" or "failed".
        error: reason of a failure.
    """

    config: Config
    history: list[Evaluation]
    sessions: list[dict[str, Any]]
    status: str
    error: str | None = None

    @property
    def seconds(self) -> float:
        """Time spent on the run."""
        return sum((session.get("seconds", 0.0) for session in self.sessions), 0.0)

    @property
    def epoch(self) -> int:
        """Epoch of the last evaluation; 0 without any."""
        return self.history[-1].epoch if self.history else 0

    def extends(self, earlier: Record) -> bool:
        """Check if this record continues `earlier`: the same beginning, and more."""
        there = len(earlier.history)
        return (
            self.config == earlier.config
            and len(self.history) > there
            and self.history[:there] == earlier.history
        )

    @property
    def origin(self) -> str:
        """Origin of the numbers, in one line."""
        last = self.sessions[-1]
        return (
            f"recorded {last['started'][:10]} on {last['device_name']}, torch {last['torch']}, "
            f"seed {self.config.seed}, {self.seconds / 60:.0f} minutes, "
            f"source {last['source_sha256'][:12]}"
        )

    def to_json(self) -> bytes:
        """Format the record's file, with an evaluation per line."""
        return to_json(FORMAT, asdict(self), r'\{\s*"epoch"[^{}]*\}')


def to_json(kind: str, values: dict[str, Any], on_one_line: str = r"\b\B") -> bytes:
    """Format a recorded file: values between their kind and the digest of both.

    Args:
        kind: such as `FORMAT`.
        values: JSON values.
        on_one_line: pattern of parts that stay on one line.
    """
    whole = {"format": f"{kind} {VERSION}", **values}
    text = json.dumps({**whole, "sha256": _digest(whole)}, indent=1)
    text = re.sub(on_one_line, lambda found: " ".join(found[0].split()), text)
    return f"{text}\n".encode()


def _digest(values: dict[str, Any]) -> str:
    """Compute SHA-256 of values, independent of their format in a file."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def read_values(file: Path, kind: str) -> dict[str, Any]:
    """Read the values in a file made by `to_json`.

    Raises:
        InputError: the file cannot be read, was cut short or changed, or is of another kind or
            version.
    """
    with one_line(f"read {file}"):
        content = file.read_bytes()
    try:
        values = json.loads(content)
    except ValueError as error:
        raise InputError(f"{file} is damaged or was cut short, no JSON: {error}") from error
    got, wanted = values.get("format") if isinstance(values, dict) else None, f"{kind} {VERSION}"
    if got != wanted:
        raise InputError(f"{file}: got format {shown(got)}, wanted {wanted!r}")
    if (digest := values.pop("sha256", None)) != _digest(values):
        raise InputError(f"{file} was damaged or changed: got the digest {shown(digest)} of others")
    del values["format"]
    return dict(values)


def read_record(file: Path) -> Record:
    """Read the record in a file.

    Raises:
        InputError: see `read_values`, or the values are not the record of a run.
    """
    values = read_values(file, FORMAT)
    try:
        check_names("record", values, [field.name for field in fields(Record)])
        check_names("config", values["config"], [field.name for field in fields(Config)])
        check_choice("status", values["status"], STATUSES)
        history = [Evaluation.of(evaluation) for evaluation in values["history"]]
        return Record(**{**values, "config": Config(**values["config"]), "history": history})
    except InputError as error:
        raise InputError(f"{file} does not hold a whole record: {error}") from error


def results_folder() -> Path:
    """Return `data/results` in a checkout, `results` inside an installed package."""
    package = Path(__file__).parents[1]
    checkout = package.parent / "data" / "results"
    return checkout if checkout.is_dir() else package / "results"


def recorded(name: str) -> Record:
    """Read the recorded run called `name`, such as "digits-fc-vectorized-nonnegative-gevb-seed0".

    Raises:
        InputError: there is no such record, or its file is damaged.
    """
    there = sorted(f.stem for f in results_folder().glob("*.json"))
    if not isinstance(name, str) or name not in there:
        near = difflib.get_close_matches(name, there, n=3) if isinstance(name, str) else []
        near = near or there[:3] or ["none is there"]
        raise InputError(f"record: got {shown(name)}, wanted one like {', '.join(near)}")
    return read_record(results_folder() / f"{name}.json")
