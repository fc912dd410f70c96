r"""Index of the paper's equations: derivation, check and error of each in the book.

``{equations}`` holds a line for each, "A7: cosine of the angle"; each becomes a section with the
equation and links. ``{equation-errors}`` becomes a table of all of them. The tag in a chapter,
\tag{A7} or \tag{7, 8}, identifies an equation. Its check is the line that `gevbook.checks.check`
printed, in the stored output of a code cell that the tests run. A gap is a warning, which fails
the build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

LOGGER = logging.getLogger(__name__)
TAG = re.compile(r"\s*\\tag\*?\{([^{}]*)\}")
CHECKED = re.compile(
    r"(?:Eq\.|Result) (?P<names>[A-Z]?\d+(?:, [A-Z]?\d+)*) holds: (?P<statement>.*); "
    r"largest error (?P<error>.*) \(wanted: (?P<wanted>.*)\)"
)
NOT_RUN = {"tag_nbval-skip", "tag_skip-execution"}
HEAD = ("result", "about", "largest error", "allowed")
Found = dict[str, Any]
"""A formula ("tex") or a check ("statement", "error", "wanted") of an equation ("name").

It stands on a page ("page"), under a heading ("text", "anchor").
"""


class Equation(nodes.General, nodes.Element):
    """Placeholder for the book's material on the equation "name", until all chapters are read."""


class Errors(nodes.General, nodes.Element):
    """Placeholder for the table."""


class Equations(SphinxDirective):
    """Lines of a number and its description."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Make a section for each."""
        self.env.metadata[self.env.docname]["index"] = True
        sections: list[nodes.Node] = []
        for line in self.content:
            name, _, about = line.partition(": ")
            title = nodes.title("", f"{label(name)}: {about}")
            section = nodes.section("", title, ids=[anchor(name)])
            section += Equation(name=name, about=about)
            self.set_source_info(section[-1])
            sections.append(section)
        return sections


class EquationErrors(SphinxDirective):
    """Table of all errors."""

    def run(self) -> list[nodes.Node]:
        """Insert a placeholder for it."""
        return [Errors()]


def label(name: str) -> str:
    """Return the heading of an equation; M1 to M6 are results."""
    return f"Result {name}" if name.startswith("M") else f"Equation {name}"


def anchor(name: str) -> str:
    """Return the equation's anchor in the index."""
    return f"equation-{name.lower()}"


def note_equations(app: Sphinx, doctree: nodes.document) -> None:
    """Collect a chapter's formulas and checks for the index."""
    page, found = app.env.docname, []
    if not app.env.doc2path(page).endswith(".ipynb"):
        return
    for node in doctree.findall(lambda n: isinstance(n, nodes.math_block | nodes.literal_block)):
        text, place = node.astext(), {"page": page, **heading(node)}
        if isinstance(node, nodes.math_block):
            tex = re.sub(r"(?<!\\)[.,;]$", "", TAG.sub("", text).strip()).strip()
            found += [
                {"name": name.strip(), "tex": tex, **place}
                for tag in TAG.finditer(text)
                for name in tag[1].split(",")
            ]
        elif "stream" in node["classes"] and not NOT_RUN & set(node.parent.parent["classes"]):
            for match in map(CHECKED.fullmatch, text.replace("\n  ", " ").splitlines()):
                if match:
                    says = match.groupdict()
                    names = says.pop("names").split(", ")
                    found += [{"name": name, **says, **place} for name in names]
    app.env.metadata[page]["equations"] = found


def heading(node: nodes.Node) -> dict[str, str]:
    """Find the page and the section of a node, at most of third order: titles and id."""
    sections = []
    while node := node.parent:
        if isinstance(node, nodes.section):
            sections.insert(0, node)
    titles = [section.next_node(nodes.title).astext() for section in sections[:3]]
    inner = sections[1:3]
    text = ", ".join([titles[0], titles[-1]] if inner else titles)
    return {"text": text, "anchor": inner[-1]["ids"][0] if inner else ""}


def refilled(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Write the index again whenever a chapter may have changed."""
    return [page for page, metadata in env.metadata.items() if "index" in metadata]


class ShowEquations(SphinxPostTransform):
    """Fill the index."""

    default_priority = 4  # before the links to the package

    def run(self, **_: Any) -> None:
        """Fill the index on one page."""
        wanted = {node["name"]: node for node in self.document.findall(Equation)}
        if not wanted:
            return
        found: dict[str, list[Found]] = {name: [] for name in wanted}
        for page in self.env.toctree_includes[self.config.root_doc]:
            for one in self.env.metadata[page].get("equations", []):
                if one["name"] in found:
                    found[one["name"]].append(one)
                else:
                    name = label(one["name"])
                    LOGGER.warning("%s: not a number of the paper", name, location=page)
        for table in list(self.document.findall(Errors)):
            table.replace_self(self.overview(wanted, found))
        for name, node in wanted.items():
            node.replace_self(list(self.entry(node, found[name])))

    def entry(self, node: Equation, found: list[Found]) -> Iterator[nodes.Node]:
        """Yield the formulas of the first section that has some, and links.

        Chapters that also check the equation go first.
        """
        formulas = [one for one in found if "tex" in one]
        checks = [one for one in found if "error" in one]
        checking = {one["page"] for one in checks}
        first = next(iter([one for one in formulas if one["page"] in checking] + formulas), None)
        derived = first or node["name"].startswith("M")
        gaps = [*["not derived"] * (not derived), *["not checked"] * (not checks)]
        if gaps:
            about = label(node["name"]), " and ".join(gaps)
            LOGGER.warning("%s: %s in any chapter", *about, location=node)
        items = []
        if first:
            for one in formulas:
                if (one["page"], one["anchor"]) == (first["page"], first["anchor"]):
                    yield nodes.math_block("", one["tex"], nowrap=False, number=None)
            items.append([nodes.Text("In the book: "), self.link(first)])
        for one in checks:
            size = f": largest error {one['error']} (wanted: {one['wanted']})"
            statement = nodes.literal("", one["statement"])
            text = [nodes.Text("Checked: "), self.link(one), nodes.Text(". "), statement]
            items.append([*text, nodes.Text(size)])
        yield nodes.bullet_list(
            "", *(nodes.list_item("", nodes.paragraph("", "", *item)) for item in items), bullet="*"
        )

    def link(self, found: Found) -> nodes.reference:
        """Link to the section that contains it."""
        place, text = (found["page"], found["anchor"]), nodes.inline("", found["text"])
        return make_refnode(self.app.builder, self.env.docname, *place, text)

    def overview(
        self, wanted: Mapping[str, Equation], found: Mapping[str, list[Found]]
    ) -> nodes.table:
        """Make a table with a row for each equation."""

        def row(*cells: nodes.Node) -> nodes.row:
            return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", c)) for c in cells))

        def each(name: str, key: str) -> nodes.Text:
            values = "; ".join(one[key] for one in found[name] if key in one)
            return nodes.Text(values.replace("-", "\N{NON-BREAKING HYPHEN}"))

        rows = [
            row(
                nodes.reference("", name, refid=anchor(name), internal=True),
                nodes.Text(node["about"]),
                each(name, "error"),
                each(name, "wanted"),
            )
            for name, node in wanted.items()
        ]
        columns = [nodes.colspec(colwidth=25) for _ in HEAD]
        head, body = nodes.thead("", row(*map(nodes.Text, HEAD))), nodes.tbody("", *rows)
        group = nodes.tgroup("", *columns, head, body, cols=len(HEAD))
        return nodes.table("", group, classes=["colwidths-auto"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx."""
    app.add_directive("equations", Equations)
    app.add_directive("equation-errors", EquationErrors)
    app.add_post_transform(ShowEquations)
    app.connect("doctree-read", note_equations)
    app.connect("env-updated", refilled)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
