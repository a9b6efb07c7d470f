#!/usr/bin/env python3
"""Times `iris prepare` beside its peers and prints ratios (smaller is better).

In: the iris binary and the folder of shared cases. Out: one line a row, as
`name  ours  peer  ratio  bound`. Runs are interleaved and the least of each is
taken, so that a busy machine hurts both alike. Needs Debian's dcm2niix, and
nibabel, numpy, pydicom from requirements.txt.

usage: bench.py IRIS SHARED [--runs 5] [--slices 140]
"""

import argparse
import io
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20


@dataclass
class Run:
    """The least wall time and the greatest memory of a command, and its output's size."""

    seconds: float = float("inf")
    cpu: float = float("inf")
    peak: int = 0
    size: int = 0


def series(source: Path, folder: Path, count: int) -> int:
    """Writes count slices of 512 x 512 made from a real series; returns their bytes.

    Runs in a process of its own: a child's peak memory counts from its parent's.
    """
    import pydicom

    with zipfile.ZipFile(source) as archive:
        originals = [pydicom.dcmread(io.BytesIO(archive.read(e))) for e in archive.infolist()]
    originals.sort(key=lambda d: float(d.ImagePositionPatient[2]))
    folder.mkdir()
    total = 0
    for n in range(count):
        # Up and down the original, so that neighbours stay neighbours.
        lap = 2 * len(originals) - 2
        at = n % lap
        data = originals[at if at < len(originals) else lap - at]
        data.ImagePositionPatient[2] = -500 + n
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{n + 1}"
        data.InstanceNumber = n + 1
        path = folder / f"{n:04}.dcm"
        data.save_as(path)
        total += path.stat().st_size
    return total


def measure(command: list[str], output: Path, run: Run) -> None:
    """Runs a command once and keeps the best of run and this."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    text = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{command[0]} ended with {status}: {text.decode(errors='replace')[-300:]}")
    run.seconds = min(run.seconds, seconds)
    run.cpu = min(run.cpu, usage.ru_utime + usage.ru_stime)
    run.peak = max(run.peak, usage.ru_maxrss * 1024)
    run.size = output.stat().st_size


def race(runs: int, *rivals: tuple[Callable[[], list[str]], Path]) -> list[Run]:
    """Interleaves the rivals."""
    results = [Run() for _ in rivals]
    for _ in range(runs):
        for (command, output), result in zip(rivals, results, strict=True):
            output.unlink(missing_ok=True)
            measure(command(), output, result)
    return results


def row(name: str, ours: float, peer: float, bound: float, unit: str) -> None:
    ratio = ours / peer
    mark = "ok" if ratio <= bound else "OVER"
    print(f"{name:44} {ours:9.3f} {peer:9.3f} {unit:3} ratio {ratio:6.3f}  bound {bound:5.2f}  {mark}")


def times(name: str, ours: Run, peer: Run, bound: float) -> None:
    """Wall time against its bound, and processor time, which a busy machine changes less."""
    row(f"{name}, wall", ours.seconds, peer.seconds, bound, "s")
    row(f"{name}, cpu", ours.cpu, peer.cpu, bound, "s")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("iris")
    parser.add_argument("shared")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--slices", type=int, default=140)
    parser.add_argument("--make", metavar="FOLDER", help="only write the series")
    args = parser.parse_args()
    imaging = Path(args.shared) / "imaging" / "ok"
    if args.make:
        print(series(imaging / "o-ct-philips-5mm.zip", Path(args.make), args.slices))
        return
    dcm2niix = shutil.which("dcm2niix")
    if dcm2niix is None:
        sys.exit("dcm2niix is not installed: apt-get install dcm2niix")
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        folder = work / "series"
        total = int(subprocess.check_output([sys.executable, *sys.argv, "--make", str(folder)]))
        print(f"series: {args.slices} slices of 512 x 512, {total / MIB:.1f} MiB, {args.runs} runs, least of each")
        ours = work / "ours.nii.gz"

        def peer(level: int) -> list[str]:
            # -z i: its own gzip, in process; pigz would use more cores.
            return [dcm2niix, "-z", "i", f"-{level}", "-b", "n", "-f", f"peer{level}", "-o", str(work), str(folder)]

        def iris(source: Path) -> Callable[[], list[str]]:
            return lambda: [args.iris, "prepare", str(source), str(ours)]

        a, six, one = race(
            args.runs,
            (iris(folder), ours),
            (lambda: peer(6), work / "peer6.nii.gz"),
            (lambda: peer(1), work / "peer1.nii.gz"),
        )
        times("series / dcm2niix default", a, six, 0.15)
        times("series / dcm2niix level 1", a, one, 0.75)
        row("series, bytes / dcm2niix default", a.size / MIB, six.size / MIB, 1.12, "MiB")
        row("series, peak memory / 96 MiB", a.peak / MIB, 96, 1.0, "MiB")

        packed = work / "series.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.iterdir()):
                archive.write(path, path.name)
        (z,) = race(args.runs, (iris(packed), ours))
        row("zip of it, peak memory / 96 MiB", z.peak / MIB, 96, 1.0, "MiB")

        nifti = work / "in.nii.gz"
        shutil.move(work / "peer6.nii.gz", nifti)
        code = "import sys, nibabel; nibabel.save(nibabel.load(sys.argv[1]), sys.argv[2])"
        resaved = work / "nibabel.nii.gz"
        b, n = race(
            args.runs,
            (iris(nifti), ours),
            (lambda: [sys.executable, "-c", code, str(nifti), str(resaved)], resaved),
        )
        times("NIfTI / nibabel load + save", b, n, 0.5)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"(below {own // 1024} MiB, this driver's own, peak memory cannot be told)")


if __name__ == "__main__":
    main()
