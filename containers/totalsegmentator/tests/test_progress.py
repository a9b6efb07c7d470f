"""What is counted of a request: each tile once, of a total that is known, said in the contract's words."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from conftest import Server
from phantom import torso
from test_window import network

from iris_totalsegmentator import codec, tables
from iris_totalsegmentator.engine import prepare, window
from iris_totalsegmentator.engine.grid import Grid
from iris_totalsegmentator.engine.network import Network
from iris_totalsegmentator.engine.resident import Resident, Scan
from iris_totalsegmentator.engine.run import Run, Workers
from iris_totalsegmentator.progress import EVERY, Progress

FIXTURES = Path(__file__).resolve().parents[3] / "tests" / "contract" / "fixtures"
INFERENCE = "01JD0000000000000000000001-1"


class Lines(logging.Handler):
    """The log's lines as the server writes them."""

    def __init__(self) -> None:
        super().__init__()
        from iris_totalsegmentator.__main__ import _JSON

        self.lines: list[str] = []
        self.setFormatter(_JSON())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def log() -> tuple[logging.Logger, list[str]]:
    handler = Lines()
    logger = logging.Logger("progress")
    logger.addHandler(handler)
    return logger, handler.lines


def test_lines_are_the_contracts(log: tuple[logging.Logger, list[str]]) -> None:
    logger, lines = log
    if not FIXTURES.is_dir():
        pytest.skip("SKIPPED: this package lies in no checkout")
    for example in json.loads((FIXTURES / "progress.json").read_text()):
        if not example["accepted"]:
            continue
        want = json.loads(example["line"])
        Progress(logger, want["inference"], lambda: 1000.0)(want["done"], want["total"])
        assert lines.pop() == example["line"]


def test_a_line_every_two_seconds(log: tuple[logging.Logger, list[str]]) -> None:
    logger, lines = log
    now = [100.0]
    said = Progress(logger, INFERENCE, lambda: now[0])
    for done in range(101):
        said(done, 100)
        now[0] += EVERY / 4
    counts = [json.loads(line)["done"] for line in lines]
    assert counts == [*range(0, 101, 4)]
    said(0, 7)  # a request that begins anew is told at once
    assert json.loads(lines[-1])["total"] == 7


@pytest.mark.parametrize("name", ["", "a b", "Doe^Jane", "x" * 65, "a\n"])
def test_a_name_that_is_not_plain_is_not_repeated(log: tuple[logging.Logger, list[str]], name: str) -> None:
    logger, lines = log
    Progress(logger, name)(0, 2)
    assert json.loads(lines[0])["inference"] == ""


@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("step", [0.5, 0.8])
@pytest.mark.parametrize("shape", [(20, 18, 25), (5, 30, 9), (3, 4, 5), (12, 12, 12)])
def test_tiles_are_those_of_the_window(shape: tuple[int, int, int], step: float, batch: int) -> None:
    for net in (network((8, 12, 10), 5, 1), network((12, 8, 9), 3, 2)):
        told: list[tuple[int, int]] = []
        run = Run(Workers(1), report=lambda done, total, told=told: told.append((done, total)))
        run.expect(window.tiles(net, shape, step))
        image = prepare._pad(torch.randn(shape, generator=torch.Generator().manual_seed(4)), net.patch)
        room = window.room([net], shape, torch.device("cpu"))
        window.label(net, image, torch.zeros(shape, dtype=torch.uint8), room, step, run, batch)
        total = run.total
        assert told[0] == (0, total)
        assert told[-1] == (total, total)
        assert all(before[0] < after[0] for before, after in zip(told, told[1:], strict=False))


def counted(resident: Resident, workers: Workers, structures: tuple[str, ...], fast: bool) -> list[tuple[int, int]]:
    told: list[tuple[int, int]] = []
    image = torso((40, 36, 90), (6.0, 6.0, 3.0))
    scan = codec.read(image.to_bytes())
    run = Run(workers, report=lambda done, total: told.append((done, total)))
    grid = Grid(scan.header.shape, scan.header.affine)
    resident.segment(Scan(torch.from_numpy(scan.voxels), grid), tables.load().tasks["total"], fast, structures, run)
    return told


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("structures", [(), ("liver", "spleen")])
def test_every_tile_of_a_scan_counts_once(
    resident: Resident, workers: Workers, structures: tuple[str, ...], split: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one go, in three parts and around some structures: one total, known before the first tile, and reached."""
    forwards = [0]
    looked = [0]
    for number, net in resident.networks.items():
        monkeypatch.setitem(resident.networks, number, _counting(net, forwards))
    labels = resident._labels

    def first_look(scan: Scan, mode: tables.Mode, run: Run) -> torch.Tensor:
        before = forwards[0]
        out = labels(scan, mode, run)
        looked[0] = looked[0] or (forwards[0] - before if structures else 0)
        return out

    monkeypatch.setattr(resident, "_labels", first_look)
    monkeypatch.setattr(resident, "force_split", split)
    told = counted(resident, workers, structures, fast=False)
    totals = {total for _, total in told}
    assert len(totals) == 1
    assert told[-1][0] == totals.pop() == forwards[0] - looked[0]
    assert [done for done, _ in told] == [*range(told[-1][0] + 1)]


def _counting(net: Network, forwards: list[int]) -> Network:
    def forward(tiles: torch.Tensor) -> torch.Tensor:
        forwards[0] += len(tiles)
        return net.forward(tiles)

    return replace(net, forward=forward)


def test_the_server_says_what_it_counts(server: Server) -> None:
    body = torso((40, 36, 30), (6.0, 6.0, 6.0)).to_bytes()
    before = len(server.log.read_text().splitlines())
    assert server.post(body, "task=total;fast=true")[0] == 200
    lines = [json.loads(line) for line in server.log.read_text().splitlines()[before:]]
    counts = [line for line in lines if line["msg"] == "progress"]
    assert counts[0]["done"] == 0
    assert counts[-1]["done"] == counts[-1]["total"] > 0
    assert {line["unit"] for line in counts} == {"tiles"}
    assert {line["total"] for line in counts} == {counts[0]["total"]}
