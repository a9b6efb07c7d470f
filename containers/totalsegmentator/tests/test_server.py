"""What the server promises beyond the shared contract (tests/contract/model_server_test.go)."""

import contextlib
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from conftest import LICENSE, PACKAGE, PATCH, Server, assert_equal, script
from phantom import torso

from iris_totalsegmentator import codec, options, tables, weights
from iris_totalsegmentator.errors import RequestError, WeightsError

CT = torso((40, 36, 30), (6.0, 6.0, 6.0))
BODY = CT.to_bytes()
FAST = "task=total;fast=true"


def code(reply: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    return reply[0], json.loads(reply[2])["code"]


def resident_bytes(pid: int) -> int:
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS"))
    return int(line.split()[1]) << 10


def test_refusals(server: Server) -> None:
    mr = nib.Nifti1Image(np.asarray(CT.dataobj) + np.int16(1024), CT.affine).to_bytes()
    huge = bytearray(BODY[:352])
    huge[42:48] = np.array([800, 800, 800], "<i2").tobytes()
    wanted = [
        (mr, FAST, "not_hounsfield"),
        (BODY, "task=total_mr;fast=true", "wrong_modality"),
        (torso((3, 36, 30), (6, 6, 6)).to_bytes(), FAST, "too_small"),
        (bytes(huge), FAST, "too_large"),
        (BODY, "task=tissue_types", "license_required"),
        (BODY, "task=lung_vessels", "bad_option"),
        (BODY, "task=total_v3", "bad_option"),
        (BODY, FAST + ";structures=liver,unheard_of", "bad_option"),
    ]
    for body, attributes, want in wanted:
        assert code(server.post(body, attributes)) == (400, want)


def test_mixed_requests_leave_memory_flat(server: Server) -> None:
    """200 in a row, each answered; good, bad, oversized and cancelled."""
    first = server.post(BODY, FAST)
    assert first[0] == 200
    marks = []
    for n in range(200):
        kind = n % 8
        if kind == 0:
            reply = server.post(BODY, FAST)
            assert (reply[0], reply[2]) == (200, first[2])
        elif kind in (1, 5):
            assert server.post(BODY[: len(BODY) // 2], FAST)[0] == 400
        elif kind in (2, 6):
            assert code(server.post(b"no scan" * 1000, FAST)) == (400, "unrecognized")
        elif kind == 3:
            with socket.create_connection(("127.0.0.1", server.port)) as gone:
                head = f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n"
                gone.sendall(head.encode() + BODY[:1000])
        elif kind == 4:
            assert code(server.post(BODY, "task=face")) == (400, "license_required")
        else:
            assert code(server.post(BODY, "fast=maybe")) == (400, "bad_option")
        if kind == 0:
            marks.append(resident_bytes(server.process.pid))
    assert max(marks[-5:]) < max(marks[:5]) * 1.05


def test_a_second_request_opens_nothing(server: Server) -> None:
    pid = server.process.pid
    server.post(BODY, FAST)

    def state() -> tuple[list[str], str, str]:
        """Open files, bytes read from disk, child processes. A client's socket closes when it likes."""
        files = []
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                files.append(os.readlink(fd))
        reads = next(x for x in Path(f"/proc/{pid}/io").read_text().splitlines() if x.startswith("read_bytes"))
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return sorted(f for f in files if not f.startswith("socket:")), reads, children

    before = state()
    server.post(BODY, FAST)
    assert state() == before


def test_the_reference_serves_the_same(root: Path, server: Server, tmp_path: Path) -> None:
    """IRIS_ENGINE=reference: TotalSegmentator's own function behind the same server."""
    slow = Server(root, tmp_path / "log", IRIS_ENGINE="reference")
    try:
        slow.wait()
        theirs, ours = slow.post(BODY, FAST), server.post(BODY, FAST)
    finally:
        slow.end()
    assert (theirs[0], ours[0]) == (200, 200)
    assert_equal((ours[2], codec.read(ours[2]).voxels), (gzip.decompress(theirs[2]), codec.read(theirs[2]).voxels))


def test_licensed_tasks(root: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    server = Server(root, log, IRIS_LICENSE=LICENSE)
    try:
        server.wait()
        small = torso((20, 18, 15), (12.0, 12.0, 12.0)).to_bytes()
        status, _, body = server.post(small, "task=appendicular_bones;structures=tibia")
        refused = [server.post(small, f"task={wanted}") for wanted in ("face", "heartchambers_highres")]
        refused.append(server.post(small, "task=appendicular_bones;fast=true"))
    finally:
        server.end()
    assert status == 200
    tibia = next(row for row in tables.load().tasks["appendicular_bones"].labels if row["name"] == "tibia")
    assert set(np.unique(codec.read(body).voxels)) == {0, tibia["id"]}
    for reply, reason in zip(refused, ("weights are not here", "this server does", "no fast mode"), strict=True):
        assert code(reply) == (400, "bad_option")
        assert reason in json.loads(reply[2])["message"]
    assert LICENSE not in log.read_text()


def test_a_wrong_licence_is_told_at_the_start(root: Path, tmp_path: Path) -> None:
    server = Server(root, tmp_path / "log", IRIS_LICENSE="aca_short")
    assert server.process.wait(timeout=300) == 1
    command = [sys.executable, "-m", "iris_totalsegmentator", "--list-tasks", "--weights", str(root)]
    environment = os.environ | {"PYTHONPATH": str(PACKAGE), "IRIS_LICENSE": "aca_short"}
    listed = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert listed.returncode == 2
    for said in ((tmp_path / "log").read_text(), listed.stderr):
        assert "IRIS_LICENSE has 9 characters" in said
        assert "aca_short" not in said


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_asked_for_and_missing_ends_the_server(root: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    server = Server(root, log, IRIS_DEVICE="cuda", IRIS_LICENSE="none")
    assert server.process.wait(timeout=600) == 1
    assert "torch sees no GPU" in log.read_text()


def test_licensed_tasks_are_not_chosen_by_themselves(root: Path, tmp_path: Path) -> None:
    from iris_totalsegmentator.segmenter import Segmenter, Settings

    for name in ("Dataset297_TotalSegmentator_total_3mm_1559subj", "Dataset925_MRI_tissue_subset_903subj"):
        (tmp_path / name).symlink_to(root / name)
    segmenter = Segmenter(Settings(tmp_path, license=LICENSE))
    assert segmenter.tasks == ["total", "tissue_types_mr"]
    body = nib.Nifti1Image(np.asarray(CT.dataobj) + np.int16(1024), CT.affine).to_bytes()
    with pytest.raises(RequestError) as e:
        segmenter.segment(bytearray(body), options.parse("fast=true"))
    assert e.value.code == "not_hounsfield"


def test_the_reference_masks_what_it_cannot_look_for(root: Path) -> None:
    from iris_totalsegmentator.segmenter import Segmenter, Settings

    wanted = options.parse("task=appendicular_bones;structures=tibia,patella")
    small = torso((20, 18, 15), (12.0, 12.0, 12.0)).to_bytes()
    ours, theirs = (
        codec.read(Segmenter(Settings(root, engine, license=LICENSE)).segment(bytearray(small), wanted).body).voxels
        for engine in ("resident", "reference")
    )
    assert np.array_equal(ours, theirs)


def test_stop_fails_the_request_at_once(root: Path, tmp_path: Path) -> None:
    server = Server(root, tmp_path / "log")
    server.wait()
    body = torso((160, 150, 120), (2.5, 2.5, 2.5)).to_bytes()
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        head = f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n"
        client.sendall(head.encode() + b"X-Amzn-SageMaker-Custom-Attributes: task=total\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 100")  # the request is inside
        client.sendall(body)
        time.sleep(1)  # on most machines the model is at work now; the answer is the same while the body is read
        server.process.send_signal(signal.SIGTERM)
        assert client.recv(4096).startswith(b"HTTP/1.1 503")  # and not 200, for which it would have to finish
        assert server.process.wait(timeout=300) == 0


def test_tables_are_totalsegmentators() -> None:
    script("make_tables.py", "--check")
    known = tables.load().tasks
    for task, count in (("total", 117), ("total_mr", 50), ("total_v3", 117)):
        assert len(known[task].labels) == count
    for task in known.values():
        assert all(row["name_en"] and row["name_es"] and row["color"] and row["group"] for row in task.labels)


def test_safetensors_hold_the_same(root: Path, tmp_path: Path) -> None:
    script("convert_weights.py", str(root), str(tmp_path))
    assert weights.served(tmp_path) == weights.served(root)
    cards = weights.cards(tmp_path, tables.load().tasks["total"])
    assert weights.digest(tmp_path, cards) == weights.digest(tmp_path, cards)
    file = weights.parameters(tmp_path, cards[0])
    assert file is not None
    file.write_bytes(file.read_bytes()[:-1] + b"\x00")
    with pytest.raises(WeightsError, match="damaged"):
        weights.digest(tmp_path, cards)


def test_no_weights_no_start(tmp_path: Path) -> None:
    server = Server(tmp_path, tmp_path / "log")
    assert server.process.wait(timeout=300) == 1
    assert "no task's weights" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("cut", [0, 1, 100, 347, 352, 1000])
@pytest.mark.parametrize("packed", [True, False])
def test_cut_bodies(cut: int, packed: bool) -> None:
    import gzip

    body = gzip.compress(BODY)[:cut] if packed else BODY[:cut]
    with pytest.raises(RequestError) as e:
        codec.read(body)
    assert e.value.code in ("unrecognized", "truncated")


def test_written_is_read() -> None:
    labels = np.random.default_rng(1).integers(0, 118, (30, 36, 40), dtype=np.uint8)
    header = codec.read_header(BODY)
    out = codec.write(labels, header.nifti, header.affine, [(6, b'{"iris":"labels/1"}')])
    again = codec.read(out)
    assert np.array_equal(again.voxels, labels)
    assert codec.write(labels, header.nifti, header.affine, [(6, b'{"iris":"labels/1"}')]) == out


def test_options() -> None:
    assert options.parse("") == options.Options()
    assert options.parse("task=total; fast=true;structures=a,b,,a;other=1").structures == ("a", "b")
    with pytest.raises(RequestError):
        options.parse("x" * 1025)


def test_the_server_knows_no_torch() -> None:
    program = "import sys, iris_totalsegmentator.server; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parent.parent)
    assert PATCH % 8 == 0  # three halvings
