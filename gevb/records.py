"""What a run is, and what it gave: configuration, evaluations, and the record of both.

A record is one small JSON file: `record.json` in a run's folder while it is being trained, and
`data/results/NAME.json` for the runs that the book shows.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from gevb.errors import InputError, check_choice
from gevb.networks import ARCHITECTURES, INPUTS
from gevb.rules import RULES

#: Floating-point types by name.
DTYPES = {"float32": torch.float32, "float64": torch.float64}
FORMAT = "gevb record 1"
#: The paper trains for at most so many.
PAPER_EPOCHS = 190


@dataclass(frozen=True)
class Config:
    """What decides a run's result, up to rounding.

    Attributes:
        dataset, arch: as for `gevb.build`.
        rule: "gevb", "bp", "fa" or "dfa".
        vectorized, nonnegative: as for `gevb.build`.
        epochs: at most; training stops at an evaluation without training error.
        seed: of weights, gating vectors, random feedback and the order of the examples.
        learning_rate, batch_size: of Adam; the last batch of an epoch may be smaller.
        evaluate_every: epochs from one evaluation and checkpoint to the next.
        dtype: "float32" or "float64".

    Raises:
        InputError: an unknown name or a number out of range.
    """

    dataset: str = "digits"
    arch: str = "fc"
    rule: str = "gevb"
    vectorized: bool = True
    nonnegative: bool = True
    epochs: int = PAPER_EPOCHS
    seed: int = 0
    learning_rate: float = 3e-4
    batch_size: int = 128
    evaluate_every: int = 10
    dtype: str = "float32"

    def __post_init__(self) -> None:
        check_choice("dataset", self.dataset, INPUTS)
        check_choice("arch", self.arch, ARCHITECTURES[self.dataset])
        check_choice("rule", self.rule, RULES)
        check_choice("dtype", self.dtype, DTYPES)
        if self.rule == "gevb" and not self.vectorized:
            raise InputError("rule gevb: got a conventional network, wanted a vectorized one")
        minima = {"epochs": 0, "seed": 0, "batch_size": 1, "evaluate_every": 1}
        for name, minimum in minima.items():
            value: object = getattr(self, name)
            if not isinstance(value, int) or value < minimum:
                raise InputError(f"{name}: got {value!r}, wanted a whole number >= {minimum}")
        if not 0 < self.learning_rate < math.inf:
            raise InputError(f"learning_rate: got {self.learning_rate}, wanted a number above 0")

    @property
    def experiment(self) -> str:
        """Which experiment this is a run of, such as "mnist-fc-vectorized-nonnegative-gevb"."""
        units = "vectorized" if self.vectorized else "conventional"
        signs = "nonnegative" if self.nonnegative else "mixed"
        return f"{self.dataset}-{self.arch}-{units}-{signs}-{self.rule}"

    @property
    def name(self) -> str:
        """The experiment and the seed; the epochs too if they are not the paper's."""
        epochs = "" if self.epochs == PAPER_EPOCHS else f"-{self.epochs}epochs"
        return f"{self.experiment}{epochs}-seed{self.seed}"

    @property
    def label(self) -> str:
        """As the paper's tables call the rule: a plus for nonnegative weights, as in "GEVB+"."""
        return self.rule.upper() + "+" * self.nonnegative


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found after a number of epochs.

    Attributes:
        epoch: epochs done.
        train_error, test_error: in percent.
        train_loss, test_loss: mean cross-entropy.
        angles: degrees between the network's broadcast feedback (GEVB's in a vectorized network,
            DFA's in a conventional one) and back-propagation's, for every hidden layer; None
            where no example has feedback to compare with.
    """

    epoch: int
    train_error: float
    test_error: float
    train_loss: float
    test_loss: float
    angles: tuple[float | None, ...]

    def __str__(self) -> str:
        """As the command line prints it."""
        return (
            f"test error {self.test_error:.2f} % (train error {self.train_error:.2f} %) "
            f"after {self.epoch} epochs"
        )


@dataclass(frozen=True)
class Record:
    """A run, without its weights.

    Attributes:
        config: what was trained.
        history: evaluations.
        sessions: provenance of each process that worked on the run.
        status: "running" (or interrupted), "finished" or "failed".
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
        return sum(session.get("seconds", 0.0) for session in self.sessions)

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
    package = Path(__file__).parent
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
