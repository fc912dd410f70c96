"""Tables and findings of a comparison as plain text."""

from __future__ import annotations

from collections.abc import Sequence

from gevb.lab.comparison import Cell, Difference, Finding, Sample
from gevb.training import Config


def table_text(cells: Sequence[Cell]) -> str:
    """The table in columns of plain text."""
    rows = [
        ("experiment", "ours", "reference", "difference [95 %]", "verdict", "seeds"),
        *(
            (
                _row_name(cell.setting),
                _sample_text(cell.ours),
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
    """How many seeds finished, failed and are missing."""
    counts = {"finished": cell.errors, "failed": cell.failed, "missing": cell.missing}
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
