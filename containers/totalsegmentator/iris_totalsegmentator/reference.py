"""TotalSegmentator's own function, kept as judge of the engine and as fallback.

IRIS_ENGINE=reference serves with it. It is slow: it loads its networks for each
request and writes temporary files. Its worker processes are not used (they need
/dev/shm, which SageMaker keeps at 64 MB): nnU-Net's sequential path runs the same
functions in this process. Needs requirements-test.txt and nnU-Net checkpoints.
"""

import contextlib
import io
import json
import os
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np

from .clock import Clock

_CONFIG = {
    "totalseg_id": "iris",
    "send_usage_stats": False,
    "prediction_counter": 0,
    "statistics_disclaimer_shown": True,  # else it is written, and said, on each run
}


class Reference:
    def __init__(self, root: Path, device: str = "cpu", workers: bool = False, license: str = "") -> None:
        """workers: with the processes that TotalSegmentator starts by itself.

        license: its number is not written down; offline its length counts.
        """
        self.device = "gpu" if device.startswith("cuda") else device
        self.home = tempfile.TemporaryDirectory(prefix="iris-reference-")
        Path(self.home.name, "config.json").write_text(json.dumps(_CONFIG | {"license_number": "x" * len(license)}))
        os.environ["TOTALSEG_HOME_DIR"] = self.home.name
        os.environ["TOTALSEG_WEIGHTS_PATH"] = str(root)
        from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
        from totalsegmentator import nnunet  # noqa: F401  (patches nnU-Net, reads the paths above)

        self.predictor = nnUNetPredictor
        self.in_workers = nnUNetPredictor.predict_from_files
        self.workers = workers

    def segment(
        self, image: nib.Nifti1Image, task: str, fast: bool, structures: tuple[str, ...], clock: Clock, split: bool = False
    ) -> nib.Nifti1Image:
        """The label map as TotalSegmentator makes it: voxels, header, Caret extension."""
        from totalsegmentator.python_api import totalsegmentator

        self.predictor.predict_from_files = self.in_workers if self.workers else _in_this_process
        with clock("reference"), contextlib.redirect_stdout(io.StringIO()):
            out = totalsegmentator(
                image,
                None,
                ml=True,
                fast=fast,
                task=task,
                roi_subset=list(structures) or None,
                device=self.device,
                quiet=True,
                force_split=split,
                nr_thr_saving=1,
            )
        return out

    def labels(self, image: nib.Nifti1Image, task: str, fast: bool, structures: tuple[str, ...], clock: Clock) -> np.ndarray:
        """(z, y, x) uint8."""
        out = self.segment(image, task, fast, structures, clock)
        return np.ascontiguousarray(np.asarray(out.dataobj, dtype=np.uint8).transpose(2, 1, 0))


def _in_this_process(self, source, target, save_probabilities=False, overwrite=True, **others):
    """predict_from_files without processes; what counts them is of no use."""
    return self.predict_from_files_sequential(source, target, save_probabilities, overwrite)
