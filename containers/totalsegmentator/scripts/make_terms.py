"""Write internal/volume/terms/table.tsv, the coded terms of DICOM objects, from
TotalSegmentator's mapping to SNOMED CT.

    python scripts/make_terms.py [--check]

Needs TotalSegmentator (requirements-test.txt), or the folder of its package in
TOTALSEGMENTATOR_PACKAGE: of it only the mapping is read.
"""

import argparse
import csv
import importlib.resources
import os
import sys
from pathlib import Path

TARGET = Path(__file__).parents[3] / "internal" / "volume" / "terms" / "table.tsv"
MAPPING = "resources/totalsegmentator_snomed_mapping.csv"

# Categories by a letter: DICOM PS3.16 CID 7150.
CATEGORIES = {"123037004": "A", "49755003": "M", "85756007": "T", "260787004": "P"}
LEFT, RIGHT = "7771000 Left", "24028007 Right"
LEG, ARM, THIGH = "102292000 Muscle of lower limb", "30608006 Muscle of upper limb", "68367000 Thigh"
# What the mapping lacks: name → category, type, modifier, region. The codes are those of
# PS3.16's context groups; where they have none for a part, that of the whole with its region.
EXTRA = {
    "airway": ("A", "110726009 Trachea and bronchus"),
    "body": ("A", "38266002 Entire body"),
    "bone": ("T", "272673000 Bone"),
    "celiac_trunk": ("A", "57850000 Celiac artery"),
    "coracobrachial": ("A", ARM),
    "deltoid": ("A", "35259002 Deltoid muscle"),
    "fat": ("T", "55603005 Fat"),
    "infraspinatus": ("A", "72573008 Infraspinatus muscle"),
    "intermuscular_fat": ("T", "55603005 Fat"),
    "intervertebral_discs": ("A", "360499006 Intervertebral disc"),
    "lung_left": ("A", "39607008 Lung", LEFT),
    "lung_right": ("A", "39607008 Lung", RIGHT),
    "muscle": ("T", "71616004 Muscle"),
    "pectoralis_minor": ("A", "18686000 Pectoralis minor muscle"),
    "quadriceps_femoris_left": ("A", LEG, LEFT, THIGH),
    "quadriceps_femoris_right": ("A", LEG, RIGHT, THIGH),
    "renal_arteries": ("A", "2841007 Renal artery"),
    "sartorius_left": ("A", LEG, LEFT, THIGH),
    "sartorius_right": ("A", LEG, RIGHT, THIGH),
    "serratus_anterior": ("A", "18346003 Serratus anterior muscle"),
    "skin": ("A", "39937001 Skin"),
    "subscapularis": ("A", "90588001 Subscapularis muscle"),
    "superior_mesenteric_artery": ("A", "42258001 Superior mesenteric artery"),
    "supraspinatus": ("A", "6423006 Supraspinatus muscle"),
    "teres_major": ("A", "1193009 Teres major muscle"),
    "thigh_medial_compartment_left": ("A", LEG, LEFT, THIGH),
    "thigh_medial_compartment_right": ("A", LEG, RIGHT, THIGH),
    "thigh_posterior_compartment_left": ("A", LEG, LEFT, THIGH),
    "thigh_posterior_compartment_right": ("A", LEG, RIGHT, THIGH),
    "trapezius": ("A", "31764008 Trapezius muscle"),
    "triceps_brachii": ("A", ARM),
    "vertebrae": ("A", "51282000 Vertebra"),
    "vertebrae_L6": ("A", "51282000 Vertebra", "", "122496007 Lumbar spine"),
}


def code(row: dict[str, str], sequence: str) -> str:
    value, meaning = row[f"{sequence}.CodeValue"], row[f"{sequence}.CodeMeaning"]
    if value and row[f"{sequence}.CodingSchemeDesignator"] != "SCT":
        raise SystemExit(f"{row['Structure']}: a code that is not SNOMED CT")
    return f"{value} {meaning}".strip()


def mapping() -> list[dict[str, str]]:
    folder = os.environ.get("TOTALSEGMENTATOR_PACKAGE")
    source = Path(folder) / MAPPING if folder else importlib.resources.files("totalsegmentator") / MAPPING
    with source.open() as f:
        return list(csv.DictReader(f))


def table() -> str:
    rows = {name: (*term, "", "", "")[:4] + ("",) for name, term in EXTRA.items()}
    for row in mapping():
        rows[row["Structure"]] = (
            CATEGORIES[row["SegmentedPropertyCategoryCodeSequence.CodeValue"]],
            code(row, "SegmentedPropertyTypeCodeSequence"),
            code(row, "SegmentedPropertyTypeModifierCodeSequence"),
            code(row, "AnatomicRegionSequence"),
            code(row, "AnatomicRegionModifierSequence"),
        )
    return "".join("\t".join((name, *rows[name])).rstrip("\t") + "\n" for name in sorted(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="say whether the table is what would be written")
    text = table()
    if parser.parse_args().check:
        sys.exit(0 if TARGET.read_text() == text else f"{TARGET} is not what this writes")
    TARGET.write_text(text)


if __name__ == "__main__":
    main()
