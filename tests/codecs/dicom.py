"""One image as a DICOM file, for encoders that know no other format (DCMTK)."""
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.filereader import dcmread
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


def write(path: Path, samples: np.ndarray, precision: int, signed: bool = False):
    """An uncompressed file of rows x columns samples, precision bits of each stored."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset(str(path), Dataset(), file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.Modality, ds.PhotometricInterpretation, ds.SamplesPerPixel = "CT", "MONOCHROME2", 1
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.Rows, ds.Columns = samples.shape
    ds.BitsAllocated = 8 if precision <= 8 else 16
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = precision, precision - 1, int(signed)
    ds.RescaleSlope, ds.RescaleIntercept = "1", "0"
    mask = (1 << precision) - 1
    words = (samples.astype(np.int64) & mask).astype("<u1" if precision <= 8 else "<u2").tobytes()
    ds.PixelData = words + b"\0" * (len(words) % 2)
    ds["PixelData"].VR = "OW"
    ds.save_as(path, enforce_file_format=True)


def compress(program: list[str], samples: np.ndarray, precision: int, signed: bool = False) -> tuple[Dataset, bytes]:
    """What a program, called with a file and the name of another, makes of the image: the
    compressed data set and the stream of its frame."""
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = Path(folder, "plain.dcm"), Path(folder, "packed.dcm")
        write(plain, samples, precision, signed)
        subprocess.run([*program, plain, packed], check=True)
        ds = dcmread(packed)
        return ds, next(generate_frames(ds.PixelData, number_of_frames=1))


def expand(program: list[str], samples: np.ndarray, precision: int, packer: list[str], signed: bool = False) -> np.ndarray:
    """What a program makes of the file that packer made of the image: its samples."""
    with tempfile.TemporaryDirectory() as folder:
        plain, packed, again = (Path(folder, f"{n}.dcm") for n in ("plain", "packed", "again"))
        write(plain, samples, precision, signed)
        subprocess.run([*packer, plain, packed], check=True)
        subprocess.run([*program, packed, again], check=True)
        return stored(dcmread(again))


def stored(ds: Dataset) -> np.ndarray:
    """The samples of an uncompressed data set, without sign."""
    kind = "<u1" if ds.BitsAllocated == 8 else "<u2"
    data = np.frombuffer(ds.PixelData, kind, ds.Rows * ds.Columns)
    return data.reshape(ds.Rows, ds.Columns).astype(np.int32) & ((1 << ds.BitsStored) - 1)
