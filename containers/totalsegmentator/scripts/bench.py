"""Time and memory of three ways to the same labels, in one run.

    python scripts/bench.py --weights DIR [--cases small,large] [--work DIR] [--out FILE.md]

reference: TotalSegmentator's own function, as it is. middle: the same without
worker processes. ours: the resident engine. Each runs in a process of its own;
peak memory is the sum over its process tree (PSS: shared pages once). "Outside"
is everything but loading networks and their forward passes. The networks are
narrow (tiny_weights.py --patch 128), so forward passes are far too short: compare
the other columns. A process runs a case twice; the second request is shown.
"""

import argparse
import functools
import json
import multiprocessing
import os
import platform
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from phantom import torso

CASES = {"small": ((122, 101, 30), (3.0, 3.0, 5.0)), "large": ((512, 512, 300), (0.8, 0.8, 1.25))}
WAYS = ("reference", "middle", "ours")
STEPS = ("load", "read", "resample", "normalise", "network", "fuse", "argmax", "back", "write", "other")
PACKAGE = Path(__file__).parent.parent
BEGIN, END = "<!-- model: begin -->\n", "<!-- model: end -->\n"


def timed(seconds: dict[str, float], owner: Any, name: str, step: str | Callable[..., str]) -> None:
    function = getattr(owner, name)

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        begun = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            seconds[step if isinstance(step, str) else step(**kwargs)] += time.perf_counter() - begun

    setattr(owner, name, wrapper)


def run_theirs(way: str, weights: Path, image: Path, out: Path) -> dict[str, float]:
    """TotalSegmentator, its steps timed in this process; what its workers do is "other"."""
    from iris_totalsegmentator.clock import Clock
    from iris_totalsegmentator.reference import Reference

    theirs = Reference(weights, workers=way == "reference")
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor
    from nnunetv2.utilities.label_handling.label_handling import LabelManager
    from totalsegmentator import nnunet

    seconds: dict[str, float] = defaultdict(float)
    timed(seconds, nnUNetPredictor, "initialize_from_trained_model_folder", "load")
    timed(seconds, nnUNetPredictor, "_internal_maybe_mirror_and_predict", "network")
    timed(seconds, nnUNetPredictor, "predict_sliding_window_return_logits", "window")
    timed(seconds, DefaultPreprocessor, "run_case", "normalise")
    timed(seconds, LabelManager, "convert_logits_to_segmentation", "argmax")
    timed(seconds, nnunet, "change_spacing", lambda **kw: "back" if kw.get("force_affine") is not None else "resample")
    total = 0.0
    for _ in range(2 if image.stat().st_size < 5 << 20 else 1):
        seconds.clear()
        begun = time.perf_counter()
        loaded = nib.load(image)
        loaded.get_fdata()
        seconds["read"] = time.perf_counter() - begun
        result = theirs.segment(loaded, "total", False, (), Clock())
        writing = time.perf_counter()
        nib.save(result, out)
        seconds["write"] = time.perf_counter() - writing
        total = time.perf_counter() - begun
    seconds["fuse"] = seconds.pop("window") - seconds["network"]
    return dict(seconds) | {"total": total}


def run_ours(weights: Path, image: Path, out: Path) -> dict[str, float]:
    from iris_totalsegmentator import tuning

    tuning.start()  # as the server does
    from iris_totalsegmentator.options import Options
    from iris_totalsegmentator.segmenter import Segmenter, Settings

    begun = time.perf_counter()
    segmenter = Segmenter(Settings(weights, threads=os.cpu_count() or 1))
    load = time.perf_counter() - begun
    seconds: dict[str, float] = {}
    total = 0.0
    for _ in range(2 if image.stat().st_size < 5 << 20 else 1):
        begun = time.perf_counter()
        answer = segmenter.segment(bytearray(image.read_bytes()), Options("total"))
        out.write_bytes(answer.body)
        total = time.perf_counter() - begun
        seconds = dict(answer.seconds)
        tuning.rest()  # the reply has been sent
    return seconds | {"load": load, "total": total + load}


def tree_pss(root: int) -> int:
    """Bytes of a process and all its descendants."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                children[int(Path("/proc", entry, "stat").read_text().rsplit(")", 1)[1].split()[1])].append(int(entry))
            except (OSError, IndexError):
                continue
    total, todo = 0, [root]
    while todo:
        process = todo.pop()
        todo += children[process]
        try:
            for line in Path("/proc", str(process), "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) << 10
        except OSError:
            continue
    return total


def measure(way: str, weights: Path, image: Path, out: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", way, "--weights", str(weights), "--image", str(image), "--labels", str(out)]
    env = os.environ | {"PYTHONPATH": f"{PACKAGE}:{PACKAGE / 'scripts'}", "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, text=True)
    peak, ended = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.5):
            peak = max(peak, tree_pss(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    said, _ = process.communicate()
    ended.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{way} ended with {process.returncode}")
    return json.loads(said.splitlines()[-1]) | {"peak": peak}


def table(case: str, rows: dict[str, dict[str, float]], differ: dict[str, int]) -> str:
    shape, zooms = CASES[case]
    head = ["way", *STEPS, "total", "outside", "peak GB", "differing voxels"]
    lines = [f"### {case}: {'×'.join(map(str, shape))} voxels of {'×'.join(map(str, zooms))} mm", ""]
    lines += ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for way, row in rows.items():
        outside = row["total"] - row["network"] - row["load"]
        row["other"] = row["total"] - sum(row.get(step, 0.0) for step in STEPS[:-1])
        cells = [f"{row[step]:.2f}" if step in row else "–" for step in STEPS]
        cells += [f"{row['total']:.1f}", f"{outside:.2f}", f"{row['peak'] / 1e9:.2f}", str(differ[way])]
        row["outside"] = outside
        lines.append("| " + " | ".join([way, *cells]) + " |")
    ours, theirs, middle = rows["ours"], rows["reference"], rows["middle"]
    lines += [
        "",
        f"Outside the network ours takes 1/{theirs['outside'] / ours['outside']:.1f} of the reference and"
        f" 1/{middle['outside'] / ours['outside']:.1f} of the middle way; peak memory {ours['peak'] / theirs['peak']:.2f}"
        " of the reference's tree.",
        "",
    ]
    return "\n".join(lines)


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if "model name" in line), "unknown")
    load = os.getloadavg()[0]
    return f"{platform.node()}, {model}, {os.cpu_count()} processors, load {load:.1f} at the start"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--cases", default="small,large")
    parser.add_argument("--work", type=Path, default=Path("out"), help="where scans and label maps are put")
    parser.add_argument("--out", type=Path, help="a file with a section for the tables, which are else printed only")
    parser.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--image", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--labels", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        run = run_ours if arguments.one == "ours" else functools.partial(run_theirs, arguments.one)
        print(json.dumps(run(arguments.weights, arguments.image, arguments.labels)))
        return
    arguments.work.mkdir(parents=True, exist_ok=True)
    text = f"Measured on {machine()}; seconds; CPU, narrow networks.\n\n"
    for case in arguments.cases.split(","):
        image = arguments.work / f"bench-{case}.nii.gz"
        nib.save(torso(*CASES[case]), image)
        rows, labels = {}, {}
        for way in reversed(WAYS):
            out = arguments.work / f"bench-{case}-{way}.nii.gz"
            rows[way] = measure(way, arguments.weights, image, out)
            print(case, way, json.dumps(rows[way]), file=sys.stderr, flush=True)
            labels[way] = np.asarray(nib.load(out).dataobj)
        differ = {way: int((found != labels["reference"]).sum()) for way, found in labels.items()}
        text += table(case, {way: rows[way] for way in WAYS}, differ) + "\n"
    print(text)
    if arguments.out:
        old = arguments.out.read_text()
        before, after = old[: old.index(BEGIN) + len(BEGIN)], old[old.index(END) :]
        arguments.out.write_text(before + text.rstrip() + "\n" + after)


if __name__ == "__main__":
    multiprocessing.freeze_support()
    main()
