"""Results recorded with the book: history and provenance of runs that took long to compute."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gevb.errors import InputError
from gevb.training import Config, Evaluation


@dataclass(frozen=True)
class Record:
    """A run folder without its checkpoint.

    Attributes:
        config: what was trained.
        history: evaluations.
        sessions: provenance of each process that worked on the run.
    """

    config: Config
    history: list[Evaluation]
    sessions: list[dict[str, Any]]

    @property
    def origin(self) -> str:
        """One line on where the numbers come from."""
        last = self.sessions[-1]
        minutes = sum(session["seconds"] for session in self.sessions) / 60
        return (
            f"recorded {last['started'][:10]} on {last['device_name']}, torch {last['torch']}, "
            f"seed {self.config.seed}, {minutes:.0f} minutes, source {last['source_sha256'][:12]}"
        )


def _folder() -> Path:
    """`data/results` in a checkout, `results` inside an installed package."""
    package = Path(__file__).parent
    checkout = package.parent / "data" / "results"
    return checkout if checkout.is_dir() else package / "results"


def recorded(name: str) -> Record:
    """The recorded run called `name`, such as "mnist-fc-gevb".

    Raises:
        InputError: there is no such record.
    """
    folder = _folder() / name
    try:
        config, history, sessions = (
            json.loads((folder / f"{part}.json").read_text())
            for part in ("config", "history", "provenance")
        )
    except OSError as error:
        there = ", ".join(sorted(f.name for f in _folder().glob("*") if f.is_dir())) or "none"
        raise InputError(f"record: got {name!r}, wanted one of {there}") from error
    return Record(Config(**config), [Evaluation(**e) for e in history], sessions)
