"""Resampling that equals scipy.ndimage.zoom(mode="nearest") bit for bit.

`linear` is order 1 and truncates to int32, `nearest` is order 0. Both are
corner-aligned: output index j of n_out lies at j·(n_in−1)/(n_out−1). Both take
the axis permutation and flips of a reorientation along, so no reoriented copy of
a scan is ever made.
"""

from dataclasses import dataclass

import numpy as np
import torch

from .run import Workers

_PLANES = 8  # output planes worked on at a time: what the caches hold


@dataclass(frozen=True)
class Turn:
    """A reorientation of a (z, y, x) tensor: permute its axes, then flip some."""

    axes: tuple[int, int, int] = (0, 1, 2)
    flips: tuple[bool, bool, bool] = (False, False, False)

    def apply(self, image: torch.Tensor) -> torch.Tensor:
        return image.permute(self.axes).flip([axis for axis in range(3) if self.flips[axis]])

    def undo(self, image: torch.Tensor) -> torch.Tensor:
        back = [self.axes.index(axis) for axis in range(3)]
        return image.flip([axis for axis in range(3) if self.flips[axis]]).permute(back)


def _places(n_in: int, n_out: int) -> np.ndarray:
    """The input place of every output index. Rounding may carry the last one past
    the end by an ulp: scipy clamps the neighbours' indices then, not the weights."""
    step = (n_in - 1) / (n_out - 1) if n_out > 1 else 1.0
    return step * np.arange(n_out, dtype=np.float64)


def _neighbours(n_in: int, n_out: int, flip: bool, device: torch.device) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """For either neighbour of every output index: its input index and weight."""
    places = _places(n_in, n_out)
    low = np.floor(places).astype(np.int64)
    weight = 1.0 - (places - low)
    pairs = []
    for index, share in ((low, weight), (low + 1, 1.0 - weight)):
        index = np.minimum(index, n_in - 1)
        index = n_in - 1 - index if flip else index
        pairs.append((torch.from_numpy(index).to(device), torch.from_numpy(share).to(device)))
    return pairs


def linear(image: torch.Tensor, turn: Turn, shape: tuple[int, ...], workers: Workers) -> torch.Tensor:
    """The turned image on a grid of shape, order 1, truncated to int32.

    scipy sums eight terms ((v·wx)·wy)·wz in float64, x outermost. Multiply and
    add stay separate operations here: fused ones would round differently.
    """
    image = image.permute(turn.axes)
    sides = [_neighbours(image.shape[a], shape[a], turn.flips[a], image.device) for a in range(3)]
    out = torch.empty(shape, dtype=torch.int32, device=image.device)

    def planes(span: tuple[int, int]) -> None:
        low, high = span
        rows = [[image.index_select(0, z[low:high]).index_select(1, y) for y, _ in sides[1]] for z, _ in sides[0]]
        total = torch.zeros((high - low, *shape[1:]), dtype=torch.float64, device=image.device)
        for x, weight_x in sides[2]:
            for b, (_, weight_y) in enumerate(sides[1]):
                for c, (_, weight_z) in enumerate(sides[0]):
                    term = rows[c][b].index_select(2, x).double()
                    term *= weight_x
                    term *= weight_y[:, None]
                    term *= weight_z[low:high, None, None]
                    total += term
        out[low:high] = total.to(torch.int32)

    workers.each(planes, workers.spans(shape[0], _PLANES))
    return out


def nearest(labels: torch.Tensor, turn: Turn, shape: tuple[int, ...]) -> torch.Tensor:
    """Labels on a finer grid of shape (in turned axes), turned back, order 0."""
    for axis in range(3):
        places = _places(labels.shape[axis], shape[axis])
        index = np.clip(np.floor(places + 0.5).astype(np.int64), 0, labels.shape[axis] - 1)
        if turn.flips[axis]:
            index = index[::-1].copy()
        labels = labels.index_select(axis, torch.from_numpy(index).to(labels.device))
    return Turn(turn.axes).undo(labels).contiguous()
