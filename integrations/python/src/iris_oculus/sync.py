"""The client that waits. In: a scan on this machine. Out: its Job."""

import hashlib
import secrets
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeVar, Unpack
from urllib.parse import quote

import httpx

from . import config, flow, models
from .cargo import Cargo
from .errors import JobWarning, LeftOutWarning, NotEndedError, StoppedError, TransferError, UnreachableError
from .flow import Answer, Call, Fetch, Flow, Progress, Send
from .scan import open_scan
from .secret import Secret, cache_folder, machine_secret
from .view import View, image_of, meshes_of, name_for, options_of, query_of

if TYPE_CHECKING:
    import nibabel
    import trimesh

T = TypeVar("T")

IN_FLIGHT: Final = 4
MOST_BODY: Final = 32 << 20  # of an answer of the API
# Nothing for so long is a connection that a router dropped.
TIMEOUT: Final = httpx.Timeout(120, connect=15)


def answer_of(response: httpx.Response, body: bytes) -> Answer:
    return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body)


def lost(error: httpx.HTTPError) -> Answer:
    """No answer came. The error's text may hold a signed address, so that its kind alone is told."""
    return Answer(
        0, {}, b"", type(error).__name__, not isinstance(error, httpx.ConnectError | httpx.UnsupportedProtocol)
    )


def warn(cargo: Cargo) -> None:
    if cargo.left_out:
        listed = ", ".join(f"{count} {why}" for why, count in sorted(cargo.left_out.items()))
        warnings.warn(f"files that were not sent: {listed}", LeftOutWarning, stacklevel=4)


class Client:
    """A service of IRIS Oculus. Without arguments the one that the environment names (config.py).

    stop ends what is under way, from another thread; a scan that is being sent is cancelled.
    Errors are IrisError, whose code and hint say what happened and what to do.
    """

    def __init__(
        self,
        api: str | None = None,
        token: str | None = None,
        *,
        stop: threading.Event | None = None,
        secret: Secret | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.service = config.find(api, token)
        self._stop = stop or threading.Event()
        self._secret = secret
        # The token goes to the API alone, not to the storage, whose addresses are signed.
        self._api = httpx.Client(timeout=TIMEOUT, transport=transport, headers={"accept": "application/json"})
        self._storage = httpx.Client(timeout=TIMEOUT, transport=transport)
        self._notes: Path | None = cache_folder() / "uploads"

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._api.close()
        self._storage.close()

    def run(
        self,
        scan: "str | Path",
        *,
        progress: Callable[[Progress], None] = flow.nothing,
        timeout: float | None = None,
        hide_names: bool = True,
        **options: Unpack[models.OptionsInput],
    ) -> "Job":
        """Uploads a scan, waits for its model and gives its job. Raises RejectedError or FailedError."""
        return self.submit(scan, progress=progress, hide_names=hide_names, **options).wait(progress, timeout)

    def submit(
        self,
        scan: "str | Path",
        *,
        progress: Callable[[Progress], None] = flow.nothing,
        hide_names: bool = True,
        **options: Unpack[models.OptionsInput],
    ) -> "Job":
        """Uploads a scan and does not wait. An upload that was cut off goes on where it was."""
        path = Path(scan)
        chosen = options_of(options)
        cargo = open_scan(path, hide_names, self._secret or machine_secret())
        try:
            warn(cargo)
            what = (self.service.api, str(path.absolute()), str(cargo.size), repr(sorted(chosen.items())))
            notes = flow.Notes(self._notes, *what, str(hide_names))
            try:
                return Job(self, self.drive(flow.submit(cargo, chosen, notes, progress)))
            except StoppedError:
                self._give_up(notes)
                raise
        finally:
            cargo.close()

    def _give_up(self, notes: flow.Notes) -> None:
        """Cancels the job of an upload that its caller stopped."""
        id = notes.read().get("job")
        notes.forget()
        if id is not None:
            self._call(Call("POST", flow.address(id, "cancel"), {}))

    def job(self, id: str) -> "Job":
        return Job(self, self.drive(flow.get_job(id)))

    def jobs(self, *, key: str | None = None, owner: str | None = None) -> "Iterator[Job]":
        """Jobs, the newest first."""
        query = {name: value for name, value in (("key", key), ("owner", owner)) if value is not None}
        cursor: str | None = None
        while True:
            all = query if cursor is None else {**query, "cursor": cursor}
            path = "/v1/jobs" + ("?" + "&".join(f"{k}={quote(v, safe='')}" for k, v in all.items()) if all else "")
            page = flow.body_of(models.JobList, self.drive(flow.request("GET", path)))
            yield from (Job(self, of) for of in page["jobs"])
            cursor = page["next"]
            if cursor is None:
                return

    def status(self) -> models.DeploymentStatus:
        """Whether the GPU is asleep, waking or warm, how many jobs wait, and how long stages usually take."""
        return flow.body_of(models.DeploymentStatus, self.drive(flow.request("GET", "/v1/status")))

    def drive(self, steps: Flow[T]) -> T:
        """Carries out what a flow asks for."""
        try:
            reply: object = None
            while True:
                if self._stop.is_set():
                    raise StoppedError("interrupted", "the caller stopped it")
                effect = steps.send(reply)
                if isinstance(effect, Call):
                    reply = self._call(effect)
                elif isinstance(effect, Send):
                    reply = self._send(effect)
                elif isinstance(effect, Fetch):
                    reply = self._fetch(effect)
                else:
                    self._sleep(effect.seconds)
                    reply = None
        except StopIteration as end:
            value: T = end.value
            return value
        finally:
            steps.close()

    def _sleep(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _call(self, call: Call) -> Answer:
        headers = dict(call.headers)
        if self.service.token:
            headers["authorization"] = f"Bearer {self.service.token}"
        try:
            with self._api.stream(
                call.method, self.service.api + call.path, json=call.body, headers=headers
            ) as response:
                body = b""
                for some in response.iter_bytes():
                    body += some
                    if len(body) > MOST_BODY:
                        raise UnreachableError("unreachable", "the service's answer has no end")
                return answer_of(response, body)
        except httpx.HTTPError as error:
            return lost(error)

    def _send(self, send: Send) -> list[Answer]:
        def one(put: flow.Put) -> Answer:
            if self._stop.is_set():
                return Answer(0, {}, b"", "stopped")
            try:
                response = self._storage.put(put.url, content=send.cargo.read(put.at, put.size))
            except httpx.HTTPError as error:
                return lost(error)
            if response.status_code == 200:
                with counted:
                    send.sent(put.size)
            return answer_of(response, response.content)

        counted = threading.Lock()
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            return list(pool.map(one, send.parts))

    def _fetch(self, fetch: Fetch) -> Answer:
        sum = hashlib.sha256()
        beside = fetch.into.with_name(f"{fetch.into.name}.{secrets.token_hex(4)}.part")
        try:
            with self._storage.stream("GET", fetch.url) as response:
                if response.status_code != 200:
                    return answer_of(response, b"")
                with beside.open("xb") as file:
                    for some in response.iter_bytes():
                        if self._stop.is_set():
                            raise StoppedError("interrupted", "the caller stopped it")
                        sum.update(some)
                        file.write(some)
            beside.replace(fetch.into)
            return Answer(200, {}, sum.hexdigest().encode("ascii"))
        except httpx.HTTPError as error:
            return lost(error)
        except OSError as error:
            raise TransferError("io_error", f"write the file: {error.strerror}") from None
        finally:
            beside.unlink(missing_ok=True)


class Job(View):
    """A job of a Client. What it shows is of the last answer; refresh asks anew."""

    def __init__(self, client: Client, data: models.Job) -> None:
        super().__init__(data)
        self.client = client

    def refresh(self) -> "Job":
        self.data = self.client.drive(flow.get_job(self.id))
        return self

    def wait(self, progress: Callable[[Progress], None] = flow.nothing, timeout: float | None = None) -> "Job":
        """Waits until the job is ready. Raises RejectedError, FailedError, or after timeout
        seconds NotEndedError; the job itself goes on then.
        """
        until = None if timeout is None else time.monotonic() + timeout

        def said(now: Progress) -> None:
            self.data = now.job or self.data
            progress(now)
            if until is not None and self.status not in flow.ENDED and time.monotonic() > until:
                raise NotEndedError("not_ended", f"the job is {self.status} after {timeout:g} s", self.id)

        self.data = self.client.drive(flow.wait(self.id, said, self.client.service.near))
        for notice in self.warnings:
            warnings.warn(f"{notice['code']}: {notice['message']}", JobWarning, stacklevel=2)
        error = flow.ending(self.data)
        if error is not None:
            raise error
        return self

    def cancel(self) -> "Job":
        return self._told("cancel")

    def retry(self, **options: Unpack[models.OptionsInput]) -> "Job":
        """Another attempt of a job that ended badly, with other options."""
        return self._told("retry", {"options": options_of(options)} if options else {})

    def remesh(self, **options: Unpack[models.OptionsInput]) -> "Job":
        """New meshes of the same label map, without the GPU."""
        return self._told("remesh", {"options": options_of(options)})

    def _told(self, action: str, body: Mapping[str, Any] | None = None) -> "Job":
        self.data = self.client.drive(flow.post(self.id, action, body))
        self._preview = None
        return self

    def erase(self) -> None:
        """Erases the scan, its results and its record. receipt says that they are gone."""
        self.client.drive(flow.request("DELETE", flow.address(self.id)))

    def receipt(self) -> models.Receipt:
        answer = self.client.drive(flow.request("GET", flow.address(self.id, "receipt")))
        return flow.body_of(models.Receipt, answer)

    def download(self, name: str, path: "str | Path | None" = None) -> Path:
        """Downloads an artifact to a file or into a folder."""
        into = name_for(None if path is None else Path(path), name)
        return self.client.drive(flow.download(self.data, name, into))

    def export(self, format: str, path: "str | Path", *structures: str) -> Path:
        """The model, or some structures of it, in another format: stl, obj, ply, 3mf, usdz, mz3, zip, glb."""
        into = name_for(Path(path), f"model.{format}")
        return self.client.drive(flow.download(self.data, "model.glb", into, query_of(format, structures)))

    def read(self, name: str) -> bytes:
        """An artifact's bytes, in memory."""
        with TemporaryDirectory(prefix="iris-") as folder:
            return self.download(name, Path(folder) / "artifact").read_bytes()

    def labels(self) -> "nibabel.Nifti1Image":
        """The label map, on the grid of the prepared scan (RAS, millimetres)."""
        return image_of(self.read("labels.nii.gz"), True)

    def slices(self) -> "nibabel.Nifti1Image":
        """The prepared scan at 2 mm or coarser."""
        return image_of(self.read("slices.nii.gz"), True)

    def meshes(self) -> "dict[str, trimesh.Trimesh]":
        """A closed mesh of each structure, in the same space as labels()."""
        return meshes_of(self.read("model.glb"))

    def segmentation(self, path: "str | Path") -> Path:
        """The label map as a .seg.nrrd that 3D Slicer opens as a segmentation, with its terms."""
        from .segnrrd import seg_nrrd

        into = name_for(Path(path), "labels.seg.nrrd")
        into.write_bytes(seg_nrrd(self.read("labels.nii.gz")))
        return into

    def _repr_html_(self) -> str:
        if self._preview is None and "preview.png" in self.artifacts:
            self._preview = self.read("preview.png")
        return super()._repr_html_()


def run(scan: "str | Path", **rest: Any) -> Job:
    """Uploads a scan, waits for its model and gives its job: Client().run."""
    return Client().run(scan, **rest)
