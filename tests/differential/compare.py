"""Two answers beside each other."""
import gzip
import struct
from dataclasses import dataclass, field

import numpy as np

CORNER_MM = 0.05  # by how much a corner of the volume may lie elsewhere: positions have decimals


@dataclass
class Answer:
    values: np.ndarray | None = None
    affine: np.ndarray | None = None
    error: str = ""
    warnings: list = field(default_factory=list)

    @property
    def ok(self):
        return not self.error


def canonical(path) -> Answer:
    """The file that `iris prepare` wrote, which must be of the one form that it writes."""
    raw = gzip.open(path).read()
    size, = struct.unpack_from("<i", raw)
    dim = struct.unpack_from("<8h", raw, 40)
    datatype, bitpix = struct.unpack_from("<hh", raw, 70)
    offset, slope, inter = struct.unpack_from("<3f", raw, 108)
    assert (size, dim[0], datatype, bitpix, inter) == (348, 3, 4, 16, 0) and slope in (0, 1), "the output is not of the canonical form"
    a = np.vstack([np.array(struct.unpack_from("<12f", raw, 280)).reshape(3, 4), [0, 0, 0, 1]])
    values = np.frombuffer(raw, "<i2", dim[1] * dim[2] * dim[3], int(offset)).reshape(dim[1:4], order="F")
    return Answer(values, a)


def aligned(other: Answer, to: np.ndarray):
    """other with its axes in the order and direction of an affine's; None if they lie across."""
    u, v = (a[:3, :3] / np.linalg.norm(a[:3, :3], axis=0) for a in (to, other.affine))
    cosine = u.T @ v
    order = np.abs(cosine).argmax(1)
    if len(set(order)) < 3 or not np.isfinite(cosine).all():
        return None
    values, a = other.values.transpose(order), other.affine[:, [*order, 3]].copy()
    for axis in range(3):
        if cosine[axis, order[axis]] < 0:
            a[:3, 3] += a[:3, axis] * (values.shape[axis] - 1)
            a[:3, axis] *= -1
            values = np.flip(values, axis)
    return Answer(values, a)


def compare(ours: Answer, other: Answer, tolerance: float) -> str:
    """same, shape, geometry or voxels: what is not the same."""
    turned = aligned(other, ours.affine)
    if turned is None:
        return "geometry"
    if turned.values.shape != ours.values.shape:
        return "shape"
    n = np.array(ours.values.shape) - 1
    corners = np.array([[*(n * c), 1] for c in np.ndindex(2, 2, 2)])
    apart = np.abs((ours.affine - turned.affine) @ corners.T).max()
    if not apart <= CORNER_MM + 1e-6 * np.abs(ours.affine).max() * (n.max() + 1):
        return "geometry"
    with np.errstate(invalid="ignore"):
        want = np.clip(turned.values, -32768, 32767)
        wrong = ~(np.abs(ours.values - want) <= .5 + 1e-6 + 2e-7 * np.abs(turned.values) + tolerance)  # readers with float32 round twice
    return "voxels" if wrong.any() else "same"


def resampled(ours: Answer, truth) -> str:
    """A volume on a grid of its own against the field that was scanned: voxels near the
    edge may be background."""
    n = ours.values.shape
    ijk = np.stack(np.meshgrid(*(np.arange(m) for m in n), indexing="ij"), -1)
    world = ijk @ ours.affine[:3, :3].T + ours.affine[:3, 3]
    inside = np.linalg.inv(truth.affine)
    at = world @ inside[:3, :3].T + inside[:3, 3]
    m = truth.values.shape
    sure = ((at >= 1) & (at <= np.array(m) - 2)).all(-1)
    want = truth.resampled(world * [-1, -1, 1])
    apart = np.abs(ours.values - want)[sure]
    if not len(apart):
        return "same"
    return "same" if np.percentile(apart, 98) <= truth.tolerance else f"voxels"
