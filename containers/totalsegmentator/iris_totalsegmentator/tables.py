"""Tasks, models and labels, read from tables.json (made by scripts/make_tables.py)."""

import functools
import importlib.resources
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

VERSION = "labels/1"
# TotalSegmentator gives its labels the colours of this cycle in the Caret
# extension, whatever its own mapping says.
_CARET_CYCLE = (
    (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255), (0, 255, 255),
    (255, 128, 0), (255, 0, 128), (128, 255, 128), (0, 128, 255), (128, 128, 128), (185, 170, 155),
)  # fmt: skip


@dataclass(frozen=True)
class ModelCard:
    """One network: lut[its label] is the task's label."""

    id: int
    folder: str
    trainer: str
    lut: tuple[int, ...]


@dataclass(frozen=True)
class Mode:
    """Networks that run one after another on a grid of spacing mm; later ones overwrite.

    step: of tiles that overlap, in tiles.
    """

    spacing: float
    step: float
    models: tuple[ModelCard, ...]


@dataclass(frozen=True)
class Task:
    name: str
    modality: str
    licensed: bool
    default: Mode
    fast: Mode | None
    crop: Mode | None  # the rough look that finds where asked-for structures lie
    crop_labels: dict[str, int]
    labels: tuple[dict[str, Any], ...]

    @property
    def modes(self) -> list[Mode]:
        return [mode for mode in (self.default, self.fast, self.crop) if mode]

    def mode(self, fast: bool) -> Mode | None:
        return self.fast if fast else self.default

    def select(self, structures: Iterable[str]) -> tuple[dict[str, Any], ...]:
        """The table's rows for structures, all for none."""
        wanted = set(structures)
        return tuple(row for row in self.labels if not wanted or row["name"] in wanted)


@dataclass(frozen=True)
class Tables:
    version: str  # of TotalSegmentator
    tasks: dict[str, Task]
    licensed: frozenset[str]  # all that need a licence, those of tasks among them
    others: frozenset[str]


def _mode(raw: dict[str, Any]) -> Mode:
    cards = (ModelCard(m["id"], m["folder"], m["trainer"], tuple(m["lut"])) for m in raw["models"])
    return Mode(float(raw["spacing"]), float(raw["step"]), tuple(cards))


@functools.cache
def load() -> Tables:
    raw = json.loads((importlib.resources.files(__package__) / "tables.json").read_text())
    tasks = {
        name: Task(
            name=name,
            modality=t["modality"],
            licensed=t["licensed"],
            default=_mode(t["modes"]["default"]),
            fast=_mode(t["modes"]["fast"]) if "fast" in t["modes"] else None,
            crop=_mode(t["crop"]) if "crop" in t else None,
            crop_labels=t["crop"]["labels"] if "crop" in t else {},
            labels=tuple(t["labels"]),
        )
        for name, t in raw["tasks"].items()
    }
    return Tables(raw["version"], tasks, frozenset(raw["licensed"]), frozenset(raw["others"]))


def iris_extension(rows: Iterable[dict[str, Any]], provenance: dict[str, str]) -> bytes:
    """The JSON that the rest of IRIS reads; its first bytes are fixed."""
    table = {"iris": VERSION, "labels": list(rows), "provenance": provenance}
    return json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()


def caret_extension(rows: Iterable[dict[str, Any]]) -> bytes:
    """The Caret XML that TotalSegmentator itself writes, byte for byte."""
    xml = (
        '<?xml version="1.0" encoding="UTF-8"?> <CaretExtension>  <Date><![CDATA[2013-07-14T05:45:09]]></Date>'
        '   <VolumeInformation Index="0">   <LabelTable>\n'
    )
    for row in rows:
        red, green, blue = (part / 255 for part in _CARET_CYCLE[row["id"] % len(_CARET_CYCLE)])
        xml += f'<Label Key="{row["id"]}" Red="{red}" Green="{green}" Blue="{blue}" Alpha="1"><![CDATA[{row["name"]}]]></Label>\n'
    xml += (
        "\n  </LabelTable>  <StudyMetaDataLinkSet>  </StudyMetaDataLinkSet>  <VolumeType><![CDATA[Label]]></VolumeType>"
        "   </VolumeInformation></CaretExtension>\n              "
    )
    return xml.encode()
