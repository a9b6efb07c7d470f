"""Times the one-machine stack itself: overhead.py IRIS [--size 320] [--runs 5] [--out FILE].

Starts `iris up` on an empty state folder, drops a synthetic CT of SIZE³ voxels
(int16: 320³ are 65 MB) RUNS + 1 times, the first of which is not counted, and
takes each job's own timeline. What the model and the mesher need is left out of
the sum: what remains is upload, events, workflow, job table, prepare and the
waits between them. Then it leaves the stack idle and reads its processor time
and memory, children included, from /proc. Prints Markdown; with --out the part
of FILE between the overhead marks is replaced.
"""

import argparse
import json
import os
import platform
import re
import signal
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path
from statistics import median

BEGIN, END = "<!-- overhead: begin -->", "<!-- overhead: end -->"
IDLE_SECONDS = 30


def seconds(a, b):
    parse = lambda s: datetime.fromisoformat(s.replace("Z", "+00:00"))
    return (parse(b) - parse(a)).total_seconds()


def processes(root):
    """The pids of a process and all below it."""
    below = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        below.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += below.get(pid, [])
    return found


def usage(root):
    """Processor seconds by pid, and resident megabytes, of a process tree."""
    ticks, kilobytes = {}, 0
    for pid in processes(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            kilobytes += int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))
        except (OSError, AttributeError):
            continue
    return ticks, kilobytes / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("iris")
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--out")
    args = parser.parse_args()
    iris = str(Path(args.iris).resolve())
    with tempfile.TemporaryDirectory() as folder:
        scan, state = f"{folder}/scan.nii.gz", f"{folder}/state"
        subprocess.run([iris, "sample", "--size", str(args.size), scan], check=True)
        up = subprocess.Popen(
            [iris, "up", "--state", state, "--http", "127.0.0.1:0", "--aws", "127.0.0.1:0", "--linger", "20s", "--json"],
            stdout=subprocess.PIPE,
        )
        try:
            began = time.monotonic()
            up.stdout.readline()
            ready = time.monotonic() - began
            rows = []
            for _ in range(args.runs + 1):
                began = time.monotonic()
                out = subprocess.run(
                    [iris, "run", scan, "--state", state, "-O", "structures=airway", "-o", f"{folder}/m.glb", "--json"],
                    check=True, stdout=subprocess.PIPE,
                )
                job = json.loads(out.stdout)
                stages = {s["name"]: seconds(s["started_at"], s["ended_at"]) for s in job["stages"]}
                whole = seconds(job["created_at"], job["updated_at"])
                stages["whole"] = whole
                stages["overhead"] = whole - stages.get("segmenting", 0) - stages.get("meshing", 0)
                rows.append(stages)
            rows = rows[1:]
            time.sleep(75)  # warm functions are let go after a minute
            before, _ = usage(up.pid)
            time.sleep(IDLE_SECONDS)
            after, megabytes = usage(up.pid)
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait()
    idle = sum(t - before.get(pid, 0) for pid, t in after.items())
    mid = lambda name: median(r.get(name, 0) for r in rows)
    lines = [
        f"{platform.node()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; median of {args.runs} jobs, "
        f"{args.size}³ voxels ({args.size**3 * 2 / 1e6:.0f} MB):",
        "",
        "| part of a job | s |",
        "|---|---|",
        f"| upload of the file (`awaiting_upload`) | {mid('awaiting_upload'):.2f} |",
        f"| event, record, start (`received`) | {mid('received'):.2f} |",
        f"| prepare: decode, canonical axes, encode, store | {mid('preparing'):.2f} |",
        f"| waking | {mid('warming'):.2f} |",
        f"| **all but model and mesher, drop → READY** | **{mid('overhead'):.2f}** |",
        f"| the model (tissue) | {mid('segmenting'):.2f} |",
        f"| mesh and pictures (one structure) | {mid('meshing'):.2f} |",
        "",
        f"`iris up` to ready: {ready:.1f} s. Idle, the model parked: {100 * idle / IDLE_SECONDS:.2f} % of a core, {megabytes:.0f} MB in all.",
    ]
    text = "\n".join(lines)
    print(text)
    if args.out:
        path = Path(args.out)
        old = path.read_text() if path.exists() else ""
        part = f"{BEGIN}\n{text}\n{END}"
        if BEGIN in old:
            old = old[: old.index(BEGIN)] + part + old[old.index(END) + len(END) :]
        else:
            old += f"\n{part}\n"
        path.write_text(old)


if __name__ == "__main__":
    main()
