"""The client of IRIS Oculus: a scan goes in, a 3D model of every organ comes out.

    import iris_oculus as iris

    job = iris.run("scan.nii.gz")
    job.structure("liver")["volume_ml"]
    job.labels()   # a nibabel image
    job.meshes()   # trimesh meshes by structure, in the same space

Not for diagnosis. The names in a scan stay on this machine unless hide_names=False.
"""

from . import errors, models
from .aio import AsyncClient, AsyncJob
from .aio import run as arun
from .errors import (
    FailedError,
    IrisError,
    JobWarning,
    LeftOutWarning,
    RefusedError,
    RejectedError,
    ScanError,
    StoppedError,
    TransferError,
    UnreachableError,
    what_to_do,
)
from .flow import Progress
from .sync import Client, Job, run

__version__ = "1.0.0"

__all__ = [
    "AsyncClient",
    "AsyncJob",
    "Client",
    "FailedError",
    "IrisError",
    "Job",
    "JobWarning",
    "LeftOutWarning",
    "Progress",
    "RefusedError",
    "RejectedError",
    "ScanError",
    "StoppedError",
    "TransferError",
    "UnreachableError",
    "arun",
    "errors",
    "models",
    "run",
    "what_to_do",
]
