"""The gate of the notebooks: what nbval compares of an output, after tools/nbval.cfg."""

from __future__ import annotations

import configparser
import re

import nbformat
import pytest
from conftest import ROOT

CONFIG = configparser.ConfigParser()
CONFIG.read(ROOT / "tools" / "nbval.cfg")
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
ROUNDING = re.compile(r"largest error (0|below 1e-\d+) \(wanted: (?!0\))")


def compared(text: str) -> str:
    """The part of a text that nbval compares."""
    for section in CONFIG.sections():
        text = re.sub(CONFIG[section]["regex"], CONFIG[section]["replace"], text)
    return text


def texts(path) -> list[str]:
    """Texts that the compared cells of a notebook print."""
    return [
        output.get("text") or output.data.get("text/plain", "")
        for cell in nbformat.read(path, 4).cells
        if cell.cell_type == "code" and "nbval-ignore-output" not in cell.metadata.get("tags", [])
        for output in cell.outputs
    ]


def test_sizes_of_rounding_are_alike():
    line = "Eq. 9 holds: so it is; largest error {} (wanted: 1e-12)"
    assert len({compared(line.format(size)) for size in ("0", "below 1e-15", "below 1e-13")}) == 1


@pytest.mark.parametrize(
    "size", ["1e+99", "below 1e+99", "above 1e-15", "below 1e-08", "below 2e-15"]
)
def test_other_errors_are_not_rounding(size):
    line = "Eq. 9 holds: so it is; largest error {} (wanted: 1e-12)"
    assert compared(line.format(size)) != compared(line.format("below 1e-15"))


def test_no_error_is_compared_where_none_is_wanted():
    line = "Eq. 9 holds: so it is; largest error {} (wanted: 0)"
    assert compared(line.format("0")) != compared(line.format("below 1e-15"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_number_of_a_compared_cell_is_compared(path):
    """All but the exponent of a rounding error: one more in any digit is noticed."""
    for text in texts(path):
        free = [range(*found.span()) for found in ROUNDING.finditer(text)]
        for digit in re.finditer(r"\d", text):
            other = str((int(digit[0]) + 1) % 10)
            mutated = text[: digit.start()] + other + text[digit.end() :]
            noticed = compared(mutated) != compared(text)
            assert noticed or any(digit.start() in span for span in free), digit
