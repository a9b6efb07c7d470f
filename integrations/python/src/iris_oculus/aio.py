"""The client for asyncio: what sync.py does, awaited. Cancelling the task of an upload
cancels its job.
"""

import asyncio
import hashlib
import secrets
import time
import warnings
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, Unpack
from urllib.parse import quote

import httpx

from . import config, flow, models
from .errors import JobWarning, NotEndedError, TransferError, UnreachableError
from .flow import Answer, Call, Fetch, Flow, Progress, Send
from .scan import open_scan
from .secret import Secret, cache_folder, machine_secret
from .sync import IN_FLIGHT, MOST_BODY, TIMEOUT, answer_of, lost, warn
from .view import View, image_of, meshes_of, name_for, options_of, query_of

if TYPE_CHECKING:
    import nibabel
    import trimesh

T = TypeVar("T")


class AsyncClient:
    """A service of IRIS Oculus, for asyncio. See sync.Client."""

    def __init__(
        self,
        api: str | None = None,
        token: str | None = None,
        *,
        secret: Secret | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.service = config.find(api, token)
        self._secret = secret
        self._api = httpx.AsyncClient(timeout=TIMEOUT, transport=transport, headers={"accept": "application/json"})
        self._storage = httpx.AsyncClient(timeout=TIMEOUT, transport=transport)
        self._notes: Path | None = cache_folder() / "uploads"

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        await self._api.aclose()
        await self._storage.aclose()

    async def run(
        self,
        scan: "str | Path",
        *,
        progress: Callable[[Progress], None] = flow.nothing,
        timeout: float | None = None,
        hide_names: bool = True,
        **options: Unpack[models.OptionsInput],
    ) -> "AsyncJob":
        """Uploads a scan, waits for its model and gives its job. Raises RejectedError or FailedError."""
        job = await self.submit(scan, progress=progress, hide_names=hide_names, **options)
        return await job.wait(progress, timeout)

    async def submit(
        self,
        scan: "str | Path",
        *,
        progress: Callable[[Progress], None] = flow.nothing,
        hide_names: bool = True,
        **options: Unpack[models.OptionsInput],
    ) -> "AsyncJob":
        """Uploads a scan and does not wait. An upload that was cut off goes on where it was."""
        path = Path(scan)
        chosen = options_of(options)
        cargo = await asyncio.to_thread(open_scan, path, hide_names, self._secret or machine_secret())
        try:
            warn(cargo)
            what = (self.service.api, str(path.absolute()), str(cargo.size), repr(sorted(chosen.items())))
            notes = flow.Notes(self._notes, *what, str(hide_names))
            try:
                return AsyncJob(self, await self.drive(flow.submit(cargo, chosen, notes, progress)))
            except asyncio.CancelledError:
                id = notes.read().get("job")
                notes.forget()
                if id is not None:
                    await asyncio.shield(self._call(Call("POST", flow.address(id, "cancel"), {})))
                raise
        finally:
            cargo.close()

    async def job(self, id: str) -> "AsyncJob":
        return AsyncJob(self, await self.drive(flow.get_job(id)))

    async def jobs(self, *, key: str | None = None, owner: str | None = None) -> "AsyncIterator[AsyncJob]":
        """Jobs, the newest first."""
        query = {name: value for name, value in (("key", key), ("owner", owner)) if value is not None}
        cursor: str | None = None
        while True:
            all = query if cursor is None else {**query, "cursor": cursor}
            path = "/v1/jobs" + ("?" + "&".join(f"{k}={quote(v, safe='')}" for k, v in all.items()) if all else "")
            page = flow.body_of(models.JobList, await self.drive(flow.request("GET", path)))
            for of in page["jobs"]:
                yield AsyncJob(self, of)
            cursor = page["next"]
            if cursor is None:
                return

    async def drive(self, steps: Flow[T]) -> T:
        """Carries out what a flow asks for."""
        try:
            reply: object = None
            while True:
                effect = steps.send(reply)
                if isinstance(effect, Call):
                    reply = await self._call(effect)
                elif isinstance(effect, Send):
                    reply = await self._send(effect)
                elif isinstance(effect, Fetch):
                    reply = await self._fetch(effect)
                else:
                    await self._sleep(effect.seconds)
                    reply = None
        except StopIteration as end:
            value: T = end.value
            return value
        finally:
            steps.close()

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _call(self, call: Call) -> Answer:
        headers = dict(call.headers)
        if self.service.token:
            headers["authorization"] = f"Bearer {self.service.token}"
        try:
            async with self._api.stream(
                call.method, self.service.api + call.path, json=call.body, headers=headers
            ) as response:
                body = b""
                async for some in response.aiter_bytes():
                    body += some
                    if len(body) > MOST_BODY:
                        raise UnreachableError("unreachable", "the service's answer has no end")
                return answer_of(response, body)
        except httpx.HTTPError as error:
            return lost(error)

    async def _send(self, send: Send) -> list[Answer]:
        room = asyncio.Semaphore(IN_FLIGHT)

        async def one(put: flow.Put) -> Answer:
            async with room:
                content = await asyncio.to_thread(send.cargo.read, put.at, put.size)
                try:
                    response = await self._storage.put(put.url, content=content)
                except httpx.HTTPError as error:
                    return lost(error)
                if response.status_code == 200:
                    send.sent(put.size)
                return answer_of(response, response.content)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(put)) for put in send.parts]
        return [task.result() for task in tasks]

    async def _fetch(self, fetch: Fetch) -> Answer:
        sum = hashlib.sha256()
        beside = fetch.into.with_name(f"{fetch.into.name}.{secrets.token_hex(4)}.part")
        try:
            async with self._storage.stream("GET", fetch.url) as response:
                if response.status_code != 200:
                    return answer_of(response, b"")
                with beside.open("xb") as file:
                    async for some in response.aiter_bytes():
                        sum.update(some)
                        await asyncio.to_thread(file.write, some)
            beside.replace(fetch.into)
            return Answer(200, {}, sum.hexdigest().encode("ascii"))
        except httpx.HTTPError as error:
            return lost(error)
        except OSError as error:
            raise TransferError("io_error", f"write the file: {error.strerror}") from None
        finally:
            beside.unlink(missing_ok=True)


class AsyncJob(View):
    """A job of an AsyncClient. See sync.Job."""

    def __init__(self, client: AsyncClient, data: models.Job) -> None:
        super().__init__(data)
        self.client = client

    async def refresh(self) -> "AsyncJob":
        self.data = await self.client.drive(flow.get_job(self.id))
        return self

    async def wait(
        self, progress: Callable[[Progress], None] = flow.nothing, timeout: float | None = None
    ) -> "AsyncJob":
        until = None if timeout is None else time.monotonic() + timeout

        def said(now: Progress) -> None:
            self.data = now.job or self.data
            progress(now)
            if until is not None and self.status not in flow.ENDED and time.monotonic() > until:
                raise NotEndedError("not_ended", f"the job is {self.status} after {timeout:g} s", self.id)

        self.data = await self.client.drive(flow.wait(self.id, said, self.client.service.near))
        for notice in self.warnings:
            warnings.warn(f"{notice['code']}: {notice['message']}", JobWarning, stacklevel=2)
        error = flow.ending(self.data)
        if error is not None:
            raise error
        if "preview.png" in self.artifacts:  # a notebook cannot wait when it shows the job
            self._preview = await self.read("preview.png")
        return self

    async def cancel(self) -> "AsyncJob":
        return await self._told("cancel")

    async def retry(self, **options: Unpack[models.OptionsInput]) -> "AsyncJob":
        return await self._told("retry", {"options": options_of(options)} if options else {})

    async def remesh(self, **options: Unpack[models.OptionsInput]) -> "AsyncJob":
        return await self._told("remesh", {"options": options_of(options)})

    async def _told(self, action: str, body: Mapping[str, Any] | None = None) -> "AsyncJob":
        self.data = await self.client.drive(flow.post(self.id, action, body))
        self._preview = None
        return self

    async def erase(self) -> None:
        await self.client.drive(flow.request("DELETE", flow.address(self.id)))

    async def receipt(self) -> models.Receipt:
        answer = await self.client.drive(flow.request("GET", flow.address(self.id, "receipt")))
        return flow.body_of(models.Receipt, answer)

    async def download(self, name: str, path: "str | Path | None" = None) -> Path:
        into = name_for(None if path is None else Path(path), name)
        return await self.client.drive(flow.download(self.data, name, into))

    async def export(self, format: str, path: "str | Path", *structures: str) -> Path:
        into = name_for(Path(path), f"model.{format}")
        return await self.client.drive(flow.download(self.data, "model.glb", into, query_of(format, structures)))

    async def read(self, name: str) -> bytes:
        with TemporaryDirectory(prefix="iris-") as folder:
            return (await self.download(name, Path(folder) / "artifact")).read_bytes()

    async def labels(self) -> "nibabel.Nifti1Image":
        return image_of(await self.read("labels.nii.gz"), True)

    async def slices(self) -> "nibabel.Nifti1Image":
        return image_of(await self.read("slices.nii.gz"), True)

    async def meshes(self) -> "dict[str, trimesh.Trimesh]":
        return meshes_of(await self.read("model.glb"))


async def run(scan: "str | Path", **rest: Any) -> AsyncJob:
    """Uploads a scan, waits for its model and gives its job: AsyncClient().run."""
    async with AsyncClient() as client:
        return await client.run(scan, **rest)
