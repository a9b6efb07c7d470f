#!/usr/bin/env python3
"""Times `iris prepare` on compressed series beside dcm2niix, a row for each transfer syntax.

In: the iris binary and the folder of shared cases. Out: Markdown; with --out the part of that
file between its marks. The series is 140 slices of 512 x 512 made of a real one, compressed
here by the encoders of imagecodecs (CharLS, OpenJPEG, OpenJPH, libjpeg). Both programs read a
folder and write .nii.gz, the peer by its own gzip at its fastest level and once more without
gzip, which is what decoding alone takes. Runs are interleaved and the least of each is taken.
The volume of a lossless syntax must be the one of the series without compression.

usage: compressed.py IRIS SHARED [--runs 5] [--slices 140] [--only .90] [--out docs/benchmarks.md]
"""

import argparse
import filecmp
import hashlib
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import bench

BEGIN, END = "<!-- compressed: begin -->", "<!-- compressed: end -->"
SYNTAX = "1.2.840.10008.1.2"


# The syntax, its name, and whether it is lossless.
KINDS = [
    (".5", "RLE", True),
    (".4.70", "JPEG lossless", True),
    (".4.51", "JPEG extended, 12 bits", False),
    (".4.80", "JPEG-LS", True),
    (".4.81", "JPEG-LS, near 2", False),
    (".4.90", "JPEG 2000, 5/3", True),
    (".4.91", "JPEG 2000, 9/7", False),
    (".4.201", "HTJ2K, 5/3", True),
    (".4.203", "HTJ2K, 9/7", False),
]


def compress(plain: Path, folder: Path, syntax: str) -> int:
    """Writes the slices of a folder compressed, and returns the bytes of their streams.

    Runs in a process of its own: a child's peak memory counts from its parent's.
    """
    import imagecodecs as ic
    import numpy
    import pydicom
    from pydicom.encaps import encapsulate
    from pydicom.pixels.encoders import RLELosslessEncoder

    def rle(a: numpy.ndarray) -> bytes:
        of = {"rows": a.shape[0], "columns": a.shape[1], "samples_per_pixel": 1, "number_of_frames": 1, "bits_allocated": 16}
        of |= {"bits_stored": 12, "pixel_representation": 0, "photometric_interpretation": "MONOCHROME2"}
        return RLELosslessEncoder.encode(a, encoding_plugin="pydicom", **of)

    encode = {
        ".5": rle,
        ".4.70": lambda a: ic.jpeg8_encode(a, bitspersample=12, lossless=True),
        ".4.51": lambda a: ic.jpeg8_encode(a, level=90, bitspersample=12),
        ".4.80": lambda a: ic.jpegls_encode(a),
        ".4.81": lambda a: ic.jpegls_encode(a, level=2),
        ".4.90": lambda a: ic.jpeg2k_encode(a, codecformat="j2k", reversible=True, level=0, bitspersample=12),
        ".4.91": lambda a: ic.jpeg2k_encode(a, codecformat="j2k", level=60, bitspersample=12),
        ".4.201": lambda a: ic.htj2k_encode(a, reversible=True),
        ".4.203": lambda a: ic.htj2k_encode(a, level=0.0002, reversible=False),
    }[syntax]
    folder.mkdir()
    known: dict[bytes, bytes] = {}
    total = 0
    for path in sorted(plain.iterdir()):
        data = pydicom.dcmread(path)
        key = hashlib.sha256(data.PixelData).digest()
        if key not in known:
            pixels = numpy.frombuffer(data.PixelData, "<u2").reshape(data.Rows, data.Columns)
            known[key] = bytes(encode(pixels & 0xFFF))
        data.PixelData = encapsulate([known[key]])
        data["PixelData"].VR = "OB"
        data["PixelData"].is_undefined_length = True
        data.file_meta.TransferSyntaxUID = SYNTAX + syntax
        data.save_as(folder / path.name)
        total += len(known[key])
    return total


def peer(dcm2niix: str, folder: Path, work: Path, gzip: list[str], name: str) -> list[str]:
    return [dcm2niix, *gzip, "-b", "n", "-f", name, "-o", str(work), str(folder)]


def reads(command: list[str], output: Path) -> bool:
    """Says whether a program makes the volume at all, and not one of zeros."""
    done = subprocess.run(command, capture_output=True)
    return done.returncode == 0 and output.exists() and b"rror" not in done.stdout + done.stderr


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("iris")
    parser.add_argument("shared")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--slices", type=int, default=140)
    parser.add_argument("--only", default="")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--make", nargs=3, metavar=("SYNTAX", "PLAIN", "FOLDER"), help="only write the series")
    args = parser.parse_args()
    if args.make:
        syntax, plain, folder = args.make
        print(compress(Path(plain), Path(folder), syntax))
        return
    dcm2niix = str(Path(sys.executable).with_name("dcm2niix"))
    if not os.path.exists(dcm2niix):
        dcm2niix = shutil.which("dcm2niix") or sys.exit("dcm2niix is not installed")
    version = subprocess.run([dcm2niix, "--version"], capture_output=True, text=True).stdout.strip().splitlines()[-1]
    lines = [
        f"`tests/bench/intake/compressed.py bin/iris ../shared`, {os.cpu_count()} processors ({platform.machine()}), least of {args.runs} runs by turns, "
        f"{args.slices} slices of 512 × 512, dcm2niix {version}. Seconds of wall time, of a folder of slices to .nii.gz; the ratio is to dcm2niix with gzip at its fastest, "
        "and in brackets to dcm2niix without gzip, which writes an .nii.",
        "",
        "| syntax | MB of streams | iris | dcm2niix, gzip | dcm2niix, no gzip | ratio | processor time | peak memory of iris, MiB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        plain = work / "plain"
        subprocess.check_output([sys.executable, bench.__file__, args.iris, args.shared, "--slices", str(args.slices), "--make", str(plain)])
        truth = work / "truth.nii.gz"
        subprocess.run([args.iris, "prepare", str(plain), str(truth)], check=True, capture_output=True)
        rows = [("", "without compression", True, 73_400_320 * args.slices // 140)]
        rows += [(*kind, 0) for kind in KINDS]
        for syntax, name, lossless, size in rows:
            if args.only not in syntax:
                continue
            folder = plain
            if syntax:
                folder = work / syntax.strip(".")
                # In a process of its own: a child's peak memory counts from its parent's.
                size = int(subprocess.check_output([sys.executable, __file__, args.iris, args.shared, "--make", syntax, str(plain), str(folder)]))
            ours, fast, bare = work / "ours.nii.gz", work / "fast.nii.gz", work / "bare.nii"
            rivals = [(lambda: [args.iris, "prepare", str(folder), str(ours)], ours)]
            for command, output in (
                (peer(dcm2niix, folder, work, ["-z", "i", "-1"], "fast"), fast),
                (peer(dcm2niix, folder, work, ["-z", "n"], "bare"), bare),
            ):
                if reads(command, output):
                    rivals.append((lambda command=command: command, output))
            results = bench.race(args.runs, *rivals)
            if lossless and not filecmp.cmp(ours, truth, shallow=False):
                sys.exit(f"{name}: another volume than of the series without compression")
            mine = results[0]
            cells = ["not read", "not read"]
            ratio = cpu = "–"
            if len(results) == 3:
                cells = [f"{r.seconds:.2f}" for r in results[1:]]
                ratio = f"{mine.seconds / results[1].seconds:.2f} ({mine.seconds / results[2].seconds:.2f})"
                cpu = f"{mine.cpu / results[1].cpu:.2f} ({mine.cpu / results[2].cpu:.2f})"
            lines.append(f"| {name} ({SYNTAX[-2:]}{syntax}) | {size / 1e6:.1f} | {mine.seconds:.2f} | {cells[0]} | {cells[1]} | {ratio} | {cpu} | {mine.peak / bench.MIB:.0f} |")
            print(lines[-1], flush=True)
            if syntax:
                shutil.rmtree(folder)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    lines += ["", f"Peak memory below {own} MiB, the driver's own, cannot be told."]
    print("\n".join(lines))
    if args.out:
        text = args.out.read_text()
        before, rest = text.split(BEGIN)
        after = rest.split(END)[1]
        args.out.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after)


if __name__ == "__main__":
    main()
