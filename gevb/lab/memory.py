"""Memory of a training process."""

from __future__ import annotations

import ctypes
import platform

# Of glibc's mallopt(3).
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Have this process keep the memory that it frees; False where the C library is not glibc's.

    Every training step frees its tensors and asks for as many of the same sizes. glibc gives large
    ones back to the system at once, and the system clears each page before it hands it out again.
    Kept, they are there for the next step, and more memory is held. It is a choice for processes
    that train and do nothing else (`python -m gevb train`, the workers of `reproduce`), which they
    make themselves.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    never = (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_MMAP_MAX, 0)
    return all(libc.mallopt(option, value) for option, value in never)
