"""What is done to good scans: each a function (rng, list of File) that changes them.

A change is made to one file or to all of them, because a reader may notice that files
differ, but not that all of them are wrong.
"""
import struct

import numpy as np

from elements import Element, File, sequence, text

SYNTAX, CLASS, SERIES, STUDY = 0x00020010, 0x00080016, 0x0020000E, 0x0020000D
POSITION, ORIENTATION, SPACING = 0x00200032, 0x00200037, 0x00280030
ROWS, COLUMNS, ALLOCATED, STORED, HIGH, SIGN = 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102, 0x00280103
SAMPLES, PHOTOMETRIC, FRAMES = 0x00280002, 0x00280004, 0x00280008
INTERCEPT, SLOPE, PIXELS = 0x00281052, 0x00281053, 0x7FE00010
NEEDED = [CLASS, SERIES, POSITION, ORIENTATION, SPACING, ROWS, COLUMNS, ALLOCATED, STORED, HIGH, SIGN, SAMPLES, PHOTOMETRIC,
          INTERCEPT, SLOPE, PIXELS]
NUMBERS = [POSITION, ORIENTATION, SPACING, INTERCEPT, SLOPE]
SHORTS = [ROWS, COLUMNS, ALLOCATED, STORED, HIGH, SIGN, SAMPLES]


def pick(rng, values):
    return values[int(rng.integers(len(values)))]


def drop(rng, f: File):
    tag = pick(rng, NEEDED)
    f.drop(tag)
    return f"{tag:08x}"


def empty(rng, f: File):
    tag = pick(rng, NEEDED[:-1])
    f.find(tag).value = b""
    return f"{tag:08x}"


def other(e: Element) -> Element:
    """The same element with another value of its kind."""
    if e.vr == "US":
        return Element(e.tag, "US", struct.pack("<H", struct.unpack("<H", e.value[:2])[0] + 1))
    if e.vr == "DS":
        return Element(e.tag, "DS", text("\\".join(str(float(x) + 1) for x in e.value.decode().split("\\"))))
    if e.vr == "UI":
        return Element(e.tag, "UI", text(e.value.decode().strip("\0") + "1", b"\0"))
    return Element(e.tag, e.vr, e.value)


def twice(rng, f: File):
    """An element once more with another value, right after the first."""
    e = f.find(pick(rng, NEEDED[:-1]))
    f.data.insert(f.data.index(e) + 1, other(e))
    return f"{e.tag:08x}"


def late(rng, f: File):
    """An element after the pixels, where the order of tags does not allow it."""
    e = f.find(pick(rng, NEEDED[:-1]))
    f.data.remove(e)
    f.data.append(e)
    return f"{e.tag:08x}"


def again(rng, f: File):
    """Another value of an element after the pixels."""
    e = f.find(pick(rng, NEEDED[:-1]))
    f.data.append(other(e))
    return f"{e.tag:08x}"


def shuffle(rng, f: File):
    """Elements before the pixels in no order."""
    body = [e for e in f.data if e.tag != PIXELS]
    f.data = [body[n] for n in rng.permutation(len(body))] + [e for e in f.data if e.tag == PIXELS]


def vr(rng, f: File):
    """A VR that is not the tag's, with a value that reads the same."""
    e = f.find(pick(rng, NEEDED[:-1]))
    if e.vr == "US":
        e.vr = pick(rng, ["SS", "UL", "SL", "UN", "IS", "OB"])
        if e.vr in ("UL", "SL"):
            e.value += b"\0\0"
        if e.vr == "IS":
            e.value = text(str(struct.unpack("<H", e.value)[0]))
    else:
        e.vr = pick(rng, ["LO", "UN", "ST", "UT", "CS", "OB", "SH"])
    return f"{e.tag:08x} {e.vr}"


def binary(rng, f: File):
    """A number as FD or FL in place of a decimal string."""
    e = f.find(pick(rng, NUMBERS))
    numbers = [float(x) for x in e.value.decode().split("\\")]
    e.vr = pick(rng, ["FD", "FL"])
    e.value = struct.pack(f"<{len(numbers)}{'d' if e.vr == 'FD' else 'f'}", *numbers)
    return f"{e.tag:08x} {e.vr}"


def strange(rng, f: File):
    """A VR that nobody knows."""
    e = f.find(pick(rng, NEEDED[:-1]))
    e.vr = pick(rng, ["??", "ZZ", "  ", "\0\0", "ox", "--"])
    return f"{e.tag:08x} {e.vr!r}"


def bare(rng, f: File):
    """An element without its VR in a file of explicit VR."""
    e = f.find(pick(rng, NEEDED[:-1]))
    e.implicit = True
    return f"{e.tag:08x}"


def lie(rng, f: File):
    """A length that is not the value's."""
    e = f.find(pick(rng, NEEDED))
    e.length = max(0, len(e.value) + int(pick(rng, [-2, -1, 1, 2, 4, 8, 20, 1000, 65535 - len(e.value), 0x7FFFFFF0, 0xFFFFFFFE - len(e.value)])))
    return f"{e.tag:08x} {e.length}"


def odd(rng, f: File):
    """A value of odd length, as careless writers leave it."""
    e = f.find(pick(rng, NUMBERS))
    e.value = e.value.rstrip(b" ")
    if len(e.value) % 2 == 0:
        e.value += b"0" if b"." in e.value.split(b"\\")[-1] else b" "
    return f"{e.tag:08x}"


NOTATIONS = {"spaces": lambda x: f"  {x} ", "plus": lambda x: f"{float(x):+.4f}", "exponent": lambda x: f"{float(x):.6E}", "comma": lambda x: x.replace(".", ",") if "." in x else x + ",0",
             "point": lambda x: f"{float(x):.0f}." if float(x) == int(float(x)) else x, "nan": lambda x: "NaN", "inf": lambda x: "inf", "huge": lambda x: "1e400", "hex": lambda x: "0x10",
             "words": lambda x: "n/a", "under": lambda x: "1_0", "long": lambda x: f"{float(x):.20f}", "empty": lambda x: "", "tab": lambda x: f"\t{x}\n", "nul": lambda x: x + "\0\0"}


def notation(rng, f: File):
    """A decimal string in another way of writing."""
    e, name = f.find(pick(rng, NUMBERS)), pick(rng, list(NOTATIONS))
    parts = e.value.decode().strip().split("\\")
    n = int(rng.integers(len(parts)))
    parts[n] = NOTATIONS[name](parts[n])
    e.value = text("\\".join(parts))
    return f"{e.tag:08x} {name}"


def multiplicity(rng, f: File):
    """One value more or fewer than the tag has."""
    e = f.find(pick(rng, NUMBERS))
    parts = e.value.decode().strip().split("\\")
    parts = parts + ["7"] if rng.random() < .5 or len(parts) == 1 else parts[:-1]
    e.value = text("\\".join(parts))
    return f"{e.tag:08x} {len(parts)}"


VALUES = {ROWS: [0, 1, 65535], COLUMNS: [0, 1, 65535], ALLOCATED: [0, 1, 8, 12, 24, 32, 64], STORED: [0, 1, 8, 12, 15, 17, 33], HIGH: [0, 7, 11, 14, 16],
          SIGN: [1, 0, 2, 65535], SAMPLES: [0, 2, 3]}


def value(rng, f: File):
    """A number that is wrong or of another meaning."""
    tag = pick(rng, list(VALUES))
    n = pick(rng, VALUES[tag])
    f.find(tag).value = struct.pack("<H", n)
    return f"{tag:08x} {n}"


def scale(rng, f: File):
    tag, v = pick(rng, [SLOPE, INTERCEPT]), pick(rng, ["0", "-1", "1e-9", "-1024", "1e30", "0.0000"])
    f.find(tag).value = text(v)
    return f"{tag:08x} {v}"


def frames(rng, f: File):
    n = pick(rng, ["0", "1", "1 ", "2", "-1", "1.0", "99999999", "x", ""])
    f.put(Element(FRAMES, "IS", text(n)))
    return repr(n)


def photometric(rng, f: File):
    p = pick(rng, ["MONOCHROME1", "PALETTE COLOR", "RGB", "YBR_FULL", "", "monochrome2", "MONOCHROME2 "])
    f.find(PHOTOMETRIC).value = text(p)
    return p


def decoys() -> bytes:
    """Elements that would be wrong if they were taken for the image's own."""
    return b"".join(e.encoded() for e in (
        Element(POSITION, "DS", text("1\\2\\3")), Element(ORIENTATION, "DS", text("0\\1\\0\\0\\0\\-1")),
        Element(ROWS, "US", struct.pack("<H", 3)), Element(COLUMNS, "US", struct.pack("<H", 3)),
        Element(SPACING, "DS", text("9\\9")), Element(STORED, "US", struct.pack("<H", 8)),
        Element(INTERCEPT, "DS", text("500")), Element(SLOPE, "DS", text("7"))))


def nested(rng, f: File):
    """A sequence with such elements, nested, of stated length or endless."""
    depth, endless = int(rng.integers(1, 8)), bool(rng.random() < .6)
    content = decoys()
    for _ in range(depth):
        content = sequence(0x00081140, [content] * int(rng.integers(1, 3)), endless if rng.random() < .8 else not endless).encoded()
    f.put(sequence(pick(rng, [0x00081140, 0x00082112, 0x00089215, 0x00400275]), [content], endless))
    return f"depth {depth} endless {endless}"


def unknown(rng, f: File):
    """A sequence whose VR is UN: its items are implicit by the standard (CP-246), or explicit."""
    explicit = bool(rng.random() < .5)
    content = decoys() if explicit else b"".join(
        Element(t, "", text(v), implicit=True).encoded() for t, v in ((POSITION, "1\\2\\3"), (INTERCEPT, "500"), (SLOPE, "7")))
    endless = bool(rng.random() < .7)
    f.put(Element(0x00090010, "LO", text("ACME")))
    f.put(sequence(0x00091001, [content] * 2, endless, "UN"))
    return f"explicit {explicit} endless {endless}"


def icon(rng, f: File):
    """A small image within the image, with pixels of its own."""
    content = b"".join(e.encoded() for e in (
        Element(SAMPLES, "US", struct.pack("<H", 1)), Element(PHOTOMETRIC, "CS", text("MONOCHROME2")),
        Element(ROWS, "US", struct.pack("<H", 4)), Element(COLUMNS, "US", struct.pack("<H", 4)), Element(ALLOCATED, "US", struct.pack("<H", 8)),
        Element(STORED, "US", struct.pack("<H", 8)), Element(HIGH, "US", struct.pack("<H", 7)), Element(SIGN, "US", struct.pack("<H", 0)),
        Element(PIXELS, "OW", bytes(16))))
    f.put(sequence(0x00880200, [content], bool(rng.random() < .5)))


def extras(rng, f: File):
    """Elements that a reader passes over."""
    f.put(Element(0x00080000, "UL", struct.pack("<I", 300)))
    f.put(Element(0x00280000, "UL", struct.pack("<I", 7)))
    f.put(Element(0x00091010, "OB", rng.bytes(2 * int(rng.integers(1, 2000)))))
    f.put(Element(0x60000010, "US", struct.pack("<H", 4)))
    f.put(Element(0x60003000, "OW", rng.bytes(32)))
    f.data.append(Element(0xFFFCFFFC, "OB", bytes(2 * int(rng.integers(1, 100)))))


def length(rng, f: File):
    """Pixel data that is longer or shorter than the image."""
    e = f.find(PIXELS)
    n = int(pick(rng, [-len(e.value), -2, -1, 1, 2, 16, len(e.value), 3 * len(e.value)]))
    e.value = e.value[:n] if n < 0 else e.value + bytes(n)
    return str(n)


def tail(rng, f: File):
    f.tail = pick(rng, [bytes(1), bytes(7), bytes(130), b"\xff" * 12, b"\r\n", rng.bytes(20)])


def meta(rng, f: File):
    """A meta group that is not true."""
    what = pick(rng, ["none", "no syntax", "length", "implicit", "big", "deflated", "rle", "j2k", "unknown", "private", "padded"])
    e = next(e for e in f.meta if e.tag == SYNTAX)
    uid = {"implicit": "1.2.840.10008.1.2", "big": "1.2.840.10008.1.2.2", "deflated": "1.2.840.10008.1.2.1.99", "rle": "1.2.840.10008.1.2.5",
           "j2k": "1.2.840.10008.1.2.4.90", "unknown": "1.2.840.10008.1.2.7", "private": "1.3.9.9", "padded": "1.2.840.10008.1.2.1 "}.get(what)
    if what == "none":
        f.meta = []
    elif what == "no syntax":
        f.meta.remove(e)
    elif what == "length":
        f.meta[0].value = struct.pack("<I", int(pick(rng, [0, 2, 100000, 0xFFFFFFFF])))
    else:
        e.value = text(uid, b" " if what == "padded" else b"\0")
    return what


def preamble(rng, f: File):
    what = pick(rng, ["none", "noise", "no magic"])
    f.preamble = {"none": b"", "noise": rng.bytes(128) + b"DICM", "no magic": bytes(132)}[what]
    return what


WELL = [nested, unknown, icon, extras, odd, tail, preamble]  # what every reader should bear
CHANGES = [drop, empty, twice, late, again, shuffle, vr, binary, strange, bare, lie, notation, multiplicity, value, scale, frames, photometric,
           length, meta, *WELL]


def flipped(rng, raw: bytes, low: int, high: int) -> bytes:
    """1 to 8 bits changed between two offsets."""
    b = bytearray(raw)
    for at in rng.integers(low, max(low + 1, high), int(rng.integers(1, 9))):
        b[at] ^= 1 << int(rng.integers(8))
    return bytes(b)


def cut(rng, raw: bytes) -> bytes:
    return raw[:int(rng.integers(1, len(raw)))]


def noise(rng, raw: bytes) -> bytes:
    """A run of bytes overwritten."""
    at, n = int(rng.integers(132, len(raw))), int(rng.integers(1, 40))
    return raw[:at] + rng.bytes(n)[:len(raw) - at] + raw[at + n:]


def pixels_at(raw: bytes) -> int:
    return raw.rfind(struct.pack("<HH", 0x7FE0, 0x0010))


def bytes_changed(rng, raw: bytes):
    """The name of the change and the bytes after it."""
    at = pixels_at(raw)
    return pick(rng, [("flip-header", flipped(rng, raw, 132, at)), ("flip-pixels", flipped(rng, raw, at, len(raw))), ("cut", cut(rng, raw)),
                      ("noise", noise(rng, raw)), ("flip-anywhere", flipped(rng, raw, 0, len(raw)))])
