"""HTJ2K as OpenJPH writes it: Debian's programs, and its library in PyPI's imagecodecs."""
import itertools
import subprocess
import tempfile
from pathlib import Path

import imagecodecs
import numpy as np

from sets import KINDS, Sets, image, main

SIZES = [(1, 1), (1, 9), (9, 1), (7, 7), (23, 11), (64, 64), (130, 75)]


def compress(samples: np.ndarray, precision: int, signed: bool, options: list[str]) -> bytes:
    """The stream that ojph_compress makes. It reads negative samples as positive ones: there
    are none here (see library)."""
    with tempfile.TemporaryDirectory() as folder:
        rows, columns = samples.shape
        raw, packed = Path(folder, "a.yuv"), Path(folder, "a.j2c")
        raw.write_bytes(samples.astype("<u1" if precision <= 8 else "<u2").tobytes())
        run("ojph_compress", "-i", raw, "-o", packed, "-dims", f"{{{columns},{rows}}}", "-num_comps", "1", "-signed", str(signed).lower(),
            "-bit_depth", str(precision), "-downsamp", "{1,1}", *options)
        return packed.read_bytes()


def run(*command):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise SystemExit(f"{command}: {done.stdout.decode()}")


def expand(stream: bytes) -> np.ndarray:
    """What OpenJPH makes of a lossy stream, by imagecodecs: Debian's ojph_expand breaks off
    at some of ojph_compress's streams. Samples beyond the range wrap around there, which
    shows beside OpenJPEG. (OpenJPEG is not the reference, for it has a constant of the 9/7
    filters with five digits only: samples of 16 bits differ by up to 4.)"""
    samples, other = imagecodecs.htj2k_decode(stream), imagecodecs.jpeg2k_decode(stream)
    wide, apart = samples.astype(np.int32), other.astype(np.int32)
    low, high = np.iinfo(samples.dtype).min, np.iinfo(samples.dtype).max
    ends = np.where(apart > (low + high) // 2, high, low)
    return np.where(abs(wide - apart) > (high - low) // 2, ends, wide)


VARIANTS = [
    [], ["-num_decomps", "0"], ["-num_decomps", "1"], ["-num_decomps", "8"], ["-block_size", "{4,4}"], ["-block_size", "{32,32}"],
    ["-block_size", "{4,1024}"], ["-block_size", "{1024,4}"], ["-block_size", "{16,128}"], ["-precincts", "{32,32},{64,64}"],
    ["-precincts", "{16,64},{128,32}", "-block_size", "{8,8}"], ["-prog_order", "LRCP"], ["-prog_order", "RLCP"],
    ["-prog_order", "RPCL"], ["-prog_order", "PCRL"], ["-prog_order", "CPRL"], ["-tile_size", "{33,17}"],
    ["-tile_size", "{64,64}", "-prog_order", "PCRL"], ["-image_offset", "{5,3}"],
    ["-image_offset", "{7,9}", "-tile_offset", "{3,4}", "-tile_size", "{40,41}"],
]


def reversible(sets: Sets):
    for precision, signed in itertools.product((8, 10, 12, 16), (False, True)):
        for options in VARIANTS:
            for kind in ("smooth", "noise"):
                samples = image(kind, 130, 75, precision - signed)
                stream = compress(samples, precision, signed, ["-reversible", "true", *options])
                sets.add("HTJ2K lossless by OpenJPH", f"{kind}, {precision} bits, signed {signed}, {options}", stream, samples,
                         precision=precision, signed=signed, lossy=False)
    for kind in KINDS:
        for columns, rows in SIZES:
            for precision in range(8, 17):
                samples = image(kind, columns, rows, precision)
                stream = compress(samples, precision, False, ["-reversible", "true"])
                sets.add("HTJ2K lossless by OpenJPH", f"{kind} {columns}x{rows}, {precision} bits", stream, samples,
                         precision=precision, lossy=False)


def irreversible(sets: Sets):
    for precision, signed in itertools.product((8, 12, 16), (False, True)):
        for step in ("0.00001", "0.0001", "0.001", "0.0039", "0.02", "0.1", "0.5"):
            for kind in ("smooth", "noise", "steps"):
                samples = image(kind, 130, 75, precision - signed)
                stream = compress(samples, precision, signed, ["-qstep", step])
                sets.add("HTJ2K lossy by OpenJPH", f"{kind}, {precision} bits, signed {signed}, qstep {step}", stream, expand(stream),
                         precision=precision, signed=signed, tolerance=1, lossy=True)
    for options in VARIANTS:
        samples = image("smooth", 130, 75, 12)
        stream = compress(samples, 12, False, options)
        sets.add("HTJ2K lossy by OpenJPH", f"12 bits, {options}", stream, expand(stream), precision=12, tolerance=1, lossy=True)


def library(sets: Sets):
    """OpenJPH of a later version, against OpenJPEG, which is another decoder."""
    for word in (np.uint8, np.int8, np.uint16, np.int16):
        precision, signed = np.dtype(word).itemsize * 8, np.dtype(word).kind == "i"
        for kind in KINDS:
            samples = image(kind, 150, 70, precision, signed).astype(word)
            for options in ({"reversible": True}, {"reversible": True, "resolutions": 1}, {"reversible": True, "tile": (64, 32)},
                            {"reversible": True, "tlm": True, "tilepart": 1}, {"reversible": False, "level": 0.001},
                            {"reversible": False, "level": 0.05}):
                stream = imagecodecs.htj2k_encode(samples, **options)
                lossless = options["reversible"]
                want = samples if lossless else expand(stream)
                sets.add("HTJ2K by imagecodecs", f"{kind}, {word.__name__}, {options}", stream, want, precision=precision, signed=signed,
                         tolerance=0 if lossless else 1, lossy=not lossless)


def make(sets: Sets):
    reversible(sets)
    irreversible(sets)
    library(sets)


main(make)
