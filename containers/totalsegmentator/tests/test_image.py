"""What the image's recipe takes for granted."""

import fnmatch
from pathlib import Path

import nibabel as nib
from conftest import PACKAGE, script
from phantom import torso


def test_what_the_recipe_copies_is_sent() -> None:
    """.dockerignore leaves out everything but what it names."""
    sent = [line[1:] for line in (PACKAGE / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [
        source
        for line in (PACKAGE / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    assert copied
    assert [source for source in copied if not any(fnmatch.fnmatch(source, name) for name in sent)] == []


def test_the_estimate_of_memory_is_above_what_is_taken(root: Path, tmp_path: Path) -> None:
    scan = tmp_path / "scan.nii.gz"
    nib.save(torso((44, 40, 30), (4.6, 4.9, 6.5)), scan)
    script("peak.py", str(root), str(scan))
