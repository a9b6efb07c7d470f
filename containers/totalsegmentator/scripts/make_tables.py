"""Write iris_totalsegmentator/tables.json from TotalSegmentator's own tables.

    python scripts/make_tables.py [--check]

Needs TotalSegmentator (requirements-test.txt). The served image does not have
it: what it must know of tasks, models and labels is in tables.json, and a test
runs this with --check.
"""

import argparse
import csv
import importlib.metadata
import importlib.resources
import json
import sys
from pathlib import Path
from typing import Any

from names import describe
from totalsegmentator import map_to_binary as maps
from totalsegmentator.map_tasks_config import TASK_CONFIGS, TASK_ID_WEIGHTS_CONFIGS
from totalsegmentator.registry import TASKS, task_modality

TARGET = Path(__file__).parent.parent / "iris_totalsegmentator" / "tables.json"

# task → the label tables of its parts, the part of each model, the crop model of
# roi_subset (python_api.totalsegmentator: 6 mm for CT, 3 mm for MR).
SERVED = {
    "total": (maps.class_map_5_parts, maps.map_taskid_to_partname_ct, ("total", "fastest")),
    "total_mr": (maps.class_map_parts_mr, maps.map_taskid_to_partname_mr, ("total_mr", "fast")),
    "total_v3": (maps.class_map_5_parts_total_v3, maps.map_taskid_to_partname_ct_v3, ("total", "fastest")),
}
# The licensed tasks that are one network on the whole scan. The others look for an
# organ first or average several networks, which this engine does not do.
LICENSED = (
    "appendicular_bones", "appendicular_bones_mr", "face", "face_mr", "renal_arteries", "thigh_shoulder_muscles",
    "thigh_shoulder_muscles_mr", "tissue_4_types", "tissue_types", "tissue_types_mr",
)  # fmt: skip
TOTAL_STEP, STEP = 0.8, 0.5  # nnunet.nnUNet_predict_image
# What the mapping lacks: these are whole where the mapping has parts. SNOMED CT.
EXTRA = {
    "vertebrae_L6": ("", "137,112,77"),
    "lung_left": ("44029006", "197,165,145"),
    "lung_right": ("3341006", "211,183,165"),
    "vertebrae": ("", "226,202,134"),
    "intervertebral_discs": ("360499006", "176,209,215"),
    "intermuscular_fat": ("", "236,196,112"),
    "celiac_trunk": ("", "216,101,79"),
    "superior_mesenteric_artery": ("", "200,84,70"),
    "renal_arteries": ("", "184,70,62"),
}
MUSCLE = ("", "192,104,88")


def snomed_rows() -> dict[str, dict[str, str]]:
    source = importlib.resources.files("totalsegmentator") / "resources" / "totalsegmentator_snomed_mapping.csv"
    with source.open() as f:
        return {row["Structure"]: row for row in csv.DictReader(f)}


def label(number: int, name: str, rows: dict[str, dict[str, str]]) -> dict[str, Any]:
    english, spanish, group = describe(name)
    if name in rows:
        code, rgb = rows[name]["SegmentedPropertyTypeCodeSequence.CodeValue"], rows[name]["DicomRGBColor"]
    else:
        code, rgb = MUSCLE if group == "muscles" else EXTRA[name]
    color = "#" + "".join(f"{int(part):02x}" for part in rgb.split(","))
    entry = {"id": number, "name": name, "name_en": english, "name_es": spanish, "color": color}
    if code:
        entry["snomed"] = code
    return entry | {"group": group}


def network_labels(task: str) -> dict[int, str]:
    """What a task's one network knows: some have labels that the task leaves out."""
    return maps.class_map[task] | maps.class_map.get(f"{task}_auxiliary", {})


def model(task: str, number: int, trainer: str) -> dict[str, Any]:
    """One network: its folder, and lut[its own label] = the task's label."""
    parts, part_of, _ = SERVED.get(task, ({}, {}, ()))
    ids = {name: n for n, name in maps.class_map[task].items()}
    own = parts[part_of[number]] if number in part_of else network_labels(task)
    lut = [0] * (max(own) + 1)
    for n, name in own.items():
        lut[n] = ids.get(name, 0)
    return {"id": number, "folder": TASK_ID_WEIGHTS_CONFIGS[number]["foldername"], "trainer": trainer, "lut": lut}


def mode(task: str, name: str) -> dict[str, Any]:
    config = TASK_CONFIGS[task]
    config = config["sub_modes"][name] if "sub_modes" in config else config
    ids = config["task_id"] if isinstance(config["task_id"], list) else [config["task_id"]]
    step = TOTAL_STEP if task in SERVED else STEP
    return {"spacing": config["resample"], "step": step, "models": [model(task, n, config["trainer"]) for n in ids]}


def entry(task: str, modes: tuple[str, ...], rows: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "modality": task_modality(task),
        "licensed": task in LICENSED,
        "modes": {name: mode(task, name) for name in modes},
        "labels": [label(n, name, rows) for n, name in maps.class_map[task].items()],
    }


def tables() -> dict[str, Any]:
    rows = snomed_rows()
    tasks = {}
    for task, (_, _, crop) in SERVED.items():
        labels = {v: k for k, v in maps.class_map[crop[0]].items()}
        tasks[task] = entry(task, ("default", "fast"), rows) | {"crop": mode(*crop) | {"labels": labels}}
    tasks |= {task: entry(task, ("default",), rows) for task in LICENSED}
    return {
        "version": importlib.metadata.version("TotalSegmentator"),
        "tasks": tasks,
        "licensed": sorted(maps.commercial_models),
        "others": sorted(set(TASKS) - set(SERVED) - set(maps.commercial_models)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="fail if the file differs, write nothing")
    check = parser.parse_args().check
    text = json.dumps(tables(), ensure_ascii=False, separators=(",", ":")).replace('{"id"', '\n{"id"') + "\n"
    if not check:
        TARGET.write_text(text)
    elif TARGET.read_text() != text:
        sys.exit(f"{TARGET.name} is not what TotalSegmentator says: run scripts/make_tables.py")


if __name__ == "__main__":
    main()
