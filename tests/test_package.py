"""The package as a whole: a light import, documented names."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys

import gevb

HEAVY = ["sklearn", "torchvision", "plotly", "ipywidgets", "openTSNE", "pandas", "IPython"]


def test_import_leaves_heavy_packages_alone():
    code = f"import sys, gevb; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


EVERY_FILE = """
import locale, warnings
warnings.filterwarnings("error", category=EncodingWarning, module="gevb")
import torch
import gevb.lab
from gevb.lab.embedding import recorded_maps
from gevb.lab.experiments import read_results
from gevb.lab.provenance import provenance
from gevb.lab.published import published_errors
from gevb.lab.timings import benchmark
from gevbook.deviations import variants
for module in ("gevb.lab.maps", "gevb.lab.runs", variants.MODULE):
    assert provenance(module, torch.device("cpu"), 0)["source_sha256"]
assert read_results() and recorded_maps() and benchmark("laptop") and published_errors()
assert variants.read_comparison("precision")
print(locale.getpreferredencoding(False))
"""


def test_files_are_read_as_utf_8_in_every_locale():
    """Here the locale knows ASCII alone; code pages of other countries are as bad."""
    names = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-X", "warn_default_encoding", "-c", EVERY_FILE]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", env={**os.environ, **names}
    )
    assert (done.returncode, done.stdout) == (0, "ANSI_X3.4-1968\n"), done.stderr


def test_public_names_are_documented():
    for name in gevb.__all__:
        value = getattr(gevb, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, name
