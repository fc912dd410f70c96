"""Where a result comes from: versions, source, device, time."""

from __future__ import annotations

import ast
import hashlib
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gevb.version import __version__


def sources(module: str) -> list[Path]:
    """Files of this package that a module depends on: its own, and those it imports in turn."""
    root, found, waiting = Path(__file__).parents[2], set[Path](), [module]
    while waiting:
        name = waiting.pop()
        stem = root / name.replace(".", "/")
        file = stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")
        if not name.startswith("gevb") or not file.is_file() or file in found:
            continue
        found.add(file)
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            elif isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
    return sorted(found)


def source_hash(module: str) -> str:
    """SHA-256 over `sources`, names included: other files may change without changing it."""
    root, digest = Path(__file__).parents[2], hashlib.sha256()
    for file in sources(module):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def device_name(device: torch.device) -> str:
    """What the device calls itself."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"


def provenance(module: str, device: torch.device, seed: int) -> dict[str, Any]:
    """Facts to keep beside a result, plain values all; `seconds` is for the caller to add.

    Args:
        module: that computes the result, such as "gevb.lab.runs"; see `source_hash`.
        device: that it ran on.
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
