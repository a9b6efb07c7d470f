"""Which head has the first largest quotient: nnU-Net's division and arg-maximum.

nnU-Net divides the float16 sums of all heads by the sum of the weights, rounds to
float16 and takes the first largest, so that rounding decides ties. Both functions
take finite sums and positive weights, float16, and give the head's number, uint8.
"""

import numpy as np
import torch

_INFINITY = np.int16(0x7C00)  # all bits of the exponent


def first_largest(sums: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """By dividing all of them, on any device: sums (heads, …), weights (…)."""
    wide = weights.float()
    best = _quotient(sums[0], wide)
    first = torch.zeros(best.shape, dtype=torch.uint8, device=best.device)
    for head in range(1, len(sums)):
        value = _quotient(sums[head], wide)
        first.masked_fill_(value > best, head)
        torch.maximum(best, value, out=best)
    return first


def first_largest_of_bits(sums: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The same of (heads, voxels) with two divisions instead of one a head, on a CPU.

    Dividing by one weight and rounding keeps the order of sums, so a head ties with
    the largest if its sum is at least the smallest that gives the same quotient:
    the largest or its neighbour below (both have 11 bits, and a weight is less than
    twice a power of two). As integers in the order of the numbers, sums are
    compared by the dozen.
    """
    keys = sums.numpy().view(np.int16)
    least = keys.max(axis=0)
    if (least < 0).any():  # the bits of negative numbers count the other way
        keys = _in_order(keys)
        least = keys.max(axis=0)
    wide = weights.float()
    largest = _quotient_bits(least, wide)
    exponent = largest & _INFINITY
    if ((exponent == 0) | (exponent == _INFINITY)).any():
        return first_largest(sums, weights)  # many sums give zero, a subnormal or infinity
    least -= _quotient_bits(least - np.int16(1), wide) == largest
    heads = np.arange(len(keys), 0, -1, dtype=np.uint8)[:, None]
    return torch.from_numpy(len(keys) - ((keys >= least).view(np.uint8) * heads).max(axis=0))


def _in_order(bits: np.ndarray) -> np.ndarray:
    """float16's bits ↔ integers in the order of the numbers; its own inverse."""
    keys = bits >> np.int16(15)
    keys &= np.int16(0x7FFF)
    keys ^= bits
    return keys


def _quotient_bits(keys: np.ndarray, weights: torch.Tensor) -> np.ndarray:
    sums = torch.from_numpy(_in_order(keys)).view(torch.half)
    return sums.float().div_(weights).half().numpy().view(np.int16)


def _quotient(sums: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Rounded to float16, as float32."""
    return sums.float().div_(weights).half().float()
