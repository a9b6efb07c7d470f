"""How the C library and OpenMP treat this process. It decides speed, never a result.

Each layer of a network frees and takes tensors of tens to hundreds of megabytes. By
default glibc maps each afresh, and the kernel zeroes its pages one by one: two
thirds of a forward pass on a CPU. Told to keep what is freed it hands the same pages
out again; rest gives them back between requests. And OpenMP's threads spin for a
while after each pass, on the processors that the engine's own threads then want.
"""

import ctypes
import gc
import os

# <malloc.h>
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -2, -3, -8
_LARGEST = 512 << 20


def start() -> None:
    """To be called before torch is imported and before the engine's threads start."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if libc := _glibc():
        libc.mallopt(_M_ARENA_MAX, 1)  # other arenas than the first cannot hold large arrays
        # glibc before 2.35 refuses so much; then its own, growing threshold is best.
        if libc.mallopt(_M_MMAP_THRESHOLD, _LARGEST):
            libc.mallopt(_M_TRIM_THRESHOLD, (2 << 30) - 1)
            libc.mallopt(_M_TOP_PAD, 64 << 20)


def rest() -> None:
    """Between requests: give memory back, so that a large scan does not stay in the account of small ones."""
    gc.collect()
    if libc := _glibc():
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None
