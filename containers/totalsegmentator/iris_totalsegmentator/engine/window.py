"""The sliding window: tiles in, one network's labels out, logits never whole.

nnU-Net adds weighted logits of all tiles into float16 arrays, divides by the sum
of the weights in float16, and takes the first largest. Here a ring holds just
the planes that the current row of tiles touches; planes that no later tile
touches are divided, judged and forgotten. Roundings and their order are nnU-Net's.
"""

import math
import mmap
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from ..errors import Cancelled
from .largest import first_largest, first_largest_of_bits
from .network import Network
from .prepare import inside
from .run import Run, Workers

# Added and judged at a time on a CPU: more spills out of the caches, less wakes threads more often.
_HEADS = 32
_VOXELS = 32768


def starts(size: int, tile: int, step: float) -> list[int]:
    """Where tiles begin along one axis (nnU-Net's compute_steps_for_sliding_window)."""
    count = int(np.ceil((size - tile) / (tile * step))) + 1
    if count == 1:
        return [0]
    actual = (size - tile) / (count - 1)
    return [int(np.round(actual * n)) for n in range(count)]


def tiles(net: Network, shape: tuple[int, ...], step: float) -> int:
    """How many tiles label has for an image of shape before it is padded."""
    return math.prod(len(starts(max(n, p), p, step)) for n, p in zip(shape, net.patch, strict=True))


def room(networks: Sequence[Network], shape: tuple[int, ...], device: torch.device) -> torch.Tensor:
    """Zeros for the ring of any of the networks over an image of shape."""
    most = max(net.heads * min(net.patch[0], shape[0]) for net in networks) * shape[1] * shape[2]
    if _on_gpu(device):
        return torch.zeros(most, dtype=torch.half, device=device)
    memory = mmap.mmap(-1, most * torch.half.itemsize)  # apart from the heap, gone with the last reference
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)  # every tile strides over all of it
    return torch.frombuffer(memory, dtype=torch.half)


def label(
    net: Network,
    image: torch.Tensor,
    merged: torch.Tensor,
    room: torch.Tensor,
    step: float,
    run: Run,
    batch: int = 1,
) -> None:
    """Write the network's labels, as the task's, over those of merged.

    image: (z, y, x) float32, normalised, padded to a patch along each axis; merged:
    uint8 of the size before padding. Background leaves what earlier networks found.
    room: of the function of this name, for the network and this size; left zero, unless this is cancelled.
    step: of tiles, in tiles.
    """
    ring = _Ring(net, merged, room, run.workers)
    depth, height, width = net.patch
    for z in starts(image.shape[0], depth, step):
        with run.clock("argmax"):
            ring.flush(z)
        corners = [(y, x) for y in starts(image.shape[1], height, step) for x in starts(image.shape[2], width, step)]
        for group in _groups(corners, batch):
            if run.stopped():
                raise Cancelled
            with run.clock("network"):
                cuts = [image[z : z + depth, y : y + height, x : x + width] for y, x in group]
                logits = net.forward(torch.stack(cuts)[:, None])
            with run.clock("fuse"):
                for (y, x), one in zip(group, logits, strict=True):
                    ring.add(one, y, x)
            del logits  # not beside the next ones
            run.count(len(group))
    with run.clock("argmax"):
        ring.flush(merged.shape[0])


def _groups(tiles: list[tuple[int, int]], size: int) -> Iterator[list[tuple[int, int]]]:
    for n in range(0, len(tiles), size):
        yield tiles[n : n + size]


class _Ring:
    """Sums of as many planes as a tile is deep: plane z of the image is in slot z modulo that.

    A padded axis has one tile, of which only the part within the image counts: tile
    and inside tell its size and where it lies in the patch.
    """

    def __init__(self, net: Network, merged: torch.Tensor, room: torch.Tensor, workers: Workers) -> None:
        self.net, self.merged, self.workers, self.base = net, merged, workers, 0
        self.whole = _on_gpu(merged.device)  # launches cost more than memory there
        self.tile = tuple(min(n, p) for n, p in zip(merged.shape, net.patch, strict=True))
        self.inside = inside(self.tile, net.patch)
        self.gaussian = net.gaussian[self.inside]
        self.weight = self.gaussian.float()
        self.lut = torch.tensor(net.card.lut, dtype=torch.uint8, device=merged.device)
        self.slots = self.tile[0]
        sums = (self.slots, net.heads, *merged.shape[1:])
        self.sums = room[: math.prod(sums)].view(sums)
        self.weights = torch.zeros((self.slots, *merged.shape[1:]), dtype=torch.half, device=merged.device)

    def add(self, logits: torch.Tensor, y: int, x: int) -> None:
        """Add the tile that begins at plane base, y and x: logits of (head, z, y, x)."""
        depth, height, width = self.tile
        logits = logits[:, *self.inside].movedim(1, 0)
        sums = self.sums[:, :, y : y + height, x : x + width]
        weights = self.weights[:, y : y + height, x : x + width]
        for planes, slots in self._runs(depth):
            weights[slots] += self.gaussian[planes]
        if self.whole:
            logits *= self.gaussian[:, None]
            for planes, slots in self._runs(depth):
                sums[slots] += logits[planes]
            return
        # The same two operations, float32 product and rounded sum, in pieces.

        def add(planes: tuple[int, int]) -> None:
            room = torch.empty((2, _HEADS, height, width))
            for z in range(*planes):
                slot = sums[(self.base + z) % self.slots]
                for one, total in zip(logits[z].split(_HEADS), slot.split(_HEADS), strict=True):
                    product, wide = room[:, : len(one)]
                    torch.mul(one, self.weight[z], out=product)
                    total.copy_(wide.copy_(total).add_(product))

        self.workers.each(add, self.workers.spans(depth, depth))

    def flush(self, upto: int) -> None:
        """Judge the planes below upto, and leave their slots zero for those that follow."""
        done = upto - self.base
        if self.whole:
            for planes, slots in self._runs(done):
                labels = self.lut[first_largest(self.sums[slots].movedim(1, 0), self.weights[slots]).int()]
                _overwrite(self.merged[self.base :][planes], labels)
                self.sums[slots], self.weights[slots] = 0, 0
        else:
            self.workers.each(self._judge, range(self.base, upto))
        self.base = upto

    def _judge(self, z: int) -> None:
        slot = z % self.slots
        sums, weights = self.sums[slot].flatten(1), self.weights[slot].flatten()
        first = torch.empty(weights.shape, dtype=torch.uint8)
        for low in range(0, len(weights), _VOXELS):
            piece = slice(low, low + _VOXELS)
            first[piece] = first_largest_of_bits(sums[:, piece], weights[piece])
            sums[:, piece] = 0
        weights.zero_()
        merged = self.merged[z]
        _overwrite(merged, self.lut[first.int()].view(merged.shape))

    def _runs(self, count: int) -> Iterator[tuple[slice, slice]]:
        """Where the count planes from base on are: as counted from base, and as slots."""
        low = self.base % self.slots
        wrap = min(count, self.slots - low)
        yield slice(0, wrap), slice(low, low + wrap)
        if wrap < count:
            yield slice(wrap, count), slice(0, count - wrap)


def _overwrite(merged: torch.Tensor, labels: torch.Tensor) -> None:
    merged.mul_(labels == 0).add_(labels)


def _on_gpu(device: torch.device) -> bool:
    return device.type == "cuda"
