"""JPEG-LS as CharLS (PyPI: imagecodecs) and DCMTK write it."""
import imagecodecs
import numpy as np

import dicom
from sets import KINDS, Sets, image, main

SIZES = [(1, 1), (1, 9), (9, 1), (7, 7), (23, 11), (64, 40), (300, 3)]


def precision_of(stream: bytes) -> int:
    return stream[stream.index(b"\xff\xf7") + 4]


def charls(sets: Sets):
    for precision in (8, 12, 16):
        kind_of = np.uint8 if precision == 8 else np.uint16
        for kind in KINDS:
            for columns, rows in SIZES:
                samples = image(kind, columns, rows, precision).astype(kind_of)
                for near in (0, 1, 2, 3, 7, 20, 60, 127, 255):
                    if near > 127 and precision == 8:
                        continue
                    stream = imagecodecs.jpegls_encode(samples, level=near)
                    sets.add("lossless by CharLS" if near == 0 else "near-lossless by CharLS",
                             f"{kind} {columns}x{rows}, {precision} bits, NEAR {near}", stream,
                             imagecodecs.jpegls_decode(stream), precision=precision_of(stream), lossy=near > 0)


def dcmtk(sets: Sets):
    variants = [
        [], ["+pc"], ["+il"], ["+is"], ["+in"], ["+pz"], ["+rs", "3"], ["+rs", "255"], ["+t1", "1", "+t2", "1", "+t3", "1"],
        ["+t1", "9", "+t2", "40", "+t3", "200"], ["+pc", "+t1", "5", "+t2", "9", "+t3", "33", "+rs", "31"],
        ["+en", "+md", "1"], ["+en", "+md", "2"], ["+en", "+md", "5"], ["+en", "+md", "5", "+pc"],
        ["+en", "+md", "3", "+t1", "8", "+t2", "20", "+t3", "90", "+rs", "16"],
    ]
    for stored in (8, 10, 12, 16):
        for signed in (False, True):
            for kind in ("smooth", "steps", "extremes"):  # of noise it cuts streams that are longer than the image
                for options in variants:
                    if signed and ("+en" in options or "+pc" in options):
                        continue  # dcmcjpls refuses the first and breaks off at the second
                    samples = image(kind, 40, 23, stored, signed)
                    pack, lossy = ["dcmcjpls", "-q", *options], "+en" in options
                    _, stream = dicom.compress(pack, samples, stored, signed)
                    want = samples & ((1 << stored) - 1)
                    if lossy:
                        want = dicom.expand(["dcmdjpls", "-q"], samples, stored, pack, signed)
                    sets.add("near-lossless by DCMTK" if lossy else "lossless by DCMTK", f"{kind}, {stored} bits, signed {signed}, {options}",
                             stream, want, precision=precision_of(stream), lossy=lossy)


def make(sets: Sets):
    charls(sets)
    dcmtk(sets)


main(make)
