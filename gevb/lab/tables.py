"""Tables and findings of a comparison as plain text."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from statistics import mean

from gevb.lab.comparison import Cell, Difference, Finding, Sample
from gevb.lab.plan import State
from gevb.training import Config


def table_text(cells: Sequence[Cell]) -> str:
    """The table in columns of plain text."""
    rows = [
        ("experiment", "ours", "reference", "difference [95 %]", "verdict", "seeds"),
        *(
            (
                _row_name(cell.setting),
                _ours_text(cell),
                _sample_text(cell.reference),
                _difference_text(cell.difference),
                cell.verdict or "-",
                seeds_text(cell),
            )
            for cell in cells
        ),
    ]
    return _columns(rows)


def seeds_text(cell: Cell) -> str:
    """How many seeds finished, are under way, failed and are missing."""
    counts: dict[str, Sized] = {
        "finished": cell.errors,
        "under way": cell.under_way,
        "failed": cell.failed,
        "missing": cell.missing,
    }
    said = [f"{len(seeds)} {state}" for state, seeds in counts.items() if seeds]
    return ", ".join(said)


def findings_text(found: Sequence[Finding]) -> str:
    """The findings in columns of plain text."""
    agrees = {None: "-", True: "agrees", False: "disagrees"}
    rows = [
        ("claim", "where", "published", "ours [95 %]", "verdict"),
        *(
            (
                f.claim.statement,
                f"{f.left.dataset} {f.left.arch}",
                agrees[f.published],
                _difference_text(f.difference),
                f.verdict,
            )
            for f in found
        ),
    ]
    return _columns(rows)


def _ours_text(cell: Cell) -> str:
    """Of what finished; where nothing did, of what is under way, which is no result."""
    if cell.errors or not cell.under_way:
        return _sample_text(cell.ours)
    epochs = sorted({epoch for epoch, _ in cell.under_way.values()})
    reached = "-".join(map(str, dict.fromkeys((epochs[0], epochs[-1]))))
    error = mean(error for _, error in cell.under_way.values())
    return f"at epoch {reached} of {cell.setting.epochs}: {error:.2f}"


def progress_text(states: Sequence[State]) -> str:
    """How far every experiment is, and the hours that are left at the recorded pace."""
    rows: list[tuple[str, ...]] = [
        ("experiment", "finished", "under way (epoch)", "missing", "hours left")
    ]
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
        f"{_columns(rows)}\n\n{done} of {len(states)} experiments done, {known:.0f} hours left"
        + (f" and those of {unknown} that no recorded run tells about" if unknown else "")
    )


def _row_name(setting: Config) -> str:
    departs = f" ({setting.departures})" if setting.departures else ""
    return setting.experiment.name + departs


def _sample_text(sample: Sample | None) -> str:
    if sample is None:
        return "-"
    return f"{sample.mean:.2f}" + (f" ± {sample.sd:.2f}" if sample.sd is not None else "")


def _difference_text(difference: Difference | None) -> str:
    if difference is None:
        return "-"
    low, high = difference.interval
    return f"{difference.estimate:+.2f} [{low:+.2f}, {high:+.2f}]"


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines)
