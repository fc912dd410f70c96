"""The homework: one notebook with its solutions, of which students get a copy without them.

Cells tagged "solution" stay out of the copy, and so does all that a run has put out. The notebook
with them is no page of the book; `{homework}` lists the tasks and links to the students' copy.
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
    """The notebook that a teacher has."""
    return nbformat.read(SOURCE, as_version=4)


def is_solution(cell: NotebookNode) -> bool:
    """Whether students go without it."""
    return SOLUTION in cell.metadata.get("tags", [])


def for_students(notebook: NotebookNode) -> NotebookNode:
    """The notebook without solutions and outputs; the one given is changed."""
    notebook.cells = [cell for cell in notebook.cells if not is_solution(cell)]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def tasks(notebook: NotebookNode) -> dict[str, int]:
    """Points, by the task's title."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return {title: int(points) for title, points in TASK.findall(text)}


class Homework(SphinxDirective):
    """``{homework}``: the tasks with their points, and the students' notebook."""

    def run(self) -> list[nodes.Node]:
        """A list, and a link that downloads."""
        self.env.note_dependency(str(SOURCE))
        found = tasks(with_solutions())
        entries = "".join(f"<li>{title} ({points} points)</li>" for title, points in found.items())
        up = "../" * self.env.docname.count("/")
        link = f'<a class="chapter-button" href="{up}{COPY}" download>Download the notebook</a>'
        html = f'<ul>{entries}</ul><p class="chapter-buttons">{link}</p>'
        return [nodes.raw(text=html, format="html")]


def write_copy(app: Sphinx) -> None:
    """Put the students' notebook into the built book."""
    if app.builder.format == "html":
        target = Path(app.outdir, COPY)
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(for_students(with_solutions()), target)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("homework", Homework)
    app.connect("builder-inited", write_copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
