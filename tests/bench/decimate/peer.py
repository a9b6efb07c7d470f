"""Simplifies every mesh of a folder with meshoptimizer, in one process: peer.py RATIO BEFORE AFTER.

BEFORE holds what `decimate -before` wrote; AFTER gets the results in the same form.
Each mesh goes to RATIO of its triangles by `simplify`; an error of 1 is the size of a
mesh, so that the number alone stops it. Prints one line of JSON: processor seconds
and wall seconds of the calls alone, triangles before and after, and whether the
package has simplifyWithUpdate, which moves vertices to where errors are least.
"""

import json
import sys
import time
from pathlib import Path

import meshoptimizer
import numpy as np


def read(path):
    raw = path.read_bytes()
    vertices, triangles = (int(n) for n in np.frombuffer(raw, "<u4", 2))
    at = np.frombuffer(raw, "<f4", 3 * vertices, 8).reshape(-1, 3).copy()
    return at, np.frombuffer(raw, "<u4", 3 * triangles, 8 + 12 * vertices).copy()


def write(path, at, corners):
    used, corners = np.unique(corners, return_inverse=True)
    with open(path, "wb") as f:
        f.write(np.array([len(used), len(corners) // 3], "<u4").tobytes())
        f.write(at[used].astype("<f4").tobytes())
        f.write(corners.astype("<u4").tobytes())


def main():
    ratio, before, after = float(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    after.mkdir(parents=True, exist_ok=True)
    meshes = {path.name: read(path) for path in sorted(before.glob("*.raw"))}
    results = {}
    wall, cpu = time.perf_counter(), time.process_time()
    for name, (at, corners) in meshes.items():
        target = int(len(corners) / 3 * ratio) * 3
        result = np.zeros(len(corners), np.uint32)
        count = meshoptimizer.simplify(result, corners, at, target_index_count=target, target_error=1.0)
        results[name] = result[:count]
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    for name, corners in results.items():
        write(after / name, meshes[name][0], corners)
    print(json.dumps({
        "cpu": cpu,
        "wall": wall,
        "before": sum(len(corners) // 3 for _, corners in meshes.values()),
        "after": sum(len(corners) // 3 for corners in results.values()),
        "update": hasattr(meshoptimizer, "simplify_with_update"),
    }))


if __name__ == "__main__":
    main()
