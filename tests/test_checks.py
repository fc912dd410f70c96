"""The line that a checked equation prints, and its failure."""

from __future__ import annotations

import pytest

from gevbook.checks import check, told


@pytest.mark.parametrize(
    ("equation", "error", "tolerance", "line"),
    [
        ("A7", 2.3e-16, 1e-12, "Eq. A7 holds: x = y; largest error below 1e-15 (wanted: 1e-12)"),
        ("9", 0.0, 1e-12, "Eq. 9 holds: x = y; largest error 0 (wanted: 1e-12)"),
        ("15", 0.0341, 0.05, "Eq. 15 holds: x = y; largest error 0.034 (wanted: 0.05)"),
        ("M2", 0.0, 0.0, "Result M2 holds: x = y; largest error 0 (wanted: 0)"),
    ],
)
def test_line(equation, error, tolerance, line, capsys):
    check(equation, "x = y", error, tolerance)
    assert capsys.readouterr().out == line + "\n"


def test_an_error_in_a_unit(capsys):
    check("A9", "x = y", 0.36, 4.0, "standard errors")
    line = "Eq. A9 holds: x = y; largest error 0.36 standard errors (wanted: 4)\n"
    assert capsys.readouterr().out == line


def test_a_long_line_is_broken(capsys):
    check("A10", "x = y and " * 9 + "x = y", 0.36, 4.0, "standard errors")
    first, second = capsys.readouterr().out.splitlines()
    assert len(first) <= 80
    assert second.endswith("x = y; largest error 0.36 standard errors (wanted: 4)")
    assert second.startswith("  ")


@pytest.mark.parametrize("error", [2e-12, float("nan"), float("inf")])
def test_failure(error):
    with pytest.raises(AssertionError, match=r"Eq. A7 fails: x = y; error .*, wanted 1e-12"):
        check("A7", "x = y", error, 1e-12)


def test_what_the_text_says(capsys):
    told("error, %", 1.9, 1.7, 0.3)
    assert capsys.readouterr().out == "error, %: 1.7 to within 0.3, as the text says\n"
    for found in (2.1, 1.3, float("nan")):
        with pytest.raises(AssertionError, match=r"error, %: found .*, the text says 1.7"):
            told("error, %", found, 1.7, 0.3)
