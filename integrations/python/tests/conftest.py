"""What the tests share: a stack of this machine, small scans, a home of their own."""

import json
import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from iris_oculus.secret import Secret

ROOT = Path(__file__).resolve().parents[3]
IRIS = ROOT / "bin" / "iris"
SHARED = Path(os.environ.get("IRIS_SHARED") or ROOT.parent / "shared")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes what the user of this machine has."""
    folder = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(folder / name))
    for name in ("IRIS_API", "IRIS_TOKEN", "IRIS_PROFILE", "IRIS_STATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def secret() -> Secret:
    return Secret(bytes(32))


@pytest.fixture(scope="session")
def program() -> Path:
    """bin/iris. `make test` has built it; elsewhere its tests are skipped and say so."""
    if not IRIS.exists():
        if os.environ.get("IRIS_E2E"):
            pytest.fail(f"there is no {IRIS}: make build")
        pytest.skip(f"there is no {IRIS}: make build")
    return IRIS


@pytest.fixture(scope="session")
def stack(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running `iris up`, by the address of its API."""
    state = tmp_path_factory.mktemp("state")
    command = [str(program), "up", "--json", "--state", str(state), "--http", "127.0.0.1:0", "--aws", "127.0.0.1:0"]
    with subprocess.Popen([*command, "--linger", "1s"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["http"]
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def scan(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scan") / "scan.nii.gz"
    subprocess.run([program, "sample", path, "--size", "32"], check=True)
    return path


def nifti(
    voxels: bytes, sizes: tuple[int, int, int], *, order: str = "<", kind: int = 4, area: bytes = bytes(4)
) -> bytes:
    """A NIfTI file whose free texts name a patient."""
    head = bytearray(348)
    struct.pack_into(order + "i", head, 0, 348)
    head[4:32] = b"ZZPHI database".ljust(28, b"\0")
    struct.pack_into(order + "8h", head, 40, 3, *sizes, 1, 1, 1, 1)
    struct.pack_into(order + "hh", head, 70, kind, 16)
    struct.pack_into(order + "8f", head, 76, 1, 2, 2, 2, 0, 0, 0, 0)
    struct.pack_into(order + "f", head, 108, 348 + len(area))
    head[148:228] = b"ZZPHI^Name 1970".ljust(80, b"\0")
    head[228:252] = b"ZZPHI aux".ljust(24, b"\0")
    struct.pack_into(order + "h", head, 254, 1)
    struct.pack_into(order + "12f", head, 280, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0)
    head[328:344] = b"ZZPHI intent".ljust(16, b"\0")
    head[344:348] = b"n+1\0"
    return bytes(head) + area + voxels
