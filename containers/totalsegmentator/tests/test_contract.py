"""The contract that every model server keeps (tests/contract), on this one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PACKAGE, ROOT


@pytest.mark.skipif(not (ROOT / "go.mod").is_file(), reason="SKIPPED: IRIS_ROOT names no checkout with tests/contract")
def test_contract(root: Path) -> None:
    environment = os.environ | {
        "IRIS_E2E": "1",
        "IRIS_MODEL_COMMAND": f"{sys.executable} -m iris_totalsegmentator --weights {root}",
        "IRIS_MODEL_ATTRIBUTES": "task=total;fast=true",
        "PYTHONPATH": str(PACKAGE),
    }
    command = ["go", "test", "-count=1", "-run", "TestModelServer", "-timeout", "5m", "./tests/contract"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
