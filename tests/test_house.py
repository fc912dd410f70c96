"""The rules of the house: imports point one way, and a chapter keeps to its own room."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import nbformat
import notebooks
import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt

from bookext.folding import summary

ROOT = Path(__file__).parents[1]
#: From the ground up; a module imports from its own storey and from those below.
STOREYS = ("core", "theory", "lab", "gevbook", "outside")
FILES = [
    path
    for files in ("gevb/**/*.py", "book/*/**/*.py", "benchmarks/*.py", "tools/*.py")
    for path in sorted(ROOT.glob(files))
]
NOTEBOOKS = sorted((ROOT / "book").rglob("*.ipynb"))


def named(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[parts[0] == "book" :]).removesuffix(".__init__")


MODULES = {named(path) for path in FILES}
ROOMS = {name.split(".")[1] for name in MODULES if re.match(r"gevbook\.\w+\.", name)}


def imports(source: str, package: str = "") -> set[str]:
    """Modules of the project that a source text imports, at any place in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = ".".join(filter(None, (package if node.level else "", node.module)))
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found & MODULES


def storey(module: str) -> int:
    package, _, rest = module.partition(".")
    if package != "gevb" or rest in ("cli", "__main__"):
        return STOREYS.index(package if package in STOREYS else "outside")
    folder = rest.split(".")[0]
    return STOREYS.index(folder if folder in STOREYS else "core")


def rooms(modules: set[str]) -> set[str]:
    parts = [name.split(".") for name in modules if name.startswith("gevbook.")]
    return {folder for _, folder, *_ in parts} & ROOMS


def test_the_storeys_are_there():
    assert {storey(name) for name in MODULES} == set(range(len(STOREYS)))
    assert {path.stem for path in NOTEBOOKS} >= ROOMS


@pytest.mark.parametrize("path", FILES, ids=named)
def test_imports_point_down_and_not_into_anothers_room(path):
    module, imported = named(path), imports(path.read_text())
    assert [name for name in imported if storey(name) > storey(module)] == []
    if storey(module) == STOREYS.index("gevbook"):
        assert rooms(imported) <= rooms({module})


def test_imports_make_no_circle():
    """Imports inside of functions count, too."""
    graph = {named(path): imports(path.read_text(), named(path.parent)) for path in FILES}
    assert graph["bookext.pictures"] >= {"bookext.colours", "bookext.figure_html"}
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_one_room_at_most(path):
    cells = json.loads(path.read_text())["cells"]
    codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert rooms(imports("\n".join(codes))) <= {path.stem}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_solution_lies_open(path):
    """Checkers are called inside a closed fold only, in what a front end makes of the Markdown."""
    for cell in notebooks.read(path).cells:
        if cell.cell_type == "markdown":
            page = BeautifulSoup(MarkdownIt().render(cell.source), "html.parser")
            for fold in page.select("details:not([open])"):
                assert fold.summary
                fold.decompose()
            assert "check_" not in page.get_text()
            assert "Right. " not in page.get_text()


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("*.ipynb")), ids=lambda p: p.stem)
def test_folded_code_says_what_it_is_for(path):
    for cell in notebooks.read(path).cells:
        open_or_gone = {"show-input", "hide-cell"}.intersection(cell.metadata.get("tags", []))
        if cell.cell_type == "code" and not open_or_gone:
            assert summary(cell.source) != "Code", cell.id


def test_solutions_keep_the_style_of_the_cells(tmp_path):
    for path in NOTEBOOKS:
        whole = notebooks.read(path)
        whole.cells = [notebooks.solution(cell) or cell for cell in whole.cells]
        nbformat.write(whole, tmp_path / path.name)
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--config", "book/ruff.toml", tmp_path]
        done = subprocess.run(ruff, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
