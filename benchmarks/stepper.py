"""Takes a step when it is asked to; run by `benchmarks.versions` under either version's path."""

import sys
import time
from importlib import import_module
from importlib.util import find_spec

import torch

import gevb
from benchmarks.measure import training_step

if find_spec("gevb.lab"):  # Processes that train keep freed memory, where there is such a choice.
    import_module("gevb.lab.memory").keep_freed_memory()
step = None
for line in sys.stdin:  # A network to build, or "step"; the answer is the seconds it took.
    start = time.perf_counter()
    match line.split():
        case [dataset, arch, vectorized, rule]:
            step = None  # Frees the last one first.
            network = gevb.build(dataset, arch, vectorized=vectorized == "True")
            step = training_step(network, rule, "ours", 128, torch.device("cpu"))
        case _:
            assert step is not None
            step()
    print(time.perf_counter() - start, flush=True)
