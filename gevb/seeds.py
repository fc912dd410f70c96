"""Random streams: independent draws for each purpose from one seed."""

from __future__ import annotations

import zlib

import numpy as np
import torch

from gevb.errors import check_whole


def check_seed(seed: object) -> int:
    """Check a seed: a whole number of 32 bits, the range that scikit-learn accepts too.

    Raises:
        InputError: anything else.
    """
    return check_whole("seed", seed, maximum=2**32 - 1)


def stream(seed: int, purpose: str) -> torch.Generator:
    """Make a CPU generator for one purpose ("weights", "feedback", "order") of a seed.

    Raises:
        InputError: see `check_seed`.
    """
    entropy = [check_seed(seed), zlib.crc32(purpose.encode())]
    words = np.random.SeedSequence(entropy).generate_state(1)
    return torch.Generator().manual_seed(int(words[0]))
