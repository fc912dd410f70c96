"""Memory of a training process."""

from __future__ import annotations

import ctypes
import platform

# Options of glibc's mallopt(3).
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Keep the memory that this process frees; return False if the C library is not glibc.

    Every training step frees its tensors and allocates equal sizes again. glibc returns large
    blocks to the system at once, and the system clears each page before it provides it again. Kept
    blocks are ready for the next step, but the process holds more memory. Call this only in
    processes that do nothing but train (`python -m gevb train`, the workers of `reproduce`).
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    never = (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_MMAP_MAX, 0)
    return all(libc.mallopt(option, value) for option, value in never)
