"""Plan of the campaign: the order of the paper's experiments, with reasons.

`python -m gevb reproduce --plan` runs it, stage after stage; `reproduce` without it takes the
wanted runs in the same order. A stage runs to some epoch; a later one may continue its runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gevb.lab.experiments import every_run, experiments
from gevb.lab.records import Record
from gevb.theory.costs import run_cost
from gevb.training import PAPER_EPOCHS, Config, Experiment


@dataclass(frozen=True)
class Stage:
    """A part of the plan.

    Attributes:
        dataset: data set of its experiments.
        pattern: part of their names.
        seeds: seeds of their runs.
        until: epochs that the runs are to reach.
        why: reason for its place in the order.
    """

    dataset: str
    pattern: str
    seeds: tuple[int, ...]
    until: int
    why: str

    @property
    def runs(self) -> list[Config]:
        """Its runs, by the paper's protocol."""
        return every_run(experiments([self.dataset], self.pattern), self.seeds)


PLAN: tuple[Stage, ...] = (
    Stage(
        "mnist",
        "fc-",
        (0,),
        PAPER_EPOCHS,
        "The cheapest networks of the paper, to the end of its protocol: eight cells to compare.",
    ),
    Stage(
        "mnist",
        "fc-conventional",
        (0, 1, 2, 3, 4),
        PAPER_EPOCHS,
        "Three seconds an epoch; five seeds give four cells a spread of their own.",
    ),
    Stage(
        "cifar10",
        "conv-",
        (0,),
        10,
        "The paper's headline, GEVB trains convolutions, and its maps, both visible early.",
    ),
    Stage(
        "mnist",
        "conv-",
        (0,),
        20,
        "DFA and GEVB differ here, on images that are learned in a few epochs.",
    ),
    Stage("mnist", "lc-", (0,), 20, "The same without shared kernels."),
    Stage("cifar10", "fc-", (0,), 20, "Quick; the paper finds all rules alike here."),
    Stage("cifar10", "lc-", (0,), 10, "The last kind of network; its steps take longest."),
    Stage(
        "mnist",
        "conv-*-dfa",
        (1, 2),
        20,
        "One seed at epoch 20 is farthest off the paper's curve here; more show whether by chance.",
    ),
    Stage("mnist", "lc-*-dfa", (1, 2), 20, "The same without shared kernels."),
    Stage("mnist", "conv-", (1, 2), 20, "A spread of our own for every network of MNIST."),
    Stage("mnist", "lc-", (1, 2), 20, "The same without shared kernels."),
    Stage("cifar10", "conv-conventional", (1, 2), 10, "The paper's runs differ most here."),
    Stage("cifar10", "conv-", (1, 2), 10, "A spread for the paper's headline."),
    Stage("mnist", "fc-vectorized", (1,), PAPER_EPOCHS, "A second seed of the VNN to the end."),
    Stage("mnist", "fc-", (2,), PAPER_EPOCHS, "A third seed."),
    Stage("cifar10", "", (0,), 40, "All of CIFAR-10 further on its way."),
    Stage("mnist", "", (0,), PAPER_EPOCHS, "All of MNIST to the end."),
    Stage("cifar10", "", (0,), PAPER_EPOCHS, "All of CIFAR-10 to the end."),
    Stage("mnist", "", (1, 2, 3, 4), PAPER_EPOCHS, "Five seeds, as the paper has."),
    Stage("cifar10", "", (1, 2, 3, 4), PAPER_EPOCHS, "Five seeds, as the paper has."),
)


def by_value(wanted: Iterable[Config]) -> list[Config]:
    """Sort runs by their first place in the plan; those not in it come last."""
    place: dict[Config, int] = {}
    for stage in PLAN:
        for config in stage.runs:
            place.setdefault(config, len(place))
    # A run with fewer epochs has the place of the full run.
    return sorted(wanted, key=lambda c: place.get(c.experiment.run(seed=c.seed), len(place)))


def remaining(config: Config, reached: int, until: int | None = None) -> int:
    """Count a run's multiply-adds from epoch `reached` to `until` or its end, with evaluations."""
    last = config.epochs if until is None else min(until, config.epochs)
    if last <= reached:
        return 0
    return run_cost(replace(config, epochs=last)) - run_cost(replace(config, epochs=reached))


def _kind(experiment: Experiment) -> tuple[bool, str, str]:
    return experiment.dataset == "digits", experiment.arch, experiment.units


@dataclass(frozen=True)
class State:
    """Progress of an experiment.

    Attributes:
        experiment: the experiment.
        finished: seeds of finished runs.
        under_way: epochs reached, by seed, of unfinished runs.
        missing: seeds without a record, except of failures.
        hours: estimate for the rest from the pace of recorded runs of such networks; None without
            any.
    """

    experiment: Experiment
    finished: list[int]
    under_way: dict[int, int]
    missing: list[int]
    hours: float | None


def progress(
    records: Iterable[Record], chosen: Sequence[Experiment], seeds: Sequence[int]
) -> list[State]:
    """Summarize what is done, under way and missing of every experiment, by the paper's protocol.

    The pace is multiply-adds per second of all records of the architecture and kind of units. The
    digits, whose steps are mostly overhead, have a separate pace.
    """
    work: dict[tuple[bool, str, str], float] = defaultdict(float)
    seconds: dict[tuple[bool, str, str], float] = defaultdict(float)
    there: dict[Config, Record] = {}
    for record in records:
        kind = _kind(record.config)
        work[kind] += remaining(record.config, 0, record.epoch)
        seconds[kind] += record.seconds
        if record.status != "failed":
            there[record.config] = record

    def state(experiment: Experiment) -> State:
        runs = {seed: experiment.run(seed=seed) for seed in seeds}
        found = {seed: there[config] for seed, config in runs.items() if config in there}
        finished = [seed for seed, record in found.items() if record.status == "finished"]
        epochs = {seed: record.epoch for seed, record in found.items() if seed not in finished}
        left = sum(
            remaining(config, epochs.get(seed, 0))
            for seed, config in runs.items()
            if seed not in finished
        )
        kind = _kind(experiment)
        hours = left * seconds[kind] / work[kind] / 3600 if work[kind] else None
        return State(experiment, finished, epochs, [s for s in seeds if s not in found], hours)

    return [state(experiment) for experiment in chosen]
