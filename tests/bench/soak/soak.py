"""Reads the job list many times and prints the memory of every process of the stack.

    python3 tests/bench/soak/soak.py bin/iris [READS]

A page that polls every two seconds makes 43,200 reads a day. Memory that grows with
their number is a leak; the last line says by how much it grew after the first tenth.
"""

import http.client
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PATHS = ("/v1/jobs?limit=50", "/v1/jobs?key=study%2Fa%2F1.dcm")


def family(pid: int) -> list[int]:
    """A process and all processes below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        children = task / "children"
        for child in children.read_text().split() if children.exists() else []:
            found += family(int(child))
    return found


def resident(pid: int) -> dict[str, int]:
    """MB in memory of each process of a family, by name."""
    sizes: dict[str, int] = {}
    for member in family(pid):
        try:
            lines = Path(f"/proc/{member}/status").read_text().splitlines()
        except FileNotFoundError:
            continue  # it has ended
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        name = fields["Name"].strip()
        sizes[name] = sizes.get(name, 0) + int(fields.get("VmRSS", "0 kB").split()[0]) // 1024
    return sizes


def main() -> None:
    program, reads = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 25_000
    with tempfile.TemporaryDirectory() as state:
        command = [program, "up", "--state", state, "--http", "127.0.0.1:0", "--aws", "127.0.0.1:0", "--json"]
        up = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert up.stdout
        try:
            host = json.loads(up.stdout.readline())["http"].removeprefix("http://")
            connection = http.client.HTTPConnection(host, timeout=60)
            began, first = time.monotonic(), 0
            for n in range(reads):
                connection.request("GET", PATHS[n % len(PATHS)])
                reply = connection.getresponse()
                reply.read()
                if reply.status != 200:
                    raise SystemExit(f"read {n} was answered {reply.status}")
                if n + 1 in {reads // 10, reads // 2, reads}:
                    sizes = resident(up.pid)
                    first = first or sum(sizes.values())
                    print(f"{n + 1} reads in {time.monotonic() - began:.0f} s: {sum(sizes.values())} MB, {sizes}", flush=True)
            print(f"grown after the first tenth: {sum(sizes.values()) - first} MB")
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait()


if __name__ == "__main__":
    main()
