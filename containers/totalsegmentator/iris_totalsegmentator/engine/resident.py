"""From voxels to labels with networks that stay loaded.

In: a scan as the file has it (any axes, any real type) on its grid. Out: the
task's labels, uint8, on the same grid, equal to what TotalSegmentator writes for
the same weights (on a CPU, with as many threads: voxel for voxel).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..tables import Mode, ModelCard, Task
from . import prepare, resample, window
from .grid import Grid, Shape
from .network import Network, load
from .run import Run

# nnU-Net sees a scan in three parts along z beyond this (nnUNet_predict_image).
SPLIT_VOXELS = 512 * 512 * 900
SPLIT_PLANES = 200
SPLIT_MARGIN = 20
CROP_MARGIN_MM = 20


@dataclass(frozen=True)
class Scan:
    """voxels: (z, y, x) tensor in the file's own order; grid: its x, y, z geometry."""

    voxels: torch.Tensor
    grid: Grid


class Resident:
    def __init__(self, root: Path, cards: Iterable[ModelCard], device: str = "cpu", compiled: bool = False, batch: int = 0) -> None:
        """Load every network of cards once. batch 0: as many tiles as memory allows."""
        self.device = torch.device(device)
        self.batch = batch
        self.networks = {card.id: load(root, card, self.device, compiled) for card in cards}
        self.force_split = False  # tests reach the triple split with small scans

    @torch.inference_mode()
    def segment(self, scan: Scan, task: Task, fast: bool, structures: tuple[str, ...], run: Run) -> torch.Tensor:
        mode = task.mode(fast)
        if mode is None:
            raise ValueError(f"task {task.name} has no fast mode")
        if not structures:
            return self._labels(scan, mode, run)
        rows = task.select(structures)
        wanted = torch.zeros(256, dtype=torch.uint8)
        for row in rows:
            wanted[row["id"]] = row["id"]
        if len(mode.models) > 1:
            keep = {row["id"] for row in rows}
            mode = Mode(mode.spacing, mode.step, tuple(card for card in mode.models if keep & set(card.lut)))
        labels = self._near(scan, task, rows, mode, run)
        return torch.from_numpy(wanted.numpy()[labels.numpy()])

    def _near(self, scan: Scan, task: Task, rows: Iterable[dict], mode: Mode, run: Run) -> torch.Tensor:
        """The labels of a box around what a rough look finds of rows.

        Where it finds nothing the box is everything, as in TotalSegmentator's Python
        function; its command line, which writes a file, then writes an empty one.
        """
        names = {row["name"] for row in rows}
        crop = task.crop
        if crop is None or not names <= task.crop_labels.keys() or any(card.id not in self.networks for card in crop.models):
            return self._labels(scan, mode, run)  # nothing to look with
        rough = self._labels(scan, crop, run.unseen())  # how many tiles follow depends on it
        found = np.isin(rough.numpy(), [task.crop_labels[name] for name in names])
        out = torch.zeros(tuple(scan.voxels.shape), dtype=torch.uint8)
        margin = (np.array([CROP_MARGIN_MM] * 3) / scan.grid.zooms()).astype(int)[::-1]  # z, y, x
        box = prepare.nonzero_box(torch.from_numpy(found))
        low = [max(0, side.start - int(m)) for side, m in zip(box, margin, strict=True)]
        high = [min(n, side.stop + int(m)) for side, m, n in zip(box, margin, out.shape, strict=True)]
        cut = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        voxels = scan.voxels[cut]
        if voxels.is_floating_point():
            voxels = voxels.to(torch.int32)  # the crop truncates, before any resampling
        grid = scan.grid.cropped((low[2], low[1], low[0]), (high[2], high[1], high[0]))
        out[cut] = self._labels(Scan(voxels, grid), mode, run)
        return out

    def _labels(self, scan: Scan, mode: Mode, run: Run) -> torch.Tensor:
        turn, shape = scan.grid.turn(), scan.grid.at_spacing(mode.spacing)
        with run.clock("resample"):
            voxels = scan.voxels.to(self.device)
            if shape is None:
                low = turn.apply(voxels).contiguous()
            else:
                low = resample.linear(voxels, turn, shape[::-1], run.workers)
            low = low.to(torch.float32)
        labels = self._split(low, mode, run)
        with run.clock("back"):
            if shape is None:
                labels = turn.undo(labels).contiguous()
            else:
                labels = resample.nearest(labels, turn, turned_shape(scan.voxels.shape, turn))
            return labels.cpu()

    def _split(self, low: torch.Tensor, mode: Mode, run: Run) -> torch.Tensor:
        """In one go or, when it is large, in three overlapping parts along z."""
        planes = low.shape[0]
        large = low.numel() > SPLIT_VOXELS and planes > SPLIT_PLANES and len(mode.models) > 1
        if not large and not self.force_split:
            return self._merged([low], mode, run)[0]
        third, margin = planes // 3, SPLIT_MARGIN
        parts = [low[: third + margin], low[third + 1 - margin : third * 2 + margin], low[third * 2 + 1 - margin :]]
        first, second, last = self._merged(parts, mode, run)
        return torch.cat((first[:-margin], second[margin - 1 : -margin], last[margin - 1 :]))

    def _merged(self, parts: list[torch.Tensor], mode: Mode, run: Run) -> list[torch.Tensor]:
        """_merge of each, once it is known how many tiles they have in all."""
        with run.clock("normalise"):
            boxes = [prepare.nonzero_box(part) for part in parts]
        sizes = [tuple(side.stop - side.start for side in box) for box in boxes]
        networks = [self.networks[card.id] for card in mode.models]
        run.expect(sum(window.tiles(net, size, mode.step) for net in networks for size in sizes))
        return [self._merge(part, box, networks, mode.step, run) for part, box in zip(parts, boxes, strict=True)]

    def _merge(self, image: torch.Tensor, box: prepare.Box, networks: list[Network], step: float, run: Run) -> torch.Tensor:
        """Every network on one image, whose voxels are zero outside of box; later ones overwrite earlier ones."""
        merged = torch.zeros(tuple(image.shape), dtype=torch.uint8, device=self.device)
        with run.clock("normalise"):
            image = image.contiguous()
        part = merged[box]
        room = window.room(networks, part.shape, self.device)  # once: they differ in size, and holes add up
        for net in networks:
            with run.clock("normalise"):
                seen = prepare.normalise(image, box, net)
            self._window(net, seen, part, room, step, run)
        return merged

    def _window(self, net: Network, seen: torch.Tensor, merged: torch.Tensor, room: torch.Tensor, step: float, run: Run) -> None:
        if self.device.type != "cuda":
            window.label(net, seen, merged, room, step, run)
            return
        with torch.autocast("cuda"):
            window.label(net, seen, merged, room, step, run, self.batch or _tiles_that_fit(net))


def turned_shape(shape: torch.Size, turn: resample.Turn) -> Shape:
    z, y, x = (shape[axis] for axis in turn.axes)
    return z, y, x


def _tiles_that_fit(net: Network) -> int:
    """Half of the free memory, at most four tiles: more gains nothing on one GPU."""
    free, _ = torch.cuda.mem_get_info()
    return int(max(1, min(4, free // 2 // net.activation_bytes)))
