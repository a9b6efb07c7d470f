"""Asks trimesh about every PLY of a folder: judge.py FOLDER.

Prints one line of JSON: of how many meshes it says that they are watertight, wind
one way, enclose a positive volume, and have an even Euler number. trimesh is
told not to merge or repair anything.
"""

import json
import sys
from pathlib import Path

import trimesh


def main():
    counts = {"meshes": 0, "watertight": 0, "winding": 0, "outward": 0, "euler_even": 0}
    for path in sorted(Path(sys.argv[1]).glob("*.ply")):
        mesh = trimesh.load(path, process=False)
        counts["meshes"] += 1
        counts["watertight"] += bool(mesh.is_watertight)
        counts["winding"] += bool(mesh.is_winding_consistent)
        counts["outward"] += bool(mesh.volume > 0)
        counts["euler_even"] += mesh.euler_number % 2 == 0
    counts["good"] = counts["meshes"] > 0 and all(v == counts["meshes"] for v in counts.values())
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
