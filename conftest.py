"""nbval runs the worked solutions, too, each after the Markdown cell in which it is folded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest
from nbval.plugin import IPyNbCell, IPyNbFile
from notebooks import solution


class Notebook(IPyNbFile):
    """The code cells and the solutions of a notebook, in one kernel."""

    def collect(self) -> Iterator[IPyNbCell]:
        """In their order."""
        cells = iter(list(super().collect()))
        solved = 0
        for cell in self.nb.cells:
            if cell.cell_type == "code":
                yield next(cells)
            elif hidden := solution(cell):
                solved += 1
                hidden.execution_count = solved  # nbval compares what has been run
                yield IPyNbCell.from_parent(
                    self,
                    name=f"Solution {solved}",
                    cell_num=solved,
                    cell=hidden,
                    options=defaultdict(bool, check=True),
                )


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(parent: pytest.Collector) -> Iterator[None]:
    """In the place of nbval's own collector."""
    found = yield
    return [
        Notebook.from_parent(parent, path=file.path) if isinstance(file, IPyNbFile) else file
        for file in found
    ]
