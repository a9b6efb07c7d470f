"""JPEG 2000 as OpenJPEG and FFmpeg write it, over the options of opj_compress and of libavcodec.

Lossless streams must give the image itself, lossy ones what opj_decompress makes of
them: exactly that with the 5/3 wavelet, within one unit (two of 16 bits) with 9/7.
"""
import itertools
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from sets import KINDS, Sets, image, main

ORDERS = ["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"]


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")


def word(precision: int, signed: bool) -> str:
    return ("i" if signed else "u") + ("1" if precision <= 8 else "2")


def openjpeg(stream: bytes, suffix: str, rows: int, columns: int, precision: int, signed: bool) -> np.ndarray:
    """What opj_decompress makes of a stream."""
    with tempfile.TemporaryDirectory() as folder:
        packed, back = Path(folder, "a" + suffix), Path(folder, "a.rawl")
        packed.write_bytes(stream)
        run("opj_decompress", "-i", packed, "-o", back)
        want = np.fromfile(back, f"<{word(precision, signed)}").reshape(rows, columns)
    if signed:  # opj_decompress writes the sample's bits alone
        half = 1 << (precision - 1)
        want = ((want.astype(np.int64) & (2 * half - 1)) ^ half) - half
    return want


def ffmpeg(samples: np.ndarray, precision: int, options: dict) -> bytes:
    """A stream of libavcodec's own encoder."""
    encoder = av.CodecContext.create("jpeg2000", "w")
    encoder.height, encoder.width = samples.shape
    encoder.pix_fmt, encoder.time_base = "gray" if precision == 8 else f"gray{precision}le", Fraction(1)
    encoder.options = {"format": "j2k", **options}
    frame = av.VideoFrame(encoder.width, encoder.height, encoder.pix_fmt)
    plane = frame.planes[0]
    words = np.zeros((samples.shape[0], plane.line_size // (1 if precision == 8 else 2)), f"<{word(precision, False)}")
    words[:, : samples.shape[1]] = samples
    plane.update(words.tobytes())
    frame.pts = 0
    return b"".join(bytes(p) for p in encoder.encode(frame) + encoder.encode(None))


class Maker:
    def __init__(self, sets: Sets):
        self.sets = sets

    def add(self, group: str, samples: np.ndarray, precision: int, options, *, signed=False, suffix=".j2k", exact=True):
        """One set. exact: the stream is meant to be lossless, which is checked."""
        rows, columns = samples.shape
        options = [str(o) for o in options]
        kind = f"<{word(precision, signed)}"
        with tempfile.TemporaryDirectory() as folder:
            raw, packed = Path(folder, "a.rawl"), Path(folder, "a" + suffix)
            samples.astype(kind).tofile(raw)
            # opj_compress refuses raw images of which columns, rows and precision are all odd.
            run("opj_compress", "-i", raw, "-o", packed, "-F", f"{columns},{rows},1,{precision},{'s' if signed else 'u'}", *options)
            stream = packed.read_bytes()
        want = openjpeg(stream, suffix, rows, columns, precision, signed)
        irreversible = "-I" in options
        if exact and not irreversible and not (want == samples).all():
            # OpenJPEG 2.5.0 miscodes the last columns and rows of some tiles of one sample.
            group = "coded by OpenJPEG with a fault"
        lossy = True if irreversible else False if exact else None
        self.sets.add(group, f"{columns}x{rows}, {precision} bits, signed {signed}, {' '.join(options)}", stream, want,
                      precision=precision, signed=signed, tolerance=self.tolerance(precision) if irreversible else 0, lossy=lossy)

    @staticmethod
    def tolerance(precision: int) -> int:
        """OpenJPEG's 9/7 high-pass gain, 1.625732422, is 3e-5 smaller than 2/K: 2 units of 2**16."""
        return 1 if precision <= 14 else 2


def precisions(m: Maker):
    for precision, signed, wavelet in itertools.product(range(1, 17), (False, True), ([], ["-I"])):
        m.add("precisions", image("smooth", 75, 62, precision, signed), precision, wavelet, signed=signed)


def styles(m: Maker):
    ct = image("smooth", 96, 83, 12)
    for style in range(64):
        m.add("code-block styles", ct, 12, ["-M", style, "-b", "16,32"])
        if style % 3 == 1:
            m.add("code-block styles", ct, 12, ["-M", style, "-I", "-r", "12,6"], exact=False)
            m.add("code-block styles", ct, 12, ["-M", style, "-r", "12,6,2"], exact=False)


def blocks(m: Maker):
    noise = image("smooth", 150, 1030, 12)
    for x, y in itertools.product(range(2, 11), repeat=2):
        if x + y <= 12:
            m.add("code-block sizes", noise[: 1030 if y > 8 else 90, : 90 if y > 8 else 150], 12, ["-b", f"{2**x},{2**y}", "-n", 3])
    wide = image("smooth", 1030, 37, 12)
    for x in (7, 8, 9, 10):
        m.add("code-block sizes", wide, 12, ["-b", f"{2**x},4", "-n", 2])


def resolutions(m: Maker):
    for n, wavelet in itertools.product(range(1, 9), ([], ["-I"], ["-I", "-r", "10"])):
        m.add("resolutions", image("smooth", 140, 133, 12), 12, ["-n", n, *wavelet])


def progressions(m: Maker):
    ct = image("smooth", 120, 97, 12)
    for order, layers, precincts, tiles in itertools.product(
            ORDERS, ([], ["-r", "20,5,1"]), ([], ["-c", "[64,32],[16,32],[8,8]"]), ([], ["-t", "50,40"], ["-t", "33,97", "-d", "5,9", "-T", "2,7"])):
        m.add("progressions", ct, 12, ["-p", order, "-n", 4, *layers, *precincts, *tiles])
    for order, marks, parts in itertools.product(ORDERS, (["-SOP"], ["-EPH"], ["-SOP", "-EPH"]), ([], ["-TP", "R"], ["-TP", "L"], ["-TP", "C"])):
        m.add("markers and tile-parts", ct, 12, ["-p", order, "-n", 3, "-r", "9,3,1", "-t", "64,64", *marks, *parts])
    for marks in (["-PLT"], ["-TLM"], ["-PLT", "-TLM"]):
        for tiles in ([], ["-t", "50,50"]):
            m.add("markers and tile-parts", ct, 12, [*marks, *tiles, "-C", "a comment"])


def changes(m: Maker):
    ct = image("smooth", 120, 97, 12)
    for first, second in itertools.product(ORDERS, repeat=2):
        # Changes by layer are not here: OpenJPEG 2.5.0 leaves packets out of them.
        m.add("order changes", ct, 12, ["-n", 4, "-r", "9,3,1", "-p", "LRCP", "-POC", f"T1=0,0,3,2,1,{first}/T1=2,0,3,4,1,{second}"])
        m.add("order changes", ct, 12, ["-n", 4, "-r", "9,3,1", "-p", "RPCL", "-c", "[32,32]", "-POC",
                                        f"T1=3,0,3,4,1,{first}/T1=1,0,3,3,1,{second}/T1=0,0,3,1,1,{first}"])


# Options that make a row or a column of one sample, at which the 9/7 encoder breaks off.
ONE_SAMPLE = ["-d 39,39", "-d 33,64", "-t 2,2", "-t 5,5", "-t 17,13", "-t 3,7", "-t 9,128", "-t 128,9"]


def offsets(m: Maker):
    ct = image("smooth", 101, 87, 12)
    for options in ("-d 1,0", "-d 0,1", "-d 13,17", "-d 255,128", "-d 1000,3000 -T 900,2950 -t 128,128", "-t 101,87", "-t 64,64", "-t 17,13",
                    "-t 128,9", "-t 9,128", "-t 40,40 -d 39,39", "-t 40,40 -d 41,3 -T 7,2", "-t 31,33 -T 1,1 -d 30,20", "-t 64,64 -T 3,5 -d 10,11",
                    "-t 5,5 -n 2", "-t 3,7 -n 1", "-t 2,2 -n 2", "-t 50,50 -d 50,100 -T 40,90", "-t 33,65 -d 33,64 -T 1,2", "-d 4095,4097"):
        for wavelet in ([], ["-I"], ["-I", "-r", "8"]):
            if wavelet and any(o in options for o in ONE_SAMPLE):
                continue
            m.add("tiles and offsets", ct, 12, [*options.split(), *([] if "-n" in options else ["-n", 3]), *wavelet])


def regions(m: Maker):
    for shift, wavelet in itertools.product((1, 3, 7, 12), ([], ["-I"], ["-r", "6"])):
        m.add("regions of interest", image("smooth", 90, 70, 8), 8, ["-ROI", f"c=0,U={shift}", *wavelet], exact="-r" not in wavelet)


def rates(m: Maker):
    for rate in ("-r 1.5", "-r 2", "-r 3", "-r 5", "-r 10", "-r 30", "-r 100", "-r 60,30,10,5", "-r 64,32,16,8,4,2,1", "-q 20", "-q 30", "-q 45", "-q 60",
                 "-q 20,30,40,50,60", "-q 30,0"):
        for precision, signed in ((8, False), (12, False), (16, True)):
            for wavelet in ([], ["-I"]):
                m.add("rates", image("smooth", 160, 120, precision, signed), precision, [*rate.split(), *wavelet], signed=signed, exact=False)
    for bits in range(1, 8):
        for wavelet in ([], ["-I"]):
            m.add("guard bits", image("extremes", 70, 50, 12), 12, ["-GuardBits", bits, *wavelet])


def images(m: Maker):
    for kind, (columns, rows), wavelet in itertools.product(
            KINDS, [(1, 1), (1, 9), (9, 1), (2, 2), (7, 7), (64, 64), (65, 63), (130, 40)], ([], ["-I"])):
        levels = min(columns, rows).bit_length()
        m.add("images", image(kind, columns, rows, 12), 12, ["-n", min(levels, 6), *wavelet])
    for wavelet in ([], ["-I"]):
        m.add("JP2 files", image("smooth", 90, 70, 12), 12, wavelet, suffix=".jp2")
        m.add("large", image("smooth", 700, 600, 16, True), 16, wavelet, signed=True)


def others(m: Maker):
    for precision in (8, 10, 12, 16):
        ct = image("smooth", 150, 121, precision)
        for order, tiles, marks, rates in itertools.product(
                ("lrcp", "rlcp", "rpcl", "pcrl", "cprl"), ({}, {"tile_width": "64", "tile_height": "48"}), ({}, {"sop": "1", "eph": "1"}), ({}, {"layer_rates": "20,5,1"})):
            for wavelet in ("dwt53", "dwt97int"):
                options = {"pred": wavelet, "prog": order, **tiles, **marks, **rates}
                stream = ffmpeg(ct, precision, options)
                want = openjpeg(stream, ".j2k", *ct.shape, precision, False)
                m.sets.add("FFmpeg's encoder", f"{precision} bits, {options}", stream, want, precision=precision,
                           tolerance=m.tolerance(precision) if wavelet == "dwt97int" else 0)


def make(sets: Sets):
    m = Maker(sets)
    for part in (precisions, styles, blocks, resolutions, progressions, changes, offsets, regions, rates, images, others):
        part(m)


main(make)
