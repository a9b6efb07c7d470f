"""A synthetic torso in HU: the scan of tests and benchmarks. Deterministic."""

import nibabel as nib
import numpy as np

# centre x y z, half axes a b c (in half extents), HU
_ELLIPSOIDS = [
    ((0.38, 0.02, 0.45), (0.26, 0.36, 0.5), -850),
    ((-0.38, 0.02, 0.45), (0.26, 0.36, 0.5), -850),
    ((0.3, 0.05, -0.25), (0.38, 0.33, 0.3), 110),
    ((-0.42, -0.05, -0.25), (0.16, 0.2, 0.18), 120),
    ((-0.08, 0.1, 0.35), (0.2, 0.22, 0.22), 160),
    ((0.3, -0.22, -0.5), (0.1, 0.1, 0.2), 180),
    ((-0.3, -0.22, -0.5), (0.1, 0.1, 0.2), 180),
    *(((0.0, -0.4, -0.95 + 0.14 * k), (0.11, 0.12, 0.055), 400) for k in range(14)),
]


def torso(shape: tuple[int, int, int], zooms: tuple[float, float, float], seed: int = 0) -> nib.Nifti1Image:
    """int16 HU, axes to the Left, Posterior, Superior."""
    x, y, z = np.meshgrid(*((np.arange(n, dtype=np.float32) + 0.5) / n * 2 - 1 for n in shape), indexing="ij", sparse=True)
    hu = np.full(shape, -1000, np.float32)
    hu[np.broadcast_to((x / 0.85) ** 2 + (y / 0.6) ** 2 < 1, shape)] = -100
    hu[np.broadcast_to((x / 0.8) ** 2 + (y / 0.54) ** 2 < 1, shape)] = 45
    for (cx, cy, cz), (a, b, c), value in _ELLIPSOIDS:
        hu[((x - cx) / a) ** 2 + ((y - cy) / b) ** 2 + ((z - cz) / c) ** 2 < 1] = value
    radius = (x / 0.72) ** 2 + (y / 0.5) ** 2
    for k in range(10):
        hu[(radius > 0.88) & (radius < 1) & (np.abs(z - 0.02 - 0.09 * k - 0.15 * y) < 0.02)] = 700
    hu += np.random.default_rng(seed).normal(0, 12, shape).astype(np.float32)
    affine = np.diag([-zooms[0], -zooms[1], zooms[2], 1.0])
    return nib.Nifti1Image(np.clip(hu, -1024, 3000).astype(np.int16), affine)
