"""Which task a request gets, whether it can be done, and what the answer carries.

Knows tasks, weights, memory and refusals; the arithmetic is the engine's. No HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import torch

from . import codec, memory, tables, weights
from .clock import Clock
from .engine.grid import Grid
from .engine.resident import Resident, Scan
from .engine.run import Run, Workers
from .errors import RequestError, WeightsError
from .options import Options
from .reference import Reference

MIN_VOXELS = 4  # along an axis
MIN_EXTENT_MM = 10.0
NOTE = "TotalSegmentator's open models; not a medical device"

# The band that CT alone fills (internal/volume/hounsfield.go), and its smallest share.
_HU_AIR, _HU_FAT, _FATTY_SHARE = -1100, -50, 200


@dataclass(frozen=True)
class Settings:
    """Where weights lie and how to compute; memory is a limit in bytes, 0: this machine's.

    license: a number of TotalSegmentator's for the tasks that need one.
    """

    weights: Path
    engine: str = "resident"
    device: str = "cpu"
    threads: int = 1
    compiled: bool = False
    memory: int = 0
    license: str = ""


@dataclass(frozen=True)
class Answer:
    body: bytes
    task: str
    seconds: Clock


class Segmenter:
    def __init__(self, settings: Settings) -> None:
        """Load every network whose weights are there. Takes seconds; nothing is loaded later."""
        if settings.engine not in ("resident", "reference"):
            raise WeightsError(f"IRIS_ENGINE is {settings.engine}: want resident or reference")
        if settings.compiled:
            _try_compiler(settings.device)
        self.settings = settings
        self.known = tables.load()
        root = settings.weights
        self.tasks = weights.served(root, settings.license)
        if not self.tasks:
            raise WeightsError(f"no task's weights are in {root}: want Dataset297_… or Dataset291_… to 295_… and so on")
        cards = {c.id: c for name in self.tasks for c in weights.cards(root, self.known.tasks[name])}
        self.digests = {name: weights.digest(root, weights.cards(root, self.known.tasks[name])) for name in self.tasks}
        self.workers = Workers(settings.threads)
        torch.set_num_threads(settings.threads)
        self.limit = settings.memory or memory.available()
        self.resident: Resident | None = None
        self.reference: Reference | None = None
        if settings.engine == "reference":
            self.reference = Reference(root, settings.device, license=settings.license)
        else:
            self.resident = Resident(root, cards.values(), settings.device, settings.compiled)

    def admit(self, header: codec.Header, options: Options) -> None:
        """Refuse what can be refused by the header alone, before any work."""
        for axis, n in enumerate(header.shape):
            extent = n * float(np.linalg.norm(header.affine[:3, axis]))
            if n < MIN_VOXELS or extent < MIN_EXTENT_MM:
                raise RequestError(
                    "too_small",
                    f"axis {axis + 1} has {n} voxels over {extent:.1f} mm: want at least {MIN_VOXELS} voxels"
                    f" and {MIN_EXTENT_MM:.0f} mm",
                )
        names = self._by_themselves() if options.task == "auto" else [self._task(options).name]
        need = max(self._need(header, self.known.tasks[name], options.fast) for name in names)
        if need > self.limit:
            x, y, z = header.shape
            raise RequestError(
                "too_large",
                f"a scan of {x}×{y}×{z} voxels needs about {need >> 20} MB here: this server has {self.limit >> 20} MB",
            )

    def segment(
        self,
        body: bytearray,
        options: Options,
        stopped: Callable[[], bool] = lambda: False,
        report: Callable[[int, int], None] = lambda done, total: None,
    ) -> Answer:
        """The label map of a body, which is emptied as soon as it is read. report is told of tiles, by the resident engine."""
        run = Run(self.workers, stopped=stopped, report=report)
        torch.set_num_threads(self.settings.threads)  # a thread's own setting
        with run.clock("read"):
            scan = codec.read(body)
            body.clear()
        self.admit(scan.header, options)
        task = self._resolve(options, scan.voxels)
        grid = Grid(scan.header.shape, scan.header.affine)
        labels = self._labels(scan, grid, task, options, run)
        with run.clock("write"):
            rows = task.select(options.structures)
            extensions = [(0, tables.caret_extension(rows)), (6, tables.iris_extension(rows, self._provenance(task)))]
            out = codec.write(labels, scan.header.nifti, grid.affine_there_and_back(), extensions)
        return Answer(out, task.name, run.clock)

    def _labels(self, scan: codec.Scan, grid: Grid, task: tables.Task, options: Options, run: Run) -> np.ndarray:
        if self.resident is not None:
            voxels = torch.from_numpy(scan.voxels)
            return self.resident.segment(Scan(voxels, grid), task, options.fast, options.structures, run).numpy()
        if self.reference is None:
            raise RuntimeError("no engine")
        image = nib.Nifti1Image(scan.voxels.transpose(2, 1, 0), scan.header.affine, scan.header.nifti)
        if task.crop or not options.structures:
            return self.reference.labels(image, task.name, options.fast, options.structures, run.clock)
        labels = self.reference.labels(image, task.name, options.fast, (), run.clock)
        wanted = [row["id"] for row in task.select(options.structures)]
        return np.where(np.isin(labels, wanted), labels, np.uint8(0))

    def _by_themselves(self) -> list[str]:
        """What auto chooses from: tasks with a licence are for what they are named after."""
        return [name for name in self.tasks if not self.known.tasks[name].licensed] or self.tasks

    def _task(self, options: Options) -> tables.Task:
        name = options.task
        if name in self.known.licensed and not self.settings.license:
            raise RequestError("license_required", f"task {name} needs a licence of TotalSegmentator, which this server has not")
        if name in self.known.others or name in self.known.licensed - self.known.tasks.keys():
            raise RequestError(
                "bad_option", f"task {name} is TotalSegmentator's, but this server does {', '.join(self.tasks)} only"
            )
        if name not in self.tasks:
            known = name in self.known.tasks
            reason = "its weights are not here" if known else "no such task"
            raise RequestError("bad_option", f"option task: {reason}; this server does {', '.join(self.tasks)}")
        task = self.known.tasks[name]
        mode = task.mode(options.fast)
        if mode is None:
            raise RequestError("bad_option", f"option fast: {name} has no fast mode")
        if not weights.has(self.settings.weights, mode.models):
            raise RequestError(
                "bad_option", f"option fast: the weights of {name} with fast={str(options.fast).lower()} are not here"
            )
        names = {row["name"] for row in task.labels}
        for structure in options.structures:
            if structure not in names:
                raise RequestError("bad_option", f"option structures: {name} has no structure of that name")
        return task

    def _resolve(self, options: Options, voxels: np.ndarray) -> tables.Task:
        """The task, once the voxels have shown whether they are a CT."""
        hounsfield = is_hounsfield(voxels)
        if options.task == "auto":
            wanted = "CT" if hounsfield else "MR"
            fitting = [name for name in self._by_themselves() if self.known.tasks[name].modality == wanted]
            if not fitting:
                code = "not_hounsfield" if wanted == "MR" else "wrong_modality"
                raise RequestError(code, f"the scan looks like {wanted}; this server does {', '.join(self.tasks)}")
            options = Options(fitting[0], options.fast, options.structures)
        task = self._task(options)
        if task.modality == "CT" and not hounsfield:
            raise RequestError("not_hounsfield", "the voxels are not Hounsfield units: this is no CT, or a windowed one")
        if task.modality == "MR" and hounsfield:
            raise RequestError("wrong_modality", "the voxels are Hounsfield units: this is a CT, and the task wants MR")
        return task

    def _need(self, header: codec.Header, task: tables.Task, fast: bool) -> int:
        if self.resident is None:
            return memory.reference_bytes(header)
        modes = [mode for mode in (task.mode(fast), task.crop) if mode]
        networks = [[self.resident.networks[c.id] for c in m.models if c.id in self.resident.networks] for m in modes]
        return max((memory.resident_bytes(header, m.spacing, n) for m, n in zip(modes, networks, strict=True)), default=0)

    def _provenance(self, task: tables.Task) -> dict[str, str]:
        return {
            "model": "totalsegmentator",
            "version": self.known.version,
            "task": task.name,
            "weights": self.digests[task.name],
            "note": NOTE,
        }


def is_hounsfield(voxels: np.ndarray) -> bool:
    """Air, lung and fat fill a band that no other scale fills."""
    fatty = 0
    for plane in voxels:  # no whole mask
        fatty += int(np.count_nonzero((plane >= _HU_AIR) & (plane <= _HU_FAT)))
    return fatty * _FATTY_SHARE >= voxels.size and bool(voxels.max() > _HU_FAT)


def _try_compiler(device: str) -> None:
    """torch.compile works at the first request, or fails at it: rather find out at the start."""
    try:
        torch.compile(torch.sin)(torch.zeros(8, device=device))
    except Exception as e:
        raise WeightsError(
            "IRIS_COMPILE: torch.compile does not work here (it needs a C++ compiler and, on a GPU, triton;"
            f" the image has neither): {type(e).__name__}"
        ) from e
