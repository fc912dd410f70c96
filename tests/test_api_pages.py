"""The book's pages of the package leave nothing out, and their links go by the right names."""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import gevb
import gevbook
from bookext import api_links

BOOK = Path(__file__).parents[1] / "book"
PAGES = sorted((BOOK / "api").glob("*.md"))
# The command line has a page of another kind; the exercises speak for themselves, and a chapter's
# folder by what is in it.
APART = re.compile(
    r"gevb\.(cli|__main__|version)"
    r"|gevbook\.(answers|\w+\.exercises|(?!plots|figures|curves|widget|checks|toys)\w+)"
)
MODULES = [
    name
    for package in (gevb, gevbook)
    for _, name, _ in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not APART.fullmatch(name)
]


def test_each_module_is_on_one_page():
    shown = [
        name
        for page in PAGES
        for name in re.findall(r"(?:auto|\{py:)module(?:::|\}) (\S+)", page.read_text())
    ]
    assert sorted(shown) == sorted(["gevb", "gevbook", *MODULES])


@pytest.mark.parametrize("module", MODULES)
def test_what_is_public_has_a_docstring(module):
    """Else autodoc leaves it out."""
    for name, value in vars(importlib.import_module(module)).items():
        if (inspect.isfunction(value) or inspect.isclass(value)) and value.__module__ == module:
            assert name.startswith("_") or value.__doc__, name


def test_what_the_package_exports_is_on_a_page():
    for name in set(gevb.__all__) - {"__version__"}:
        assert api_links.HOMES[f"gevb.{name}"].rpartition(".")[0] in MODULES


def test_example_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", (BOOK / "api/index.md").read_text(), re.S)
    exec(code, {})
    error, _ = ast.literal_eval(capsys.readouterr().out)
    assert error < 90  # the error of guessing


def test_links_know_what_a_name_stands_for():
    tree = ast.parse(
        "from gevb.theory import exact as e\nfrom torch import nn\nimport gevb\ngevb.FA"
    )
    assert api_links.imported(tree) == {"e": "gevb.theory.exact"}
    assert api_links.uses([tree]) == ["gevb.FA", "gevb.theory.exact"]
    assert "gevb.rules.Rule.backward" in api_links.spellings("gevb.BP.backward")
    assert "gevb.networks.Network.hidden_units" in api_links.spellings("gevb.Network.hidden_units")
