"""What the makers of streams share: images, and the folder that judge_test.go reads.

A maker is a program with one argument, an empty folder. It fills it with Sets.add, one
parameter set after the other, each of a stream and of the samples that must come out.
"""
import json
import sys
from pathlib import Path

import numpy as np


class Sets:
    """Writes index.json and, for set N, N.stream and N.samples."""

    def __init__(self, folder: str):
        self.folder, self.index = Path(folder), []

    def add(self, group: str, name: str, stream: bytes, samples: np.ndarray, *, precision: int,
            bits: int = 0, tolerance: int = 0, signed: bool = False, lossy: bool | None = None):
        """One parameter set.

        samples: rows x columns, what the image was before a lossless encoder, or what a
        reference decoder makes of a lossy stream. tolerance: by how much a sample may
        differ from it. bits: of a word in the decoder's output; 0: the fewest that hold
        precision. lossy: what the decoder must say of the stream; None: not looked at.
        group: sets of a kind, counted together. name: the parameters.
        """
        bits = bits or (8 if precision <= 8 else 16)
        n = len(self.index)
        (self.folder / f"{n}.stream").write_bytes(stream)
        words = np.asarray(samples).astype(np.int64)
        (self.folder / f"{n}.samples").write_bytes(words.astype(f"<i{bits // 8}", casting="unsafe").tobytes())
        self.index.append({"group": group, "name": name, "columns": words.shape[1], "rows": words.shape[0], "bits": bits,
                           "precision": precision, "tolerance": tolerance, "signed": signed, "lossy": lossy})

    def close(self):
        (self.folder / "index.json").write_text(json.dumps(self.index))


def image(kind: str, columns: int, rows: int, precision: int, signed: bool = False) -> np.ndarray:
    """An image of a kind of KINDS with samples of precision bits, signed or not, as int32."""
    rng = np.random.default_rng(columns * 65536 + rows)
    y, x = np.mgrid[0:rows, 0:columns].astype(float)
    u, v = x / columns - .5, y / rows - .5
    top = 2 ** precision - 1
    if kind == "smooth":  # a body with organs, and the noise of a CT
        body = np.where(np.hypot(u / .45, v / .33) < 1, .26 + .03 * np.sin(9 * u) * np.cos(7 * v), .01)
        body[np.hypot((abs(u) - .2) / .15, v / .2) < 1] = .06
        body[np.hypot(u, v - .2) < .06] = .6
        data = body * top + rng.normal(0, top / 300, body.shape)
    elif kind == "noise":
        data = rng.random((rows, columns)) * (top + 1)
    elif kind == "ramp":
        data = (x + y * columns) % (top + 1)
    elif kind == "zero":
        data = 0 * x
    elif kind == "full":
        data = 0 * x + top
    elif kind == "extremes":
        data = rng.integers(0, 2, (rows, columns)) * float(top)
    elif kind == "steps":
        data = (x // 5 + y // 3) % 4 * top / 3
    else:
        raise ValueError(kind)
    data = np.clip(np.floor(data), 0, top).astype(np.int32)
    return data - 2 ** (precision - 1) if signed else data


KINDS = ["smooth", "noise", "ramp", "zero", "full", "extremes", "steps"]


def main(make):
    """Runs make(sets) on the folder that the program is given."""
    sets = Sets(sys.argv[1])
    make(sets)
    sets.close()
