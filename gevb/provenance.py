"""Where a result comes from: versions, source, device, time."""

from __future__ import annotations

import hashlib
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gevb.version import __version__


def source_hash() -> str:
    """SHA-256 over the package's Python files, names included."""
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def device_name(device: torch.device) -> str:
    """What the device calls itself."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"


def provenance(device: torch.device, seed: int) -> dict[str, Any]:
    """Facts to keep beside every result, plain values all; `seconds` is for the caller to add."""
    return {
        "python": platform.python_version(),
        "gevb": __version__,
        "torch": str(torch.__version__),
        "cuda": torch.version.cuda if device.type == "cuda" else None,
        "numpy": np.__version__,
        "scikit-learn": version("scikit-learn"),
        "source_sha256": source_hash(),
        "device": str(device),
        "device_name": device_name(device),
        "seed": seed,
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "cudnn_allow_tf32": torch.backends.cudnn.allow_tf32,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }
