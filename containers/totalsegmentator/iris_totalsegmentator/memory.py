"""How much memory there is, and an upper estimate of what a request will take."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .codec import Header
from .engine.grid import Grid

if TYPE_CHECKING:
    from .engine.network import Network

_SHARE = 0.85  # of what is there: the rest is Python, torch and the kernel's
_CGROUP = Path("/sys/fs/cgroup/memory.max")
_SCRATCH = 256 << 20  # torch's and oneDNN's own, and what the allocator adds
# The reference holds float64 copies of the scan and all float16 logits.
_REFERENCE_BASE = 2 << 30
_REFERENCE_PER_VOXEL = 80


def available() -> int:
    """Bytes that this process may use: the machine's or the container's, the smaller."""
    limit = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if _CGROUP.is_file() and (text := _CGROUP.read_text().strip()) != "max":
        limit = min(limit, int(text))
    return int(limit * _SHARE)


def resident_bytes(header: Header, spacing: float, networks: Sequence["Network"]) -> int:
    """The scan, its grid at spacing in several forms, one ring, one forward pass.

    The ring is shared by the networks and the passes follow each other, so the
    largest of each counts. A pass counts twice: what it frees is kept (tuning.py)
    and does not fit the next one's arrays exactly.
    """
    shape = Grid(header.shape, header.affine).at_spacing(spacing) or header.shape
    scan = header.voxels * (header.nifti.get_data_dtype().itemsize + 3)  # labels, their gzip, their mask
    image = ring = activations = 0
    for net in networks:
        z, y, x = (max(n, p) for n, p in zip(shape[::-1], net.patch, strict=True))
        image = max(image, z * y * x * (4 + 4 + 4 + 2))
        ring = max(ring, (net.heads + 1) * net.patch[0] * y * x * 2)
        activations = max(activations, net.activation_bytes)
    return _SCRATCH + scan + image + ring + 2 * activations


def reference_bytes(header: Header) -> int:
    return _REFERENCE_BASE + header.voxels * _REFERENCE_PER_VOXEL
