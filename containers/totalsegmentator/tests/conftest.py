"""Weights made at test time, one engine and one reference for all tests, a server."""

import gzip
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
sys.path[:0] = [str(PACKAGE), str(PACKAGE / "scripts")]

from iris_totalsegmentator import tuning  # noqa: E402

tuning.start()  # as the server does

import nibabel as nib  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402

from iris_totalsegmentator import codec, tables, weights  # noqa: E402
from iris_totalsegmentator.clock import Clock  # noqa: E402
from iris_totalsegmentator.engine.grid import Grid  # noqa: E402
from iris_totalsegmentator.engine.resident import Resident, Scan  # noqa: E402
from iris_totalsegmentator.engine.run import Run, Workers  # noqa: E402

THREADS = min(8, os.cpu_count() or 1)
ROOT = Path(os.environ.get("IRIS_ROOT", ""))  # the checkout, for tests that need more than this package
PATCH = 48
LICENSE = "made up for tests "  # TotalSegmentator counts characters, the weights are noise


def script(name: str, *arguments: str) -> None:
    environment = os.environ | {"PYTHONPATH": f"{PACKAGE}:{PACKAGE / 'scripts'}", "PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, str(PACKAGE / "scripts" / name), *arguments], check=True, env=environment)


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny genuine weights; IRIS_TEST_WEIGHTS names some that are already there."""
    if given := os.environ.get("IRIS_TEST_WEIGHTS"):
        return Path(given)
    out = tmp_path_factory.mktemp("weights")
    script("tiny_weights.py", str(out), "--patch", str(PATCH))
    return out


@pytest.fixture(scope="session")
def workers() -> Workers:
    torch.set_num_threads(THREADS)
    made = Workers(THREADS)
    torch.set_num_threads(THREADS)
    return made


@pytest.fixture(scope="session")
def resident(root: Path, workers: Workers) -> Resident:
    tasks = tables.load().tasks
    cards = {c.id: c for name in weights.served(root, LICENSE) for c in weights.cards(root, tasks[name])}
    return Resident(root, cards.values())


class Pair:
    """Both ways on one image: label map files as bytes, and their voxels."""

    def __init__(self, resident: Resident, reference: object, workers: Workers) -> None:
        self.resident, self.reference, self.workers = resident, reference, workers

    def ours(self, image: nib.Nifti1Image, task: str, fast: bool, structures: tuple[str, ...] = ()) -> tuple[bytes, np.ndarray]:
        chosen = tables.load().tasks[task]
        scan = codec.read(image.to_bytes())
        grid = Grid(scan.header.shape, scan.header.affine)
        run = Run(self.workers)
        labels = self.resident.segment(Scan(torch.from_numpy(scan.voxels), grid), chosen, fast, structures, run).numpy()
        caret = [(0, tables.caret_extension(chosen.select(structures)))]
        return codec.write(labels, scan.header.nifti, grid.affine_there_and_back(), caret), labels

    def theirs(
        self, image: nib.Nifti1Image, task: str, fast: bool, structures: tuple[str, ...] = (), split: bool = False
    ) -> tuple[bytes, np.ndarray]:
        out = self.reference.segment(nib.Nifti1Image.from_bytes(image.to_bytes()), task, fast, structures, Clock(), split)
        return out.to_bytes(), np.asarray(out.dataobj).transpose(2, 1, 0)


# oneDNN's float32 sums depend on the processor and on the number of threads, and a tie
# between two labels then falls to either side: between one thread and two, one voxel of
# "float at 3 mm" differs, with either program. One of so many voxels may. Wrong roundings
# change more: of 148,480 voxels, tiles added in another order 40 to 283, logits rounded
# too early 128 to 283, sums not divided 27 to 66.
VOXELS_A_TIE = 30_000


def assert_equal(ours: tuple[bytes, np.ndarray], theirs: tuple[bytes, np.ndarray], exact_header: bool = True) -> None:
    """Of label map files, ours compressed and theirs not, and of their voxels (z, y, x)."""
    assert ours[1].shape == theirs[1].shape
    differ = np.count_nonzero(ours[1] != theirs[1])
    assert differ <= ours[1].size // VOXELS_A_TIE, f"{differ} of {ours[1].size} voxels differ"
    mine = gzip.decompress(ours[0])
    a, b = nib.Nifti1Image.from_bytes(mine), nib.Nifti1Image.from_bytes(theirs[0])
    assert np.array_equal(np.asarray(a.dataobj).T, ours[1])
    if exact_header:
        assert _header(mine) == _header(theirs[0])
        return
    assert np.allclose(a.affine, b.affine, atol=1e-4)
    assert a.header.get_zooms() == pytest.approx(b.header.get_zooms())
    assert a.header.extensions == b.header.extensions


def _header(nifti: bytes) -> bytes:
    """All before the voxels, extensions too; vox_offset tells where they begin."""
    return nifti[: int(np.frombuffer(nifti, "<f4", 1, 108)[0])]


@pytest.fixture(scope="session")
def pair(root: Path, resident: Resident, workers: Workers) -> Pair:
    from iris_totalsegmentator.reference import Reference

    return Pair(resident, Reference(root, license=LICENSE), workers)


class Server:
    """The model server as SageMaker starts it."""

    def __init__(self, root: Path, log: Path, **environment: str) -> None:
        import socket

        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        env = os.environ | {"PYTHONPATH": str(PACKAGE), "SAGEMAKER_BIND_TO_PORT": str(self.port)} | environment
        command = [sys.executable, "-m", "iris_totalsegmentator", "--weights", str(root), "serve"]
        self.log = log
        self.process = subprocess.Popen(command, env=env, stderr=log.open("w"))
        self.url = f"http://127.0.0.1:{self.port}"

    def wait(self) -> None:
        for _ in range(3000):  # as long as the slowest machine needs
            try:
                if urllib.request.urlopen(self.url + "/ping", timeout=60).status == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended: {self.log.read_text()}")
            time.sleep(0.1)
        raise AssertionError("the server did not become ready")

    def post(self, body: bytes, attributes: str = "") -> tuple[int, dict[str, str], bytes]:
        request = urllib.request.Request(self.url + "/invocations", body, {"X-Amzn-SageMaker-Custom-Attributes": attributes})
        try:
            with urllib.request.urlopen(request, timeout=300) as reply:
                return reply.status, dict(reply.headers), reply.read()
        except urllib.error.HTTPError as e:
            return e.code, dict(e.headers), e.read()

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=300)


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # A limit that the tests' scans keep and one made to be too large does not.
    made = Server(root, tmp_path_factory.mktemp("server") / "log", IRIS_MEMORY_MB="3000")
    made.wait()
    yield made
    made.end()
