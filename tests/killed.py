"""Work of a test's process until it is killed; it does not import the tests."""

from __future__ import annotations

from pathlib import Path

import torch

import gevb


def train_on(config: gevb.Config, folder: Path, threads: int, by_time: bool) -> None:
    """Go on with a run; by time, with a checkpoint after every batch."""
    torch.set_num_threads(threads)
    if by_time:
        gevb.lab.runs.CHECKPOINT_EVERY = 0.0
    gevb.lab.train(config, folder, resume=True, device="cpu", progress=False)
