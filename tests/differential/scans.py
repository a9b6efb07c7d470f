"""DICOM scans of a known content: what a reader of them must answer.

A scan is drawn from a generator of random numbers. Its field of values is smooth, so that
a resampled scan (gantry tilt, uneven slices) can be judged, too. Positions are LPS mm.
"""
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence

from streams import encode

ROOT = "1.2.826.0.1.3680043.10.1."  # of UIDs that are made from seeds
SOP = {"CT": "1.2.840.10008.5.1.4.1.1.2", "MR": "1.2.840.10008.5.1.4.1.1.4", "PT": "1.2.840.10008.5.1.4.1.1.128"}
ENHANCED = {"CT": "1.2.840.10008.5.1.4.1.1.2.1", "MR": "1.2.840.10008.5.1.4.1.1.4.1", "PT": "1.2.840.10008.5.1.4.1.1.130"}

IMPLICIT, EXPLICIT, DEFLATED, BIG = ("1.2.840.10008.1.2" + s for s in ("", ".1", ".1.99", ".2"))
LOSSLESS = {"rle": "5", "jpeg-lossless": "4.70", "jpeg-lossless-any": "4.57", "jpeg-ls": "4.80", "j2k": "4.90",
            "htj2k": "4.201", "htj2k-rpcl": "4.202"}
LOSSY = {"jpeg-8": "4.50", "jpeg-12": "4.51", "jpeg-ls-near": "4.81", "j2k-lossy": "4.91", "htj2k-lossy": "4.203"}
SYNTAXES = {"implicit": IMPLICIT, "explicit": EXPLICIT, "deflated": DEFLATED, "big-endian": BIG,
            "encapsulated": "1.2.840.10008.1.2.1.98",
            **{name: "1.2.840.10008.1.2." + end for name, end in (LOSSLESS | LOSSY).items()}}


@dataclass
class Truth:
    """The volume: values of voxel (i, j, k) at affine · (i, j, k, 1), RAS mm."""
    values: np.ndarray  # float64, in the modality's unit
    affine: np.ndarray
    tolerance: float = 0  # by how much a value may differ
    resampled: object = None  # field of values by LPS position, when the reader has to resample


@dataclass
class Scan:
    """One drop: files by name, or one file."""
    kind: str
    files: dict[str, bytes]
    truth: Truth | None = None
    note: dict = field(default_factory=dict)  # what was drawn, for whoever reads a report


@dataclass
class Form:
    """How a scan is written."""
    modality: str = "CT"
    syntax: str = "explicit"
    stored: int = 16
    signed: bool = True
    slope: float = 1
    intercept: float = 0
    size: tuple = (9, 12, 6)  # rows, columns, slices


def smooth(rng, world, low=-1000.0, high=1100.0):
    """A field of values by position (…, 3), from low to high over the positions of a
    volume: air, fat and tissue, as a CT has. It is of second degree, so that every
    processor computes the same bits."""
    least, size = world.reshape(-1, 3).min(0), np.ptp(world.reshape(-1, 3), axis=0)
    size = np.where(size > 0, size, 1.0)
    middle, weight = rng.uniform(-.2, 1.2, 3), rng.uniform(.5, 1, 3) * rng.choice([-1.0, 1.0], 3)

    def wave(x):
        u = (x - least) / size - middle
        return weight[0] * u[..., 0] * u[..., 0] + weight[1] * u[..., 1] * u[..., 1] + weight[2] * u[..., 2] * u[..., 2]
    bottom, top = wave(world).min(), wave(world).max()
    return lambda x: low + (high - low) * (wave(x) - bottom) / (top - bottom)


def axes(rng, how: str):
    """Row and column direction."""
    known = {"axial": (1, 0, 0, 0, 1, 0), "prone": (-1, 0, 0, 0, -1, 0), "feet": (-1, 0, 0, 0, 1, 0),
             "sagittal": (0, 1, 0, 0, 0, -1), "coronal": (1, 0, 0, 0, 0, -1)}
    if how in known:
        o = np.array(known[how], float)
        return o[:3], o[3:]
    row = rng.normal(size=3)
    row /= np.linalg.norm(row)
    col = np.cross(rng.normal(size=3), row)
    return np.round(row, 9), np.round(col / np.linalg.norm(col), 9)  # rounded: the same on every processor


def bounds(form: Form):
    if form.signed:
        return -2 ** (form.stored - 1), 2 ** (form.stored - 1) - 1
    return 0, 2 ** form.stored - 1


def number(x: float) -> str:
    """A decimal string of at most 16 characters."""
    for digits in range(15, 0, -1):
        s = f"{x:.{digits}g}"
        if len(s) <= 16:
            return s
    raise ValueError(x)


@dataclass
class Grid:
    row: np.ndarray
    col: np.ndarray
    spacing: tuple  # between rows, between columns
    positions: np.ndarray  # of the slices, in order of the stack

    def world(self, rows, columns):
        """Positions of all samples: slices × rows × columns × 3."""
        j, i = np.mgrid[0:rows, 0:columns]
        plane = i[..., None] * self.col_step() + j[..., None] * self.row_step()
        return self.positions[:, None, None, :] + plane[None]

    def col_step(self):
        return self.row * self.spacing[1]

    def row_step(self):
        return self.col * self.spacing[0]

    def affine(self):
        n = len(self.positions)
        a = np.eye(4)
        a[:3, 0], a[:3, 1] = self.col_step(), self.row_step()
        a[:3, 2] = (self.positions[-1] - self.positions[0]) / (n - 1)
        a[:3, 3] = self.positions[0]
        return np.diag([-1, -1, 1, 1]) @ a


def grid(rng, form: Form, how="axial", step=None, tilt=0.0, origin=None) -> Grid:
    row, col = axes(rng, how)
    normal = np.round(np.cross(row, col), 9) * rng.choice([-1, 1])
    mm = step or float(rng.choice([1, 1.25, 2.5, 3, 5]))
    direction = np.round(normal * np.cos(np.radians(tilt)) + col * np.sin(np.radians(tilt)), 9)
    n = form.size[2]
    start = np.round(rng.uniform(-200, 200, 3), 4) if origin is None else origin
    spacing = (float(rng.choice([0.7, 0.977, 1.5, 2])),) * 2 if rng.random() < .7 else (1.5, 2.25)
    # The positions that a reader sees are those of the written decimals.
    positions = np.array([[float(number(x)) for x in start + k * mm * direction] for k in range(n)])
    return Grid(row, col, spacing, positions)


def base(form: Form, seed: str) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID, ds.Modality = SOP[form.modality], form.modality
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = (ROOT + f"{seed}.{n}" for n in (1, 2, 3))
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = form.size[:2]
    ds.BitsAllocated = 8 if form.stored <= 8 else 16 if form.stored <= 16 else 32
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = form.stored, form.stored - 1, int(form.signed)
    ds.RescaleSlope, ds.RescaleIntercept = number(form.slope), number(form.intercept)
    if form.modality == "CT":
        ds.RescaleType = "HU"
    if form.modality == "PT":
        ds.Units = "BQML"
    return ds


def words(stored: np.ndarray, ds: Dataset, big=False) -> bytes:
    kind = ("u1", "u2", "u4")[(ds.BitsAllocated // 8).bit_length() - 1]
    masked = stored.astype(np.int64) & ((1 << ds.BitsStored) - 1)
    if ds.PixelRepresentation:  # the sign is extended, as most writers do
        masked = stored.astype(np.int64) & ((1 << ds.BitsAllocated) - 1)
    data = masked.astype((">" if big else "<") + kind).tobytes()
    return data + b"\0" * (len(data) % 2)


def written(ds: Dataset, frames: np.ndarray, syntax: str, rng, words=words) -> bytes:
    """The file of a data set and its stored frames, in a transfer syntax."""
    uid = SYNTAXES[syntax]
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID, meta.ImplementationClassUID = uid, ROOT + "9"
    file = ds
    file.file_meta, file.preamble = meta, b"\0" * 128
    if syntax in ("implicit", "explicit", "deflated", "big-endian"):
        file.PixelData = words(frames, ds, syntax == "big-endian")
        file["PixelData"].VR = "OW" if ds.BitsAllocated > 8 else "OB"
    else:
        encoded = [encode(syntax, f, ds, rng) for f in frames]
        file.PixelData = encapsulate(encoded, has_bot=bool(rng.random() < .5))
        file["PixelData"].VR, file["PixelData"].is_undefined_length = "OB", True
        if syntax in LOSSY:
            file.LossyImageCompression = "01"
    out = BytesIO()
    dcmwrite(out, file, enforce_file_format=True)
    return out.getvalue()


def values(form: Form, field_at, g: Grid, slope=None, intercept=None):
    """Stored samples and what they stand for: slices × rows × columns."""
    want = field_at(g.world(*form.size[:2]))
    slope = np.full(form.size[2], form.slope) if slope is None else slope
    intercept = np.full(form.size[2], form.intercept) if intercept is None else intercept
    low, high = bounds(form)
    stored = np.clip(np.rint((want - intercept[:, None, None]) / slope[:, None, None]), low, high).astype(np.int64)
    return stored, stored * slope[:, None, None] + intercept[:, None, None]


def classic(rng, form: Form, g: Grid, stored: np.ndarray, each=None, names="%03d.dcm", order=True, words=words) -> dict[str, bytes]:
    """A file a slice. each(ds, n) may change a data set before it is written."""
    seed = str(rng.integers(1 << 40))
    files, numbers = {}, rng.permutation(len(stored)) if order else np.arange(len(stored))
    for n, plane in enumerate(stored):
        ds = base(form, seed)
        ds.SOPInstanceUID = ROOT + f"{seed}.4.{n}"
        ds.InstanceNumber = int(numbers[n]) + 1
        ds.ImagePositionPatient = [number(x) for x in g.positions[n]]
        ds.ImageOrientationPatient = [number(x) for x in (*g.row, *g.col)]
        ds.PixelSpacing = [number(x) for x in g.spacing]
        ds.SliceThickness = "1"
        if each:
            each(ds, n)
        files[names % int(numbers[n])] = written(ds, plane[None], form.syntax, rng, words)
    return files


def enhanced(rng, form: Form, g: Grid, stored, slope=None, intercept=None, shuffled=True) -> dict[str, bytes]:
    """One file with functional groups, its frames in any order."""
    seed = str(rng.integers(1 << 40))
    ds = base(form, seed)
    ds.SOPClassUID, ds.SOPInstanceUID = ENHANCED[form.modality], ROOT + f"{seed}.4"
    for name in ("RescaleSlope", "RescaleIntercept", "RescaleType"):
        if name in ds:
            delattr(ds, name)
    ds.NumberOfFrames = len(stored)
    measures, orient, shared = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [number(x) for x in g.spacing], "1"
    orient.ImageOrientationPatient = [number(x) for x in (*g.row, *g.col)]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Sequence([measures]), Sequence([orient])
    slope = np.full(len(stored), form.slope) if slope is None else slope
    intercept = np.full(len(stored), form.intercept) if intercept is None else intercept

    def transform(n):
        t = Dataset()
        t.RescaleIntercept, t.RescaleSlope, t.RescaleType = number(intercept[n]), number(slope[n]), "HU" if form.modality == "CT" else "US"
        return Sequence([t])
    varies = len(set(slope)) > 1 or len(set(intercept)) > 1
    if not varies:
        shared.PixelValueTransformationSequence = transform(0)
    frames, order = [], rng.permutation(len(stored)) if shuffled else np.arange(len(stored))
    for at, n in enumerate(order):
        frame, place, content = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = [number(x) for x in g.positions[n]]
        content.DimensionIndexValues = [at + 1]
        frame.PlanePositionSequence, frame.FrameContentSequence = Sequence([place]), Sequence([content])
        if varies:
            frame.PixelValueTransformationSequence = transform(n)
        frames.append(frame)
    ds.SharedFunctionalGroupsSequence, ds.PerFrameFunctionalGroupsSequence = Sequence([shared]), Sequence(frames)
    return {"": written(ds, stored[order], form.syntax, rng)}


def stepped(rng, form: Form, g: Grid, stored) -> dict[str, bytes]:
    """One file whose first frame has a place, as cone beam scanners write it."""
    seed = str(rng.integers(1 << 40))
    ds = base(form, seed)
    ds.SOPInstanceUID, ds.NumberOfFrames = ROOT + f"{seed}.4", len(stored)
    ds.ImagePositionPatient = [number(x) for x in g.positions[0]]
    ds.ImageOrientationPatient = [number(x) for x in (*g.row, *g.col)]
    ds.PixelSpacing = [number(x) for x in g.spacing]
    ds.SpacingBetweenSlices = number(np.linalg.norm(g.positions[1] - g.positions[0]))
    return {"": written(ds, stored, form.syntax, rng)}
