"""The bodies of the API. Made by scripts/models.py of openapi.json."""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict


class Problem(TypedDict):
    type: NotRequired[str]
    title: str
    status: int
    code: str
    detail: str


Status: TypeAlias = Literal['awaiting_upload', 'received', 'preparing', 'warming', 'segmenting', 'meshing', 'ready', 'rejected', 'failed', 'cancelled', 'expired']


class Notice(TypedDict):
    code: str
    message: str


class Merge(TypedDict):
    name: str
    of: list[str]


class Usual(TypedDict):
    """
    How long a stage took in the last jobs of this deployment, 50 at most, with a scan of about this size (within a factor of four) and the same task; a stage in which a job failed, or waited for other jobs, is not counted. With fewer than 5 jobs nothing is said.
    """

    median_s: float
    low_s: float
    high_s: float
    jobs: int


class GPU(TypedDict):
    """
    asleep: no instance is told to run. waking: one is, and is not in service yet. warm: one is in service.
    """

    state: Literal['asleep', 'waking', 'warm']
    since: str


class Queue(TypedDict):
    ahead: int


class Progress(TypedDict):
    """
    What the model server has counted of the scan's segmentation. It begins anew where a request has to be sent again.
    """

    done: int
    total: int
    unit: str


class Event(TypedDict):
    """
    The data of a server-sent event.
    """

    id: str
    status: Status
    attempt: int
    artifacts: list[str]
    error: str | None
    erased: bool
    no_glimpse: NotRequired[str]
    gpu: NotRequired[GPU]
    queue: NotRequired[Queue]
    progress: NotRequired[Progress]


class Usual1(TypedDict):
    """
    By stage, without those of which nothing is known.
    """

    preparing: NotRequired[Usual]
    warming: NotRequired[Usual]
    segmenting: NotRequired[Usual]
    meshing: NotRequired[Usual]


class DeploymentStatus(TypedDict):
    gpu: NotRequired[GPU]
    queue: NotRequired[Queue]
    usual: Usual1


class Artifact(TypedDict):
    bytes: int
    sha256: str
    media_type: str
    encoding: NotRequired[Literal['gzip']]
    stored_bytes: NotRequired[int]
    provisional: NotRequired[bool]


class Structure(TypedDict):
    label: int
    name: str
    volume_ml: float
    mesh_ml: float
    surface_cm2: float
    triangles: NotRequired[int]
    partial: bool
    watertight: bool


class ComingItem(TypedDict):
    name: Status
    usual: NotRequired[Usual]


class Tally(TypedDict):
    objects: int
    versions: int
    markers: int
    uploads: int
    bytes: int


class Where(TypedDict):
    place: Literal['aws', 'machine']
    region: NotRequired[str]
    folder: NotRequired[str]


class Object(TypedDict):
    bucket: Literal['uploads', 'work', 'results']
    name: str
    bytes: int
    since: str
    until: str
    earlier_version: NotRequired[bool]


class Record(TypedDict):
    since: str
    until: str
    backups_days: int


class Reader(TypedDict):
    who: Literal['owner', 'operators', 'drops', 'share']
    share: NotRequired[str]
    artifacts: NotRequired[list[str]]
    until: NotRequired[str]


class LeftStorageItem(TypedDict):
    to: Literal['model', 'webhook', 'email']
    what: str
    at: str


class Erasure(TypedDict):
    at: str
    by: Literal['owner', 'operator', 'retention']
    found: Tally
    late: Tally
    remaining: Tally
    looked_at: str | None
    kept_for_other_jobs: int
    final: bool
    proof_until: str


class Share(TypedDict):
    id: str
    artifacts: list[str]
    created_at: str
    expires_at: str


class Shared(TypedDict):
    id: str
    artifacts: list[str]
    created_at: str
    expires_at: str
    token: str


class UploadedItem(TypedDict):
    number: int
    etag: str
    bytes: int


class SignedItem(TypedDict):
    number: int
    url: str


class UploadPlan(TypedDict):
    part_bytes: int
    parts: int
    uploaded: NotRequired[list[UploadedItem]]
    signed: list[SignedItem]


class OptionsInput(TypedDict):
    """
    Any of the options, each also as the text of iris -O (docs/options.md); unknown names and values are refused (400 bad_option).
    """

    task: NotRequired[str]
    fast: NotRequired[bool | Literal['true', 'false']]
    structures: NotRequired[list[str] | str]
    series: NotRequired[int | str]
    modality: NotRequired[Literal['CT', 'MR', 'PT']]
    smoothing: NotRequired[float | str]
    decimate: NotRequired[str | float]
    merge: NotRequired[list[Merge] | str]
    dicom: NotRequired[list[Literal['seg', 'labelmap', 'rtstruct', 'none']] | str]


class Options(TypedDict):
    task: str
    fast: bool
    structures: NotRequired[list[str]]
    series: NotRequired[int]
    modality: NotRequired[str]
    smoothing: NotRequired[float]
    decimate: NotRequired[str]
    merge: NotRequired[list[Merge]]
    dicom: NotRequired[list[Literal['seg', 'labelmap', 'rtstruct', 'none']]]


class Stage(TypedDict):
    name: Status
    started_at: str
    ended_at: str | None
    usual: NotRequired[Usual]


class Job(TypedDict):
    id: str
    status: Status
    attempt: int
    options: Options
    created_at: str
    updated_at: str
    expires_at: str
    stages: list[Stage]
    coming: NotRequired[list[ComingItem]]
    gpu: NotRequired[GPU]
    queue: NotRequired[Queue]
    progress: NotRequired[Progress]
    artifacts: dict[str, Artifact]
    structures: list[Structure]
    warnings: list[Notice]
    error: Notice | None
    no_glimpse: NotRequired[Notice]
    cost_usd: float


class JobList(TypedDict):
    jobs: list[Job]
    next: str | None


class Receipt(TypedDict):
    job: str
    status: Status
    issued_at: str
    created_at: str
    expires_at: str | None
    where: Where
    objects: list[Object]
    total: Tally
    kept_for_other_jobs: int
    record: Record | None
    readers: list[Reader]
    left_storage: list[LeftStorageItem]
    erasure: Erasure | None


class Created(TypedDict):
    job: Job
    upload: UploadPlan
