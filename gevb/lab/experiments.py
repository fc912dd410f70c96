"""The paper's experiments as a table of data, and the folders of their records.

24 experiments for each data set: fully connected, convolutional or locally connected; vectorized
or conventional; nonnegative or mixed-sign; the broadcast rule or back-propagation. The broadcast
rule is GEVB in vectorized networks and DFA in conventional ones. MNIST and CIFAR-10 are the paper's
48; the digits are this companion's own, small enough for any machine.

Source: Clark, Abbott and Chung (2021), Section 5, Appendix I.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from gevb.datasets import DATASETS
from gevb.errors import InputError, check_choice, check_path, one_line, shown
from gevb.lab.records import Record, read_record, results_folder
from gevb.networks import ARCHITECTURES
from gevb.seeds import check_seed
from gevb.training import PAPER_EPOCHS, Config, Experiment

#: All experiments in the paper's order.
EXPERIMENTS: tuple[Experiment, ...] = tuple(
    Experiment(dataset, arch, rule, vectorized, nonnegative)
    for dataset in DATASETS
    for arch in ARCHITECTURES[dataset]
    for vectorized in (True, False)
    for nonnegative in (True, False)
    for rule in ("gevb" if vectorized else "dfa", "bp")
)


def experiments(datasets: Sequence[str] = tuple(DATASETS), pattern: str = "*") -> list[Experiment]:
    """List the experiments of some data sets whose names match a pattern, in the paper's order.

    Args:
        datasets: some of "digits", "mnist", "cifar10".
        pattern: as in a shell, such as ``conv-*-gevb``; it may match any part of the name.

    Raises:
        InputError: an unknown data set, or a pattern that no experiment's name matches.
    """
    if isinstance(datasets, str) or not isinstance(datasets, Sequence) or not datasets:
        raise InputError(f"datasets: got {shown(datasets)}, wanted a list of names")
    wanted = list(datasets)
    for dataset in wanted:
        check_choice("dataset", dataset, DATASETS)
    there = [experiment for experiment in EXPERIMENTS if experiment.dataset in wanted]
    found = [e for e in there if fnmatchcase(e.name, f"*{pattern}*")]
    if not found:
        raise InputError(
            f"pattern: got {shown(pattern)}, which none of {len(there)} experiments matches; "
            f"wanted a part of a name like {there[0].name}"
        )
    return found


def every_run(
    chosen: Iterable[Experiment],
    seeds: Iterable[int],
    epochs: int = PAPER_EPOCHS,
    evaluate_every: int = 10,
) -> list[Config]:
    """List a run of every experiment for every seed; all experiments before the next seed."""
    chosen = list(chosen)
    return [
        experiment.run(seed=seed, epochs=epochs, evaluate_every=evaluate_every)
        for seed in seeds
        for experiment in chosen
    ]


#: Most seeds that a command accepts.
MOST_SEEDS = 100


def parse_seeds(text: str) -> list[int]:
    """Parse seeds written as "5" (the first five), "0-4" or "0,2,7", at most `MOST_SEEDS` of them.

    Raises:
        InputError: anything else.
    """
    if not isinstance(text, str):
        raise InputError(f"seeds: got {shown(text)}, wanted a text such as '0-4'")
    parts = [(0, int(text) - 1)] if re.fullmatch("[0-9]{1,10}", text) else []
    for part in [] if parts else text.split(","):
        ends = re.fullmatch("([0-9]{1,10})(?:-([0-9]{1,10}))?", part.strip())
        if ends is None:
            raise InputError(
                f"seeds: got {shown(text)}, wanted a number of seeds, or 0-4, or 0,2,7"
            )
        parts.append((int(ends[1]), int(ends[2] or ends[1])))
    count = sum(max(0, last - first + 1) for first, last in parts)
    if not 1 <= count <= MOST_SEEDS:
        raise InputError(f"seeds: got {count} by {shown(text)}, wanted 1 to {MOST_SEEDS}")
    seeds = [check_seed(seed) for first, last in parts for seed in range(first, last + 1)]
    if len(set(seeds)) < len(seeds):
        raise InputError(f"seeds: got {shown(text)}, wanted each seed once")
    return seeds


def read_results(folder: str | Path | None = None) -> list[Record]:
    """Read all records of a folder, failures included; those in the book if None.

    They are in the order of `EXPERIMENTS`, with those of other experiments last.

    Raises:
        InputError: no such folder; a file that is damaged, of another version, or not named by its
            configuration.
    """
    folder = results_folder() if folder is None else check_path("results", folder)
    with one_line(f"read the folder {folder}"):
        if not folder.is_dir():
            raise InputError(f"results: got {shown(folder)}, wanted a folder of records")
        files = sorted(folder.glob("*.json"))
    records = []
    for file in files:
        record = read_record(file)
        if (wanted := record.config.name) != file.name.split(".")[0]:
            raise InputError(f"{file}: got the record of {wanted}, wanted it under its own name")
        records.append(record)
    order = {experiment: place for place, experiment in enumerate(EXPERIMENTS)}
    return sorted(records, key=lambda record: order.get(record.config.experiment, len(order)))
