"""Both clients against a service that fails: what passes is borne, what does not has a code."""

import asyncio
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

import iris_oculus as iris
from iris_oculus import config, flow
from iris_oculus.cargo import Cargo, Span, zip_of
from iris_oculus.errors import NotEndedError

from .conftest import nifti
from .service import TOKEN, Service, refusal

API = "https://iris.example.org"
VOXELS = bytes(n * 7 % 251 for n in range(4000))


class Sync:
    """What a test does with a client, whichever it is."""

    def __init__(self, service: Service) -> None:
        self.client = iris.Client(API, TOKEN, transport=service.transport())
        self.waits: list[float] = []
        self.client._sleep = self.waits.append  # type: ignore[method-assign]

    def run(self, path: Path, **more: Any) -> Any:
        return self.client.run(path, **more)

    def read(self, job: Any, name: str) -> bytes:
        content: bytes = job.read(name)
        return content


class Async:
    def __init__(self, service: Service) -> None:
        self.service = service
        self.waits: list[float] = []

    def run(self, path: Path, **more: Any) -> Any:
        return asyncio.run(self.arun(path, **more))

    async def arun(self, path: Path, **more: Any) -> Any:
        async with self.client() as client:
            return await client.run(path, **more)

    def client(self) -> iris.AsyncClient:
        client = iris.AsyncClient(API, TOKEN, transport=httpx.MockTransport(self.service.ahandle))

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)
            await asyncio.sleep(0)

        client._sleep = sleep  # type: ignore[method-assign]
        return client

    def read(self, job: Any, name: str) -> bytes:
        async def go() -> bytes:
            async with self.client() as client:
                return await (await client.job(job.id)).read(name)

        return asyncio.run(go())


Kind = Callable[[Service], Sync | Async]
both = pytest.mark.parametrize("kind", [Sync, Async])


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "ZZPHI.nii"
    path.write_bytes(nifti(VOXELS, (20, 10, 10)))
    return path


def sent(service: Service) -> bytes:
    assert b"ZZPHI" not in service.whole
    assert service.whole.endswith(VOXELS)
    return service.whole


@both
def test_a_scan_becomes_a_model(kind: Kind, scan: Path) -> None:
    service, seen = Service(), []
    use = kind(service)
    job = use.run(scan, progress=lambda now: seen.append(str(now)), smoothing=0.3, fast=None)
    sent(service)
    assert job.status == "ready" and job.structures[0]["volume_ml"] == 1.5
    with pytest.raises(KeyError, match="liver2: the job has " + job.structures[0]["name"]):
        job.structure("liver2")
    assert use.read(job, "model.glb") == b"the model"
    assert service.options == {"smoothing": 0.3}
    assert seen[0] == "uploading 0 %" and "uploading 100 %" in seen and seen[-1] == "ready"
    assert "ZZPHI" not in "".join(service.requests) + service.body.decode()
    # It waits as long as the service asks for.
    assert use.waits and all(7 <= wait <= 9 for wait in use.waits)
    assert service.made == 1


@both
def test_what_passes_is_borne(kind: Kind, scan: Path) -> None:
    def once(method: str, ending: str, answer: Callable[[], httpx.Response]) -> Any:
        return lambda request: answer() if request.method == method and request.url.path.endswith(ending) else None

    def broken() -> httpx.Response:
        raise httpx.ReadError("cut")

    service = Service()
    service.fail = [
        once("POST", "/v1/jobs", lambda: httpx.Response(502)),
        once("POST", "/v1/jobs", broken),
        once("PUT", "/put", lambda: httpx.Response(503, headers={"retry-after": "11"})),
        once("PUT", "/put", broken),
        once("PUT", "/put", lambda: httpx.Response(403)),
        once("POST", "/complete", lambda: refusal(503, "busy", "later", **{"retry-after": "13"})),
        once("GET", "01JD0000000000000000000001", lambda: httpx.Response(429, headers={"retry-after": "17"})),
        once("GET", "/get", lambda: httpx.Response(500)),
    ]
    use = kind(service)
    job = use.run(scan)
    sent(service)
    assert use.read(job, "model.glb") == b"the model"
    assert not service.fail
    assert any(11 <= wait < 13 for wait in use.waits)
    assert any(13 <= wait < 15 for wait in use.waits)
    assert any(17 <= wait < 20 for wait in use.waits)


@both
def test_an_answer_that_was_lost_makes_no_second_job(kind: Kind, scan: Path) -> None:
    service = Service()

    def lost(request: httpx.Request) -> httpx.Response | None:
        if request.url.path == "/v1/jobs":
            service.answer(request)
            raise httpx.ReadError("cut")
        return None

    def lost_complete(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith("/complete"):
            service.answer(request)
            raise httpx.ReadError("cut")
        return None

    service.fail = [lost, lost_complete]
    kind(service).run(scan)
    sent(service)
    assert service.made == 1 and len(service.keys) == 1


@both
def test_an_upload_that_was_cut_off_goes_on(kind: Kind, scan: Path) -> None:
    service = Service()
    puts = 0

    def dead(request: httpx.Request) -> httpx.Response | None:
        nonlocal puts
        if request.method == "PUT":
            puts += 1
            if puts > 2:
                raise KeyboardInterrupt  # as a process that is killed: nothing is tidied up
        return None

    service.fail = [dead]
    with pytest.raises((KeyboardInterrupt, BaseExceptionGroup)):
        kind(service).run(scan)
    service.fail = []
    there = dict(service.parts)
    assert 0 < len(there) < 5
    changed = next(iter(there))
    service.parts[changed] = bytes(len(there[changed]))  # a part of another content is sent again
    before = len([1 for line in service.requests if line.startswith("PUT")])
    kind(service).run(scan)
    sent(service)
    after = len([1 for line in service.requests if line.startswith("PUT")])
    assert after - before == 5 - len(there) + 1
    assert service.made == 1


@both
def test_a_job_that_is_gone_is_made_anew(kind: Kind, scan: Path) -> None:
    for phase in ("erased", "expired"):
        service = Service()

        def stop(request: httpx.Request) -> httpx.Response | None:
            return httpx.Response(400) if request.method == "PUT" else None

        service.fail = [stop]
        with pytest.raises(iris.TransferError) as error:
            kind(service).run(scan)
        assert error.value.code == "upload_failed" and "signature" not in str(error.value)
        service.phase = phase
        kind(service).run(scan)
        sent(service)
        assert service.made == 2


@both
@pytest.mark.parametrize("status", ["rejected", "failed", "cancelled", "expired"])
def test_a_bad_ending_has_its_code(kind: Kind, status: str, scan: Path) -> None:
    with pytest.raises(iris.IrisError) as error:
        kind(Service(status=status)).run(scan)
    assert error.value.job == "01JD0000000000000000000001"
    if status == "rejected":
        assert isinstance(error.value, iris.RejectedError)
        assert error.value.code == "too_few_slices" and error.value.hint in str(error.value) and error.value.hint
    else:
        assert isinstance(error.value, iris.FailedError) and error.value.code == status


@both
def test_what_does_not_pass_is_not_tried_again(kind: Kind, scan: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response | None:
        return refusal(400, "bad_option", "option task: want auto") if request.url.path == "/v1/jobs" else None

    service = Service(fail=[refuse])
    with pytest.raises(iris.RefusedError) as error:
        kind(service).run(scan)
    assert (error.value.code, error.value.status, len(service.requests)) == ("bad_option", 400, 1)


@both
def test_a_signature_that_never_holds_ends(kind: Kind, scan: Path) -> None:
    service = Service()
    service.store = lambda _: httpx.Response(403)  # type: ignore[method-assign]
    with pytest.raises(iris.TransferError, match="403"):
        kind(service).run(scan)
    assert service.signed <= 5 * 6


@both
def test_a_service_that_stays_away_ends(kind: Kind, scan: Path) -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late")

    service = Service()
    service.answer = away  # type: ignore[method-assign]
    use = kind(service)
    with pytest.raises(iris.UnreachableError):
        use.run(scan)
    assert len(service.requests) == flow.MAX_TRIES and sum(use.waits) < 120

    def nobody(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    service = Service()
    service.answer = nobody  # type: ignore[method-assign]
    with pytest.raises(iris.UnreachableError):
        kind(service).run(scan)
    assert len(service.requests) == 1


@both
def test_a_file_that_differs_is_refused(kind: Kind, scan: Path, tmp_path: Path) -> None:
    service = Service()
    use = kind(service)
    job = use.run(scan)
    service.content = b"another"
    with pytest.raises(iris.TransferError, match="differs"):
        use.read(job, "model.glb")


@both
@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"job": 1}', b"\xff", b'{"id": "x"}', b"null", b"<html>", b'{"job": {}, "upload": {}}'],
)
def test_an_answer_of_another_form_has_a_code(kind: Kind, body: bytes, scan: Path) -> None:
    service = Service()
    service.answer = lambda _: httpx.Response(200, content=body)  # type: ignore[method-assign]
    with pytest.raises(iris.IrisError) as error:
        kind(service).run(scan)
    assert error.value.code == "internal"


@both
def test_a_plan_that_does_not_fit_is_refused(kind: Kind, scan: Path) -> None:
    for plan in ({"part_bytes": 0, "parts": 5}, {"part_bytes": 1000, "parts": 10**12}, {"part_bytes": -1, "parts": 1}):
        service = Service()
        service.plan = lambda numbers, plan=plan: {**plan, "signed": []}  # type: ignore[method-assign, misc]
        with pytest.raises(iris.IrisError) as error:
            kind(service).run(scan)
        assert error.value.code == "internal"


@both
def test_a_job_that_does_not_end_in_time_goes_on(kind: Kind, scan: Path) -> None:
    service = Service(status="meshing")
    with pytest.raises(NotEndedError) as error:
        kind(service).run(scan, timeout=0)
    assert error.value.code == "not_ended" and isinstance(error.value, TimeoutError)
    assert service.phase == "meshing"


def test_stopping_an_upload_cancels_its_job(scan: Path) -> None:
    service, stop = Service(), threading.Event()

    def pull(request: httpx.Request) -> httpx.Response | None:
        if request.method == "PUT":
            stop.set()
            return httpx.Response(503)
        return None

    service.fail = [pull]
    client = iris.Client(API, TOKEN, stop=stop, transport=service.transport())
    with pytest.raises(iris.StoppedError):
        client.run(scan)
    assert service.phase == "cancelled"
    stop.clear()
    client._sleep = lambda _: None  # type: ignore[method-assign]
    client.run(scan)
    sent(service)


def test_cancelling_the_task_cancels_the_job(scan: Path) -> None:
    service = Service()
    use = Async(service)

    async def go() -> None:
        waiting = asyncio.Event()
        async with use.client() as client:

            async def sleep(_: float) -> None:
                waiting.set()
                await asyncio.Event().wait()

            client._sleep = sleep  # type: ignore[method-assign]
            service.store = lambda _: httpx.Response(503)  # type: ignore[method-assign]
            task = asyncio.create_task(client.run(scan))
            await waiting.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(go())
    assert service.phase == "cancelled"


def test_what_a_notebook_shows_is_escaped(scan: Path) -> None:
    service = Service()
    job = Sync(service).run(scan)
    shown = job._repr_html_()
    assert "data:image/png;base64," in shown and "&lt;b&gt;liver" in shown and "&lt;script&gt;" in shown
    assert "<script>" not in shown and "1.5" in shown
    html = asyncio.run(Async(Service()).arun(scan))._repr_html_()
    assert "data:image/png;base64," in html


def test_doubts_are_warnings(scan: Path) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Sync(Service()).run(scan)
    assert [str(one.message) for one in caught if one.category is iris.JobWarning] == ["metal: <script>"]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7), ("0", 0), ("99999999999999999999", 60), ("-3", 0), ("soon", 0), ("", 0), ("\u0663", 0)],
)
def test_retry_after(said: str, seconds: float) -> None:
    assert flow.retry_after({"retry-after": said}) == seconds


def test_retry_after_as_a_date() -> None:
    assert flow.retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert flow.retry_after({"retry-after": "Wed, 21 Oct 2515 07:28:00 GMT"}) == 60


def test_where_the_service_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(iris.IrisError, match="unreachable"):
        config.find()
    (home / ".iris").mkdir()
    (home / ".iris" / "ready.json").write_text('{"ready":true,"http":"http://127.0.0.1:8000","token":"here"}')
    assert config.find() == config.Service("http://127.0.0.1:8000", "here")
    assert config.find().near
    monkeypatch.setenv("IRIS_TOKEN", "of another stack")
    assert config.find().token == "here"
    monkeypatch.setenv("IRIS_API", "https://iris.example.org/")
    assert config.find() == config.Service("https://iris.example.org", "of another stack")
    assert not config.find().near and "another" not in repr(config.find())
    for wrong in ("ftp://x", "https://", "https://a@b", "nothing", "https://x?y", "http://[::1"):
        with pytest.raises(iris.IrisError, match="bad_option"):
            config.find(wrong)


def test_profiles_of_the_command_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / "XDG_CONFIG_HOME" / "iris" / "profiles"
    folder.mkdir(parents=True)
    profile = '{"api":"https://iris.example.org","token":"t","expires":"%s"}'
    (folder / "work.json").write_text(profile % "2999-01-01T00:00:00Z")
    (folder / "old.json").write_text(profile % "2019-01-01T00:00:00.123456789Z")
    monkeypatch.setenv("IRIS_PROFILE", "work")
    assert config.find() == config.Service("https://iris.example.org", "t")
    monkeypatch.setenv("IRIS_API", "https://elsewhere.example.org")
    with pytest.raises(iris.IrisError, match="bad_profile"):
        config.find()
    monkeypatch.delenv("IRIS_API")
    for name, code in (("old", "login_expired"), ("none", "bad_profile"), ("../x", "bad_profile")):
        monkeypatch.setenv("IRIS_PROFILE", name)
        with pytest.raises(iris.IrisError, match=code):
            config.find()


def test_a_file_that_became_shorter_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(100))
    cargo = Cargo("scan.nii", [b"head", Span(path, 0, 100)])
    path.write_bytes(bytes(50))
    with pytest.raises(iris.ScanError, match="scan_changed"):
        cargo.read(0, 104)


def test_a_zip_of_more_than_four_gigabytes_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its wide form, read by Python's own, without the bytes: a file with a hole."""
    import zipfile

    path, out = tmp_path / "hole", tmp_path / "out.zip"
    with path.open("wb") as file:
        file.truncate((1 << 32) + 5)
    monkeypatch.setattr("iris_oculus.cargo.chunks", lambda _: ())
    pieces = zip_of([[Span(path, 0, (1 << 32) + 5)], [b"ab", Span(path, 0, 3)]])
    with out.open("wb") as file:
        for piece in pieces:
            if isinstance(piece, bytes):
                file.write(piece)
            else:
                file.seek(piece.size, 1)
    with zipfile.ZipFile(out) as packed:
        assert [entry.file_size for entry in packed.infolist()] == [(1 << 32) + 5, 5]
        with packed.open("000001") as entry:
            entry._expected_crc = None  # type: ignore[attr-defined]
            assert entry.read() == b"ab\0\0\0"
