# ruff: noqa: D100, D103, E401, E402, I001
# Setup. Where gevb is importable this installs nothing; elsewhere it leaves torch and numpy alone.
import platform, subprocess, sys, tempfile
from importlib import invalidate_caches, metadata, util
from pathlib import Path

REPOSITORY = ""

if not util.find_spec("gevb"):
    if not REPOSITORY:
        sys.exit("gevb is missing: in a checkout, run `pip install -e '.[book]'`, then restart.")
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    def pip(*what: str) -> None:
        if subprocess.run([sys.executable, "-m", "pip", "install", "-q", *what]).returncode:
            sys.exit(f"Could not install {what[-1]}: pip says why above.")
        invalidate_caches()

    pip("--no-deps", f"git+{REPOSITORY}")
    have = {canonicalize_name(d.name): d.version for d in metadata.distributions()}
    pins = Path(tempfile.mkdtemp(), "pins.txt")
    pins.write_text("\n".join(f"{n}=={have[n]}" for n in ("torch", "numpy") if n in have))
    needs = [Requirement(text) for text in metadata.requires("gevb")]
    needs = [need for need in needs if not need.marker or need.marker.evaluate({"extra": "book"})]
    missing = [f"{r.name}{r.specifier}" for r in needs if canonicalize_name(r.name) not in have]
    if missing:
        pip("-c", str(pins), *missing)

import torch

from gevb.companion.plots import use_notebook_renderer

use_notebook_renderer()
device = f"cuda ({torch.cuda.get_device_name()})" if torch.cuda.is_available() else "cpu"
gevb_version, python = metadata.version("gevb"), platform.python_version()
print(f"gevb {gevb_version} ready: Python {python}, torch {torch.__version__}, device {device}")
