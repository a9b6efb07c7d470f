"""From the resampled scan to what a network sees: cropping, normalising, padding."""

import numpy as np
import torch
import torch.nn.functional

from .network import Network

Box = tuple[slice, slice, slice]


def nonzero_box(image: torch.Tensor) -> Box:
    """The smallest box around voxels that are not zero; everything if all are."""
    planes = image != 0
    box = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        found = planes.any(dim=others[1]).any(dim=others[0]).nonzero().flatten()
        size = image.shape[axis]
        box.append(slice(int(found[0]), int(found[-1]) + 1) if len(found) else slice(0, size))
    return box[0], box[1], box[2]


def normalise(image: torch.Tensor, box: Box, net: Network) -> torch.Tensor:
    """The box of a float32 image, normalised and padded to the patch size."""
    if net.intensities is None:
        out = _z_score(image, box)
    else:
        # numpy's in-place arithmetic rounds a Python float to float32 first
        p = net.intensities
        low, high, mean, std = (np.float32(p[k]) for k in ("percentile_00_5", "percentile_99_5", "mean", "std"))
        out = image[box].clamp(float(low), float(high))
        out.sub_(_scalar(mean, out)).div_(_scalar(max(std, np.float32(1e-8)), out))
    return _pad(out, net.patch)


def _scalar(value: np.floating, like: torch.Tensor) -> torch.Tensor:
    """A tensor, since CUDA turns a division by a Python scalar into a product."""
    return torch.tensor(float(value), dtype=torch.float32, device=like.device)


def _z_score(image: torch.Tensor, box: Box) -> torch.Tensor:
    """In numpy, on the same strided view as nnU-Net: its sums must round alike."""
    view = image.cpu().numpy()[box]
    mean, std = view.mean(), view.std()
    out = view - mean
    out /= max(std, np.float32(1e-8))
    return torch.from_numpy(out).to(image.device)


def _margins(size: tuple[int, ...], patch: tuple[int, int, int]) -> list[tuple[int, int]]:
    missing = [max(0, want - have) for have, want in zip(size, patch, strict=True)]
    return [(m // 2, m - m // 2) for m in missing]


def _pad(image: torch.Tensor, patch: tuple[int, int, int]) -> torch.Tensor:
    margins = _margins(tuple(image.shape), patch)
    flat = [n for pair in reversed(margins) for n in pair]
    return torch.nn.functional.pad(image, flat) if any(flat) else image


def inside(size: tuple[int, ...], patch: tuple[int, int, int]) -> Box:
    """Where an image of size lies after padding."""
    cut = [slice(low, low + n) for n, (low, _) in zip(size, _margins(size, patch), strict=True)]
    return cut[0], cut[1], cut[2]
