"""De-identification of one DICOM file. In: a file, a secret. Out: a new head in memory and
the place of the pixels, which stay as they are. Names in the pixels themselves are not
found: files that say that they have some are refused, as the page refuses them.

Errors: ScanError corrupt_dicom; NoSlice for a file that is no image of a volume.
"""

import io
import re
import struct
import warnings
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import pydicom
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from ..cargo import Piece, Span
from ..errors import ScanError
from ..secret import Secret
from .keep import KEPT, WORDS

EXPLICIT: Final = "1.2.840.10008.1.2.1"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
IMPLICIT: Final = ("", "1.2.840.10008.1.2", "1.2.840.113619.5.2")

PIXELS: Final = (0x7FE00008, 0x7FE00009, 0x7FE00010)
# A storage class is the standard's own; any other UID may name somebody's machine.
STANDARD: Final = re.compile(r"1\.2\.840\.10008\.(5\.1\.4\.1\.1\.\d{1,4}(\.\d{1,3}){0,3}|1\.3\.10)")
DIRECTORY: Final = "1.2.840.10008.1.3.10"
CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
# Classes of images of a volume: of CT, MR and PET, in one frame or many.
VOLUMES: Final = frozenset(f"1.2.840.10008.5.1.4.1.1.{end}" for end in "2 2.1 2.2 4 4.1 4.4 128 130 128.1".split())
IMPLEMENTATION: Final = "2.25.180862073523420459431838106213247653122"
LONG: Final = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "UN", "UT"))
PADDING: Final = " \0\t\r\n"
LONGEST: Final = 1024  # the service passes over longer values
MAX_FRAGMENTS: Final = 100_000
MAX_INFLATED: Final = 1 << 30
DEEPEST: Final = 16  # items within items

# Attributes that an image must have, empty, where the profile says Z.
EMPTY: Final = (
    *((0x00080020, "DA"), (0x00080030, "TM"), (0x00080050, "SH"), (0x00080090, "PN")),
    *((0x00100010, "PN"), (0x00100020, "LO"), (0x00100030, "DA"), (0x00100040, "CS"), (0x00200010, "SH")),
)
# Tags of places stay; of any other, the service wants to know only that it is another one.
PLACES: Final = (0x00200032, 0x00201041, 0x00182005, 0x00540080)


class NoSlice(Exception):
    """The file is no image of a volume. Its text says why, in a word."""


@dataclass(frozen=True)
class Encoding:
    little: bool
    implicit: bool


Value = bytes | list[list["Element"]]


@dataclass(frozen=True)
class Element:
    tag: int
    vr: str
    value: Value


@dataclass(frozen=True)
class Opened:
    elements: Dataset
    encoding: Encoding
    syntax: str  # of the file that is written
    sop: tuple[str, str]  # class and instance by the meta group
    pixels: Piece  # from the element of the pixels on


def deidentify(path: Path, secret: Secret) -> list[Piece]:
    """The pieces of a file without names."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's warnings quote values
            opened = _open(path)
            _refuse(opened)
            kept = _keep(opened.elements, opened, secret, 0)
    except (ScanError, NoSlice):
        raise
    except OSError as error:
        raise ScanError("io_error", f"a file of the scan cannot be read: {error.strerror}") from None
    except Exception as error:  # pydicom raises errors of many kinds for damaged files
        raise _damaged(type(error).__name__) from None
    return _written(opened, kept, secret)


def _damaged(why: str) -> ScanError:
    return ScanError("corrupt_dicom", f"a DICOM file is damaged ({why})")


def _open(path: Path) -> Opened:
    with path.open("rb") as file:
        data = pydicom.dcmread(file, stop_before_pixels=True, force=True)
        at = file.tell()
    meta = getattr(data, "file_meta", None) or Dataset()
    syntax = str(meta.get("TransferSyntaxUID", "") or "")
    sop = (str(meta.get("MediaStorageSOPClassUID", "") or ""), str(meta.get("MediaStorageSOPInstanceUID", "") or ""))
    if syntax == DEFLATED:
        return _inflated(path, sop)
    encoded = data.original_encoding
    encoding = Encoding(little=encoded[1] is not False, implicit=encoded[0] is not False)
    return Opened(data, encoding, syntax, sop, Span(path, at, path.stat().st_size - at))


def _inflated(path: Path, sop: tuple[str, str]) -> Opened:
    """A deflated file, whose data set is one stream. What is sent is not deflated."""
    raw = path.read_bytes() if path.stat().st_size <= MAX_INFLATED else b""
    # The meta group ends where the length says that stands first in it (PS3.10 7.1).
    if len(raw) < 144 or raw[132:136] != b"\x02\0\0\0":
        raise _damaged("its meta group has no length")
    begin = 144 + struct.unpack_from("<I", raw, 140)[0]
    unpacker = zlib.decompressobj(-15)
    body = unpacker.decompress(raw[begin:], min(MAX_INFLATED, max(64 << 20, 200 * len(raw))))
    if unpacker.unconsumed_tail:
        raise ScanError("archive_too_large", "a deflated DICOM file unpacks to far more than it should")
    stream = io.BytesIO(body)
    data = read_dataset(stream, False, True, stop_when=lambda tag, _vr, _length: int(tag) in PIXELS)
    return Opened(data, Encoding(little=True, implicit=False), EXPLICIT, sop, body[stream.tell() :])


def _refuse(opened: Opened) -> None:
    """What the page does not send either (web/src/upload/dicom/slice.ts)."""
    said = {tag: _text(_raw(opened.elements, tag)) for tag in (0x00080016, 0x00080060, 0x00280301, 0x00080008)}
    sop = said[0x00080016] or opened.sop[0]
    if sop == DIRECTORY:
        raise NoSlice("directory")
    if len(_head(opened)) < 8:
        if sop in VOLUMES:
            raise ScanError("truncated", "a DICOM file ends before its data does")
        raise NoSlice("report")
    if said[0x00280301].upper() == "YES":
        raise NoSlice("burned_in")
    groups = any(tag in opened.elements for tag in (0x52009229, 0x52009230))
    placed = 0x00200032 in opened.elements and 0x00200037 in opened.elements
    if (sop == CAPTURE or sop.startswith(CAPTURE + ".")) and not placed and not groups:
        raise NoSlice("capture")
    gray = _text(_raw(opened.elements, 0x00280004))
    if gray != "" and not gray.startswith("MONOCHROME"):
        raise NoSlice("capture")


def _head(opened: Opened) -> bytes:
    head = opened.pixels[:12] if isinstance(opened.pixels, bytes) else opened.pixels.read(0, 12)
    if len(head) < 8:
        return b""
    order = "<" if opened.encoding.little else ">"
    group, element = struct.unpack_from(order + "HH", head)
    return head if (group << 16 | element) in PIXELS else b""


def _raw(data: Dataset, tag: int) -> bytes:
    """A value's bytes, as they are in the file."""
    found = data.get_item(tag) if tag in data else None
    if isinstance(found, RawDataElement):
        return found.value if isinstance(found.value, bytes) else b""
    return b"" if found is None else str(found.value or "").encode("latin-1", "replace")


def _text(value: bytes) -> str:
    return value.decode("latin-1").strip(PADDING)


def _keep(data: Dataset, opened: Opened, secret: Secret, depth: int) -> list[Element]:
    if depth > DEEPEST:
        raise _damaged("its items are nested too deeply")
    kept = []
    for tag, (vr, rule) in KEPT.items():
        if tag not in data:
            continue
        if rule in ("items", "emptied"):
            whole: DataElement = data[tag]
            items: Iterable[Dataset] = whole.value if whole.VR == "SQ" and whole.value else ()
            kept.append(
                Element(tag, "SQ", [_keep(of, opened, secret, depth + 1) if rule == "items" else [] for of in items])
            )
            continue
        raw = _raw(data, tag)
        value = None if len(raw) > LONGEST else _changed(tag, vr, rule, raw, opened.encoding.little, secret)
        if value is not None:
            kept.append(value)
    return kept


def _changed(tag: int, vr: str, rule: str, raw: bytes, little: bool, secret: Secret) -> Element | None:
    said = _text(raw)
    numeric = set(said) <= set("0123456789+-.,eE\\ \0\t\r\n")
    if rule == "number":
        return _element(tag, vr, said if numeric else "?")
    if rule == "mark":
        return _element(tag, vr, said if numeric else secret.token(said.upper()))
    if rule == "time":
        return _element(tag, vr, secret.time(said.upper()) if said else "")
    if rule == "uid":
        return _element(tag, vr, _uid(said, secret))
    if rule == "word":
        return _element(tag, vr, "\\".join(_word(tag, word.strip(), secret) for word in said.split("\\")))
    if rule == "short":
        return Element(tag, vr, raw[:2]) if len(raw) >= 2 else None
    if rule == "padding":
        # Of 16 or of 32 bits, by its length: the type of either is written as its length is.
        return Element(tag, "US" if len(raw) == 2 else "UL", raw) if len(raw) in (2, 4) else None
    return Element(tag, vr, _pointers(raw, little))


def _word(tag: int, word: str, secret: Secret) -> str:
    exact = word.upper() if tag == 0x00281054 else word
    return exact if exact == "" or exact in WORDS else secret.token(exact)


def _uid(said: str, secret: Secret) -> str:
    return said if said == "" or STANDARD.fullmatch(said) else secret.uid(said)


def _pointers(raw: bytes, little: bool) -> bytes:
    order = "<HH" if little else ">HH"
    out = b""
    for n in range(min(len(raw) // 4, 8)):
        group, element = struct.unpack_from(order, raw, 4 * n)
        tag = group << 16 | element
        tag = tag if tag in PLACES else 0x00181063
        out += struct.pack(order, tag >> 16, tag & 0xFFFF)
    return out


def _element(tag: int, vr: str, text: str) -> Element:
    value = text.encode("latin-1", "replace")
    return Element(tag, vr, value + (b"\0" if vr == "UI" else b" ") * (len(value) % 2))


def _written(opened: Opened, kept: list[Element], secret: Secret) -> list[Piece]:
    sop_class, sop_instance = opened.sop
    tags = {element.tag for element in kept}
    if 0x00080016 not in tags and sop_class:
        kept.append(_element(0x00080016, "UI", _uid(sop_class, secret)))
    kept += [_element(tag, vr, "") for tag, vr in EMPTY]
    method = [
        _element(0x00080100, "SH", "113100"),  # the code of the basic profile
        _element(0x00080102, "SH", "DCM"),
        _element(0x00080104, "LO", "Basic Application Confidentiality Profile"),
    ]
    kept += [
        _element(0x00120062, "CS", "YES"),
        _element(0x00120063, "LO", "IRIS Oculus, PS3.15 E basic profile, by list of kept"),
        Element(0x00120064, "SQ", [method]),
    ]
    kept.sort(key=lambda element: element.tag)
    said = {e.tag: _text(e.value) for e in kept if isinstance(e.value, bytes)}
    plain = Encoding(little=True, implicit=False)
    meta = write(
        [
            Element(0x00020001, "OB", b"\0\1"),
            _element(0x00020002, "UI", said.get(0x00080016, "")),
            _element(0x00020003, "UI", said.get(0x00080018, "") or _uid(sop_instance, secret)),
            _element(0x00020010, "UI", opened.syntax or "1.2.840.10008.1.2"),
            _element(0x00020012, "UI", IMPLEMENTATION),
            _element(0x00020013, "SH", "IRIS_OCULUS_PY"),
        ],
        plain,
    )
    length = write([Element(0x00020000, "UL", struct.pack("<I", len(meta)))], plain)
    head, pixels = _pixels(opened)
    return [bytes(128) + b"DICM" + length + meta + write(kept, opened.encoding) + head, pixels]


def _pixels(opened: Opened) -> tuple[bytes, Piece]:
    """The head of the pixels' element, and what follows it up to where the pixels end."""
    head = _head(opened)
    order = "<" if opened.encoding.little else ">"
    vr, size = "", 8
    if not opened.encoding.implicit:
        vr = head[4:6].decode("latin-1")
        size = 12 if vr in LONG else 8
    if size == 12 and len(head) < 12:
        raise _damaged("truncated")
    length: int
    if size == 12 or vr == "":
        (length,) = struct.unpack_from(order + "I", head, size - 4)
    else:
        (length,) = struct.unpack_from(order + "H", head, 6)
    tag = int.from_bytes(head[1::-1] + head[3:1:-1] if order == "<" else head[:4], "big")
    total = len(opened.pixels) if isinstance(opened.pixels, bytes) else opened.pixels.size
    end = _end_of_fragments(opened, size, total) if length == 0xFFFFFFFF else min(size + length, total)
    vr = vr if vr in ("", "OB", "OW", "OF", "OD", "UN") else "OB"
    written = _element_head(tag, vr, length, opened.encoding)
    if isinstance(opened.pixels, bytes):
        return written, opened.pixels[size:end]
    return written, Span(opened.pixels.path, opened.pixels.at + size, end - size)


def _end_of_fragments(opened: Opened, at: int, total: int) -> int:
    """Where pixels in fragments end, behind their delimiter. What follows them is not sent.
    What writers get wrong is borne as the service bears it (internal/volume/dicom/encapsulated).
    """
    order = "<HHI" if opened.encoding.little else ">HHI"
    odd = False
    with _stream(opened.pixels) as stream:
        base = 0 if isinstance(opened.pixels, bytes) else opened.pixels.at
        for n in range(MAX_FRAGMENTS):
            stream.seek(base + at)
            some = stream.read(9)
            begin = at
            if odd and some[:1] != (b"\xfe" if opened.encoding.little else b"\xff"):
                begin, some = begin + 1, some[1:]  # padded to an even length, which its own leaves out
            if len(some) < 8:
                if n > 1:
                    return min(begin, total)  # some writers leave the delimiter out
                break
            group, element, length = struct.unpack_from(order, some)
            tag = group << 16 | element
            if tag == 0xFFFEE0DD:
                return begin + 8
            if n > 1 and tag in (0xFFFCFFFC, 0xFFFAFFFA, 0):
                return begin
            if tag == 0xFFFEE00D and length == 0:
                at, odd = begin + 8, False
                continue
            if tag != 0xFFFEE000 or begin + 8 + length > total:
                break
            at, odd = begin + 8 + length, length % 2 == 1
    raise _damaged("truncated")


def _stream(piece: Piece) -> IO[bytes]:
    return io.BytesIO(piece) if isinstance(piece, bytes) else piece.path.open("rb")


def write(elements: list[Element], encoding: Encoding) -> bytes:
    """Elements as bytes, in the order of their tags; sequences with their lengths."""
    out = b""
    for element in elements:
        if isinstance(element.value, bytes):
            out += _element_head(element.tag, element.vr, len(element.value), encoding) + element.value
            continue
        items = [write(item, encoding) for item in element.value]
        inner = b"".join(_element_head(0xFFFEE000, "", len(item), encoding) + item for item in items)
        out += _element_head(element.tag, element.vr, len(inner), encoding) + inner
    return out


def _element_head(tag: int, vr: str, length: int, encoding: Encoding) -> bytes:
    order = "<" if encoding.little else ">"
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if encoding.implicit or vr == "":
        return head + struct.pack(order + "I", length)
    head += vr.encode("ascii")
    return head + (struct.pack(order + "HI", 0, length) if vr in LONG else struct.pack(order + "H", length))
