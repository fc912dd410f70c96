"""Links between the chapters and the package's pages, made from existing text and code.

* Inline code that names something documented becomes a link to it. The name may be the full one,
  one imported by the page's code, or one relative to the docstring's class or module.
* Each chapter ends with links to the parts of the package that its code uses.
* Objects that a package re-exports are shown under the name to import.
* `.. command-help:: NAME` shows a command's help.
"""

from __future__ import annotations

import ast
import gc
import importlib
import inspect
import pydoc
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import click
from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

from gevb import cli

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

LOGGER = logging.getLogger(__name__)
NAMED = re.compile(r"(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:\(.*\))?")  # also a call
APPARATUS = "gevbook"
PARAMETERS = re.compile(r"<dl>\n((?:<dd><em class=\"sig-param\">.*</dd>\n)+)</dl>")
VALUE = 100  # characters of a constant's value that are shown


def imported(tree: ast.AST) -> dict[str, str]:
    """Map the names in the code to the full names that it imports from the package."""
    return {
        alias.asname or alias.name: f"{statement.module}.{alias.name}"
        for statement in ast.walk(tree)
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("gevb")
        for alias in statement.names
    }


@cache
def imports_of(module: str) -> dict[str, str]:
    """Collect the names that a module of the package imports from others."""
    return imported(ast.parse(inspect.getsource(importlib.import_module(module))))


# Import name of each object, and the module that defines it.
HOMES = {
    f"{package}.{name}": home
    for package in ("gevb", "gevbook.figures")
    for name, home in imports_of(package).items()
}
SHORT = {home: name for name, home in HOMES.items()}


def spellings(name: str) -> Iterator[str]:
    """Yield equivalent names: `gevb.BP.backward` is documented as `gevb.rules.Rule.backward`."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        short = ".".join(parts[:end])
        yield ".".join([HOMES.get(short, short), *parts[end:]])
    if parts[0] == "gevb":
        value = pydoc.locate(name)  # to find the class of an inherited method
        yield f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"


def place(env: BuildEnvironment, name: str) -> tuple[str, str] | None:
    """Find page and anchor of a documented object."""
    domain = env.get_domain("py")
    for spelling in spellings(name):
        if entry := domain.modules.get(spelling) or domain.objects.get(spelling):
            return entry.docname, entry.node_id
    return None


class ApiLinks(SphinxPostTransform):
    """Link a page to the package's objects that it names, and a chapter to those its code uses."""

    default_priority = 5  # before references are resolved

    def run(self, **kwargs: object) -> None:
        """Add the links to the page's tree."""
        cells = list(self.cells())
        self.imports = {k: v for tree in cells for k, v in imported(tree).items()}
        self.module = ""
        for node in list(self.document.findall(nodes.Element)):
            for anchor in node.get("ids", ()):
                if anchor.startswith("module-"):
                    self.module = anchor.removeprefix("module-")
            match = isinstance(node, nodes.literal) and NAMED.fullmatch(node.astext())
            if match and not inside_link(node):
                self.link(node, match["name"])
        used = [name for name in uses(cells) if place(self.env, name)]
        if used and self.env.doc2path(self.env.docname).endswith(".ipynb"):
            self.add_list(used)

    def cells(self) -> Iterator[ast.Module]:
        """Yield the page's code, cell by cell."""
        for block in self.document.findall(nodes.literal_block):
            if block.get("language", "").startswith(("ipython", "python")):
                try:
                    yield ast.parse(block.astext())
                except SyntaxError:  # magic, or an incomplete piece
                    continue

    def link(self, literal: nodes.literal, name: str) -> None:
        """Link to the first documented meaning of the name."""
        for meaning in self.meanings(literal, name):
            if target := place(self.env, meaning):
                literal.replace_self(self.reference(target, literal.deepcopy()))
                return
        if name.startswith(("gevb.", "gevbook.")):
            LOGGER.warning("%s is not documented", name, location=literal)

    def reference(self, target: tuple[str, str], code: nodes.literal) -> nodes.reference:
        """Make a link."""
        return make_refnode(self.app.builder, self.env.docname, *target, code)

    def meanings(self, literal: nodes.literal, name: str) -> Iterator[str]:
        """Yield full names, the most likely first."""
        yield name
        first, *rest = name.split(".")
        if first in self.imports:
            yield ".".join([self.imports[first], *rest])
        if self.module:
            node = literal.parent
            while node:
                if isinstance(node, addnodes.desc):
                    yield f"{self.module}.{node[0]['fullname']}.{name}"
                node = node.parent
            yield f"{self.module}.{name}"

    def add_list(self, used: list[str]) -> None:
        """Append a last paragraph with a link to each."""
        paragraph = nodes.paragraph(
            "", "From the package, this chapter uses ", classes=["api-used"]
        )
        for number, name in enumerate(used):
            if number:
                paragraph += nodes.Text(", " if number < len(used) - 1 else " and ")
            paragraph += self.reference(place(self.env, name), nodes.literal(name, name))
        paragraph += nodes.Text(".")
        next(iter(self.document.findall(nodes.section))).append(paragraph)


def inside_link(node: nodes.Node) -> bool:
    """Check if a node is part of a link, or of a heading, which the tables of contents link."""
    while node := node.parent:
        if isinstance(node, nodes.reference | addnodes.pending_xref | nodes.title):
            return True
    return False


def uses(cells: list[ast.Module]) -> list[str]:
    """List the objects that code uses from the package, sorted, by import name."""
    names = set()
    for tree in cells:
        names |= {SHORT.get(home, home) for home in imported(tree).values()}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "gevb"
            ):
                names.add(f"gevb.{node.attr}")
    return sorted(name for name in names if not name.startswith(APPARATUS))


def name_types_in_full(app: Sphinx, doctree: nodes.document) -> None:
    """Resolve a name in an annotation as its module imports it, not as another of that name."""
    for node in doctree.findall(addnodes.pending_xref):
        if node.get("reftype") == "class" and (module := node.get("py:module")):
            node["reftarget"] = imports_of(module).get(node["reftarget"], node["reftarget"])


def type_alias(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, text: nodes.Element
) -> nodes.reference | None:
    """Link an annotation to the name of a type, which Sphinx documents as data, not as a class."""
    name, module = node["reftarget"], node.get("py:module")
    if node.get("reftype") == "class" and module:
        for full in (name, f"{module}.{name}"):
            if target := place(env, full):
                return make_refnode(app.builder, node["refdoc"], *target, text)
    return None


def tidy_signature(app: Sphinx, domain: str, _: str, content: addnodes.desc_content) -> None:
    """Show `gevb.GEVB` in a heading, not `gevb.rules.GEVB`, and leave out long values."""
    if domain != "py":
        return
    for signature in content.parent.findall(addnodes.desc_signature):
        name = signature["fullname"]
        short = SHORT.get(f"{signature['module']}.{name}")
        for prefix in signature.findall(addnodes.desc_addname):
            if short:
                text = short.removesuffix(name)
                prefix.replace_self(addnodes.desc_addname(text, text))
        for value in list(signature.findall(addnodes.desc_annotation)):
            if len(value.astext()) > VALUE:
                signature.remove(value)


def no_lists_in_signatures(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Replace Sphinx's list of parameters: a description list without terms is invalid HTML."""
    if "body" in context:
        context["body"] = PARAMETERS.sub(
            lambda found: (
                found[1].replace("<dd>", '<span class="sig-line">').replace("</dd>", "</span>")
            ),
            context["body"],
        )


def left_out(
    app: Sphinx, what: str, name: str, value: object, skip: bool, options: object
) -> bool | None:
    """Leave out the fields of a NamedTuple, because its docstring lists them.

    Also leave out imported objects, before autodoc reads their source.
    """
    imported = inspect.isclass(value) or inspect.isroutine(value)
    if imported and what == "module" and not value.__module__.startswith("gevb"):
        return True
    return True if type(value).__name__ == "_tuplegetter" else None


class CommandHelp(SphinxDirective):
    """Help text of `python -m gevb NAME`, from the command itself."""

    optional_arguments = 1
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """Show usage, description, options and subcommands."""
        self.env.note_dependency(inspect.getfile(cli))
        command: click.Command = cli.cli
        context = click.Context(command, info_name="python -m gevb", **command.context_settings)
        if self.arguments:
            command = cli.cli.commands[self.arguments[0]]
            context = click.Context(command, info_name=command.name, parent=context)
        records = [parameter.get_help_record(context) for parameter in command.get_params(context)]
        if isinstance(command, click.Group):
            records += [(name, c.get_short_help_str(200)) for name, c in command.commands.items()]
        options = nodes.definition_list()
        for term, help_text in filter(None, records):
            options += nodes.definition_list_item(
                "",
                nodes.term("", "", nodes.literal(term, term)),
                nodes.definition("", nodes.paragraph(help_text, help_text)),
            )
        usage = command.get_usage(context)
        return [shell(usage), *prose(command.help), options, *prose(command.epilog)]


def prose(text: str | None) -> Iterator[nodes.Node]:
    """Split a help text into paragraphs; indented lines are commands."""
    for block in inspect.cleandoc((text or "").replace("\b\n", "")).split("\n\n"):
        lines = block.splitlines()
        said = " ".join(line for line in lines if not line.startswith(" "))
        commands = "\n".join(line.strip() for line in lines if line.startswith(" "))
        yield nodes.paragraph(said, said)
        if commands:
            yield shell(commands)


def shell(text: str) -> nodes.literal_block:
    """Make a block of commands."""
    return nodes.literal_block(text, text, language="text")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx."""
    gc.disable()  # with this many objects it takes a quarter of the build's time
    app.setup_extension("sphinx.ext.autodoc")
    app.add_post_transform(ApiLinks)
    app.add_directive("command-help", CommandHelp)
    app.connect("autodoc-skip-member", left_out)
    app.connect("html-page-context", no_lists_in_signatures)
    app.connect("doctree-read", name_types_in_full)
    app.connect("missing-reference", type_alias)
    app.connect("object-description-transform", tidy_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
