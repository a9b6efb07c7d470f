"""nnU-Net folders → the same folders with safetensors, and SHA256SUMS over them.

    PYTHONPATH=. python scripts/convert_weights.py FROM TO

A checkpoint is a pickle of 165 MB with the optimiser's state; what is served is
the parameters alone, each once, in a format that holds no code. Every network
is loaded from either form and must hold the same parameters.
"""

import argparse
import hashlib
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_model

from iris_totalsegmentator import tables, weights
from iris_totalsegmentator.engine import network


def convert(source: Path, target: Path, card: tables.ModelCard) -> list[Path]:
    came, goes = weights.folder(source, card), weights.folder(target, card)
    goes.mkdir(parents=True, exist_ok=True)
    for name in ("plans.json", "dataset.json"):
        shutil.copyfile(came / name, goes / name)
    cpu = torch.device("cpu")
    net = network.load(source, card, cpu).forward
    save_model(net, str(goes / weights.SAFETENSORS))
    again = network.load(target, card, cpu).forward
    for (name, a), b in zip(net.state_dict().items(), again.state_dict().values(), strict=True):
        if not torch.equal(a, b):
            raise SystemExit(f"model {card.id}: {name} changed on its way")
    return [goes / name for name in ("plans.json", "dataset.json", weights.SAFETENSORS)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    cards = {c.id: c for task in tables.load().tasks.values() for c in weights.cards(arguments.source, task)}
    if not cards:
        raise SystemExit("no weights of a task that is served")
    lines = []
    for card in cards.values():
        for file in convert(arguments.source, arguments.target, card):
            name = file.relative_to(arguments.target).as_posix()
            lines.append(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {name}\n")
    (arguments.target / weights.SUMS).write_text("".join(sorted(lines)))
    for path in [arguments.target, *arguments.target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)  # some are made for their owner only; the image's user is another
    print(f"{len(cards)} networks")


if __name__ == "__main__":
    main()
