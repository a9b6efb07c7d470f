"""Runs the surface engine beside its peers and writes a table of ratios.

    python3 tests/bench/surface/bench.py [--out docs/benchmarks.md] [--pairs 5]
        [--volumes ts1,ts4,allen,torso] [--threads 1,2] [--clock wall|cpu|each] [--judge]

Needs Go, Python and the package registries; nothing else. Peers live in an
environment of their own, ${XDG_CACHE_HOME:-~/.cache}/iris/venv-<hash of
requirements.txt>, label maps beside it. Every figure comes from a pair of
processes run one after the other, A B A B, so that a busy machine slows both;
the table gives medians and the spread of the pairs' ratios. --clock cpu compares
processor time, for one thread on a machine that others use; --clock each does so
for one thread and takes the wall clock for more. With --judge, trimesh
also says of every mesh whether it is closed.
"""

import argparse
import gzip
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "iris"
SHARED = Path(os.environ.get("IRIS_SHARED") or ROOT.parent / "shared")
SAMPLES = {
    "ts1": ("plain", "volumes/totalsegmentator/example_seg_fast_force_split.nii.gz"),
    "ts4": ("enlarge", "volumes/totalsegmentator/example_seg_fast_force_split.nii.gz"),
    "allen": ("plain", "volumes/allen/AllenAtlas.nii.gz"),
    "torso": ("torso", None),
}
CLOCKS = {"wall": "wall", "cpu": "processor time", "each": "processor time with one thread, wall with more"}
BEGIN, END = "<!-- surface: begin -->", "<!-- surface: end -->"


def environment():
    """The peers' Python, installed once for each requirements.txt."""
    digest = hashlib.sha256((HERE / "requirements.txt").read_bytes()).hexdigest()[:16]
    folder = CACHE / f"venv-{digest}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
        (folder / "complete").touch()
    return python


def engine():
    """The Go programs, built: the bench's, which is returned, and iris."""
    binary = CACHE / "surface-bench"
    CACHE.mkdir(parents=True, exist_ok=True)
    subprocess.run(["go", "build", "-o", binary, "./tests/bench/surface"], cwd=ROOT, check=True)
    subprocess.run(["go", "build", "-o", CACHE / "iris", "./cmd/iris"], cwd=ROOT, check=True)
    return binary


def sample(binary, name):
    """A label map as a plain file; None when its source is absent."""
    kind, source = SAMPLES[name]
    path = CACHE / f"{name}.nii"
    if source and not (SHARED / source).exists():
        print(f"{name}: no {SHARED / source}, left out", file=sys.stderr)
        return None
    if not path.exists():
        command = [binary, "sample", kind, path] + ([SHARED / source] if source else [])
        subprocess.run(command, check=True)
    return path


def compressed(path):
    """The label map as users have it, gzip."""
    packed = path.with_suffix(".nii.gz")
    if not packed.exists():
        packed.write_bytes(gzip.compress(path.read_bytes(), 6))
    return packed


def iris(threads, path):
    """Times `iris mesh` as a whole process, its start included, and without decimation, which its peer does not do."""
    with tempfile.TemporaryDirectory() as folder:
        before, begin = os.times(), time.perf_counter()
        subprocess.run([CACHE / "iris", "mesh", "--decimate", "none", "--threads", str(threads), path, Path(folder) / "out.glb"], check=True)
        after, end = os.times(), time.perf_counter()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"total": end - begin, "total_cpu": cpu}


def measure(command):
    """What a program says of its run; command may also be a function that says it."""
    if callable(command):
        return command()
    done = subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def pairs(count, ours, theirs):
    """What both sides say, run one after the other."""
    return [(measure(ours), measure(theirs)) for _ in range(count)]


def row(volume, threads, what, runs, our_value, their_value, unit="ms", scale=1000):
    """Medians of both sides, and median, least and greatest ratio of the pairs."""
    ours, theirs = [our_value(a) * scale for a, _ in runs], [their_value(b) * scale for _, b in runs]
    ratios = [b / a for a, b in zip(ours, theirs)]
    return (
        f"| {volume} | {threads} | {what} | {median(ours):.0f} {unit} | {median(theirs):.0f} {unit} "
        f"| {median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f}) |"
    )


def rows(binary, python, name, path, threads, count, clock):
    """The rows of one volume at one number of threads."""
    run = [binary, "run", "-threads", threads]

    def peer(which, file=path):
        return [python, HERE / "peers.py", which, threads, file]

    def steps(*names):
        return lambda r: sum(r["cpu" if clock == "cpu" else "steps"][n] for n in names)

    def total(r):
        return r["total_cpu" if clock == "cpu" else "total"]

    def peak(r):
        return r["peak_mib"]

    net = pairs(count, run + ["-repeat", 3, "-quads", path], peer("net"))
    yield row(name, threads, "T1 extraction vs vtkSurfaceNets3D, each as its next step takes it", net, steps("extract"), steps("extract"))
    yield row(name, threads, "T1 the same, and all quads listed by us too", net, steps("extract", "quads"), steps("extract"))
    smoothing = pairs(count, run + ["-repeat", 3, path], peer("sinc"))
    yield row(name, threads, "T3 smoothing vs windowed sinc, 20 steps", smoothing, steps("smooth"), steps("smooth"))
    engines = pairs(count, run + [path], peer("vtk"))
    yield row(name, threads, "T2 load, extract, smooth, split vs vtkSurfaceNets3D + Atlas", engines, total, total)
    yield row(name, threads, "T2 peak memory of the process", engines, peak, peak, "MiB", 1)
    packed = compressed(path)
    whole = pairs(count, lambda: iris(threads, packed), peer("glb", packed))
    yield row(name, threads, "iris mesh, label map file to GLB, vs a Python program with vtk", whole, total, total)
    if threads == 1:
        for which in ("zmesh", "skimage"):
            apart = pairs(1, run + [path], peer(which))
            yield row(name, threads, f"extraction and split vs {which}", apart, steps("extract", "split"), steps("extract_and_split"))
    elif clock == "wall":
        scaling = pairs(count, run + [path], [binary, "run", "-threads", 1, path])
        yield row(name, threads, "T8 our whole run on one thread vs this many", scaling, total, total)


def judge(binary, python, name, path):
    """What trimesh says of every mesh of a volume."""
    folder = CACHE / f"meshes-{name}"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.ply"):
        old.unlink()
    subprocess.run([binary, "run", "-threads", "2", "-out", folder, path], check=True, capture_output=True)
    verdict = measure([python, HERE / "judge.py", folder])
    return (f"| {name} | {verdict['meshes']} | {verdict['watertight']} | {verdict['winding']} | {verdict['outward']} "
            f"| {verdict['euler_even']} |"), verdict["good"]


def machine():
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].split(":", 1)[1].strip() if lines else model
    go = subprocess.run(["go", "version"], capture_output=True, text=True, check=True).stdout.split()[2]
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, {go}; load at the start {load:.1f}"


def write(out, text, begin=BEGIN, end=END):
    """Puts the section into a file, in place of the one before."""
    section = f"{begin}\n{text}\n{end}\n"
    old = out.read_text() if out.exists() else "# Benchmarks\n\n"
    if begin in old and end in old:
        old = old[: old.index(begin)] + section + old[old.index(end) + len(end) + 1 :]
    else:
        old += section
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(old)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--volumes", default="ts1,ts4,allen,torso")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--clock", choices=("wall", "cpu", "each"), default="wall")
    parser.add_argument("--judge", action="store_true")
    options = parser.parse_args()

    head = machine()
    python, binary = environment(), engine()
    lines = ["## Surface engine beside its peers", "", f"{head}. Clock: {CLOCKS[options.clock]}.", "",
             "Ratio: their time over ours, median of the pairs (least–greatest). Imports of Python are not counted.", "",
             "| volume | threads | what | ours | peer | ratio |", "|---|---|---|---|---|---|"]
    paths = {name: sample(binary, name) for name in options.volumes.split(",")}
    paths = {name: path for name, path in paths.items() if path}
    for threads in map(int, options.threads.split(",")):
        clock = options.clock if options.clock != "each" else "cpu" if threads == 1 else "wall"
        for name, path in paths.items():
            for line in rows(binary, python, name, path, threads, options.pairs, clock):
                print(line, flush=True)
                lines.append(line)
    verdicts, good = [], True
    for name, path in paths.items() if options.judge else ():
        line, fine = judge(binary, python, name, path)
        print(line, flush=True)
        verdicts.append(line)
        good = good and fine
    if verdicts:
        lines += ["", "What trimesh says of the smoothed meshes (T6):", "",
                  "| volume | meshes | watertight | one winding | outward | even Euler number |", "|---|---|---|---|---|---|", *verdicts]
    if options.out:
        write(options.out, "\n".join(lines))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
