r"""Build the page "Equations of the paper" from the chapters.

python tools/equations.py           write book/equations.md
python tools/equations.py --check   write nothing; name each equation that has a gap or an old entry

An equation is found by its tag in a Markdown cell, \tag{A7} or \tag{7, 8}; its check by the line
that gevbook.checks.check printed, in the stored output of a code cell that the tests run.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from command import Parser, Stop
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from myst_parser.mdit_to_docutils.base import default_slugify
from nbformat import NotebookNode
from notebooks import ROOT, read, write

TOC = ROOT / "_toc.yml"
PAGE = ROOT / "book" / "equations.md"

# What each number of the paper stands for.
MAIN_TEXT = {
    "7": "the nonlinearity of a vector unit",
    "8": "the gate",
    "9": "the GEVB rule",
    "10": "the gradient by the chain rule",
    "11": "recursion of the global Jacobian",
    "12": "form of the global Jacobian",
    "13": "recursion of the feedback",
    "14": "the gradient in a vectorized network",
    "15": "recursion of the relative standard deviation over the layers",
}
APPENDIX = {
    "A1": "vector input units",
    "A2": "the gradient for any nonlinearity",
    "A3": "the global Jacobian for any nonlinearity",
    "A4": "the alignment angle",
    "A5": "mean, variance and relative standard deviation of the feedback",
    "A6": "the length of the feedback vector",
    "A7": "cosine of the angle",
    "A8": "tangent of the angle",
    "A9": "expected mean of the feedback",
    "A10": "expected variance of the feedback",
    "A11": "expected square of one unit's feedback",
    "A12": "expected product of two units' feedback",
    "A13": "expected variance in terms of the layer above",
    "A14": "ratio of the expectations",
}
RESULTS = {
    "M1": "scalar and vector input formats are equivalent",
    "M2": "GEVB matches the sign of the gradient",
    "M3": "the alignment angle follows from the relative standard deviation",
    "M4": "GEVB agrees with the gradient in the limit of infinite width",
    "M5": "ON/OFF initialization contains a mixed-sign network of half the size",
    "M6": "eigenvalues and eigenvectors of the ON/OFF matrices",
}
SECTIONS = {"Main text": MAIN_TEXT, "Appendix": APPENDIX, "Results of Appendix M": RESULTS}
ALL = MAIN_TEXT | APPENDIX | RESULTS
NOTES = {
    "Appendix": r"""
In A6 to A14, symbols without a prime belong to layer $\ell$ and those with a prime to layer
$\ell+1$; $S=\sum_{k\ne m}\hat\delta'_k\hat\delta'_m$ and $Q=\mu'^2+\sigma'^2$. In A1,
$j=i \bmod n_0$ and $\nu=\lfloor i/n_0\rfloor$. In A3, $\mathbf h_k$ and $w_{ki}$ belong to layer
$\ell+1$.

"""
}

INTRODUCTION = """\
# Equations of the paper

Each numbered equation of [Clark, Abbott and Chung (2021)](https://arxiv.org/abs/2106.04089), from
Eq. 7 on, and each of the six results that its Appendix M lists (M1 to M6 is our numbering): where
the book treats it, where it checks it by value, and the largest error that the check found.
Equations 1 to 6 are not treated. The checks run with the book's tests.

Beside the error stands the largest that the check allows. An error of the size of rounding is given
as the next power of ten, because it differs between machines. Statements about averages are checked
on random draws, whose mean is allowed to be off by some of its standard errors.
"""
HEAD = """\
---
myst:
  html_meta:
    description: "The paper's equations: where the book derives and checks each, by what error."
---

"""
MADE = "% Made by tools/equations.py from the chapters: change those, then run `make execute`.\n"

TAG = re.compile(r"\s*\\tag\*?\{([^{}]*)\}")
CHECKED = re.compile(
    r"(?:Eq\.|Result) (?P<names>[A-Z]?\d+(?:, [A-Z]?\d+)*) holds: (?P<statement>.*); "
    r"largest error (?P<error>.*) \(wanted: (?P<wanted>.*)\)"
)
NOT_RUN = {"nbval-skip", "skip-execution"}


@dataclass(frozen=True)
class Place:
    """A section of a chapter."""

    path: Path
    chapter: str
    heading: str
    anchor: str

    def link(self) -> str:
        """As the page links to it."""
        anchor = f"#{self.anchor}" if self.anchor else ""
        text = f"{self.chapter}, {self.heading}" if self.heading else self.chapter
        return f"[{text.replace('[', '').replace(']', '')}]({self.path.name}{anchor})"


@dataclass(frozen=True)
class Check:
    """A line that `gevbook.checks.check` printed."""

    place: Place
    statement: str
    error: str
    wanted: str


@dataclass
class Entry:
    """What the book has on one equation."""

    formulas: list[tuple[Place, str]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    @property
    def derived(self) -> Place | None:
        """The first place in a chapter that also checks the equation, else the first of all."""
        checking = {check.place.path for check in self.checks}
        places = [place for place, _ in self.formulas]
        return next(iter([place for place in places if place.path in checking] + places), None)


# ------------------------------------------------------------------------- reading chapters


def chapters() -> list[Path]:
    """The notebooks of the table of contents, in its order."""

    def files(node: Any) -> Iterator[str]:
        if isinstance(node, list):
            for inner in node:
                yield from files(inner)
        elif isinstance(node, dict):
            yield from [node["file"]] if "file" in node else []
            for key in ("parts", "chapters", "sections"):
                yield from files(node.get(key))

    listed = [ROOT / name for name in files(yaml.safe_load(TOC.read_text(encoding="utf-8")))]
    paths = [path.with_suffix(".ipynb") for path in listed]
    return [path for path in paths if path.exists()]


def names_in(text: str) -> list[str]:
    """Equation numbers: "7, 8" names two."""
    return [name.strip() for name in text.split(",")]


class Chapter:
    """Walks through a notebook and knows the section that it is in."""

    markdown = MarkdownIt("commonmark").use(dollarmath_plugin, double_inline=True)

    def __init__(self, path: Path) -> None:
        """Read the notebook."""
        self.path = path
        self.notebook = read(path)
        self.title, self.heading, self.anchor = path.stem, "", ""
        self.anchors: set[str] = set()

    @property
    def place(self) -> Place:
        """The section reached."""
        return Place(self.path, self.title, self.heading, self.anchor)

    def walk(self, entries: dict[str, Entry]) -> None:
        """Add the chapter's formulas and checks."""
        for cell in self.notebook.cells:
            if cell.cell_type == "markdown":
                tokens = self.markdown.parse(cell.source)
                for token, following in zip(tokens, [*tokens[1:], None], strict=True):
                    if token.type == "heading_open" and following is not None:
                        self._enter(token, following)
                    for tex in formulas(token):
                        for tag in TAG.finditer(tex):
                            for name in names_in(tag[1]):
                                entry = entries.setdefault(name, Entry())
                                entry.formulas.append((self.place, plain(tex)))
            elif cell.cell_type == "code" and not NOT_RUN & set(cell.metadata.get("tags", [])):
                for match in map(CHECKED.fullmatch, printed_lines(cell)):
                    if match:
                        check = Check(self.place, *match.group("statement", "error", "wanted"))
                        for name in names_in(match["names"]):
                            entries.setdefault(name, Entry()).checks.append(check)

    def _enter(self, opening: Token, inline: Token) -> None:
        """Note a heading; the anchor is the one that MyST gives it."""
        parts = [token for token in inline.children or [] if token.type in ("text", "code_inline")]
        anchor = slug = default_slugify("".join(token.content for token in parts))
        number = 1
        while anchor in self.anchors:
            anchor, number = f"{slug}-{number}", number + 1
        self.anchors.add(anchor)
        if opening.tag == "h1":
            self.title, self.heading, self.anchor = inline.content, "", ""
        elif opening.tag in ("h2", "h3"):
            self.heading, self.anchor = inline.content, anchor


def plain(tex: str) -> str:
    """A formula without its tag and the punctuation of its sentence."""
    return re.sub(r"(?<!\\)[.,;]$", "", TAG.sub("", tex).strip()).strip()


def formulas(token: Token) -> Iterator[str]:
    """The displayed formulas of a Markdown token."""
    if token.type.startswith("math_block") or token.type == "math_inline_double":
        yield token.content
    for inner in token.children or []:
        yield from formulas(inner)


def printed_lines(cell: NotebookNode) -> Iterator[str]:
    """What a code cell printed, broken lines in one piece."""
    for output in cell.get("outputs", []):
        if output.output_type == "stream" and output.name == "stdout":
            yield from output.text.replace("\n  ", " ").splitlines()


def collected() -> dict[str, Entry]:
    """What the chapters have, by equation."""
    entries: dict[str, Entry] = {}
    for path in chapters():
        Chapter(path).walk(entries)
    return entries


# ------------------------------------------------------------------------- writing the page


def label(name: str) -> str:
    """An equation as a heading names it."""
    return f"Result {name}" if name in RESULTS else f"Equation {name}"


def gap(name: str, entry: Entry) -> str:
    """What the book lacks of an equation, "" if nothing."""
    derived, checked = bool(entry.derived) or name in RESULTS, bool(entry.checks)
    if derived:
        return "" if checked else "not checked in any chapter"
    return f"{'not derived' if checked else 'neither derived nor checked'} in any chapter"


def code(text: str) -> str:
    """Text that Markdown leaves alone, in a table too."""
    ticks = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if "`" in text else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def block(name: str, entry: Entry) -> str:
    """The page's part about one equation."""
    lines = [f"(equation-{name.lower()})=", f"### {label(name)}: {ALL[name]}", ""]
    if entry.derived:
        for place, tex in entry.formulas:
            lines += ["$$", tex, "$$", ""] if place == entry.derived else []
        lines += [f"* In the book: {entry.derived.link()}"]
    elif name not in RESULTS:
        lines += ["* In the book: **missing**, no chapter derives it"]
    for check in entry.checks:
        lines += [
            f"* Checked: {check.place.link()}. {code(check.statement)}: "
            f"largest error {check.error} (wanted: {check.wanted})"
        ]
    if not entry.checks:
        lines += ["* Checked: **missing**, no chapter checks it"]
    return "\n".join(lines) + "\n"


def overview(entries: dict[str, Entry]) -> str:
    """A table of all equations and errors, below a count of the gaps if there are any."""
    gaps = sum(bool(gap(name, entries[name])) for name in ALL)
    lines = [f"**{gaps} of these {len(ALL)} have a gap.**", ""] if gaps else []
    lines += ["| result | about | largest error | allowed |", "| --- | --- | --- | --- |"]
    for name, about in ALL.items():
        checks = entries[name].checks
        errors = "; ".join(check.error for check in checks) or "**missing**"
        allowed = "; ".join(check.wanted for check in checks)
        cells = f"{errors} | {allowed}".replace("-", "\N{NON-BREAKING HYPHEN}")
        lines += [f"| [{name}](#equation-{name.lower()}) | {about} | {cells} |"]
    return "\n".join(lines) + "\n"


def parts_of_page(entries: dict[str, Entry]) -> dict[str, str]:
    """The page in parts: what stands above, and the text of every equation."""
    entries = {name: entries.get(name, Entry()) for name in ALL}
    parts = {"": f"{HEAD}{MADE}\n{INTRODUCTION}\n{overview(entries)}\n"}
    for title, section in SECTIONS.items():
        for name in section:
            first = name == next(iter(section))
            head = f"## {title}\n\n{NOTES.get(title, '')}" if first else ""
            parts[name] = f"{head}{block(name, entries[name])}\n"
    return parts


def findings(entries: dict[str, Entry], parts: dict[str, str], page: str) -> Iterator[str]:
    """A line for each equation with a gap or an old entry, and for numbers that are not known."""
    stale = {name for name, text in parts.items() if text.strip() not in page}
    for name in ALL:
        old = f"old entry in {PAGE.name}" if name in stale else ""
        if wrong := ", ".join(filter(None, [gap(name, entries.get(name, Entry())), old])):
            yield f"{label(name)}: {wrong}"
    for name in sorted(entries.keys() - ALL.keys()):
        entry = entries[name]
        places = [place for place, _ in entry.formulas] + [check.place for check in entry.checks]
        yield f"{label(name)}: not a number of the paper, in {places[0].path.name}"
    if page != text_of(parts) and stale <= {""}:
        yield f"{PAGE.name}: out of date: run tools/equations.py"


def text_of(parts: dict[str, str]) -> str:
    """The page."""
    return "".join(parts.values()).rstrip("\n") + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or check it: 1 if there are findings, 2 if a chapter cannot be read."""
    parser = Parser(prog="equations.py", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, name what is wrong")
    options = parser.parse_args(arguments)
    try:
        entries = collected()
    except Stop as error:
        parser.error(str(error))
    parts = parts_of_page(entries)
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if not options.check:
        if page != text_of(parts):
            write(PAGE, page := text_of(parts))
            print(f"book/{PAGE.name}: rewritten")
        else:
            print(f"book/{PAGE.name}: unchanged")
    found = list(findings(entries, parts, page))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
