"""What a job takes beside its model and mesher, in two checkouts at the same time.

    git worktree add /tmp/before COMMIT && make -C /tmp/before build && make build
    python3 tests/bench/overhead/pair.py /tmp/before . --jobs 15 --size 96

Both stacks are up together and get the same scan in turn, so that what else runs on
the machine slows both. Prints seconds: medians, minima, and the median of the pairs'
differences. The first pair warms up and is not counted.
"""

import argparse
import json
import signal
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path
from statistics import median

PARTS = ("awaiting_upload", "received", "preparing", "warming", "overhead")


def seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def parts(job: dict) -> dict[str, float]:
    stages = {s["name"]: seconds(s["started_at"], s["ended_at"]) for s in job["stages"]}
    whole = seconds(job["created_at"], job["updated_at"])
    return stages | {"overhead": whole - stages.get("segmenting", 0) - stages.get("meshing", 0)}


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("before", type=Path)
    args.add_argument("after", type=Path)
    args.add_argument("--jobs", type=int, default=15)
    args.add_argument("--size", default="96", help="voxels an axis of the scan")
    a = args.parse_args()
    checkouts = (a.before.resolve(), a.after.resolve())
    rows: tuple[list, list] = ([], [])
    with tempfile.TemporaryDirectory() as folder:
        scan, stacks = f"{folder}/scan.nii.gz", []
        subprocess.run([checkouts[1] / "bin/iris", "sample", "--size", a.size, scan], check=True)
        try:
            for n, place in enumerate(checkouts):
                up = [place / "bin/iris", "up", "--install", place, "--state", f"{folder}/{n}", "--http", "127.0.0.1:0", "--aws", "127.0.0.1:0", "--linger", "60s", "--json"]
                stacks.append(subprocess.Popen(up, stdout=subprocess.PIPE))
                stacks[-1].stdout.readline()  # the ready line
            for pair in range(a.jobs + 1):
                for n in (0, 1) if pair % 2 else (1, 0):
                    run = [checkouts[n] / "bin/iris", "run", scan, "--state", f"{folder}/{n}", "-o", f"{folder}/model.glb", "--json"]
                    job = json.loads(subprocess.run(run, check=True, stdout=subprocess.PIPE).stdout)
                    if pair:
                        rows[n].append(parts(job))
        finally:
            for stack in stacks:
                stack.send_signal(signal.SIGTERM)
                stack.wait()
    for part in PARTS:
        before, after = ([row.get(part, 0) for row in side] for side in rows)
        difference = median(y - x for x, y in zip(before, after, strict=True))
        print(f"{part:16} before {median(before):.3f} (least {min(before):.3f})   after {median(after):.3f} (least {min(after):.3f})   difference {difference:+.3f}")


if __name__ == "__main__":
    main()
