"""Bytes of a NIfTI file ⇄ arrays. Every number of a header is judged before memory is taken.

Arrays are (z, y, x) and C-contiguous: the file's own order, never transposed.
"""

import io
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import nibabel as nib
import numpy as np
from nibabel.nifti1 import Nifti1Extension, Nifti1Header
from nibabel.spatialimages import HeaderDataError
from nibabel.volumeutils import apply_read_scaling

from .errors import RequestError

MAX_VOXELS = 1 << 29
MAX_AXIS = 4096
HEADER_BYTES = 348
MAX_OFFSET = 16 << 20  # where voxels may begin: header and extensions
_CHUNK = 1 << 20
_BLOCK = 8 << 20  # of a label map, compressed apart, so that processors share the work
_GZIP = 31  # zlib's window bits for a gzip wrapper
_LEVEL = 1


@dataclass(frozen=True)
class Header:
    """A judged header. shape is x, y, z."""

    nifti: Nifti1Header
    shape: tuple[int, int, int]
    affine: np.ndarray

    @property
    def voxels(self) -> int:
        return self.shape[0] * self.shape[1] * self.shape[2]


@dataclass(frozen=True)
class Scan:
    header: Header
    voxels: np.ndarray  # (z, y, x), any real type of this machine's byte order, scaled


def read_header(start: bytes) -> Header:
    """The header in the first bytes of a body, gzip or not."""
    raw = _Inflater(memoryview(start)).take(HEADER_BYTES)
    if len(raw) < HEADER_BYTES or raw[344:347] not in (b"n+1", b"ni1"):
        raise RequestError("unrecognized", "the body is not a NIfTI file (.nii or .nii.gz)")
    if raw[344:347] == b"ni1":
        raise RequestError("unrecognized", "the voxels of this NIfTI header lie in another file")
    return _judge(raw)


def _judge(raw: bytes) -> Header:
    try:
        nifti = Nifti1Header(raw, check=False)
        shape = tuple(int(n) for n in nifti.get_data_shape())
        dtype = nifti.get_data_dtype()
    except (HeaderDataError, ValueError, KeyError) as e:
        raise RequestError("bad_header", "the NIfTI header contradicts itself") from e
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3:
        raise RequestError("not_3d", f"the image has {len(shape)} axes longer than one voxel: want 3")
    for axis, n in enumerate(shape):
        if n < 1:
            raise RequestError("bad_dims", f"axis {axis + 1} has {n} voxels: want 1 to {MAX_AXIS}")
        if n > MAX_AXIS:
            raise RequestError("too_large", f"axis {axis + 1} has {n} voxels: want 1 to {MAX_AXIS}")
    if shape[0] * shape[1] * shape[2] > MAX_VOXELS:
        raise RequestError("too_large", f"the grid has {shape[0] * shape[1] * shape[2]} voxels: at most {MAX_VOXELS}")
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise RequestError("unsupported_datatype", f"voxels of type {dtype}: want one integer or real number a voxel")
    affine = nifti.get_best_affine()
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise RequestError("bad_affine", "the affine of the header does not map voxels to a volume")
    if not HEADER_BYTES < int(nifti.get_data_offset()) <= MAX_OFFSET:
        raise RequestError("bad_header", f"vox_offset is {nifti.get_data_offset()}: want 352 to {MAX_OFFSET}")
    return Header(nifti, (shape[0], shape[1], shape[2]), affine)


def read(body: bytes | bytearray) -> Scan:
    """The whole file. Voxels are inflated straight into their array."""
    header = read_header(bytes(body[: 64 << 10]))
    source = _Inflater(memoryview(body))
    offset = int(header.nifti.get_data_offset())
    if len(source.take(offset)) < offset:
        raise RequestError("truncated", "the body ends before its voxels")
    dtype = header.nifti.get_data_dtype()
    raw = np.empty(header.voxels, dtype)
    found = source.fill(raw.data.cast("B"))
    if found < raw.nbytes:
        raise RequestError("truncated", f"the voxels end after {found} bytes: want {raw.nbytes}")
    source.finish()
    voxels = _scaled(header.nifti, raw.reshape(header.shape[::-1]))
    if voxels.dtype.kind == "f" and not np.isfinite(voxels).all():
        raise RequestError("nan_voxels", "some voxels are not finite numbers")
    # A later reader of the copied header must not meet this file's layout.
    header.nifti.set_data_offset(0)
    return Scan(header, voxels)


def _scaled(nifti: Nifti1Header, raw: np.ndarray) -> np.ndarray:
    slope, intercept = nifti.get_slope_inter()
    if slope is not None and (slope, intercept) != (1, 0):
        raw = apply_read_scaling(raw, np.float64(slope), np.float64(intercept))
    native = raw.dtype.newbyteorder("=")
    if native.kind == "u" and native.itemsize > 1:  # torch has few operations on these
        native = np.dtype(np.int32 if native.itemsize == 2 else np.int64)
    return raw.astype(native, copy=False)


def write(labels: np.ndarray, header: Nifti1Header, affine: np.ndarray, extensions: Sequence[tuple[int, bytes]]) -> bytes:
    """A label map (z, y, x uint8) as .nii.gz, with a scan's header and extensions.

    The header is what TotalSegmentator writes: the scan's, as uint8.
    """
    header = header.copy()
    header.set_data_dtype(np.uint8)
    empty = nib.Nifti1Image(np.broadcast_to(np.uint8(0), labels.shape[::-1]), affine, header)
    out = empty.header
    out.set_slope_inter(1, 0)
    for code, content in extensions:
        out.extensions.append(Nifti1Extension(code, content))
    front = io.BytesIO()
    out.write_to(front)
    voxels = np.ascontiguousarray(labels).data.cast("B")
    blocks = [voxels[n : n + _BLOCK] for n in range(0, len(voxels), _BLOCK)]
    with ThreadPoolExecutor(2) as pool:
        return b"".join(pool.map(_gzip, [front.getvalue(), *blocks]))


def _gzip(data: bytes | memoryview) -> bytes:
    """One gzip member, without time or name. Members one after another are one file."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return packer.compress(data) + packer.flush()


class _Inflater:
    """Reads a body, gzip (of any number of members) or plain, piece by piece."""

    def __init__(self, body: memoryview) -> None:
        self.body, self.place = body, 0
        self.unpacker = zlib.decompressobj(_GZIP) if self._member() else None

    def take(self, size: int) -> bytes:
        out = bytearray(size)
        return bytes(out[: self.fill(memoryview(out))])

    def fill(self, target: memoryview) -> int:
        """Fill target; fewer bytes when the body ends early."""
        done = 0
        while done < len(target):
            piece = self._next(len(target) - done)
            if not piece:
                break
            target[done : done + len(piece)] = piece
            done += len(piece)
        return done

    def finish(self) -> None:
        """A gzip stream must end as gzip streams do: its checksum is judged there."""
        if self.unpacker is not None and not self._next(1) and not self.unpacker.eof:
            raise RequestError("truncated", "the gzip stream has no end")

    def _member(self) -> bool:
        return bytes(self.body[self.place : self.place + 2]) == b"\x1f\x8b"

    def _next(self, most: int) -> bytes | memoryview:
        """At most so many bytes; none at the end of the body."""
        if self.unpacker is None:
            piece = self.body[self.place : self.place + most]
            self.place += len(piece)
            return piece
        while True:
            if self.unpacker.eof:
                if not self._member():
                    return b""
                self.unpacker = zlib.decompressobj(_GZIP)
            source = self.body[self.place : self.place + _CHUNK]
            try:
                out = self.unpacker.decompress(source, min(most, _CHUNK))
            except zlib.error as e:
                raise RequestError("truncated", "the gzip stream is damaged") from e
            left = len(self.unpacker.unconsumed_tail) + len(self.unpacker.unused_data)
            self.place += len(source) - left
            if out or (not len(source) and not self.unpacker.eof):
                return out
