# ruff: noqa: D100, D103, E402
# Setup. Where gevb is importable this installs nothing; elsewhere it leaves
# torch and numpy alone and installs what else is missing or too old, and gevb
# itself from a wheel beside this notebook or from its repository.
import platform
import subprocess
import sys
import tempfile
from importlib import invalidate_caches, metadata, util
from pathlib import Path

REPOSITORY = ""

if not util.find_spec("gevb"):
    wheels = [str(path) for path in Path().glob("gevb-*.whl")]
    if not (wheels or REPOSITORY):
        needed = "put gevb-*.whl beside this notebook, as a class has it, or in"
        needed += " a checkout run `pip install -e '.[book]'`; then restart"
        sys.exit(f"gevb is missing: {needed}.")
    from packaging.requirements import Requirement

    def present(name: str) -> str | None:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return None

    def pip(what: list[str], *how: str) -> None:
        command = [sys.executable, "-m", "pip", "install", "-q", *how, *what]
        if subprocess.run(command).returncode:
            # so that the next try begins like this one
            command[3:] = ["uninstall", "-qy", "gevb"]
            subprocess.run(command)
            missing = ", ".join(what)
            sys.exit(f"Missing: {missing}. pip says above why it has none.")
        invalidate_caches()

    pip(wheels[-1:] or [f"git+{REPOSITORY}"], "--no-deps")
    kept = {n: v for n in ("torch", "numpy") if (v := present(n))}
    pins = Path(tempfile.mkdtemp(), "pins.txt")
    pins.write_text("\n".join(f"{n}=={v}" for n, v in kept.items()))
    wanted = []
    for need in map(Requirement, metadata.requires("gevb")):
        applies = not need.marker or need.marker.evaluate({"extra": "book"})
        version = present(need.name)
        fits = version and need.specifier.contains(version, prereleases=True)
        if applies and not fits and need.name not in kept:
            wanted.append(f"{need.name}{need.specifier}")
    if wanted:
        pip(wanted, "-c", str(pins))

import torch

from gevbook.plots import use_notebook_renderer

use_notebook_renderer()
device = "cpu"
if torch.cuda.is_available():
    device = f"cuda ({torch.cuda.get_device_name()})"
versions = f"Python {platform.python_version()}, torch {torch.__version__}"
print(f"gevb {metadata.version('gevb')} ready: {versions}, device {device}")
