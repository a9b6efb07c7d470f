"""Runs decimation beside meshoptimizer and writes a table.

    python3 tests/bench/decimate/bench.py [--out docs/benchmarks.md] [--pairs 3]
        [--volumes ts1,ts4,allen,torso] [--equal ts1,ts4] [--ratio 0.25] [--threads 1,2]

Needs Go, Python and the package registries. meshoptimizer lives in an environment of
its own, made by `make`, which gives this program its Python. Ours is timed from the net
to decimated meshes, with the complex and its split; meshoptimizer by its calls alone, on
the meshes that we start from. Runs of both follow one another, so that a busy machine
slows both; times are processor seconds with one thread and seconds of the wall clock with
more, the least of the pairs. Distances are from the vertices of either mesh to the
triangles of the other. For the volumes of --equal a ratio of ours is looked for at which
the rms distance is that of meshoptimizer at --ratio, and both are compared there too.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent / "surface"))

import bench as surface  # noqa: E402  label maps and the section of a file are the surface bench's

BEGIN, END = "<!-- decimation: begin -->", "<!-- decimation: end -->"


def measure(command):
    done = subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


class Volume:
    """One label map's meshes before decimation, in a folder."""

    def __init__(self, program, path, folder):
        self.program, self.path, self.folder = program, path, folder
        self.before = folder / "before"

    def ours(self, ratio, threads, *more):
        return measure([self.program, "-threads", threads, "-ratio", ratio, *more, self.path])

    def peer(self, ratio, after):
        return measure([sys.executable, HERE / "peer.py", ratio, self.before, after])

    def compare(self, after):
        return measure([self.program, "compare", self.before, after])

    def distances(self, ratio):
        """Ours to a ratio: counts, and how far from the meshes before."""
        after = self.folder / f"ours-{ratio:.4f}"
        run = self.ours(ratio, 1, "-before", self.before, "-after", after)
        found = self.compare(after)
        for path in after.iterdir():
            path.unlink()
        return run, found

    def equal(self, rms, ratio, found):
        """The ratio at which ours is as far away as the peer, to 3 %."""
        low, high = ratio / 4, ratio  # ours is nearer at high
        for _ in range(6):
            if abs(found["rms"] / rms - 1) < 0.03:
                break
            low, high = (low, ratio) if found["rms"] < rms else (ratio, high)
            ratio = (low + high) / 2
            found = self.distances(ratio)[1]
        return ratio, found


def row(name, threads, what, run, found):
    clock = "cpu" if threads == 1 else "wall"
    seconds = run[clock]
    return (f"| {name} | {threads} | {what} | {run['after']:,} | {seconds:.2f} | {run['before'] / 1e6 / seconds:.2f} "
            f"| {found['rms']:.4f} | {found['hausdorff']:.3f} | {found['least_angle']:.1f}° | {found['triangles_under_5_degrees']:,} "
            f"| {100 * found['worst_volume']:.2f} % |")


def best(runs, threads):
    return min(runs, key=lambda r: r["cpu" if threads == 1 else "wall"])


def rows(volume, name, options):
    _, ours = volume.distances(options.ratio)
    peer_after = volume.folder / "peer"
    first = volume.peer(options.ratio, peer_after)
    theirs = volume.compare(peer_after)
    ratios = [(f"ours, ratio {options.ratio:g}", options.ratio, ours)]
    if name in options.equal.split(","):
        ratio, found = volume.equal(theirs["rms"], options.ratio, ours)
        ratios.append((f"ours at equal rms, ratio {ratio:.3f}", ratio, found))
    for threads in map(int, options.threads.split(",")):
        runs = {what: [] for what, _, _ in ratios}
        peers = []
        for _ in range(options.pairs):
            for what, ratio, _ in ratios:
                run = volume.ours(ratio, threads)
                run["wall"] = run["complex"] + run["decimate"] + run["split"]
                runs[what].append(run)
            peers.append(volume.peer(options.ratio, peer_after))
        theirs_best = best(peers, threads)
        clock = "cpu" if threads == 1 else "wall"
        for what, _, found in ratios:
            mine = best(runs[what], threads)
            speed = theirs_best[clock] / mine[clock]
            yield row(name, threads, f"{what}: {speed:.2f}× its speed", mine, found)
        if threads == 1:
            plain = best([volume.ours(options.ratio, 1, "-crossings") for _ in range(options.pairs)], 1)
            share = 1 - plain["cpu"] / best(runs[ratios[0][0]], 1)["cpu"]
            yield row(name, threads, f"ours without looking for crossings, which takes {100 * share:.0f} % of the time", plain, ours)
        yield row(name, threads, "meshoptimizer `simplify`, one thread" if threads > 1 else "meshoptimizer `simplify`", theirs_best, theirs)
    if not first["update"]:
        print("this meshoptimizer has no simplifyWithUpdate", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--volumes", default="ts1,ts4,allen,torso")
    parser.add_argument("--equal", default="ts1,ts4")
    parser.add_argument("--ratio", type=float, default=0.25)
    parser.add_argument("--threads", default="1,2")
    options = parser.parse_args()

    head = surface.machine()
    program = surface.CACHE / "decimate-bench"
    sampler = surface.engine()
    subprocess.run(["go", "build", "-o", program, "./tests/bench/decimate"], cwd=ROOT, check=True)
    lines = [
        f"{head}.", "",
        f"Made by `tests/bench/decimate/bench.py` (part of `make bench`): {options.pairs} pairs of runs, processor seconds with one thread, "
        "wall clock with more. The PyPI package of meshoptimizer has no `simplifyWithUpdate`.", "",
        "| volume | threads | what | triangles left | s | Mtri/s | rms mm | largest distance mm | least angle | under 5° | worst volume |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in options.volumes.split(","):
        path = surface.sample(sampler, name)
        if not path:
            continue
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            for line in rows(Volume(program, path, Path(folder)), name, options):
                print(line, flush=True)
                lines.append(line)
    if options.out:
        surface.write(options.out, "\n".join(lines), BEGIN, END)


if __name__ == "__main__":
    main()
