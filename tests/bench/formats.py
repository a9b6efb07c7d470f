"""Times each format that `iris mesh` writes beside GLB, in pairs of whole processes.

    python3 tests/bench/formats.py bin/iris [LABELS.nii.gz] [--pairs 5] [--other OLD_IRIS]

A pair is the format and GLB one after the other, so that a busy machine slows both.
Without a label map it takes the shared Allen atlas. Nothing is decimated. The ratio of
processor time is the one to trust where others use the machine. With --other, GLB of
this program is paired with GLB of another one, such as an older commit's.
"""

import argparse
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("IRIS_SHARED") or ROOT.parent / "shared")
FORMATS = ["stl", "obj", "ply", "3mf", "usdz", "mz3", "zip"]


def run(command):
    """Wall and processor seconds of one process."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def row(name, pairs):
    """Medians of both sides, and the ratios of the pairs."""
    wall, cpu = [a[0] / b[0] for a, b in pairs], [a[1] / b[1] for a, b in pairs]
    return (
        f"| {name} | {median(a[0] for a, _ in pairs):.1f} | {median(a[1] for a, _ in pairs):.1f} | {median(b[1] for _, b in pairs):.1f} "
        f"| {median(cpu):.2f} ({min(cpu):.2f}–{max(cpu):.2f}) | {median(wall):.2f} ({min(wall):.2f}–{max(wall):.2f}) |"
    )


def decimation(iris):
    """How a program is told not to decimate; one that cannot decimate is told nothing."""
    help_text = subprocess.run([iris, "mesh", "--help"], capture_output=True, text=True).stdout
    return ["--decimate", "none"] if "--decimate" in help_text else []


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("iris", type=Path)
    options.add_argument("labels", type=Path, nargs="?", default=SHARED / "volumes/allen/AllenAtlas.nii.gz")
    options.add_argument("--pairs", type=int, default=5)
    options.add_argument("--formats", default=",".join(FORMATS))
    options.add_argument("--other", type=Path)
    o = options.parse_args()
    if not o.labels.exists():
        print(f"no {o.labels}: nothing is timed")
        return
    print("| format | wall s | processor s | GLB beside it, processor s | ratio of processor time | ratio of wall time |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:

        def mesh(iris, format):
            return [iris.resolve(), "mesh", *decimation(iris), o.labels, Path(folder) / f"out.{format}"]

        glb = mesh(o.iris, "glb")
        run(glb)
        for format in filter(None, o.formats.split(",")):
            print(row(format, [(run(mesh(o.iris, format)), run(glb)) for _ in range(o.pairs)]), flush=True)
        if o.other:
            print(row("glb, beside the other program's", [(run(glb), run(mesh(o.other, "glb"))) for _ in range(o.pairs)]), flush=True)


if __name__ == "__main__":
    main()
