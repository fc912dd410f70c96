"""Execute the book's notebooks, and check that the stored outputs are complete and normalised.

python tools/notebooks.py execute [FILES]   run in fresh kernels and store the outputs
python tools/notebooks.py check [FILES]     check the stored outputs, run nothing
"""

from __future__ import annotations

import copy
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import yaml
from command import Parser, Stop
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "_config.yml"
BOOTSTRAP = ROOT / "tools" / "bootstrap.py"
WIDTH = 80  # columns that a page shows without scrolling, as in book/ruff.toml
UNKNOWN_ADDRESS = 'REPOSITORY = ""'

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}
KEPT_METADATA = ("accelerator",)  # asks Colab for a GPU
KEPT_CELL_METADATA = ("mystnb", "tags", "uncompared")
BOOTSTRAP_TAGS = ["hide-cell", "nbval-ignore-output"]
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# A worked solution, folded in a Markdown cell, which every front end folds. It holds one pair of
# blocks: the code, and the lines that it prints.
SOLUTION = re.compile(r"<details><summary>Solution</summary>\n(.*?)\n</details>", re.DOTALL)
CODE = re.compile(r"^```python\n(.*?)\n```\n\n```text\n(.*?)```$", re.DOTALL | re.MULTILINE)
HINT = "<details><summary>Hint</summary>\n"
CHECKER = re.compile(r"\bexercises\.(check_\w+)\(")
RIGHT = re.compile(r"^Right\. ", re.MULTILINE)
# Start of a path that is not part of a longer path, an address or base64 text.
MACHINE_PATH = re.compile(r"(?<![\w.:/+-])/(?:home|root|tmp|work|Users)/|[A-Za-z]:\\+Users")


def notebooks() -> list[Path]:
    """List the notebooks of the book, without Jupyter's checkpoint copies."""
    found = (ROOT / "book").rglob("*.ipynb")
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def shown(path: Path) -> str:
    """Return the path for findings: relative to the repository root if it lies inside."""
    path = path.resolve()
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def read(path: Path) -> NotebookNode:
    """Read the stored notebook, valid or not."""
    try:
        return nbformat.from_dict(nbformat.reader.reads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise Stop(f"{path}: {error.strerror}") from None
    except (nbformat.reader.NotJSONError, UnicodeDecodeError, AttributeError):
        raise Stop(f"{path}: not a notebook") from None


def text_of(notebook: NotebookNode) -> str:
    """Return the text of the file, with one newline at the end."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def write(path: Path, text: str) -> None:
    """Replace the file as a whole, or leave it unchanged."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8", newline="\n")
    os.replace(new, path)


# ------------------------------------------------------------------------- the normal form


def normal_outputs(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Remove stderr and widgets (they need a kernel), and join adjacent prints."""
    kept: list[NotebookNode] = []
    for output in outputs:
        if output.get("name") == "stderr" or WIDGET_VIEW in output.get("data", {}):
            continue
        if output.output_type == "stream" and kept and kept[-1].output_type == "stream":
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def named_cells(cells: list[NotebookNode], chapter: str) -> None:
    """Name cells `chapter-1`, `chapter-2`, ...; an id stays, a new cell gets the next free one."""
    pattern = re.compile(re.escape(chapter) + r"-(\d+)")
    taken: set[str] = set()
    for cell in cells:
        if pattern.fullmatch(cell.get("id", "")) and cell.id not in taken:
            taken.add(cell.id)
        else:
            cell.id = ""
    last = max((int(pattern.fullmatch(name)[1]) for name in taken), default=0)
    for cell in cells:
        if not cell.id:
            last += 1
            cell.id = f"{chapter}-{last}"


def normalised(notebook: NotebookNode, chapter: str) -> NotebookNode:
    """Copy the notebook with everything that is of no use to readers in a fixed form."""
    notebook = copy.deepcopy(notebook)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    kept = {key: notebook.metadata[key] for key in KEPT_METADATA if key in notebook.metadata}
    notebook.metadata = nbformat.from_dict({**kept, **METADATA})
    named_cells(notebook.cells, chapter)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in KEPT_CELL_METADATA if key in cell.metadata}
        )
        if cell.cell_type == "code":
            cell.outputs = normal_outputs(cell.outputs)
            if "hide-cell" in cell.metadata.get("tags", []):  # folded in Jupyter and Colab too
                cell.metadata.update(jupyter={"source_hidden": True}, cellView="form")
    return notebook


def chapter_of(path: Path) -> str:
    """Return the stem of the ids of a notebook's cells."""
    return path.stem.replace("_", "-")


# ------------------------------------------------------------------------ worked solutions


def solution(cell: NotebookNode) -> NotebookNode | None:
    """Make a cell of the code in a folded solution, with its printed lines; None without one."""
    folded = cell.cell_type == "markdown" and SOLUTION.search(cell.source)
    code = folded and CODE.search(folded[1])
    if not code:
        return None
    printed = nbformat.v4.new_output("stream", name="stdout", text=code[2])
    return nbformat.v4.new_code_cell(code[1], outputs=[printed] if code[2] else [])


def with_output(cell: NotebookNode, ran: NotebookNode) -> None:
    """Put the lines that its code has printed into a folded solution.

    Raises:
        Stop: it showed other output, which a Markdown cell cannot hold.
    """
    outputs = normal_outputs(ran.outputs)
    if any(output.get("name") != "stdout" or "```" in output.text for output in outputs):
        raise Stop(f"{cell.id}: the solution shows something else than printed lines")
    text = "".join(output.text for output in outputs)
    folded = SOLUTION.search(cell.source)
    start, end = (folded.start(1) + place for place in CODE.search(folded[1]).span(2))
    cell.source = cell.source[:start] + text + cell.source[end:]


# ---------------------------------------------------------------------- the bootstrap cell


def repository() -> str:
    """Read the address of the repository from `_config.yml`, "" if unknown."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    return config["repository"]["url"] or ""


def bootstrap(url: str) -> str:
    """Return the text of every notebook's first code cell: the file below its first line."""
    text = BOOTSTRAP.read_text(encoding="utf-8").partition("\n")[2].rstrip("\n")
    return text.replace(UNKNOWN_ADDRESS, f'REPOSITORY = "{url}"')


def with_bootstrap(notebook: NotebookNode, url: str) -> NotebookNode:
    """Copy the notebook with the current bootstrap cell first: rewritten, or inserted."""
    notebook = copy.deepcopy(notebook)
    source = bootstrap(url)
    codes = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    first = codes[0] if codes else len(notebook.cells)
    marker = source.splitlines()[0]
    if not codes or notebook.cells[first].source.splitlines()[:1] != [marker]:
        notebook.cells.insert(first, nbformat.v4.new_code_cell())
    notebook.cells[first].source = source
    notebook.cells[first].metadata["tags"] = BOOTSTRAP_TAGS
    return notebook


# -------------------------------------------------------------------------------- commands


def patience(cell: NotebookNode) -> int | None:
    """Return the seconds to wait for a cell: no limit, except for a live widget.

    nbclient sends a widget's output through the socket on which it awaits the reply, and may then
    miss the reply until it looks again, at the limit.
    """
    return 30 if "widget." in cell.source else None


def execute(path: Path) -> str | None:
    """Run a notebook from top to bottom and store it; return the error, if any."""
    notebook = normalised(with_bootstrap(read(path), repository()), chapter_of(path))
    resources = {"metadata": {"path": str(path.resolve().parent)}}
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources=resources,
        timeout_func=patience,
        record_timing=False,
    )
    cells = list(notebook.cells)
    try:
        with client.setup_kernel():
            for number, cell in enumerate(cells, start=1):
                client.execute_cell(cell, number - 1)
                if hidden := solution(cell):  # not one of the notebook's own cells
                    with_output(cell, client.execute_cell(hidden, number - 1, store_history=False))
    except CellExecutionError as error:
        return f"{shown(path)} cell {number}: {error.ename}: {error.evalue.strip()}"
    notebook.cells = cells  # the client has inserted hidden ones
    text = text_of(normalised(notebook, chapter_of(path)))
    if text != path.read_text(encoding="utf-8"):
        write(path, text)
        print(f"{shown(path)}: rewritten")
    else:
        print(f"{shown(path)}: unchanged")
    return None


def has_error(cell: NotebookNode) -> bool:
    """Check if an exception is among the outputs."""
    return any(output.output_type == "error" for output in cell.get("outputs", []))


def strings(value: Any) -> Iterator[str]:
    """Yield every text in nested lists and dictionaries."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def cell_findings(cell: NotebookNode, count: int) -> Iterator[str]:
    """Yield faults of one cell; `count` is its correct execution count."""
    if any(map(MACHINE_PATH.search, strings([cell.source, cell.get("outputs", [])]))):
        yield "a path of one machine in its source or outputs"
    if cell.cell_type != "code":
        return
    if cell.execution_count != count:
        yield f"execution count {cell.execution_count} where {count} is due: run the notebook"
    if has_error(cell):
        yield "an error is stored as its output"
    if any(output.get("name") == "stderr" for output in cell.outputs):
        yield "stderr is stored as its output"
    tags = cell.metadata.get("tags", [])
    ignored = "nbval-ignore-output" in tags and tags != BOOTSTRAP_TAGS
    if ignored != ("uncompared" in cell.metadata):
        yield (
            "nbval does not compare a cell tagged nbval-ignore-output; its metadata, and no "
            'other\'s, say why: "uncompared": "a live widget"'
        )
    printed = [output.text for output in cell.outputs if output.get("name") == "stdout"]
    if wide := [line for text in printed for line in text.splitlines() if len(line) > WIDTH]:
        yield f"a printed line of {len(wide[0])} columns where {WIDTH} fit: {wide[0][:30]}..."


def exercise_findings(cells: list[NotebookNode]) -> Iterator[str]:
    """Yield faults of the exercises: each needs a hint and a correct, folded solution.

    A cell that calls a checker asks; the solution's code, in a Markdown cell, calls it again.
    """
    asked: dict[str, bool] = {}  # True with a hint
    answered: set[str] = set()
    hinted = False
    for cell in cells:
        hinted |= cell.cell_type == "markdown" and HINT in cell.source
        code = solution(cell) or cell
        names = CHECKER.findall(code.source) if code.cell_type == "code" else []
        right = any(RIGHT.search(output.get("text", "")) for output in code.get("outputs", []))
        if code is not cell:
            answered.update(names if right else [])
        elif names:
            asked.update(dict.fromkeys(names, hinted))
            hinted = False
            if right:
                yield f"{cell.id}: the solution lies open; fold it into a Markdown cell"
    for name, hint in asked.items():
        if not hint:
            yield f"{name}: no folded hint before it"
        if name not in answered:
            yield (
                f"{name}: no folded solution with a ```python block and, below it, the ```text "
                'block of what it prints, in which a line begins with "Right. "'
            )


def check(path: Path) -> Iterator[str]:
    """Yield findings about a stored notebook, one line each."""
    notebook = read(path)
    count = 0
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "code":
            count += 1
            present = (cell.source, cell.metadata.get("tags"))
            if count == 1 and present != (bootstrap(repository()), BOOTSTRAP_TAGS):
                yield f"{shown(path)} cell {number}: the first code cell is not tools/bootstrap.py"
        for finding in cell_findings(cell, count):
            yield f"{shown(path)} cell {number}: {finding}"
    for finding in exercise_findings(notebook.cells):
        yield f"{shown(path)} {finding}"
    if text_of(normalised(notebook, chapter_of(path))) != path.read_text(encoding="utf-8"):
        yield f"{shown(path)}: not in its normal form: run tools/notebooks.py execute"


def uncompared(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the outputs that nbval does not compare: the reason, and the cell's id."""
    for cell in read(path).cells:
        if reason := cell.metadata.get("uncompared"):
            yield reason, cell.id


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 1 if there are findings, 2 if a file cannot be read."""
    parser = Parser(prog="notebooks.py", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("execute", "check"):
        command = commands.add_parser(name, prog=f"notebooks.py {name}")
        command.add_argument("files", nargs="*", type=Path, help="default: all of the book")
    options = parser.parse_args(arguments)
    findings = 0
    apart: dict[str, list[str]] = {}
    try:
        for path in options.files or notebooks():
            found = [execute(path)] if options.command == "execute" else check(path)
            if options.command == "check":
                for reason, cell in uncompared(path):
                    apart.setdefault(reason, []).append(cell)
            for finding in filter(None, found):
                print(finding, flush=True)
                findings += 1
    except Stop as error:
        print(f"notebooks.py: {error}", file=sys.stderr)
        return 2
    for reason, cells in apart.items():
        print(f"not compared, as {reason}: {', '.join(cells)}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
