"""When a person sees something of a CT whose model takes its time.

    make build && python3 tests/bench/glimpse/bench.py . --hold 180

A torso of 512×512×300 voxels of 0.75 mm goes to a stack whose model server holds it for
so long (tests/e2e/testdata/model). Prints seconds from the end of the upload to scan.png,
to glimpse.glb and to READY, as a client that polls sees them, how long prepare took, the
bytes of the first look, and the memory of its function. With --before CHECKOUT that has
none, both stacks are up together and get the scan in turn, and the medians of the pairs'
differences are printed, of the whole and of the stage that asks for the first look. The
first job of each warms up and is not counted.
"""

import argparse
import gzip
import json
import os
import re
import signal
import struct
import subprocess
import tempfile
import time
import urllib.request
from datetime import datetime
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[3]


def torso(iris: Path, folder: Path, size: int, slices: int) -> Path:
    """The sample of SIZE³ voxels without its upper slices."""
    whole, part = folder / "whole.nii.gz", folder / "scan.nii.gz"
    subprocess.run([iris, "sample", "--size", str(size), whole], check=True)
    data = bytearray(gzip.decompress(whole.read_bytes()))
    (offset,) = struct.unpack_from("<f", data, 108)
    struct.pack_into("<h", data, 46, slices)
    part.write_bytes(gzip.compress(data[: int(offset) + 2 * size * size * slices], 1))
    whole.unlink()
    return part


def install(checkout: Path, folder: Path, model: Path) -> tuple[Path, Path]:
    """An installation like the checkout's, with the model server that waits, and by which folder it is told."""
    place, hands = folder / "install", folder / "hands"
    for made in (place / "build", hands):
        made.mkdir(parents=True)
    for name in ("template.yaml", "statemachine"):
        (place / name).symlink_to(checkout / name)
    for built in (checkout / "build").iterdir():
        if built.name != "tissue":
            (place / "build" / built.name).symlink_to(built)
    server = place / "build" / "tissue"
    server.write_text(f"#!/bin/sh\nexec {model} {hands}\n")
    server.chmod(0o700)
    return place, hands


class Stack:
    def __init__(self, checkout: Path, folder: Path, model: Path):
        folder.mkdir()
        place, self.hands = install(checkout, folder, model)
        self.iris, self.state = checkout / "bin/iris", folder / "state"
        self.process = subprocess.Popen(
            [self.iris, "up", "--install", place, "--state", self.state, "--http", "127.0.0.1:0", "--aws", "127.0.0.1:0",
             "--linger", "60s", "--parameter", "Tasks=total", "--json"],
            stdout=subprocess.PIPE,
        )
        self.http = json.loads(self.process.stdout.readline())["http"]

    def job(self, scan: Path, hold: float) -> dict[str, float]:
        """Seconds from the end of the upload to what came of one job."""
        (self.hands / "hold").touch()
        out = subprocess.run([self.iris, "submit", scan, "--state", self.state, "--json"], check=True, stdout=subprocess.PIPE)
        name, seen, held = json.loads(out.stdout)["id"], {}, None
        while True:
            with urllib.request.urlopen(f"{self.http}/v1/jobs/{name}") as answer:
                job = json.load(answer)
            now = time.time()
            for artifact, what in job["artifacts"].items():
                if artifact in ("scan.png", "glimpse.glb") and artifact not in seen:
                    seen[artifact] = now
                    seen["bytes"] = what.get("stored_bytes", 0)
            if held is None and (self.hands / f"at-{name}-1").exists():
                held = now
            if held and now >= held + hold and (self.hands / "hold").exists():
                (self.hands / "hold").unlink()
            if job["status"] == "ready":
                break
            if "error" in job and job["error"]:
                raise SystemExit(f"the job ended: {job['error']}")
            time.sleep(0.02)
        began = datetime.fromisoformat(next(s["started_at"] for s in job["stages"] if s["name"] == "received")).timestamp()
        ended = datetime.fromisoformat(job["updated_at"]).timestamp()
        prepared = next(s for s in job["stages"] if s["name"] == "preparing")
        preparing = (datetime.fromisoformat(prepared["ended_at"]) - datetime.fromisoformat(prepared["started_at"])).total_seconds()
        times = {name: at - began for name, at in seen.items() if name != "bytes"}
        return times | {"preparing": preparing, "ready": ended - began, "bytes": seen["bytes"]}

    def memory(self) -> int:
        """The most megabytes that a process of the glimpse function had; 0 where none ran."""
        log = self.state / "logs" / "iris-glimpse.log"
        return max(map(int, re.findall(r"Max Memory Used: (\d+) MB", log.read_text())), default=0) if log.exists() else 0

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("checkout", type=Path)
    args.add_argument("--before", type=Path, help="a checkout whose stack makes no first look")
    args.add_argument("--hold", type=float, default=180, help="seconds for which the model server holds each job")
    args.add_argument("--jobs", type=int, default=1)
    args.add_argument("--size", type=int, default=512)
    args.add_argument("--slices", type=int, default=300)
    a = args.parse_args()
    checkouts = [p.resolve() for p in (a.before, a.checkout) if p]
    with tempfile.TemporaryDirectory() as name:
        folder, stacks = Path(name), []
        model = folder / "model"
        subprocess.run(["go", "build", "-o", model, "./tests/e2e/testdata/model"], check=True, cwd=ROOT)
        scan = torso(checkouts[-1] / "bin/iris", folder, a.size, a.slices)
        rows: list[list[dict]] = [[] for _ in checkouts]
        try:
            stacks = [Stack(c, folder / str(n), model) for n, c in enumerate(checkouts)]
            for turn in range(a.jobs + 1):
                order = list(range(len(stacks)))
                for n in order if turn % 2 else reversed(order):
                    row = stacks[n].job(scan, a.hold if turn else 0)
                    if turn:
                        rows[n].append(row)
            memory = stacks[-1].memory()
        finally:
            for stack in stacks:
                stack.end()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; {a.size}×{a.size}×{a.slices} voxels, held for {a.hold:g} s; {a.jobs} jobs")
    print(f"the glimpse function: {memory} MB at most")
    for what in ("preparing", "scan.png", "glimpse.glb", "ready", "bytes"):
        of = [[row[what] for row in side if what in row] for side in rows]
        line = "   ".join(f"median {median(side):10.2f} (least {min(side):.2f})" for side in of if side)
        print(f"{what:12} {line}")
    if a.before:
        for what in ("preparing", "ready"):
            pairs = [y[what] - x[what] for x, y in zip(*rows, strict=True)]
            print(f"{what}, after minus before: median {median(pairs):+.3f}, {', '.join(f'{d:+.2f}' for d in pairs)}")


if __name__ == "__main__":
    main()
