"""Sentences and small tables of the results chapter, made from the records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import mean

from IPython.display import Markdown

from gevb.datasets import DATASETS
from gevb.lab.comparison import LEVEL, SEEDS, Beside, Finding
from gevb.lab.experiments import experiments
from gevb.lab.published import PUBLISHED_SEEDS, published_errors
from gevb.lab.records import Record
from gevb.lab.tables import Table, in_words
from gevb.training import Experiment

#: The kinds of network that a comparison is about: rule, vectorized, nonnegative, by column.
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


def _counted(records: Sequence[Record]) -> dict[Experiment, list[Record]]:
    """Runs by the paper's protocol that have not failed, of the seeds that count."""
    found: dict[Experiment, list[Record]] = {}
    for r in records:
        if r.status != "failed" and not r.config.departures and r.config.seed in SEEDS:
            found.setdefault(r.config.experiment, []).append(r)
    return found


def answer(cells: Sequence[Beside], found: Sequence[Finding]) -> Markdown:
    """What is reproduced, what is not, and what is open, a sentence each.

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
        f"{counts['']} have no run, and {len(found) - decided} statements are not decided."
    )


def undecided(cells: Sequence[Beside]) -> Table:
    """The networks that are not "consistent", each with the reason.

    Args:
        cells: as `gevb.lab.comparison.at_equal_epochs` gives them.
    """
    rows = []
    for cell in cells:
        if cell.verdict == "consistent":
            continue
        if not cell.ours:
            rows.append((_title(cell.experiment), "-", "-", "-", "no run"))
            continue
        where = "{:+.1f} to {:+.1f}".format(*cell.interval)
        reason = "the interval is wide"
        if cell.verdict == "differs":
            reason = "zero is outside, also after Holm's correction"
        elif cell.p < LEVEL:
            reason = "zero is outside, but not after Holm's correction"
        name, seeds = _title(cell.experiment), _count(len(cell.seeds), "seed")
        rows.append((name, f"{max(cell.ours)}, {seeds}", where, cell.verdict, reason))
    return Table(("network", "epoch", "difference (points)", "verdict", "why"), rows)


def side_by_side(records: Sequence[Record], columns: Columns) -> Table:
    """Mean test errors of some rules: the paper's at the end; ours where all four are.

    Ours are those at the end if all have finished runs, else those at the last epoch that all have.

    Args:
        records: of runs, whatever their status.
        columns: what is compared, as `GEVB_AND_BP`.
    """
    runs, rows = _counted(records), []
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
    """Epoch, mean errors and numbers of seeds."""
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
    """How much of the paper's protocol has been run, and what is not there, in two sentences."""
    chosen, counted = experiments(["mnist", "cifar10"]), _counted(records)
    there = [r for e in chosen for r in counted.get(e, [])]
    ended = sum(r.status == "finished" for r in there)
    hours = sum(r.seconds for r in there) / 3600
    none = ", ".join(_title(e) for e in chosen if e not in counted)
    return Markdown(
        f"The protocol asks for {len(SEEDS) * len(chosen)} runs. We have {ended} that are finished "
        f"and {len(there) - ended} that are under way, {hours:.0f} hours of computing in all. "
        f"Without any run: {none or 'none'}."
    )
