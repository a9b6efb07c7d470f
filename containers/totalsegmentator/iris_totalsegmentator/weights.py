"""Where weights lie, which tasks they serve, and whether they are what they were.

Layout, as nnU-Net and TotalSegmentator keep it:

    <root>/<Dataset…>/<trainer>__nnUNetPlans__3d_fullres/plans.json, dataset.json,
        network.safetensors  (scripts/convert_weights.py)  or
        fold_0/checkpoint_final.pth
    <root>/SHA256SUMS        (optional) then every file must match it
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from .errors import WeightsError
from .tables import ModelCard, Task, load

SUMS = "SHA256SUMS"
SAFETENSORS = "network.safetensors"
CHECKPOINT = Path("fold_0") / "checkpoint_final.pth"
LICENSE_LENGTH = 18


def folder(root: Path, card: ModelCard) -> Path:
    return root / card.folder / f"{card.trainer}__nnUNetPlans__3d_fullres"


def parameters(root: Path, card: ModelCard) -> Path | None:
    """The file with the network's parameters, None when it is not there."""
    for name in (SAFETENSORS, CHECKPOINT):
        path = folder(root, card) / name
        if path.is_file():
            return path
    return None


def has(root: Path, cards: Iterable[ModelCard]) -> bool:
    return all(parameters(root, card) for card in cards)


def served(root: Path, license: str = "") -> list[str]:
    """The tasks whose networks are there, in the tables' order; with a licence also those that need one.

    Its number is judged by its length, as TotalSegmentator does offline, and never written anywhere.
    """
    if license and len(license) != LICENSE_LENGTH:
        raise WeightsError(f"IRIS_LICENSE has {len(license)} characters: a licence of TotalSegmentator has {LICENSE_LENGTH}")
    tasks = [t for t in load().tasks.values() if license or not t.licensed]
    return [t.name for t in tasks if any(has(root, mode.models) for mode in (t.default, t.fast) if mode)]


def cards(root: Path, task: Task) -> list[ModelCard]:
    """Every network of a task that is there, each once: whole modes only."""
    found = {c.id: c for m in task.modes if has(root, m.models) for c in m.models}
    return list(found.values())


def digest(root: Path, wanted: Iterable[ModelCard]) -> str:
    """One digest of all files of these networks, each checked against SHA256SUMS."""
    sums = _sums(root / SUMS) if (root / SUMS).is_file() else None
    total = hashlib.sha256()
    for card in sorted(wanted, key=lambda c: c.id):
        path = parameters(root, card)
        if path is None:
            raise WeightsError(f"weights of model {card.id} ({card.folder}) are not in the weights folder")
        for file in (folder(root, card) / "plans.json", folder(root, card) / "dataset.json", path):
            name = file.relative_to(root).as_posix()
            try:
                with file.open("rb") as f:
                    found = hashlib.file_digest(f, "sha256").hexdigest()
            except OSError as e:
                raise WeightsError(f"weights of model {card.id}: {name}: {e.strerror}") from e
            if sums is not None and sums.get(name) != found:
                raise WeightsError(f"weights of model {card.id}: {name} is not what {SUMS} says: damaged or exchanged")
            total.update(f"{found}  {name}\n".encode())
    return "sha256:" + total.hexdigest()


def _sums(path: Path) -> dict[str, str]:
    sums = {}
    for line in path.read_text().splitlines():
        found, _, name = line.partition("  ")
        sums[name] = found
    return sums
