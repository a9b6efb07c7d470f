"""One frame in a compressed form, by encoders of others."""
import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels import get_encoder
from pydicom.uid import RLELossless


def encode(syntax: str, stored: np.ndarray, ds: Dataset, rng) -> bytes:
    """stored: rows × columns samples, signed or not, as the data set says."""
    bits, signed = ds.BitsStored, bool(ds.PixelRepresentation)
    word = np.uint8 if ds.BitsAllocated == 8 else np.uint16 if ds.BitsAllocated == 16 else np.uint32
    plain = np.ascontiguousarray((stored.astype(np.int64) & ((1 << bits) - 1)).astype(word))
    extended = np.ascontiguousarray((stored.astype(np.int64) & ((1 << ds.BitsAllocated) - 1)).astype(word))
    if syntax == "encapsulated":
        return extended.astype(extended.dtype.newbyteorder("<")).tobytes()
    if syntax == "rle":
        return get_encoder(RLELossless).encode(extended, rows=ds.Rows, columns=ds.Columns, samples_per_pixel=1, number_of_frames=1,
                                         bits_allocated=ds.BitsAllocated, bits_stored=ds.BitsAllocated, pixel_representation=0,
                                         photometric_interpretation="MONOCHROME2", encoding_plugin="pydicom")
    import imagecodecs  # not needed for the forms above
    if syntax in ("jpeg-lossless", "jpeg-lossless-any"):
        predictor = 1 if syntax == "jpeg-lossless" else int(rng.integers(1, 8))
        return imagecodecs.jpeg8_encode(plain, lossless=True, predictor=predictor, bitspersample=bits)
    if syntax in ("jpeg-8", "jpeg-12"):
        return imagecodecs.jpeg8_encode(plain, 95, bitspersample=bits)
    if syntax in ("jpeg-ls", "jpeg-ls-near"):
        return imagecodecs.jpegls_encode(plain, level=0 if syntax == "jpeg-ls" else 2)
    words = np.ascontiguousarray(extended.view(np.int8 if word == np.uint8 else np.int16)) if signed else plain
    if syntax in ("j2k", "j2k-lossy"):
        return imagecodecs.jpeg2k_encode(words, reversible=syntax == "j2k", level=0 if syntax == "j2k" else 45, codecformat="j2k",
                                         bitspersample=None if signed else bits, resolutions=int(rng.integers(1, 4)))
    return imagecodecs.htj2k_encode(words, reversible=syntax != "htj2k-lossy", **({"level": 0.001} if syntax == "htj2k-lossy" else {}))  # RPCL is its order
