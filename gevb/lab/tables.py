"""Tables and findings of a comparison, for terminals and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from html import escape
from operator import attrgetter
from statistics import mean, median

from gevb.datasets import DATASETS
from gevb.lab.comparison import LATE, Beside, Cell, Difference, Finding, Sample
from gevb.lab.plan import State
from gevb.training import Config, Experiment

FEW = 12  # Rows; readers may sort longer tables in the book's pages.


@dataclass(frozen=True)
class Table:
    """Rows under a head: columns of plain text in a terminal, HTML in a notebook.

    Attributes:
        head: names of the columns.
        rows: equally many words each; the first names the row.
    """

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def __str__(self) -> str:
        rows = [self.head, *self.rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = (
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.head)
        body = "".join(self._row(*row) for row in self.rows)
        kind = "rows sortable" if len(self.rows) > FEW else "rows"
        return (
            f'<table class="{kind}"><thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table>'
        )

    def _row(self, name: str, *cells: str) -> str:
        # On narrow screens each cell is shown below its label.
        labelled = "".join(
            f'<td data-label="{escape(label)}">{escape(cell)}</td>'
            for label, cell in zip(self.head[1:], cells, strict=True)
        )
        return f'<tr><th scope="row">{escape(name)}</th>{labelled}</tr>\n'


def errors_table(
    cells: Sequence[Cell], name: Callable[[Experiment], str] = attrgetter("name")
) -> Table:
    """Make a row for each cell: ours, the reference, and the verdict.

    Args:
        cells: from `gevb.lab.comparison.at_the_end`.
        name: function that names a row's experiment.
    """
    head = ("experiment", "ours", "reference", "difference [95 %]", "verdict", "seeds")
    rows = [
        (
            name(cell.setting.experiment) + _departures(cell.setting),
            _ours_text(cell),
            _sample_text(cell.reference),
            _difference_text(cell.difference),
            cell.verdict or "-",
            seeds_text(cell),
        )
        for cell in cells
    ]
    return Table(head, rows)


def equal_epochs_table(
    cells: Sequence[Beside], name: Callable[[Experiment], str] = attrgetter("name")
) -> Table:
    """Make a row for each network: ours and the paper's at the last common epoch, and the verdict.

    The difference and its interval are the medians over all common epochs.

    Args:
        cells: from `gevb.lab.comparison.at_equal_epochs`.
        name: function that names a row's experiment.
    """
    head = ("experiment", "epoch", "ours", "the paper's", "difference [95 %]", "verdict", "seeds")
    return Table(head, [(name(cell.experiment), *_beside_row(cell)) for cell in cells])


def _beside_row(cell: Beside) -> tuple[str, ...]:
    if not cell.ours:
        return ("-", "-", "-", "-", "no run", "-")
    epoch, (low, high) = max(cell.ours), cell.interval
    middle = median(difference.estimate for difference in cell.differences.values())
    return (
        str(epoch),
        _sample_text(cell.ours[epoch]),
        _sample_text(cell.theirs[epoch]),
        f"{middle:+.2f} [{low:+.2f}, {high:+.2f}]",
        cell.verdict,
        ", ".join(map(str, cell.seeds)),
    )


def in_words(experiment: Experiment) -> str:
    """Name an experiment within a data set's table: "conv GEVB+ vectorized"."""
    return f"{experiment.arch} {experiment.title}"


def seeds_text(cell: Cell) -> str:
    """Format the numbers of finished, running, failed and missing seeds."""
    counts: dict[str, Sized] = {
        "finished": cell.errors,
        "under way": cell.under_way,
        "failed": cell.failed,
        "missing": cell.missing,
    }
    said = [f"{len(seeds)} {state}" for state, seeds in counts.items() if seeds]
    return ", ".join(said)


def findings_table(found: Sequence[Finding], late: Sequence[Finding]) -> Table:
    """Make a row for each claim: by the last evaluation, and by the mean of the last ones.

    Args:
        found: from `gevb.lab.comparison.findings`.
        late: the same claims by `gevb.lab.comparison.late_error`.
    """
    agrees = {None: "-", True: "agrees", False: "disagrees"}
    head = ("claim", "where", "published", "ours, at the end [95 %]", "verdict")
    rows = [
        (
            f.claim.statement,
            f"{DATASETS[f.left.dataset].title} {f.left.arch}",
            agrees[f.published],
            _difference_text(f.difference),
            f.verdict,
            _difference_text(l.difference),
            l.verdict,
        )
        for f, l in zip(found, late, strict=True)
    ]
    return Table((*head, f"mean of the last {LATE}", "its verdict"), rows)


def _ours_text(cell: Cell) -> str:
    """Format the finished runs; without any, the runs under way, which are no result."""
    if cell.errors or not cell.under_way:
        return _sample_text(cell.ours)
    epochs = sorted({epoch for epoch, _ in cell.under_way.values()})
    reached = "-".join(map(str, dict.fromkeys((epochs[0], epochs[-1]))))
    error = mean(error for _, error in cell.under_way.values())
    return f"at epoch {reached} of {cell.setting.epochs}: {error:.2f}"


def progress_text(states: Sequence[State]) -> str:
    """Format every experiment's progress, and the hours left at the recorded pace."""
    head = ("experiment", "finished", "under way (epoch)", "missing", "hours left")
    rows = []
    for state in states:
        epochs = ", ".join(map(str, state.under_way.values()))
        rows.append(
            (
                state.experiment.name,
                str(len(state.finished)),
                f"{len(state.under_way)} ({epochs})" if epochs else "0",
                str(len(state.missing)),
                "unknown" if state.hours is None else f"{state.hours:.1f}",
            )
        )
    known = sum(state.hours for state in states if state.hours is not None)
    unknown = sum(state.hours is None for state in states)
    done = sum(not (state.missing or state.under_way) for state in states)
    return (
        f"{Table(head, rows)}\n\n{done} of {len(states)} experiments done, {known:.0f} hours left"
        + (f" and those of {unknown} that no recorded run tells about" if unknown else "")
    )


def _departures(setting: Config) -> str:
    return f" ({setting.departures})" if setting.departures else ""


def _sample_text(sample: Sample | None) -> str:
    if sample is None:
        return "-"
    return f"{sample.mean:.2f}" + (f" ± {sample.sd:.2f}" if sample.sd is not None else "")


def _difference_text(difference: Difference | None) -> str:
    if difference is None:
        return "-"
    low, high = difference.interval
    return f"{difference.estimate:+.2f} [{low:+.2f}, {high:+.2f}]"
