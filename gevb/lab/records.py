"""What a run is, and what it gave: configuration, evaluations, and the record of both.

A record is one small JSON file: `record.json` in a run's folder while it is being trained, and
`data/results/NAME.json` for the runs that the book shows. A file ends with a digest of what it
says, but for those of the format before, which had none.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from gevb.errors import InputError, check_choice, check_names, check_number, one_line, shown
from gevb.training import Config, Evaluation, check_history, over

FORMAT = "gevb record"
#: With a digest since the second.
VERSIONS = (1, 2)
STATUSES = ("running", "finished", "failed")


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
        text = json.dumps(sealed(FORMAT, asdict(self)), indent=1)
        return (_EVALUATION.sub(lambda found: " ".join(found[0].split()), text) + "\n").encode()


# One line each is easier to read and to compare.
_EVALUATION = re.compile(r'\{\s*"epoch"[^{}]*\}')


def sealed(kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """Values as a recorded file has them: between their format and the digest of both."""
    whole = {"format": f"{kind} {VERSIONS[-1]}", **values}
    return {**whole, "sha256": _digest(whole)}


def _digest(values: dict[str, Any]) -> str:
    """SHA-256 of values, however a file writes them."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def read_values(file: Path, kind: str) -> dict[str, Any]:
    """The values in a recorded JSON file of a kind, such as `FORMAT`.

    Raises:
        InputError: the file cannot be read, was cut short or changed, or is of another kind or
            version.
    """
    with one_line(f"read {file}"):
        if file.exists() and not file.is_file():  # A pipe would let us wait for ever.
            raise InputError(f"cannot read {file}: it is not a file")
        content = file.read_bytes()
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is damaged or was cut short, no JSON: {error}") from error
    got = values.get("format") if isinstance(values, dict) else None
    first, last = (f"{kind} {version}" for version in VERSIONS)
    if got not in (first, last):
        raise InputError(f"{file}: got format {shown(got)}, wanted {last!r} or {first!r}")
    if got == last and (digest := values.pop("sha256", None)) != _digest(values):
        raise InputError(f"{file} was damaged or changed: got the digest {shown(digest)} of others")
    del values["format"]
    return dict(values)


def read_record(file: Path) -> Record:
    """The record in a file.

    Raises:
        InputError: see `read_values`, or what the file holds is not the record of a run.
    """
    values = read_values(file, FORMAT)
    try:
        check_names("record", values, [field.name for field in fields(Record)])
        check_names("config", values["config"], [field.name for field in fields(Config)])
        if not isinstance(values["history"], list):
            raise InputError(f"history: got {shown(values['history'])}, wanted a list")
        record = Record(
            config=Config(**values["config"]),
            history=[Evaluation.of(evaluation) for evaluation in values["history"]],
            sessions=values["sessions"],
            status=values["status"],
            error=values["error"],
        )
        check_record(record)
    except InputError as error:
        raise InputError(f"{file} does not hold a whole record: {error}") from error
    return record


def check_record(record: Record) -> None:
    """Refuse what no run gives.

    Raises:
        InputError: an impossible history (see `gevb.training.check_history`), sessions that do not
            say where they come from, or a status that the rest belies.
    """
    check_choice("status", record.status, STATUSES)
    check_history(record.config, record.history)
    check_sessions(record.sessions)
    if record.history and not record.sessions:
        raise InputError("sessions: got none, wanted those that the evaluations are from")
    if record.status == "finished" and not over(record.config, record.history):
        raise InputError(
            f"status: got finished at epoch {record.epoch}, wanted the last evaluation"
        )
    if not isinstance(record.error, str | None) or (record.status == "failed") > bool(record.error):
        raise InputError(f"error: got {shown(record.error)}, wanted a reason if the run failed")


def check_sessions(sessions: object) -> None:
    """Refuse what does not say which processes worked on a run.

    Raises:
        InputError: no list of provenances, with their seconds if they are known.
    """
    if not isinstance(sessions, list):
        raise InputError(f"sessions: got {shown(sessions)}, wanted a list")
    for session in sessions:
        if not isinstance(session, dict):
            raise InputError(f"sessions: got {shown(session)}, wanted facts by name")
        for fact in ("started", "device_name", "torch", "source_sha256"):
            if not isinstance(session.get(fact), str):
                raise InputError(f"sessions: {fact}: got {shown(session.get(fact))}, wanted a text")
        check_number("sessions: seconds", session.get("seconds", 0.0))
    try:
        plain = json.loads(json.dumps(sessions)) == sessions
    except (TypeError, ValueError, RecursionError):
        plain = False
    if not plain:
        raise InputError(f"sessions: got {shown(sessions)}, wanted plain values by name")


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
    there = sorted(f.stem for f in results_folder().glob("*.json"))
    if not isinstance(name, str) or name not in there:
        near = difflib.get_close_matches(name, there, n=3) if isinstance(name, str) else []
        near = near or there[:3] or ["none is there"]
        raise InputError(f"record: got {shown(name)}, wanted one like {', '.join(near)}")
    return read_record(results_folder() / f"{name}.json")
