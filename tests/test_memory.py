"""Freed memory is kept by processes that ask for it, and by no other."""

from __future__ import annotations

import platform
import resource
import statistics
import subprocess
import sys

import pytest

from gevb.lab.memory import keep_freed_memory

FAULTS = """
import resource, sys
import torch, gevb
from gevb.lab.memory import keep_freed_memory

if sys.argv[1] == "keep":
    assert keep_freed_memory()
for step in range(20):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(2**22), torch.ones(2**24)  # 16 and 64 MB
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(choice: str) -> float:
    """Page faults of most steps: the heap takes a few to find its size."""
    done = subprocess.run([sys.executable, "-c", FAULTS, choice], capture_output=True, check=True)
    return statistics.median(map(int, done.stdout.split()))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc has the choice")
def test_memory_is_fetched_once():
    pages = 2**26 // resource.getpagesize()
    assert faults("keep") < pages / 100
    assert faults("do not") > pages / 10  # Importing gevb changes nothing; pages may be huge.


def test_elsewhere_nothing_is_done(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not keep_freed_memory()
