"""The readers: ours, and those of others as processes that answer scan after scan."""
import base64
import json
import os
import re
import resource
import selectors
import subprocess
import sys
from pathlib import Path

import numpy as np

from compare import Answer, canonical
from peer import volume

LIMIT = 3 << 30  # bytes that a reader may take
PATIENCE = 600  # seconds after which a reader hangs that never should
SECONDS = 20  # after which SimpleITK or suyashkumar/dicom hangs, which some files make them do: it has milliseconds of work


def limited():
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))


def ours(iris: str, source: Path, out: Path) -> Answer:
    try:
        r = subprocess.run([iris, "prepare", source, out], capture_output=True, timeout=PATIENCE, preexec_fn=limited, text=True, errors="replace")
    except subprocess.TimeoutExpired:
        return Answer(error="hangs")
    warnings = re.findall(r"^warning: (\w+):", r.stderr, re.M)
    if r.returncode == 0:
        a = canonical(out)
        a.warnings = warnings
        return a
    last = next((line for line in r.stderr.splitlines() if re.match(r"\w+:", line) and not line.startswith(("warning:", "hint:"))), r.stderr[-200:])
    code = re.match(r"(\w+): ", last)
    if r.returncode != 3 or not code or out.exists():
        return Answer(error=f"crash: rc {r.returncode} {last[-200:]}")
    return Answer(error=code[1], warnings=[last])


class Peer:
    """A process that answers a line of JSON by one; it is started again after a crash."""

    def __init__(self, name, command):
        self.name, self.command, self.process = name, command, None

    def ask(self, files) -> dict:
        if self.process is None:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=limited,
                                            env=os.environ | {"OMP_NUM_THREADS": "1", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1"})
        p = self.process
        try:
            p.stdin.write(json.dumps([str(f) for f in files]).encode() + b"\n")
            p.stdin.flush()
            line = self.line()
        except BrokenPipeError:
            line = None
        if line:
            return json.loads(line)
        p.kill()
        p.wait()
        self.process = None
        return {"error": "hangs" if line == b"" else "crash"}

    def line(self):
        """A line; None when the process ended, empty when it takes too long."""
        with selectors.DefaultSelector() as s:
            s.register(self.process.stdout, selectors.EVENT_READ)
            text = b""
            while not text.endswith(b"\n"):
                if not s.select(SECONDS if self.name in ("itk", "suyash") else PATIENCE):
                    return b""
                part = os.read(self.process.stdout.fileno(), 1 << 20)
                if not part:
                    return None
                text += part
            return text

    def answer(self, files) -> Answer:
        a = self.ask(files)
        try:
            if isinstance(a, list):
                return Answer(*assemble(a))
            if "error" in a:
                return Answer(error=a["error"])
            return Answer(np.frombuffer(base64.b64decode(a["values"]), "<f8").reshape(a["shape"]), np.array(a["affine"]).reshape(4, 4))
        except Exception as e:
            return Answer(error=f"{type(e).__name__}: {e}"[:200])

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()


def assemble(images):
    """The volume of what suyashkumar/dicom says of each file."""
    slices, series = [], set()
    for image in images:
        if image.get("error"):
            raise ValueError(image["error"])
        v = image["values"]
        if image.get("packed"):
            raise ValueError("compressed")
        if "shared" in v or "lut" in v:
            raise ValueError("not read here: enhanced or modality LUT")
        series.add(v.get("series", [""])[0])
        stored, signed = v["stored"][0], v["signed"][0]
        slope, intercept = (float(v[n][0]) if n in v else d for n, d in (("slope", 1), ("intercept", 0)))
        if not stored:
            raise ValueError("no bits stored")
        for frame in image["frames"]:
            x = np.array(frame, np.int64) & ((1 << stored) - 1)
            if signed:
                x = np.where(x >> (stored - 1) & 1, x - (1 << stored), x)
            slices.append(([float(s) for s in v["position"]], [float(s) for s in v["orientation"]], [float(s) for s in v["spacing"]],
                           x.reshape(v["rows"][0], v["columns"][0]) * slope + intercept))
    if len(series) > 1:
        raise ValueError("stack: several series")
    return volume(slices)


def peers(suyash: str | None, with_itk: bool) -> dict:
    here = Path(__file__).parent / "peer.py"
    out = {"pydicom": Peer("pydicom", [sys.executable, here, "pydicom"]), "nibabel": Peer("nibabel", [sys.executable, here, "nibabel"])}
    if with_itk:
        out["itk"] = Peer("itk", [sys.executable, here, "itk"])
    if suyash:
        out["suyash"] = Peer("suyash", [suyash])
    return out
