"""What is uploaded: bytes that are read where they lie, so that nothing of a scan is held
in memory or copied to the disk. In: pieces of memory and of files. Out: any part of them.
Error: ScanError scan_changed for a file that became shorter meanwhile.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .errors import ScanError

CHUNK: Final = 4 << 20
MOST_BYTES: Final = 5 << 30  # of an upload; the service's bound


@dataclass(frozen=True)
class Span:
    """Some bytes of a file."""

    path: Path
    at: int
    size: int

    def read(self, at: int, size: int) -> bytes:
        """Bytes of the span, at most as many as it has."""
        size = min(size, self.size - at)
        try:
            with self.path.open("rb") as file:
                file.seek(self.at + at)
                found = file.read(size)
        except OSError as error:
            raise ScanError("io_error", f"a file of the scan cannot be read: {error.strerror}") from None
        if len(found) != size:
            raise ScanError("scan_changed", "a file of the scan became shorter while it was sent")
        return found


Piece = bytes | Span


def size_of(piece: Piece) -> int:
    return len(piece) if isinstance(piece, bytes) else piece.size


@dataclass
class Cargo:
    """The bytes of one upload, and a name whose ending says their kind."""

    name: str
    pieces: list[Piece]
    left_out: dict[str, int] = field(default_factory=dict)
    """Files that are not among them, by why."""
    labels: bool = False
    """It is a label map, which no model has to segment."""
    folder: "TemporaryDirectory[str] | None" = None
    """Where files lie that were unpacked; deleted by close."""

    def __post_init__(self) -> None:
        self._ends: list[int] = []
        at = 0
        for piece in self.pieces:
            at += size_of(piece)
            self._ends.append(at)
        self.size: int = at
        if at > MOST_BYTES:
            raise ScanError("too_large", f"the scan has {at} bytes, at most {MOST_BYTES} are taken")
        if at == 0:
            raise ScanError("truncated", "the scan has no bytes")

    def read(self, at: int, size: int) -> bytes:
        """Bytes from a place on, fewer at the end."""
        found = []
        low, high = 0, len(self._ends)
        while low < high:  # the first piece that ends behind the place
            middle = (low + high) // 2
            if self._ends[middle] <= at:
                low = middle + 1
            else:
                high = middle
        for piece, end in zip(self.pieces[low:], self._ends[low:], strict=True):
            if size <= 0:
                break
            start = at - (end - size_of(piece))
            some = piece[start : start + size] if isinstance(piece, bytes) else piece.read(start, size)
            found.append(some)
            at, size = at + len(some), size - len(some)
        return b"".join(found)

    def close(self) -> None:
        if self.folder is not None:
            self.folder.cleanup()
            self.folder = None


def chunks(pieces: Iterable[Piece]) -> Iterator[bytes]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        for at in range(0, piece.size, CHUNK):
            yield piece.read(at, CHUNK)


_FULL: Final = 0xFFFFFFFF
_DATE: Final = 0x21  # 1 January 1980, the oldest that zip knows, for no time


def zip_of(entries: Iterable[list[Piece]]) -> list[Piece]:
    """A stored zip. Names are numbers, since names of files may name patients; equal files
    give equal bytes. The checksum of each entry costs one reading of the files.
    """
    pieces: list[Piece] = []
    directory: list[bytes] = []
    at = 0
    for number, entry in enumerate(entries):
        crc = 0
        for some in chunks(entry):
            crc = zlib.crc32(some, crc)
        size = sum(size_of(piece) for piece in entry)
        name = b"%06d" % number
        local = _header(crc, size, name, None)
        directory.append(_header(crc, size, name, at))
        pieces += [local, *entry]
        at += len(local) + size
    index = b"".join(directory)
    return [*pieces, index + _end(len(directory), len(index), at)]


def _number(size: int, value: int) -> bytes:
    return value.to_bytes(size, "little")


def _header(crc: int, size: int, name: bytes, at: int | None) -> bytes:
    """The header of an entry before its data, or, with its place, in the directory."""
    wide = size >= _FULL or (at or 0) >= _FULL
    version = 45 if wide else 20
    extra = b""
    if wide:
        values = [size, size] + ([] if at is None else [at])
        extra = _number(2, 1) + _number(2, 8 * len(values)) + b"".join(_number(8, value) for value in values)
    shown = _FULL if wide else size
    head = b"PK\x03\x04" if at is None else b"PK\x01\x02" + _number(2, version)
    head += b"".join(_number(2, value) for value in (version, 0, 0, 0, _DATE))
    head += (
        b"".join(_number(4, value) for value in (crc, shown, shown)) + _number(2, len(name)) + _number(2, len(extra))
    )
    if at is not None:
        head += bytes(10) + _number(4, _FULL if wide else at)
    return head + name + extra


def _end(count: int, length: int, at: int) -> bytes:
    """The end of the directory, also in its wide form where the archive or its number of entries asks for it."""
    short = b"PK\x05\x06" + bytes(4) + _number(2, min(count, 0xFFFF)) * 2
    short += _number(4, min(length, _FULL)) + _number(4, min(at, _FULL)) + bytes(2)
    if at < _FULL and length < _FULL and count < 0xFFFF:
        return short
    wide = b"PK\x06\x06" + _number(8, 44) + _number(2, 45) * 2 + bytes(8)
    wide += _number(8, count) * 2 + _number(8, length) + _number(8, at)
    return wide + b"PK\x06\x07" + bytes(4) + _number(8, at + length) + _number(4, 1) + short
