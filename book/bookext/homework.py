"""Homework: a notebook with solutions, and a students' copy without them.

The copy has no cells tagged "solution" and no outputs. The notebook with solutions is no page of
the book; `{homework}` lists the tasks and links to the students' copy.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from docutils import nodes
from nbformat import NotebookNode
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SOURCE = Path(__file__).parents[1] / "teach" / "solutions" / "homework.ipynb"
COPY = "_static/teach/homework.ipynb"
SOLUTION = "solution"
TASK = re.compile(r"^## (Task \d+: .*) \((\d+) points\)$", re.MULTILINE)


def with_solutions() -> NotebookNode:
    """Read the teacher's notebook."""
    return nbformat.read(SOURCE, as_version=4)


def is_solution(cell: NotebookNode) -> bool:
    """Check if a cell is left out of the students' copy."""
    return SOLUTION in cell.metadata.get("tags", [])


def for_students(notebook: NotebookNode) -> NotebookNode:
    """Remove solutions and outputs from the notebook, in place."""
    notebook.cells = [cell for cell in notebook.cells if not is_solution(cell)]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def tasks(notebook: NotebookNode) -> dict[str, int]:
    """Return the points of each task by title."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return {title: int(points) for title, points in TASK.findall(text)}


class Homework(SphinxDirective):
    """``{homework}``: the tasks with their points, and the students' notebook."""

    def run(self) -> list[nodes.Node]:
        """Make a list and a download link."""
        self.env.note_dependency(str(SOURCE))
        found = tasks(with_solutions())
        entries = "".join(f"<li>{title} ({points} points)</li>" for title, points in found.items())
        up = "../" * self.env.docname.count("/")
        link = f'<a class="chapter-button" href="{up}{COPY}" download>Download the notebook</a>'
        html = f'<ul>{entries}</ul><p class="chapter-buttons">{link}</p>'
        return [nodes.raw(text=html, format="html")]


def write_copy(app: Sphinx) -> None:
    """Write the students' notebook into the built book."""
    if app.builder.format == "html":
        target = Path(app.outdir, COPY)
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(for_students(with_solutions()), target)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx."""
    app.add_directive("homework", Homework)
    app.connect("builder-inited", write_copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
