"""Random streams: one seed, independent draws for each purpose."""

from __future__ import annotations

import zlib

import numpy as np
import torch

from gevb.errors import InputError


def stream(seed: int, purpose: str) -> torch.Generator:
    """A CPU generator for one purpose ("weights", "feedback", "order") of a seed.

    Raises:
        InputError: a negative seed.
    """
    if seed < 0:
        raise InputError(f"seed: got {seed}, wanted 0 or more")
    words = np.random.SeedSequence([seed, zlib.crc32(purpose.encode())]).generate_state(1)
    return torch.Generator().manual_seed(int(words[0]))
