"""Sentences and small tables of the results chapter, made from the records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import mean, median
from typing import Any

import numpy as np
from IPython.display import Markdown

from gevb.datasets import DATASETS
from gevb.lab.comparison import LEVEL, SEEDS, Beside, Finding, counted
from gevb.lab.experiments import experiments
from gevb.lab.published import PUBLISHED_SEEDS, published_angles, published_errors
from gevb.lab.records import Record
from gevb.lab.tables import Table, in_words
from gevb.training import Experiment

#: Kinds of network in a comparison: rule, vectorized, nonnegative, by column.
Columns = Mapping[str, tuple[str, bool, bool]]
GEVB_AND_BP: Columns = {
    "GEVB+ (VNN)": ("gevb", True, True),
    "BP+ (VNN)": ("bp", True, True),
    "GEVB (mixed)": ("gevb", True, False),
    "BP (mixed)": ("bp", True, False),
}
GEVB_AND_DFA: Columns = {
    "GEVB+ (VNN)": ("gevb", True, True),
    "GEVB (mixed)": ("gevb", True, False),
    "DFA+": ("dfa", False, True),
    "DFA": ("dfa", False, False),
}


def _title(experiment: Experiment) -> str:
    return f"{DATASETS[experiment.dataset].title} {in_words(experiment)}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def answer(cells: Sequence[Beside], found: Sequence[Finding]) -> Markdown:
    """Summarize in a sentence each what is reproduced, what is not, and what is open.

    Args:
        cells: test errors at equal epochs, of all networks of the paper.
        found: the claims about order.
    """
    counts = Counter(cell.verdict for cell in cells)
    claims = Counter(f.verdict for f in found)
    apart = ", ".join(_title(cell.experiment) for cell in cells if cell.verdict == "differs")
    decided = claims["supported"] + claims["contradicted"]
    return Markdown(
        f"* **Reproduced:** {_count(counts['consistent'], 'network')} of the paper's {len(cells)} "
        f"have a test error that is *consistent* with the paper's learning curve, at the epochs "
        f"that both have; of {len(found)} statements about the order of two rules "
        f"{claims['supported']} are supported by our runs alone.\n"
        f"* **Not reproduced:** {_count(counts['differs'], 'network')} *differ*"
        f"{f' ({apart})' if apart else ''}; {claims['contradicted']} of the statements are "
        f"contradicted.\n"
        f"* **Open:** {_count(counts['undecidable'], 'network')} are *undecidable*, "
        f"{counts['']} without a run, and {len(found) - decided} statements are not decided."
    )


def undecided(cells: Sequence[Beside]) -> Markdown:
    """Explain why networks are not "consistent", with their names.

    Args:
        cells: from `gevb.lab.comparison.at_equal_epochs`.
    """
    reasons: dict[str, list[str]] = {}
    for cell in cells:
        reason = "the interval is wide, since the paper's own runs differ much or seeds are few"
        if cell.verdict == "consistent":
            continue
        if not cell.ours:
            reason = "there is no run yet"
        elif cell.verdict == "differs":
            reason = "zero lies outside the interval, also after Holm's correction"
        elif cell.p < LEVEL:
            reason = "zero lies outside the 95 % interval, but not after Holm's correction"
        reasons.setdefault(reason, []).append(_title(cell.experiment))
    return Markdown(
        "\n".join(
            f"* In {_count(len(names), 'network')} {reason}: {', '.join(names)}."
            for reason, names in reasons.items()
        )
    )


def side_by_side(records: Sequence[Record], columns: Columns) -> Table:
    """Tabulate mean test errors of some rules: the paper's at the end; ours if all four exist.

    Ours are those at the end if all have finished runs, else those at their last common epoch.

    Args:
        records: of runs, with any status.
        columns: networks to compare, such as `GEVB_AND_BP`.
    """
    runs, rows = counted(records), []
    for dataset in ("mnist", "cifar10", "digits"):
        for arch in ("fc", "conv", "lc"):
            chosen = [Experiment(dataset, arch, *kind) for kind in columns.values()]
            name = f"{DATASETS[dataset].title} {arch}"
            if all(e.name in published_errors() for e in chosen):
                ends = [f"{published_errors()[e.name][0]:.2f}" for e in chosen]
                rows.append((f"{name}, paper", "end", *ends, str(PUBLISHED_SEEDS)))
            rows.append((f"{name}, ours", *_ours([runs.get(e, []) for e in chosen])))
    return Table(("network", "epoch", *columns, "seeds"), rows)


def _ours(runs: Sequence[Sequence[Record]]) -> tuple[str, ...]:
    """Return epoch, mean errors and numbers of seeds."""
    if not all(runs):
        return ("-", *("-" if there else "no run" for there in runs), "-")
    epoch = min(max(r.epoch for r in there) for there in runs)
    ended = [[r for r in there if r.status == "finished"] for there in runs]
    if all(ended):
        errors = [[r.history[-1].test_error for r in there] for there in ended]
    else:
        errors = [[e.test_error for r in t for e in r.history if e.epoch == epoch] for t in runs]
    seeds = dict.fromkeys(f(map(len, errors)) for f in (min, max))
    means = [f"{mean(values):.2f}" for values in errors]
    return ("end" if all(ended) else str(epoch), *means, " to ".join(map(str, seeds)))


def missing(records: Sequence[Record]) -> Markdown:
    """Summarize in two sentences how much of the protocol has been run, and what is missing."""
    chosen, found = experiments(["mnist", "cifar10"]), counted(records)
    there = [r for e in chosen for r in found.get(e, [])]
    ended = sum(r.status == "finished" for r in there)
    hours = sum(r.seconds for r in there) / 3600
    none = ", ".join(_title(e) for e in chosen if e not in found)
    return Markdown(
        f"The protocol asks for {len(SEEDS) * len(chosen)} runs. Finished so far: {ended}; under "
        f"way: {len(there) - ended}; computing time: {hours:.0f} hours. "
        f"Networks without any run: {none or 'none'}."
    )


def angles(records: Sequence[Record]) -> Markdown:
    """Compare our angles with the paper's at the last common epoch, in a sentence."""
    apart, spreads, networks = [], 0, 0
    for experiment, runs in counted(records).items():
        paper = published_angles().get(experiment.name, [])
        epochs = {e.epoch: e for r in runs for e in r.history if all(e.epoch in p for p in paper)}
        if not paper or not epochs:
            continue
        networks += 1
        last = max(epochs)
        for layer, curve in enumerate(paper):
            ours = [e.angles[layer] for r in runs for e in r.history if e.epoch == last]
            off = abs(mean(angle for angle in ours if angle is not None) - curve[last].mean)
            apart.append(off)
            spreads += off <= 2 * curve[last].sd
    return Markdown(
        f"At the last epoch that both have, {len(apart)} hidden layers of {networks} networks can "
        f"be compared. Half of our angles lie within {median(apart):.1f} degrees of the paper's "
        f"mean, all within {max(apart):.0f}; {spreads} of the {len(apart)} lie within two standard "
        f"deviations of the paper's five runs."
    )


def order_of_ends() -> Markdown:
    """List where the paper's own tables have GEVB+ below DFA with mixed signs, and above."""
    below: list[str] = []
    above: list[str] = []
    for dataset in ("mnist", "cifar10"):
        for arch in ("fc", "conv", "lc"):
            kinds = (GEVB_AND_DFA[name] for name in ("GEVB+ (VNN)", "DFA"))
            names = (Experiment(dataset, arch, *kind).name for kind in kinds)
            ours, dfa = (published_errors()[name][0] for name in names)
            said = f"{DATASETS[dataset].title} {arch} ({ours:.2f} against {dfa:.2f} %)"
            (below if ours < dfa else above).append(said)
    return Markdown(
        f"In the paper's tables GEVB+ ends below DFA with mixed signs in {', '.join(below)}. "
        f"DFA ends below GEVB+ in {', '.join(above)}."
    )


def shared_spikes(records: Sequence[Record], early: int = 20) -> Markdown:
    """Correlate the spikes of two networks of a seed: DFA, fully connected, MNIST.

    Args:
        records: of runs, with any status.
        early: the last epoch that counts as early in training.
    """
    found = counted(records)
    errors = []
    for nonnegative in (True, False):
        runs = found[Experiment("mnist", "fc", "dfa", False, nonnegative)]
        by_seed = sorted(runs, key=lambda r: r.config.seed)
        errors.append([[e.test_error for e in r.history[1:]] for r in by_seed])
    epochs = [e.epoch for e in found[Experiment("mnist", "fc", "dfa", False, True)][0].history[1:]]
    off = np.array(errors) - np.median(errors, axis=1, keepdims=True)  # network, seed, epoch
    first = np.array(epochs) <= early
    both, later = (
        float(np.corrcoef(off[0][:, chosen].ravel(), off[1][:, chosen].ravel())[0, 1])
        for chosen in (first, ~first)
    )
    return Markdown(
        f"Over the {off.shape[1]} seeds of these two networks in the long runs, deviations from "
        f"the median over seeds have a correlation of {both:.2f} up to epoch {early} and of "
        f"{later:.2f} later."
    )


def simulation(values: Mapping[str, Any]) -> Table:
    """Tabulate the records of `gevbook.results.simulation`, a scenario per row."""
    head = ("in truth", "some cell differs", "consistent", "undecidable", "differs")
    rows = [
        (name, *(f"{100 * share:.1f} %" for share in shares.values()))
        for name, shares in values["scenarios"].items()
    ]
    return Table(head, rows)
