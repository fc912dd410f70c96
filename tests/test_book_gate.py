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
CHECKER = """class exercises:
    def check_double(answer):
        print("Right. Twice." if answer == 2 * x else "Not yet.")"""
SOURCES = ["x = 3\nprint(x * 1.5)", "x += 1\nprint(x)", CHECKER]
HINT = "<details><summary>Hint</summary>\n\nTwice.\n\n</details>"
QUESTION = "exercises.check_double(None)"
SOLUTION = """<details><summary>Solution</summary>

```python
exercises.check_double(x + x)
```

```text
```

</details>"""


def changed_digit(cells):
    cells[1].outputs[0].text = "4.6\n"


def cleared_output(cells):
    cells[1].outputs = []


def never_run(cells):
    cells[1].outputs, cells[1].execution_count = [], None


def swapped_cells(cells):
    cells[1], cells[2] = cells[2], cells[1]


def wrong_solution(cells):
    cells[-1].source = cells[-1].source.replace("x + x", "x + 1")


def no_answer(cells):
    cells[-1].source = cells[-1].source.replace("Right.", "Not yet.")


def no_hint(cells):
    cells[-3].source = "Think."


def open_solution(cells):
    cells[-2].source = "exercises.check_double(8)"
    cells[-2].outputs[0].text = "Right. Twice.\n"


SEEN_BY_NBVAL = [changed_digit, cleared_output, wrong_solution, no_answer]
SEEN_BY_CHECK = [never_run, swapped_cells, no_answer, no_hint, open_solution]
DAMAGES = {damage.__name__: damage for damage in [*SEEN_BY_NBVAL, *SEEN_BY_CHECK]}


@pytest.fixture(scope="module")
def caught(tmp_path_factory) -> dict[str, set[str]]:
    """The notebooks that each half of the gate finds fault with."""
    folder = tmp_path_factory.mktemp("gate")
    shutil.copytree(ROOT / "tools", folder / "tools")
    shutil.copy(ROOT / "conftest.py", folder)
    (folder / "tools/bootstrap.py").write_text(SETUP)
    (folder / "_config.yml").write_text('repository:\n  url: ""\n')
    (folder / "book").mkdir()

    def run(*command: str) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [sys.executable, *command], cwd=folder, capture_output=True, text=True
        )
        assert done.returncode in (0, 1), done.stderr
        return done

    code, markdown = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    cells = [*map(code, SOURCES), markdown(HINT), code(QUESTION), markdown(SOLUTION)]
    sound = folder / "book" / "sound.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), sound)
    assert run("tools/notebooks.py", "execute").returncode == 0
    for name, damage in DAMAGES.items():
        notebook = copy.deepcopy(nbformat.read(sound, as_version=4))
        damage(notebook.cells)
        for cell in notebook.cells:  # each chapter has its own ids
            cell.id = cell.id.replace("sound", name.replace("_", "-"))
        nbformat.write(notebook, sound.with_stem(name))

    quiet = ("-q", "-p", "no:cacheprovider", "-o", "pythonpath=tools")
    nbval = run("-m", "pytest", "--nbval", *quiet, "book").stdout
    check = run("tools/notebooks.py", "check").stdout
    return {
        "nbval": set(re.findall(r"(?m)^FAILED book/(\w+)\.ipynb", nbval)),
        "check": set(re.findall(r"(?m)^book/(\w+)\.ipynb", check)),
    }


def test_nbval_sees_other_results_also_of_solutions(caught):
    assert caught["nbval"] >= {damage.__name__ for damage in SEEN_BY_NBVAL}


def test_check_sees_what_nbval_lets_pass(caught):
    assert caught["check"] == {damage.__name__ for damage in SEEN_BY_CHECK}


def test_only_damage_is_caught(caught):
    assert caught["nbval"] | caught["check"] == set(DAMAGES)
