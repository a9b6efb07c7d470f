#!/usr/bin/env python3
"""Times the decoders of compressed frames beside DCMTK, OpenJPEG and OpenJPH.

    python bench.py [--frames 20] [--runs 5] [--only jpeg] [--out docs/benchmarks.md]

In: the shared CT of TotalSegmentator (IRIS_SHARED), else a drawn one, as frames of 512 x 512
samples of 12 bits, or 8. Each is compressed once, and both sides read the same streams from
files and write samples to files, on one processor. What is counted is processor time, less
that for as many frames of 16 x 16; runs are interleaved and the least of each is taken.
"""
import argparse
import io
import os
import resource
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import imagecodecs as ic
import numpy as np
from pydicom import dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.encoders import RLELosslessEncoder

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT / "tests/bench/surface"), str(ROOT / "tests/codecs")]
import bench as surface  # noqa: E402  the section of a file is the surface bench's
import dicom  # noqa: E402
from sets import image  # noqa: E402

BEGIN, END = "<!-- codecs: begin -->", "<!-- codecs: end -->"
SYNTAX = "1.2.840.10008.1.2"


def rle(a: np.ndarray) -> bytes:
    bits = 8 * a.itemsize
    return RLELosslessEncoder.encode(a.tobytes(), rows=a.shape[0], columns=a.shape[1], samples_per_pixel=1, number_of_frames=1, bits_allocated=bits,
                                     bits_stored=bits, pixel_representation=0, photometric_interpretation="MONOCHROME2")


def turbo(**options):
    return lambda a: ic.jpeg8_encode(a, bitspersample=8 if a.itemsize == 1 else 12, **options)


# Our decoder, the name, the precision, the encoder, and the peer with its syntax.
ROWS = [
    ("rle", "RLE", 12, rle, "dcmdrle", ".5"),
    ("jpeg", "JPEG lossless, predictor 1", 12, turbo(lossless=True, predictor=1), "dcmdjpeg", ".4.70"),
    ("jpeg", "JPEG lossless, predictor 7", 12, turbo(lossless=True, predictor=7), "dcmdjpeg", ".4.57"),
    ("jpeg", "JPEG extended, 12 bits", 12, turbo(level=90), "dcmdjpeg", ".4.51"),
    ("jpeg", "JPEG baseline, 8 bits", 8, turbo(level=90), "dcmdjpeg", ".4.50"),
    ("jpegls", "JPEG-LS", 12, ic.jpegls_encode, "dcmdjpls", ".4.80"),
    ("jpegls", "JPEG-LS, near 2", 12, lambda a: ic.jpegls_encode(a, level=2), "dcmdjpls", ".4.81"),
    ("j2k", "JPEG 2000, 5/3", 12, lambda a: ic.jpeg2k_encode(a, codecformat="j2k", reversible=True, level=0, bitspersample=12), "opj_decompress", "j2k"),
    ("j2k", "JPEG 2000, 9/7", 12, lambda a: ic.jpeg2k_encode(a, codecformat="j2k", level=60, bitspersample=12), "opj_decompress", "j2k"),
    ("j2k", "HTJ2K, 5/3", 12, lambda a: ic.htj2k_encode(a, reversible=True), "ojph_expand", "j2c"),
    ("j2k", "HTJ2K, 9/7", 12, lambda a: ic.htj2k_encode(a, level=0.0002, reversible=False), "ojph_expand", "j2c"),
]


def slices(n: int) -> list[np.ndarray]:
    """Slices of a CT of 512 x 512, 12 bits."""
    case = Path(os.environ.get("IRIS_SHARED", ROOT / "../shared"), "imaging/ok/o-ct-j2k-totalseg.zip")
    if not case.exists():
        return [np.roll(image("smooth", 512, 512, 12), 7 * i, axis=1) for i in range(n)]
    found = []
    with zipfile.ZipFile(case) as archive:
        for name in archive.namelist():
            ds = dcmread(io.BytesIO(archive.read(name)), force=True)
            stored = ic.jpeg2k_decode(next(generate_frames(ds.PixelData, number_of_frames=1))).astype(float)
            hu = stored * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
            found.append(np.clip(hu + 1024, 0, 4095).astype(np.int32))
    return [found[i % len(found)] for i in range(n)]


def cpu(commands: list[list[str]]) -> float:
    """Seconds of processor time that commands take, on one processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for command in commands:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"GOMAXPROCS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def prepare(folder: Path, ours: Path, row: tuple, frames: list[np.ndarray]) -> tuple[list, list]:
    """The commands of both sides for frames, compressed into a folder."""
    codec, _, precision, encode, peer, syntax = row
    kind = np.uint8 if precision == 8 else np.uint16
    streams = [bytes(encode(np.ascontiguousarray(f >> (12 - precision)).astype(kind))) for f in frames]
    folder.mkdir()
    paths = []
    for i, stream in enumerate(streams):
        paths.append(folder / f"{i}.{syntax if '.' not in syntax else 'stream'}")
        paths[-1].write_bytes(stream)
    rows, columns = frames[0].shape
    mine = [[ours, codec, columns, rows, 8 if precision == 8 else 16, folder / "ours", *paths]]
    if peer.startswith("dcm"):
        packed = folder / "packed.dcm"
        dicom.write(packed, frames[0] >> (12 - precision), precision)
        ds = dcmread(packed)
        ds.NumberOfFrames, ds.PixelData = len(frames), encapsulate(streams)
        ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
        ds.file_meta.TransferSyntaxUID = SYNTAX + syntax
        ds.save_as(packed)
        theirs = [[peer, packed, folder / "plain.dcm"]]
    elif peer == "opj_decompress":
        (folder / "j").mkdir()
        for p in paths:
            (folder / "j" / p.name).symlink_to(p)
        theirs = [[peer, "-ImgDir", folder / "j", "-OutFor", "PGM"]]
    else:
        theirs = [[peer, "-i", p, "-o", p.with_suffix(".pgm")] for p in paths]
    return [[str(a) for a in c] for c in mine], [[str(a) for a in c] for c in theirs]


def measure(row: tuple, ours: Path, frames: list[np.ndarray], runs: int) -> str:
    with tempfile.TemporaryDirectory() as temporary:
        large = prepare(Path(temporary, "large"), ours, row, frames)
        small = prepare(Path(temporary, "small"), ours, row, [f[248:264, 248:264] for f in frames])
        least = [[float("inf")] * 2 for _ in range(2)]
        for _ in range(runs):
            for side in range(2):
                for i, commands in enumerate((large[side], small[side])):
                    least[side][i] = min(least[side][i], cpu(commands))
    megabytes = sum(f.size for f in frames) * (1 if row[2] == 8 else 2) / 1e6
    mine, theirs = (megabytes / max(1e-3, a - b) for a, b in least)
    return f"| {row[1]} | {mine:.0f} | {theirs:.0f} ({row[4]}) | {mine / theirs:.2f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    frames = slices(options.frames)
    with tempfile.TemporaryDirectory() as folder:
        ours = Path(folder, "codecs")
        subprocess.run(["go", "build", "-o", ours, "./tests/bench/codecs"], check=True, cwd=ROOT)
        text = f"{surface.machine()}. Megabytes of samples in a second of one processor, {len(frames)} frames, the least of {options.runs} runs.\n\n"
        text += "| syntax | iris | peer | iris / peer |\n|---|---|---|---|\n"
        for row in ROWS:
            if options.only in row[0]:
                text += measure(row, ours, frames, options.runs) + "\n"
    print(text)
    if options.out:
        surface.write(options.out, text, BEGIN, END)


main()
