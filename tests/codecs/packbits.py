"""RLE as DCMTK and pydicom write it."""
from pydicom.pixels.encoders import RLELosslessEncoder

import dicom
from sets import KINDS, Sets, image, main


def make(sets: Sets):
    for precision in (8, 12, 16):
        bits = 8 if precision == 8 else 16
        for kind in KINDS:
            for columns, rows in ((1, 1), (1, 9), (9, 1), (7, 7), (23, 11), (128, 3), (129, 3), (300, 40)):
                samples = image(kind, columns, rows, precision)
                name = f"{kind} {columns}x{rows}, {precision} bits"
                _, stream = dicom.compress(["dcmcrle"], samples, precision)
                sets.add("DCMTK", name, stream, samples, precision=bits, bits=bits, lossy=False)
                stream = RLELosslessEncoder.encode(
                    samples.astype(f"<u{bits // 8}").tobytes(), rows=rows, columns=columns, samples_per_pixel=1, bits_allocated=bits,
                    bits_stored=precision, pixel_representation=0, photometric_interpretation="MONOCHROME2", number_of_frames=1)
                sets.add("pydicom", name, stream, samples, precision=bits, bits=bits, lossy=False)


main(make)
