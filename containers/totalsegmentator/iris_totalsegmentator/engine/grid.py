"""Grids: where voxels lie, how a scan turns to RAS, what size it has at a spacing.

nibabel does the geometry, on images without voxels, exactly as TotalSegmentator
asks it to; so spacings come out as the float32 that its headers hold.
"""

from dataclasses import dataclass

import nibabel as nib
import numpy as np
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from .resample import Turn

Shape = tuple[int, int, int]


def _empty(shape: tuple[int, ...], affine: np.ndarray) -> nib.Nifti1Image:
    return nib.Nifti1Image(np.broadcast_to(np.float64(0), shape), affine)


@dataclass(frozen=True)
class Grid:
    """shape is x, y, z; affine maps voxel centres to world RAS mm."""

    shape: Shape
    affine: np.ndarray

    def zooms(self) -> np.ndarray:
        return np.array(_empty(self.shape, self.affine).header.get_zooms())

    def canonical_zooms(self) -> np.ndarray:
        return np.array(nib.as_closest_canonical(_empty(self.shape, self.affine)).header.get_zooms())

    def turn(self) -> Turn:
        """The reorientation to RAS, for z, y, x ordered tensors."""
        orientation = io_orientation(self.affine)
        source = np.argsort(orientation[:, 0])  # canonical axis → own axis
        axes = tuple(2 - int(source[2 - axis]) for axis in range(3))
        flips = tuple(bool(orientation[2 - axis, 1] == -1) for axis in axes)
        return Turn((axes[0], axes[1], axes[2]), (flips[0], flips[1], flips[2]))

    def at_spacing(self, spacing: float) -> Shape | None:
        """The RAS grid's x, y, z size at a spacing; None if it has it already."""
        zooms = self.canonical_zooms()
        target = np.array([spacing] * 3)
        if np.array_equal(zooms, target):
            return None
        sizes = (self.shape[2 - axis] for axis in reversed(self.turn().axes))
        x, y, z = (int(round(n * zoom)) for n, zoom in zip(sizes, zooms / target, strict=True))
        return x, y, z

    def cropped(self, low: Shape, high: Shape) -> "Grid":
        affine = self.affine.copy()
        affine[:3, 3] = np.dot(affine, np.array([*low, 1]))[:3]
        x, y, z = (b - a for a, b in zip(low, high, strict=True))
        return Grid((x, y, z), affine)

    def affine_there_and_back(self) -> np.ndarray:
        """The affine after a turn to RAS and back: off by what the turns round."""
        there = nib.as_closest_canonical(_empty(self.shape, self.affine))
        back = ornt_transform(axcodes2ornt("RAS"), io_orientation(self.affine))
        return _empty(there.shape, there.affine).as_reoriented(back).affine
