"""The first largest quotient against nnU-Net's division and torch's argmax."""

import pytest
import torch

from iris_totalsegmentator.engine import largest
from iris_totalsegmentator.engine.largest import first_largest, first_largest_of_bits

HEADS, VOXELS = 25, 20000
PIECE = 50  # small, so that few are left to dividing all


def written_out(sums: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return (sums / weights).float().argmax(0).to(torch.uint8)


def in_pieces(sums: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    pieces = zip(sums.split(PIECE, 1), weights.split(PIECE), strict=True)
    return torch.cat([first_largest_of_bits(*piece) for piece in pieces])


def every_half() -> torch.Tensor:
    bits = torch.arange(-(1 << 15), 1 << 15, dtype=torch.int32).to(torch.int16)
    numbers = bits.view(torch.half)
    return numbers[numbers.isfinite()]


@pytest.fixture
def divided(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts the pieces that first_largest_of_bits left to first_largest."""
    count = [0]

    def counted(sums: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        count[0] += 1
        return first_largest(sums, weights)

    monkeypatch.setattr(largest, "first_largest", counted)
    return count


@pytest.mark.parametrize("scale", [1e-7, 1e-3, 1.0, 100.0])
@pytest.mark.parametrize("offset", [-3.0, 0.0, 3.0])
def test_random(divided: list[int], scale: float, offset: float) -> None:
    noise = torch.Generator().manual_seed(int(scale * 10 + offset))
    # Apart by an ulp or so: most voxels have heads that only rounding makes equal.
    near = torch.randint(-3, 4, (HEADS, VOXELS), generator=noise) * 2.0**-10
    sums = ((1 + near) * torch.rand(VOXELS, generator=noise) * scale + offset * scale).half()
    sums[:, ::7] *= -1  # negative largest ones beside positive
    weights = (torch.rand(VOXELS, generator=noise) * 10 + 0.1).half()
    wanted = written_out(sums, weights)
    assert torch.equal(first_largest(sums, weights), wanted)
    assert torch.equal(in_pieces(sums, weights), wanted)
    assert len(wanted.unique()) > 1
    if scale >= 1:
        assert divided[0] < VOXELS // PIECE / 2


@pytest.mark.parametrize("weight", [10.0, 9.99, 1.0, 0.7, 0.333, 0.0625, 1e-3, 6e-8, 79.9])
def test_neighbours(divided: list[int], weight: float) -> None:
    """Every float16 beside its neighbours, the larger one last."""
    numbers = every_half().float().sort().values.half()
    sums = torch.stack([numbers[:-3], numbers[1:-2], numbers[2:-1], numbers[3:]])
    weights = torch.full((sums.shape[1],), weight).half()
    wanted = written_out(sums, weights)
    assert torch.equal(in_pieces(sums, weights), wanted)
    assert divided[0] < sums.shape[1] // PIECE


def test_two_sums_at_most_share_a_quotient() -> None:
    """What first_largest_of_bits relies on, for every pair of significands."""
    numbers = every_half().float().sort().values
    sums = numbers[(numbers > 0.99) & (numbers < 4)].half()  # two binades and what lies before them
    for weight in torch.arange(1024, 2048).half() / 1024:
        quotients = sums / weight
        assert (quotients[2:] > quotients[:-2]).all()


def test_zeros() -> None:
    sums = torch.tensor([[-0.0, 0.0, -1.0], [0.0, -0.0, -0.0], [0.0, 1e-7, 0.0]]).half()
    weights = torch.ones(3).half()
    assert first_largest_of_bits(sums, weights).tolist() == written_out(sums, weights).tolist() == [0, 2, 1]
