"""Resampling against scipy, bit for bit, sizes whose last place rounds past the end included."""

import nibabel as nib
import numpy as np
import pytest
import torch
from scipy import ndimage

from iris_totalsegmentator.engine.grid import Grid
from iris_totalsegmentator.engine.resample import Turn, linear, nearest
from iris_totalsegmentator.engine.run import Workers

OVERSHOOTING = [(58, 95), (58, 189), (4, 188), (7, 188), (8, 26)]
SHAPES = [
    *(((a, 20, 9), (b, 31, 7)) for a, b in OVERSHOOTING),
    *(((9, a, 20), (7, b, 31)) for a, b in OVERSHOOTING),
    *(((20, 9, a), (31, 7, b)) for a, b in OVERSHOOTING),
    ((40, 30, 20), (13, 70, 20)),
    ((1, 20, 33), (1, 11, 60)),
    ((5, 1, 2), (20, 1, 9)),
]


@pytest.mark.parametrize("kind", [np.int16, np.float32, np.float64])
@pytest.mark.parametrize(("shape", "target"), SHAPES)
def test_linear(workers: Workers, shape: tuple[int, int, int], target: tuple[int, int, int], kind: type) -> None:
    noise = np.random.default_rng(7)
    for voxels in (noise.integers(-1024, 3000, shape), np.full(shape, 1024), noise.normal(0, 900, shape)):
        image = voxels.astype(kind)
        zoom = np.array(target) / np.array(shape)
        theirs = ndimage.zoom(image.astype(np.float64).T, zoom[::-1], mode="nearest", order=1).astype(np.int32).T
        ours = linear(torch.from_numpy(image), Turn(), target, workers).numpy()
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(("shape", "target"), SHAPES)
def test_nearest(shape: tuple[int, int, int], target: tuple[int, int, int]) -> None:
    labels = np.random.default_rng(8).integers(0, 118, shape).astype(np.uint8)
    zoom = np.array(target) / np.array(shape)
    theirs = ndimage.zoom(labels.astype(np.float64).T, zoom[::-1], mode="nearest", order=0).astype(np.uint8).T
    assert np.array_equal(nearest(torch.from_numpy(labels), Turn(), target).numpy(), theirs)


@pytest.mark.parametrize("axes", ["RAS", "LPS", "SLA", "AIR", "PSR", "ILP"])
def test_turn(workers: Workers, axes: str) -> None:
    voxels = np.random.default_rng(9).integers(-1024, 3000, (7, 8, 9)).astype(np.int16)
    orientation = nib.orientations.ornt_transform(nib.orientations.axcodes2ornt("RAS"), nib.orientations.axcodes2ornt(axes))
    image = nib.Nifti1Image(voxels, np.diag([2.0, 3.0, 4.0, 1.0])).as_reoriented(orientation)
    shape = tuple(image.shape)
    turn = Grid((shape[0], shape[1], shape[2]), image.affine).turn()
    own = torch.from_numpy(np.ascontiguousarray(np.asarray(image.dataobj).transpose(2, 1, 0)))
    canonical = voxels.transpose(2, 1, 0)
    assert np.array_equal(turn.apply(own).numpy(), canonical)
    assert np.array_equal(turn.undo(turn.apply(own)).numpy(), own.numpy())
    assert np.array_equal(linear(own, turn, canonical.shape, workers).numpy(), canonical)
    labels = turn.apply(own).to(torch.uint8).contiguous()
    assert np.array_equal(nearest(labels, turn, canonical.shape).numpy(), own.to(torch.uint8).numpy())
