"""A DICOM file of explicit little endian as a list of elements that can be changed at will."""
import struct
from dataclasses import dataclass, field

LONG = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}


@dataclass
class Element:
    tag: int
    vr: str
    value: bytes
    length: int | None = None  # what the file says, where that is a lie
    implicit: bool = False  # written without its VR

    def encoded(self) -> bytes:
        head = struct.pack("<HH", self.tag >> 16, self.tag & 0xFFFF)
        n = len(self.value) if self.length is None else self.length
        if self.implicit:
            return head + struct.pack("<I", n & 0xFFFFFFFF) + self.value
        vr = self.vr.encode("latin-1")
        if self.vr in LONG:
            return head + vr + b"\0\0" + struct.pack("<I", n & 0xFFFFFFFF) + self.value
        return head + vr + struct.pack("<H", n & 0xFFFF) + self.value


@dataclass
class File:
    preamble: bytes
    meta: list
    data: list = field(default_factory=list)
    tail: bytes = b""

    def encoded(self) -> bytes:
        return self.preamble + b"".join(e.encoded() for e in self.meta + self.data) + self.tail

    def find(self, tag: int) -> Element:
        return next(e for e in self.data if e.tag == tag)

    def put(self, new: Element):
        """Puts an element at its place, in order of tags, in place of one that is there."""
        self.data = sorted([e for e in self.data if e.tag != new.tag] + [new], key=lambda e: e.tag)

    def drop(self, tag: int):
        self.data = [e for e in self.data if e.tag != tag]


def parse(raw: bytes) -> File:
    """Sequences of a stated length are values; one without stays with what follows it."""
    at, out = 132, File(raw[:132], [])
    while at < len(raw):
        group, element = struct.unpack_from("<HH", raw, at)
        vr = raw[at + 4:at + 6].decode("latin-1")
        head, n = (12, struct.unpack_from("<I", raw, at + 8)[0]) if vr in LONG else (8, struct.unpack_from("<H", raw, at + 6)[0])
        told = None
        if n == 0xFFFFFFFF:
            n, told = len(raw) - at - head, 0xFFFFFFFF
        e = Element(group << 16 | element, vr, raw[at + head:at + head + n], told)
        (out.meta if group == 2 else out.data).append(e)
        at += head + n
    return out


def text(s: str, pad=b" ") -> bytes:
    b = s.encode("latin-1")
    return b + pad * (len(b) % 2)


def item(content: bytes, endless: bool) -> bytes:
    if endless:
        return struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) + content + struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


def sequence(tag: int, items: list[bytes], endless: bool, vr="SQ") -> Element:
    content = b"".join(item(i, endless) for i in items)
    if endless:
        return Element(tag, vr, content + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0), 0xFFFFFFFF)
    return Element(tag, vr, content)
