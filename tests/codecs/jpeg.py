"""JPEG as libjpeg-turbo and DCMTK write it."""
import imagecodecs
import numpy as np

import dicom
from sets import KINDS, Sets, image, main

SIZES = [(1, 1), (1, 9), (9, 1), (7, 7), (8, 8), (23, 11), (64, 40)]


def turbo_lossless(sets: Sets):
    for precision in range(2, 17):
        for predictor in range(1, 8):
            for kind in KINDS:
                for columns, rows in SIZES:
                    samples = image(kind, columns, rows, precision)
                    stream = imagecodecs.jpeg8_encode(samples.astype(np.uint8 if precision <= 8 else np.uint16),
                                                      lossless=True, predictor=predictor, bitspersample=precision)
                    sets.add("lossless by libjpeg-turbo", f"{kind} {columns}x{rows}, {precision} bits, predictor {predictor}",
                             stream, samples, precision=precision, lossy=False)


def dcmtk_lossless(sets: Sets):
    """DCMTK writes 8 or 16 bits, whatever is stored."""
    for stored in (8, 12, 16):
        for signed in (False, True):
            samples = image("smooth", 40, 23, stored, signed)
            words = samples & ((1 << stored) - 1)
            precision = 8 if stored == 8 else 16
            for selection in range(1, 8):
                for point in range(0, 16 if stored > 8 else 8):
                    options = ["+el", "+sv", str(selection), "+pt", str(point)]
                    _, stream = dicom.compress(["dcmcjpeg", "-q", *options], samples, stored, signed)
                    sets.add("lossless by DCMTK", f"{stored} bits stored, signed {signed}, {options}", stream,
                             words >> point << point, precision=precision, lossy=point > 0)


def turbo_lossy(sets: Sets):
    for precision in (8, 12):
        for kind in KINDS:
            for columns, rows in SIZES:
                for quality in (1, 30, 75, 95, 100):
                    samples = image(kind, columns, rows, precision).astype(np.uint8 if precision == 8 else np.uint16)
                    for optimize in (False, True):
                        stream = imagecodecs.jpeg8_encode(samples, quality, bitspersample=precision, optimize=optimize)
                        sets.add(f"sequential by libjpeg-turbo, {precision} bits", f"{kind} {columns}x{rows}, quality {quality}, optimize {optimize}",
                                 stream, imagecodecs.jpeg8_decode(stream), precision=precision, tolerance=1, lossy=True)


def dcmtk_lossy(sets: Sets):
    for process, name in (("+eb", "baseline"), ("+ee", "extended"), ("+es", "spectral selection"), ("+ep", "progressive")):
        for stored in (8, 12):
            for kind in KINDS:
                for quality in (5, 50, 90, 100):
                    samples = image(kind, 40, 23, stored)
                    pack = ["dcmcjpeg", "-q", process, "+q", str(quality)]
                    ds, stream = dicom.compress(pack, samples, stored)
                    want = dicom.expand(["dcmdjpeg", "-q"], samples, stored, pack)
                    sets.add(f"{name} by DCMTK", f"{kind}, {stored} bits, quality {quality}", stream, want,
                             precision=8 if ds.BitsAllocated == 8 else 12, tolerance=1, lossy=True)


def make(sets: Sets):
    turbo_lossless(sets)
    dcmtk_lossless(sets)
    turbo_lossy(sets)
    dcmtk_lossy(sets)


main(make)
