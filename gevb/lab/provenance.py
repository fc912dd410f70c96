"""Provenance of a result: versions, source, device, time."""

from __future__ import annotations

import ast
import hashlib
import platform
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gevb.errors import InputError, shown
from gevb.version import __version__


def sources(module: str) -> dict[str, Path]:
    """Find our files that a module depends on, by name: its own, and recursively its imports.

    Raises:
        InputError: no module of ours.
    """
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if not name.startswith("gevb"):
            continue
        package, stem = import_module(name.partition(".")[0]), name.replace(".", "/")
        path = Path(str(package.__file__)).parents[1] / stem
        stem, path = (f"{stem}/__init__", path / "__init__") if path.is_dir() else (stem, path)
        file = path.with_suffix(".py")
        if not file.is_file() or f"{stem}.py" in found:
            continue
        found[f"{stem}.py"] = file
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
    if not found:
        raise InputError(f"module: got {shown(module)}, wanted one such as gevb.lab.runs")
    return dict(sorted(found.items()))


def source_hash(module: str) -> str:
    """Compute SHA-256 over `sources`, names included; other files do not affect it.

    Raises:
        InputError: no module of ours.
    """
    digest = hashlib.sha256()
    for name, file in sources(module).items():
        digest.update(name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def device_name(device: torch.device) -> str:
    """Return the device's name for itself."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"


def provenance(module: str, device: torch.device, seed: int) -> dict[str, Any]:
    """Collect facts to store with a result, as plain values; the caller adds `seconds`.

    Args:
        module: computes the result, such as "gevb.lab.runs"; see `source_hash`.
        device: device of the computation.
        seed: of the result.
    """
    return {
        "python": platform.python_version(),
        "gevb": __version__,
        "torch": str(torch.__version__),
        "cuda": torch.version.cuda if device.type == "cuda" else None,
        "numpy": np.__version__,
        "scikit-learn": version("scikit-learn"),
        "source_sha256": source_hash(module),
        "device": str(device),
        "device_name": device_name(device),
        "seed": seed,
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "cudnn_allow_tf32": torch.backends.cudnn.allow_tf32,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }
