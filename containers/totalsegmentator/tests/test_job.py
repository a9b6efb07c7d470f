"""The whole job through `iris up --model totalsegmentator`, with tiny weights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import pytest
from conftest import ROOT
from phantom import torso

from iris_totalsegmentator import tables


@pytest.mark.skipif(not (ROOT / "bin" / "iris").is_file(), reason="SKIPPED: IRIS_ROOT names no checkout with bin/iris (make build)")
def test_a_scan_becomes_a_model(root: Path, tmp_path: Path) -> None:
    scan, model = tmp_path / "scan.nii.gz", tmp_path / "model.glb"
    nib.save(torso((64, 58, 40), (4.6, 4.9, 6.5)), scan)
    state = tmp_path / "state"
    environment = os.environ | {"IRIS_WEIGHTS": str(root), "IRIS_MODEL_PYTHON": sys.executable}
    up = subprocess.Popen(
        [ROOT / "bin/iris", "up", "--model", "totalsegmentator", "--json", "--state", state, "--http", "127.0.0.1:0"]
        + ["--aws", "127.0.0.1:0", "--linger", "1s"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert up.stdout is not None
        assert json.loads(up.stdout.readline())["ready"]
        command = [ROOT / "bin/iris", "run", scan, "--state", state, "-o", model]
        subprocess.run([*command, "-O", "fast=true"], cwd=ROOT, env=environment, check=True, timeout=1800)
        said = subprocess.run(
            [ROOT / "bin/iris", "list", "--state", state, "--json"], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        assert '"ready"' in said.stdout
    finally:
        up.terminate()
        up.wait(timeout=300)
    glb = model.read_bytes()
    scene = json.loads(glb[20 : 20 + int.from_bytes(glb[12:16], "little")])
    names = {node["name"] for node in scene["nodes"] if "mesh" in node}
    known = {row["name"] for row in tables.load().tasks["total"].labels}
    assert len(names) > 20
    assert names <= known
