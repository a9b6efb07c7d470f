#!/usr/bin/env python3
"""Makes the fixture of one version: tests/upgrades/testdata/<commit>.tar.gz and .jobs.json.

  make.py COMMIT [FOLDER]     FOLDER: a checkout of COMMIT that is built already

It builds the commit in a worktree of its own, runs its `iris up`, brings jobs to different
statuses and kills everything, as a power cut would. What is kept is the state folder, with
its files' extended attributes, without credentials and without large results. The file
beside it holds the job records as the table had them. It needs boto3
(tests/e2e/requirements.txt): make fixture COMMIT=… .
Its times are those of its making; the test shifts them (shift_test.go), so that no timeout
and no expiry has passed.
"""
import gzip
import io
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from pathlib import Path

import boto3

HERE = Path(__file__).resolve().parent
KEPT = ("labels.bin", "labels.nii.gz", "mesh.json", "measurements.json", "provenance.json", ".gitkeep")  # of what a job has made


def scan() -> bytes:
    """A CT of a body in air with bone in it: 40 × 40 × 24 voxels of 6 mm, from a seed."""
    noise = random.Random(22)
    nx, ny, nz = 40, 40, 24
    voxels = bytearray()
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                r = ((x - 19.5) / 15) ** 2 + ((y - 19.5) / 12) ** 2
                bone = (x - 19.5) ** 2 + (y - 26) ** 2 < 10
                v = -1000 if r > 1 else 700 if bone else 40 if r < .75 else -100
                voxels += struct.pack("<h", v + (noise.randrange(9) if r <= 1 else 0))
    h = bytearray(352)
    struct.pack_into("<i", h, 0, 348)
    struct.pack_into("<8h", h, 40, 3, nx, ny, nz, 1, 1, 1, 1)
    struct.pack_into("<hh", h, 70, 4, 16)
    struct.pack_into("<8f", h, 76, 1, 6, 6, 6, 0, 0, 0, 0)
    struct.pack_into("<3f", h, 108, 352, 1, 0)
    h[123] = 2
    struct.pack_into("<hh", h, 252, 0, 1)
    struct.pack_into("<12f", h, 280, 6, 0, 0, -120, 0, 6, 0, -120, 0, 0, 6, -70)
    h[344:348] = b"n+1\0"
    return gzip.compress(bytes(h + voxels), 9, mtime=0)


class Stack:
    def __init__(self, folder: Path, state: Path):
        self.process = subprocess.Popen([folder / "bin/iris", "up", "--json", "--state", state, "--http", "127.0.0.1:0", "--aws", "127.0.0.1:0", "--linger", "40s"],
                                        cwd=folder, stdout=subprocess.PIPE, stderr=open(state.parent / "log", "w"), start_new_session=True)
        self.drops = 0
        said = json.loads(self.process.stdout.readline())
        self.http, self.aws, self.credentials = said["http"], said["aws"], folder / said["credentials"]

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.http + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as r:
            text = r.read()
            return json.loads(text) if text else None

    def client(self, service):
        os.environ |= {"AWS_SHARED_CREDENTIALS_FILE": str(self.credentials), "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
        return boto3.client(service, endpoint_url=self.aws)

    def job(self, content: bytes) -> str:
        """The id of the job of an upload."""
        self.drops += 1
        key = f"scan-{self.drops}.nii.gz"
        self.client("s3").put_object(Bucket="iris-uploads", Key=key, Body=content)
        while not (found := self.call("GET", f"/v1/jobs?key={key}")["jobs"]):
            time.sleep(.05)
        return found[0]["id"]

    def announced(self, content: bytes) -> str:
        """The id of a job whose upload does not come."""
        return self.call("POST", "/v1/jobs", {"file": "scan.nii.gz", "bytes": len(content)})["job"]["id"]

    def until(self, job, *statuses):
        while (status := self.call("GET", f"/v1/jobs/{job}")["status"]) not in statuses:
            if status in ("failed", "rejected") and "ready" in statuses:
                raise SystemExit(f"{job} ended {status}")
            time.sleep(.05)

    def children(self):
        """Processes below the stack: their ids and programs."""
        below, found = {self.process.pid}, []
        for _ in range(4):
            for p in Path("/proc").glob("[0-9]*"):
                try:
                    pid, parent = int(p.name), int((p / "stat").read_text().rsplit(")", 1)[1].split()[1])
                    if parent in below and pid not in below:
                        below.add(pid)
                        found.append((pid, (p / "cmdline").read_bytes().split(b"\0")[0].decode()))
                except (OSError, IndexError):
                    continue
        return found

    def records(self):
        client = self.client("dynamodb")
        table = client.list_tables()["TableNames"][0]
        items = client.scan(TableName=table)["Items"]
        return sorted((json.loads(i["doc"]["S"]) for i in items if i["sk"]["S"] == "JOB" and "doc" in i), key=lambda r: r["ID"])


def bring(s: Stack) -> dict:
    """Jobs in different statuses; what becomes of each when the next version goes on."""
    jobs, ct = {}, scan()
    ready = s.job(ct)
    s.until(ready, "ready")
    jobs[ready] = {"was": "ready", "ends": "ready"}
    refused = s.job(b"this is no scan, and says so")
    s.until(refused, "rejected")
    jobs[refused] = {"was": "rejected", "ends": "rejected"}
    jobs[s.announced(ct)] = {"was": "awaiting_upload", "ends": "awaiting_upload"}
    erased = s.job(ct)
    s.until(erased, "ready")
    s.call("DELETE", f"/v1/jobs/{erased}")
    jobs[erased] = {"was": "erased", "ends": ""}
    # The model server stands still, so that the next jobs wait for it.
    models = [pid for pid, program in s.children() if program.endswith("tissue")]
    for pid in models:
        os.kill(pid, signal.SIGSTOP)
    if not models:
        raise SystemExit("there is no model server among the stack's processes")
    waiting = s.job(ct)
    s.until(waiting, "segmenting")
    jobs[waiting] = {"was": "segmenting", "ends": "ready"}
    cancelled = s.job(ct)
    s.until(cancelled, "segmenting", "warming")
    s.call("POST", f"/v1/jobs/{cancelled}/cancel", {})
    s.until(cancelled, "cancelled")
    jobs[cancelled] = {"was": "cancelled", "ends": "cancelled"}
    last = s.job(ct)
    s.until(last, "preparing", "warming", "segmenting")
    jobs[last] = {"was": "under way", "ends": "ready"}
    return jobs


def pack(state: Path, out: Path):
    """The folder as a tar of constant bytes, with extended attributes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(state.rglob("*")):
            name = path.relative_to(state).as_posix()
            if name.split("/")[0] in ("credentials", "said", "lock", "token", "logs", "ready.json") or path.is_socket() or path.name == "LOCK":
                continue
            if path.is_file() and "iris-results/" in name and not name.endswith(KEPT):
                continue
            info = tar.gettarinfo(path, name)
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            ns = path.stat().st_mtime_ns  # an object's sequencer is made of it
            info.pax_headers = {"mtime": f"{ns // 10**9}.{ns % 10**9:09d}"} | {f"SCHILY.xattr.{k}": os.getxattr(path, k).decode("latin-1") for k in os.listxattr(path) if k.startswith("user.")}
            tar.addfile(info, open(path, "rb") if path.is_file() else None)
    out.write_bytes(gzip.compress(buffer.getvalue(), 9, mtime=0))


def main():
    commit = subprocess.run(["git", "rev-parse", "--short=7", sys.argv[1]], cwd=HERE, capture_output=True, text=True, check=True).stdout.strip()
    work = Path(tempfile.mkdtemp(prefix="upgrades-"))
    if len(sys.argv) > 2:
        folder = Path(sys.argv[2]).resolve()
    else:
        folder = work / "src"
        subprocess.run(["git", "worktree", "add", "--detach", folder, commit], cwd=HERE, check=True)
        subprocess.run(["make", "build"], cwd=folder, check=True)
    state = work / "state"
    stack = Stack(folder, state)
    try:
        jobs = bring(stack)
        records = stack.records()
        made = time.time()
    finally:
        below = [pid for pid, _ in stack.children()]
        for pid in [stack.process.pid, *below]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        stack.process.wait()
    (HERE / "testdata").mkdir(exist_ok=True)
    pack(state, HERE / "testdata" / f"{commit}.tar.gz")
    told = {"commit": commit, "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(made)), "date": subprocess.run(["git", "log", "-1", "--format=%cI", commit], cwd=HERE, capture_output=True, text=True).stdout.strip(),
            "jobs": jobs, "records": records}
    (HERE / "testdata" / f"{commit}.json").write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")
    if len(sys.argv) == 2:
        subprocess.run(["git", "worktree", "remove", "--force", folder], cwd=HERE, check=True)
    shutil.rmtree(work, ignore_errors=True)
    print(commit, (HERE / "testdata" / f"{commit}.tar.gz").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
