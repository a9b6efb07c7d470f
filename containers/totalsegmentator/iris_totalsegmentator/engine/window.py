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
from .network import Network
from .prepare import inside
from .run import Run, Workers

STEP = 0.8  # TotalSegmentator's tile step, in tiles, for its total tasks
_PLANES = 8  # planes added or judged at a time on a CPU: what the caches hold


def starts(size: int, tile: int) -> list[int]:
    """Where tiles begin along one axis (nnU-Net's compute_steps_for_sliding_window)."""
    count = int(np.ceil((size - tile) / (tile * STEP))) + 1
    if count == 1:
        return [0]
    step = (size - tile) / (count - 1)
    return [int(np.round(step * n)) for n in range(count)]


def room(networks: Sequence[Network], shape: tuple[int, ...], device: torch.device) -> torch.Tensor:
    """Memory for the ring of any of the networks over an image of shape."""
    most = max(net.heads * min(net.patch[0], shape[0]) for net in networks) * shape[1] * shape[2]
    if _on_gpu(device):
        return torch.empty(most, dtype=torch.half, device=device)
    memory = mmap.mmap(-1, most * torch.half.itemsize)  # apart from the heap, gone with the last reference
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)  # every tile strides over all of it
    return torch.frombuffer(memory, dtype=torch.half)


def label(
    net: Network,
    image: torch.Tensor,
    merged: torch.Tensor,
    room: torch.Tensor,
    run: Run,
    batch: int = 1,
) -> None:
    """Write the network's labels, as the task's, over those of merged.

    image: (z, y, x) float32, normalised, padded to a patch along each axis; merged:
    uint8 of the size before padding. Background leaves what earlier networks found.
    room: of the function of this name, for the network and this size.
    """
    ring = _Ring(net, merged, room, run.workers)
    depth, height, width = net.patch
    for z in starts(image.shape[0], depth):
        with run.clock("argmax"):
            ring.flush(z)
        tiles = [(y, x) for y in starts(image.shape[1], height) for x in starts(image.shape[2], width)]
        for group in _groups(tiles, batch):
            if run.stopped():
                raise Cancelled
            with run.clock("network"):
                cuts = [image[z : z + depth, y : y + height, x : x + width] for y, x in group]
                logits = net.forward(torch.stack(cuts)[:, None])
            with run.clock("fuse"):
                for (y, x), one in zip(group, logits, strict=True):
                    ring.add(one, y, x)
            del logits  # not beside the next ones
    with run.clock("argmax"):
        ring.flush(merged.shape[0])


def _groups(tiles: list[tuple[int, int]], size: int) -> Iterator[list[tuple[int, int]]]:
    for n in range(0, len(tiles), size):
        yield tiles[n : n + size]


class _Ring:
    """Sums of the planes base … base + tile depth.

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
        plane = (self.tile[0], *merged.shape[1:])
        self.sums = room[: net.heads * math.prod(plane)].view(net.heads, *plane).zero_()
        self.weights = torch.zeros(plane, dtype=torch.half, device=merged.device)

    def add(self, logits: torch.Tensor, y: int, x: int) -> None:
        depth, height, width = self.tile
        logits = logits[:, *self.inside]
        sums = self.sums[:, :, y : y + height, x : x + width]
        self.weights[:, y : y + height, x : x + width] += self.gaussian
        if self.whole:
            logits *= self.gaussian
            sums += logits
            return
        # The same two operations, float32 product and rounded sum, in pieces.

        def add(heads: tuple[int, int]) -> None:
            product = torch.empty((_PLANES, height, width))
            for low in range(0, depth, _PLANES):
                high = min(low + _PLANES, depth)
                for head in range(*heads):
                    torch.mul(logits[head, low:high], self.weight[low:high], out=product[: high - low])
                    sums[head, low:high].add_(product[: high - low])

        self.workers.each(add, self.workers.spans(self.net.heads, self.net.heads))

    def flush(self, upto: int) -> None:
        """Judge the planes below upto and move the ring there."""
        done = upto - self.base
        if not done:
            return

        def judge(planes: tuple[int, int]) -> None:
            labels = self._judge(*planes)
            merged = self.merged[self.base + planes[0] : self.base + planes[1]]
            merged.mul_(labels == 0).add_(labels)

        def move(head: int) -> None:
            sums = self.sums[head] if head < self.net.heads else self.weights
            sums[:keep] = sums[done:].clone()
            sums[keep:] = 0

        if self.whole:
            judge((0, done))
        else:
            self.workers.each(judge, self.workers.spans(done, _PLANES))
        keep = self.tile[0] - done
        if keep > 0:
            self.workers.each(move, range(self.net.heads + 1))
        self.base = upto

    def _judge(self, low: int, high: int) -> torch.Tensor:
        """The first head with the largest quotient, as the task's label."""
        weights = self.weights[low:high].float()
        best = self._quotient(0, low, high, weights)
        first = torch.zeros(best.shape, dtype=torch.uint8, device=best.device)
        for head in range(1, self.net.heads):
            value = self._quotient(head, low, high, weights)
            # Heads come in order, so the last one that was larger is the largest
            # number: no branch, which noise at the borders would mispredict.
            torch.maximum(first, _larger(value, best).mul_(head), out=first)
            torch.maximum(best, value, out=best)
        return self.lut[first.int()]

    def _quotient(self, head: int, low: int, high: int, weights: torch.Tensor) -> torch.Tensor:
        return self.sums[head, low:high].float().div_(weights).half().float()


def _larger(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """1 where a > b, else 0; uint8. On a CPU torch compares one by one, numpy does not."""
    if _on_gpu(a.device):
        return (a > b).view(torch.uint8)
    return torch.from_numpy(np.greater(a.numpy(), b.numpy()).view(np.uint8))


def _on_gpu(device: torch.device) -> bool:
    return device.type == "cuda"
