"""A label map → a segmentation of 3D Slicer. In: labels.nii.gz of a job, whose header holds
the table of labels. Out: a .seg.nrrd with a segment for each label, its name, colour and
SNOMED CT term (developer guide of Slicer, "Segmentation labelmap file format").

Errors: ScanError bad_labels for a file that is no label map of ours.
"""

import array
import gzip
import json
import re
import struct
import sys
import zlib
from dataclasses import dataclass
from typing import Any, Final

from .errors import ScanError
from .names.nifti import read_header

CONTEXT: Final = "Segmentation category and type - 3D Slicer General Anatomy list"
REGIONS: Final = "Anatomic codes - DICOM master list"
# DICOM's CID 7150. Only soft tissue that is no organ is a tissue by itself.
CATEGORIES: Final = {"soft_tissue": ("85756007", "Tissue")}
ANATOMY: Final = ("123037004", "Anatomical Structure")
KINDS: Final = {2: ("uint8", "B"), 512: ("uint16", "H")}


@dataclass(frozen=True)
class Segment:
    """A label and what it means. color is of three numbers from 0 to 1."""

    label: int
    name: str
    color: tuple[float, float, float]
    group: str
    snomed: str

    def terminology(self) -> str:
        """Slicer's text of a term; empty where the label has no code."""
        if not self.snomed:
            return ""
        value, meaning = CATEGORIES.get(self.group, ANATOMY)
        spoken = re.sub(r"[~^|:\s]+", " ", self.name).strip()
        return f"{CONTEXT}~SCT^{value}^{meaning}~SCT^{self.snomed}^{spoken}~^^~{REGIONS}~^^~^^"


@dataclass(frozen=True)
class LabelMap:
    sizes: tuple[int, int, int]
    affine: tuple[tuple[float, ...], ...]  # voxels to RAS millimetres, three rows
    kind: str
    voxels: bytes  # little endian, the first axis fastest
    segments: list[Segment]


def label_map(content: bytes) -> LabelMap:
    """The label map of a file's bytes."""
    try:
        plain = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error):
        raise ScanError("bad_gzip", "the compressed file is damaged") from None
    header = read_header(plain[:544])
    if header.version == 1:
        dim = struct.unpack_from(header.order + "8h", plain, 40)
        (code,) = struct.unpack_from(header.order + "h", plain, 70)
        rows = struct.unpack_from(header.order + "12f", plain, 280)
        (form,) = struct.unpack_from(header.order + "h", plain, 254)
    else:
        dim = struct.unpack_from(header.order + "8q", plain, 16)
        (code,) = struct.unpack_from(header.order + "h", plain, 12)
        rows = struct.unpack_from(header.order + "12d", plain, 400)
        (form,) = struct.unpack_from(header.order + "i", plain, 348)
    if code not in KINDS or form < 1 or any(n != 1 for n in dim[4 : dim[0] + 1]):
        raise ScanError("bad_labels", "the file is no label map of this service")
    if len(plain) < header.length:
        raise ScanError("truncated", "the label map ends early")
    sizes = (int(dim[1]), int(dim[2]) if dim[0] > 1 else 1, int(dim[3]) if dim[0] > 2 else 1)
    kind, letter = KINDS[code]
    voxels = array.array(letter)
    voxels.frombytes(plain[header.offset : header.length])
    if letter == "H" and (header.order == "<") != (sys.byteorder == "little"):
        voxels.byteswap()
    found = set(voxels) - {0}
    if letter == "H" and sys.byteorder == "big":
        voxels.byteswap()
    table = {segment.label: segment for segment in _segments(plain[: header.offset])}
    segments = [
        table.get(label) or Segment(label, f"label {label}", (0.5, 0.5, 0.5), "", "") for label in sorted(found)
    ]
    return LabelMap(sizes, (rows[:4], rows[4:8], rows[8:]), kind, voxels.tobytes(), segments)


def _segments(head: bytes) -> list[Segment]:
    begin = head.find(b'{"iris":"labels/')
    if begin < 0:
        return []
    try:
        table, _ = json.JSONDecoder().raw_decode(head[begin:].split(b"\0", 1)[0].decode("utf-8"))
        return [_segment(entry) for entry in table["labels"]]
    except (ValueError, KeyError, TypeError):
        raise ScanError("bad_labels", "the label map's table of names cannot be read") from None


def _segment(entry: dict[str, Any]) -> Segment:
    color = re.fullmatch("#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", str(entry.get("color", "")))
    red, green, blue = (int(part, 16) / 255 for part in color.groups()) if color else (0.5, 0.5, 0.5)
    snomed = str(entry.get("snomed", ""))
    name = str(entry.get("name_en") or entry["name"])
    code = snomed if snomed.isascii() and snomed.isdigit() else ""
    return Segment(int(entry["id"]), name, (red, green, blue), str(entry.get("group", "")), code)


def seg_nrrd(content: bytes) -> bytes:
    """A label map's file as .seg.nrrd."""
    labels = label_map(content)
    # NRRD's vectors are by axis, in LPS as Slicer writes them; the sform's are by row, in RAS.
    signs = (-1, -1, 1)
    vectors = [[sign * row[axis] for sign, row in zip(signs, labels.affine, strict=True)] for axis in range(4)]
    written = [f"({','.join(_number(value) for value in vector)})" for vector in vectors]
    extent = " ".join(f"0 {size - 1}" for size in labels.sizes)
    lines = [
        "NRRD0004",
        "# Complete NRRD file format specification at:",
        "# http://teem.sourceforge.net/nrrd/format.html",
        f"type: {labels.kind}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {' '.join(str(size) for size in labels.sizes)}",
        f"space directions: {' '.join(written[:3])}",
        "kinds: domain domain domain",
        "endian: little",
        "encoding: gzip",
        f"space origin: {written[3]}",
        "Segmentation_ContainedRepresentationNames:=Binary labelmap|",
        "Segmentation_MasterRepresentation:=Binary labelmap",
        "Segmentation_SourceRepresentation:=Binary labelmap",
        "Segmentation_ReferenceImageExtentOffset:=0 0 0",
    ]
    for n, segment in enumerate(labels.segments):
        term = segment.terminology()
        fields = {
            "ID": f"Segment_{segment.label}",
            "Name": segment.name.replace("\\", "\\\\").replace("\n", "\\n"),
            "NameAutoGenerated": "0",
            "Color": " ".join(f"{part:.6g}" for part in segment.color),
            "ColorAutoGenerated": "0",
            "Extent": extent,
            "LabelValue": str(segment.label),
            "Layer": "0",
            "Tags": "Segmentation.Status:completed|" + (f"TerminologyEntry:{term}|" if term else ""),
        }
        lines += [f"Segment{n}_{key}:={value}" for key, value in fields.items()]
    return "\n".join(lines).encode("utf-8") + b"\n\n" + gzip.compress(labels.voxels, 6, mtime=0)


def _number(value: float) -> str:
    return repr(float(value) + 0.0)  # no minus zero
