"""The package as a whole: a light import, documented names."""

from __future__ import annotations

import inspect
import subprocess
import sys

import gevb

HEAVY = ["sklearn", "torchvision", "plotly", "ipywidgets", "openTSNE", "pandas", "IPython"]


def test_import_leaves_heavy_packages_alone():
    code = f"import sys, gevb; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_are_documented():
    for name in gevb.__all__:
        value = getattr(gevb, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, name
