"""The first largest quotient against nnU-Net's division and torch's argmax."""

import pytest
import torch

from iris_totalsegmentator.engine.largest import first_largest, first_largest_of_bits

HEADS, VOXELS = 25, 20000


def written_out(sums: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    return (sums / weights).float().argmax(0).to(torch.uint8)


def every_half() -> torch.Tensor:
    bits = torch.arange(-(1 << 15), 1 << 15, dtype=torch.int32).to(torch.int16)
    numbers = bits.view(torch.half)
    return numbers[numbers.isfinite()]


@pytest.mark.parametrize("scale", [1e-7, 1e-3, 1.0, 100.0])
@pytest.mark.parametrize("offset", [-3.0, 0.0, 3.0])
@pytest.mark.parametrize("judge", [first_largest, first_largest_of_bits])
def test_random(judge, scale: float, offset: float) -> None:  # type: ignore[no-untyped-def]
    noise = torch.Generator().manual_seed(int(scale * 10 + offset))
    # Few values apart by an ulp or so: most voxels have heads that only rounding makes equal.
    near = torch.randint(-3, 4, (HEADS, VOXELS), generator=noise) * 2.0**-10
    sums = ((1 + near) * torch.rand(VOXELS, generator=noise) * scale + offset * scale).half()
    weights = (torch.rand(VOXELS, generator=noise) * 10 + 1e-3).half()
    wanted = written_out(sums, weights)
    assert torch.equal(judge(sums, weights), wanted)
    assert len(wanted.unique()) > 1


@pytest.mark.parametrize("weight", [10.0, 9.99, 1.0, 0.7, 0.333, 0.0625, 1e-3, 6e-8, 79.9])
def test_neighbours(weight: float) -> None:
    """Every float16 beside its neighbours, the larger one last."""
    numbers = every_half().float().sort().values.half()
    sums = torch.stack([numbers[:-3], numbers[1:-2], numbers[2:-1], numbers[3:]])
    weights = torch.full((sums.shape[1],), weight).half()
    wanted = written_out(sums, weights)
    for low in range(0, sums.shape[1], 64):  # small pieces, so that few fall back to dividing all
        piece = slice(low, low + 64)
        assert torch.equal(first_largest_of_bits(sums[:, piece], weights[piece]), wanted[piece])


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
