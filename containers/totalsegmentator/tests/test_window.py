"""The sliding window against nnU-Net's arithmetic written out: all logits, first maximum."""

from collections.abc import Iterator

import pytest
import torch

from iris_totalsegmentator.engine import prepare, window
from iris_totalsegmentator.engine.network import Network, gaussian
from iris_totalsegmentator.engine.run import Run, Workers
from iris_totalsegmentator.tables import ModelCard


def network(patch: tuple[int, int, int], heads: int, seed: int) -> Network:
    """Logits of a few values, so that many heads are equally large."""

    def forward(tiles: torch.Tensor) -> torch.Tensor:
        steps = torch.arange(heads).view(-1, 1, 1, 1)
        return torch.round(2 * torch.sin(tiles * (1 + steps) + seed + steps))

    lut = tuple((7 * head + seed) % 251 if head else 0 for head in range(heads))
    card = ModelCard(seed, "folder", "trainer", lut)
    return Network(card, forward, patch, heads, gaussian(patch), None, 0)


def written_out(net: Network, image: torch.Tensor, merged: torch.Tensor, step: float) -> torch.Tensor:
    """All half logits of the padded image, divided, the first largest, then cut."""
    sums = torch.zeros((net.heads, *image.shape), dtype=torch.half)
    weights = torch.zeros(tuple(image.shape), dtype=torch.half)
    for corner in corners(image, net.patch, step):
        at = tuple(slice(low, low + size) for low, size in zip(corner, net.patch, strict=True))
        sums[:, *at] += net.forward(image[at][None, None])[0] * net.gaussian
        weights[at] += net.gaussian
    sums /= weights
    labels = torch.tensor(net.card.lut, dtype=torch.uint8)[sums.float().argmax(0)]
    labels = labels[prepare.inside(tuple(merged.shape), net.patch)]
    return torch.where(labels > 0, labels, merged)


def corners(image: torch.Tensor, patch: tuple[int, int, int], step: float) -> Iterator[tuple[int, int, int]]:
    z, y, x = (window.starts(n, p, step) for n, p in zip(image.shape, patch, strict=True))
    yield from ((a, b, c) for a in z for b in y for c in x)


@pytest.mark.parametrize("on_gpu", [False, True])  # its arithmetic, on the CPU
@pytest.mark.parametrize("step", [0.5, 0.8])
@pytest.mark.parametrize("shape", [(20, 18, 25), (5, 30, 9), (3, 4, 5), (12, 12, 12)])
def test_written_out(monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int, int], step: float, on_gpu: bool) -> None:
    monkeypatch.setattr(window, "_on_gpu", lambda _: on_gpu)
    monkeypatch.setattr(window, "_HEADS", 4)
    monkeypatch.setattr(window, "_VOXELS", 50)
    networks = [network((8, 12, 10), 5, 1), network((12, 8, 9), 3, 2), network((8, 8, 8), 27, 3)]
    room = window.room(networks, shape, torch.device("cpu"))
    image = torch.randn(shape, generator=torch.Generator().manual_seed(4))
    # Part of something larger, as the box of what is not zero is.
    whole = torch.zeros([n + 3 for n in shape], dtype=torch.uint8)
    merged = whole[1 : shape[0] + 1, 2 : shape[1] + 2, : shape[2]]
    wanted = merged.clone()
    for net in networks:
        padded = prepare._pad(image, net.patch)
        wanted = written_out(net, padded, wanted, step)
        window.label(net, padded, merged, room, step, Run(Workers(2)), 2)
        assert torch.equal(merged, wanted)
        assert not room.any()  # for the next network
    assert len(merged.unique()) > 5
    assert whole.sum() == merged.sum()  # nothing beside it
