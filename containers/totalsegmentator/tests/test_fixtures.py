"""The contract's examples (tests/contract/fixtures), which Go reads too: label tables, bodies of failures."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from iris_totalsegmentator import tables
from iris_totalsegmentator.server import _Reply

FIXTURES = Path(__file__).resolve().parents[3] / "tests" / "contract" / "fixtures"

if not FIXTURES.is_dir():
    pytest.skip("SKIPPED: this package lies in no checkout", allow_module_level=True)


def examples(name: str) -> list[dict[str, Any]]:
    return json.loads((FIXTURES / name).read_text())


def test_label_tables_are_written_as_the_contract_has_them() -> None:
    accepted = [e["body"] for e in examples("labels.json") if e["accepted"]]
    ours = [b for b in accepted if b.keys() == {"iris", "labels", "provenance"}]
    assert ours
    for body in ours:
        text = tables.iris_extension(body["labels"], body["provenance"])
        assert json.loads(text) == body
        assert text.startswith(b'{"iris":"labels/1"')  # by which the reader knows it


def test_own_tables_have_the_contracts_fields() -> None:
    known = {field for e in examples("labels.json") if e["accepted"] for row in e["body"]["labels"] for field in row}
    for task in tables.load().tasks.values():
        ids = [row["id"] for row in task.labels]
        assert len(set(ids)) == len(ids)
        assert all(0 < i < 1 << 16 for i in ids)
        for row in task.labels:
            assert set(row) <= known
            assert 0 < len(row["name"]) <= 200


def test_failure_bodies_are_the_contracts() -> None:
    for example in examples("failures.json"):
        if not example["from_model"]:
            continue
        sent: list[dict[str, Any]] = []

        async def send(message: Any, sent: list[dict[str, Any]] = sent) -> None:
            sent.append(message)

        want = json.loads(example["object"])
        asyncio.run(_Reply(send, logging.getLogger("test")).error(want["status"], want["code"], want["message"]))
        assert sent[0]["status"] == example["status"]
        assert json.loads(sent[1]["body"]) == want
