"""What a NIfTI or an NRRD file says beside the scan, blanked: free texts of the header,
extensions but a table of label names, the name within gzip, and bytes behind the last
voxel (the rules of web/src/upload/nifti/blank.ts). A gzip file is unpacked and packed
again, in a temporary folder, only where its content changes.

Errors: ScanError with the code with which the service would refuse the file later.
"""

import gzip
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

from ..cargo import CHUNK, Cargo, Span
from ..errors import ScanError

MAX_OFFSET: Final = 16 << 20
MAX_VOXELS: Final = 2**29
BYTES: Final = {2: 1, 256: 1, 4: 2, 512: 2, 8: 4, 768: 4, 16: 4, 1024: 8, 1280: 8, 64: 8}
FIELDS: Final = {
    1: ((4, 32), (148, 228), (228, 252), (328, 344)),
    2: ((240, 320), (320, 344), (508, 524), (525, 540)),
}
LABELS: Final = 1002  # NIfTI's intent of a label map
# A gzip header without a name, a time or a system.
PLAIN: Final = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


@dataclass(frozen=True)
class Header:
    version: int
    order: str
    offset: int  # where the voxels begin
    length: int  # of the whole file
    labels: bool


def read_header(head: bytes) -> Header:
    """The header of a file's first 544 bytes."""
    if len(head) < 348:
        raise ScanError("truncated", "the file ends within its header")
    order = "<" if struct.unpack_from("<i", head)[0] in (348, 540) else ">"
    version = 1 if struct.unpack_from(order + "i", head)[0] == 348 else 2
    magic = head[344:348] if version == 1 else head[4:12]
    if magic[:2] == b"ni":
        raise ScanError("unrecognized", "the file is one of a pair (.hdr and .img): send one file (.nii or .nii.gz)")
    if magic != (b"n+1\0" if version == 1 else b"n+2\0\r\n\x1a\n") or (version == 2 and len(head) < 540):
        raise ScanError("bad_magic", "the file is not NIfTI")
    if version == 1:
        dim = struct.unpack_from(order + "8h", head, 40)
        (kind,) = struct.unpack_from(order + "h", head, 70)
        (said,) = struct.unpack_from(order + "f", head, 108)
        (intent,) = struct.unpack_from(order + "h", head, 68)
    else:
        dim = struct.unpack_from(order + "8q", head, 16)
        (kind,) = struct.unpack_from(order + "h", head, 12)
        (said,) = struct.unpack_from(order + "q", head, 168)
        (intent,) = struct.unpack_from(order + "i", head, 504)
    if kind not in BYTES:
        raise ScanError("unsupported_datatype", f"datatype {kind} is not read")
    if not 1 <= dim[0] <= 7 or any(n < 1 for n in dim[1 : dim[0] + 1]):
        raise ScanError("bad_dims", "the numbers of voxels cannot be those of a scan")
    voxels = 1
    for n in dim[1 : dim[0] + 1]:
        voxels *= n
    if voxels > MAX_VOXELS:
        raise ScanError("too_large", f"the scan has {voxels} voxels, at most {MAX_VOXELS} are taken")
    least = 352 if version == 1 else 544
    if said != said or said in (float("inf"), float("-inf")):
        raise ScanError("bad_header", "the place of the voxels is no number")
    offset = int(said) if said else least
    if offset != (said or least) or not least <= offset <= MAX_OFFSET:
        raise ScanError("bad_header", "the voxels begin where they cannot")
    return Header(version, order, offset, offset + voxels * BYTES[kind], intent == LABELS)


def blank_head(head: bytes, header: Header) -> bytes:
    """What stands before the voxels, without what may name a person."""
    out = bytearray(head)
    for begin, end in FIELDS[header.version]:
        out[begin:end] = bytes(end - begin)
    begin = 348 if header.version == 1 else 540
    area = bytes(out[begin : header.offset])
    out[begin : header.offset] = _table_of(area, header.order) or bytes(len(area))
    return bytes(out)


def _table_of(area: bytes, order: str) -> bytes | None:
    """An area of extensions with the first table of label names alone."""
    if not area[:1].strip(b"\0"):
        return None
    at = 4
    while at + 8 <= len(area):
        size, code = struct.unpack_from(order + "II", area, at)
        if size < 8 or at + size > len(area):
            return None
        text = area[at + 8 : at + size]
        table = re.search(rb"<LabelTable>.*?</LabelTable>", text, re.DOTALL)
        ours = text.startswith(b'{"iris":"')
        if table or ours:
            written = text
            if table and not ours:
                written = b'<?xml version="1.0"?><CaretExtension><VolumeInformation Index="0">' + table[0]
                written += b"</VolumeInformation></CaretExtension>"
            # One extension that fills the area: what follows it would be taken for another.
            whole = (len(area) - 4) // 16 * 16
            if len(written) > whole - 8:
                return None
            return (b"\1\0\0\0" + struct.pack(order + "II", whole, code) + written).ljust(len(area), b"\0")
        at += size
    return None


def nifti(path: Path, hide: bool) -> Cargo:
    """A NIfTI file as it is sent."""
    size = path.stat().st_size
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        begin = _unpacked(file, 544) if packed else file.read(544)
        header = read_header(begin)
        name = "scan.nii.gz" if packed else "scan.nii"
        if not hide:
            return Cargo(name, [Span(path, 0, size)], labels=header.labels)
        file.seek(0)
        head = _unpacked(file, header.offset) if packed else file.read(header.offset)
        if len(head) < header.offset:
            raise ScanError("truncated", "the file ends before its voxels")
        blank = blank_head(head, header)
        if packed:
            return _repacked(path, file, header, head, blank)
    if size < header.length:
        raise ScanError("truncated", f"the file has {size} bytes, its header says {header.length}")
    body = Span(path, header.offset, header.length - header.offset)
    return Cargo(name, [blank, body], labels=header.labels)


def _unpacked(file: IO[bytes], size: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=file) as unpacked:
            return unpacked.read(size)
    except (OSError, EOFError, zlib.error):
        raise ScanError("bad_gzip", "the compressed file is damaged") from None


def _repacked(path: Path, file: IO[bytes], header: Header, head: bytes, blank: bytes) -> Cargo:
    size = path.stat().st_size
    file.seek(0)
    start = _gzip_header(file.read(1 << 16))
    file.seek(max(0, size - 4))
    # Gzip ends with the length of what its last member holds: another one has more members, or other bytes.
    whole = file.read(4) == struct.pack("<I", header.length % 2**32)
    if head == blank and whole:
        return Cargo("scan.nii.gz", [PLAIN, Span(path, start, size - start)], labels=header.labels)
    folder = TemporaryDirectory(prefix="iris-")
    try:
        made = Path(folder.name) / "scan.nii.gz"
        file.seek(0)
        with made.open("wb") as out, gzip.GzipFile("", "wb", 6, out, mtime=0) as pack:
            for some in _blanked(file, header, blank):
                pack.write(some)
        return Cargo("scan.nii.gz", [Span(made, 0, made.stat().st_size)], labels=header.labels, folder=folder)
    except BaseException:
        folder.cleanup()
        raise


def _blanked(file: IO[bytes], header: Header, blank: bytes) -> Iterator[bytes]:
    yield blank
    at = 0
    try:
        with gzip.GzipFile(fileobj=file) as unpacked:
            while some := unpacked.read(CHUNK):
                yield some[max(0, header.offset - at) : max(0, header.length - at)]
                at += len(some)
                if at > 2 * header.length + (64 << 20):  # a bomb behind the scan is not unpacked to its end
                    raise ScanError("bad_gzip", "the compressed file holds far more than its header says")
    except (OSError, EOFError, zlib.error):
        raise ScanError("bad_gzip", "the compressed file is damaged") from None
    if at < header.length:
        raise ScanError("truncated", f"the file has {at} bytes, its header says {header.length}")


def _gzip_header(head: bytes) -> int:
    """Where the first member's data begin."""
    flags, at = head[3] if len(head) > 10 else 0, 10
    if flags & 4:
        at += 2 + int.from_bytes(head[10:12], "little")
    for flag in (8, 16):  # a name, a comment
        if flags & flag:
            end = head.find(b"\0", at)
            if end < 0:
                raise ScanError("bad_gzip", "the compressed file's header has no end")
            at = end + 1
    return at + (2 if flags & 2 else 0)


_NRRD_FIELDS: Final = re.compile(
    rb"(?i)(type|dimension|space|sizes|space directions|kinds|endian|encoding|space origin|spacings|line skip"
    rb"|byte skip|space dimension|measurement frame): "
)
_SEGMENTS: Final = re.compile(rb"Segment\d+_(ID|Name|LabelValue|Layer|Color|DefaultColor|Extent):=")


def nrrd(path: Path, hide: bool) -> Cargo:
    """A label map in NRRD, as 3D Slicer writes it."""
    size = path.stat().st_size
    if not hide:
        return Cargo("scan.nrrd", [Span(path, 0, size)], labels=True)
    with path.open("rb") as file:
        text = file.read(1 << 20)
    blank = re.search(rb"\r?\n\r?\n", text)
    if blank is None:
        raise ScanError("bad_header", "the header has no end")
    lines = re.split(rb"\r?\n", text[: blank.start()])
    if any(re.match(rb"(?i)data ?file:", line) for line in lines):
        raise ScanError("unrecognized", "the file is a header alone (.nhdr): save it as one file (.nrrd or .seg.nrrd)")
    kept = [line for n, line in enumerate(lines) if n == 0 or _NRRD_FIELDS.match(line) or _SEGMENTS.match(line)]
    return Cargo("scan.nrrd", [b"\n".join(kept) + b"\n\n", Span(path, blank.end(), size - blank.end())], labels=True)
