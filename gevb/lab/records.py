"""What a run is, and what it gave: configuration, evaluations, and the record of both.

A record is one small JSON file: `record.json` in a run's folder while it is being trained, and
`data/results/NAME.json` for the runs that the book shows.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gevb.errors import InputError
from gevb.training import Config, Evaluation

FORMAT = "gevb record 1"


@dataclass(frozen=True)
class Record:
    """A run, without its weights.

    Attributes:
        config: what was trained.
        history: evaluations.
        sessions: provenance of each process that worked on the run.
        status: "running" (under way, paused or interrupted), "finished" or "failed".
        error: why it failed.
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
        """Of the last evaluation; 0 without any."""
        return self.history[-1].epoch if self.history else 0

    def extends(self, earlier: Record) -> bool:
        """Whether this tells more of the same run: the same beginning, and then more of it."""
        there = len(earlier.history)
        return (
            self.config == earlier.config
            and len(self.history) > there
            and self.history[:there] == earlier.history
        )

    @property
    def origin(self) -> str:
        """One line on where the numbers come from."""
        last = self.sessions[-1]
        return (
            f"recorded {last['started'][:10]} on {last['device_name']}, torch {last['torch']}, "
            f"seed {self.config.seed}, {self.seconds / 60:.0f} minutes, "
            f"source {last['source_sha256'][:12]}"
        )

    def to_json(self) -> bytes:
        """The record's file."""
        text = json.dumps({"format": FORMAT, **asdict(self)}, indent=1)
        return (_EVALUATION.sub(lambda found: " ".join(found[0].split()), text) + "\n").encode()


# One line each is easier to read and to compare.
_EVALUATION = re.compile(r'\{\s*"epoch"[^{}]*\}')


def read_values(file: Path, wanted: str) -> dict[str, Any]:
    """The values in a recorded JSON file of the format that is wanted.

    Raises:
        InputError: the file cannot be read, was cut short, or is of another format or version.
    """
    try:
        values = json.loads(file.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{file} is damaged or was cut short, no JSON: {error}") from error
    got = values.pop("format", None) if isinstance(values, dict) else None
    if got != wanted:
        raise InputError(f"{file}: got format {got!r}, wanted {wanted!r}")
    return dict(values)


def read_record(file: Path) -> Record:
    """The record in a file.

    Raises:
        InputError: see `read_values`, or the record is not whole.
    """
    values = read_values(file, FORMAT)
    try:
        history = [Evaluation(**{**e, "angles": tuple(e["angles"])}) for e in values["history"]]
        return Record(**{**values, "config": Config(**values["config"]), "history": history})
    except (KeyError, TypeError) as error:
        raise InputError(f"{file} does not hold a whole record: {error}") from error


def results_folder() -> Path:
    """`data/results` in a checkout, `results` inside an installed package."""
    package = Path(__file__).parents[1]
    checkout = package.parent / "data" / "results"
    return checkout if checkout.is_dir() else package / "results"


def recorded(name: str) -> Record:
    """The recorded run called `name`, such as "digits-fc-vectorized-nonnegative-gevb-seed0".

    Raises:
        InputError: there is no such record, or its file is damaged.
    """
    file = results_folder() / f"{name}.json"
    if not file.is_file():
        there = sorted(f.stem for f in results_folder().glob("*.json"))
        near = difflib.get_close_matches(name, there, n=3) or there[:3] or ["none is there"]
        raise InputError(f"record: got {name!r}, wanted one like {', '.join(near)}")
    return read_record(file)
