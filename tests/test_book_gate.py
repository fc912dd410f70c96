"""The gate of the book, nbval and `tools/notebooks.py check` together, lets no damage through."""

import copy
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
SETUP = '# ruff\n# Setup.\nREPOSITORY = ""\n'
SOURCES = ["x = 3\nprint(x * 1.5)", "x += 1\nprint(x)"]


def changed_digit(cells):
    cells[1].outputs[0].text = "4.6\n"


def cleared_output(cells):
    cells[1].outputs = []


def never_run(cells):
    cells[1].outputs, cells[1].execution_count = [], None


def swapped_cells(cells):
    cells[1], cells[2] = cells[2], cells[1]


DAMAGES = [changed_digit, cleared_output, never_run, swapped_cells]


@pytest.fixture(scope="module")
def caught(tmp_path_factory) -> dict[str, set[str]]:
    """The notebooks that each half of the gate finds fault with."""
    folder = tmp_path_factory.mktemp("gate")
    shutil.copytree(ROOT / "tools", folder / "tools")
    (folder / "tools/bootstrap.py").write_text(SETUP)
    (folder / "_config.yml").write_text('repository:\n  url: ""\n')
    (folder / "book").mkdir()

    def run(*command: str) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [sys.executable, *command], cwd=folder, capture_output=True, text=True
        )
        assert done.returncode in (0, 1), done.stderr
        return done

    cells = [nbformat.v4.new_code_cell(source) for source in SOURCES]
    sound = folder / "book" / "sound.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), sound)
    assert run("tools/notebooks.py", "execute").returncode == 0
    for damage in DAMAGES:
        notebook = copy.deepcopy(nbformat.read(sound, as_version=4))
        damage(notebook.cells)
        for cell in notebook.cells:  # each chapter has its own ids
            cell.id = cell.id.replace("sound", damage.__name__.replace("_", "-"))
        nbformat.write(notebook, sound.with_stem(damage.__name__))

    nbval = run("-m", "pytest", "--nbval", "-p", "no:cacheprovider", "-q", "book").stdout
    check = run("tools/notebooks.py", "check").stdout
    return {
        "nbval": set(re.findall(r"(?m)^FAILED book/(\w+)\.ipynb", nbval)),
        "check": set(re.findall(r"(?m)^book/(\w+)\.ipynb", check)),
    }


def test_nbval_sees_other_results(caught):
    assert caught["nbval"] >= {"changed_digit", "cleared_output"}


def test_check_sees_what_nbval_lets_pass(caught):
    assert caught["check"] == {"never_run", "swapped_cells"}


def test_only_damage_is_caught(caught):
    assert caught["nbval"] | caught["check"] == {damage.__name__ for damage in DAMAGES}
