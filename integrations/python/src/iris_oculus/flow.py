"""What a client does, without a network: generators that ask for requests, transfers and
waits, and take the answers. sync.py and aio.py carry them out, so that both do the same.

An upload goes on after whatever passes (a lost network, a busy service, a URL that ran
out, a process that was killed), as the page's does (web/src/upload/send).
"""

import hashlib
import json
import random
import secrets
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

from . import models
from .cargo import Cargo
from .decode import decode
from .errors import FailedError, IrisError, RefusedError, RejectedError, TransferError, UnreachableError

T = TypeVar("T")

ENDED: Final = ("ready", "rejected", "failed", "cancelled", "expired")
PASSING: Final = (408, 429, 500, 502, 503, 504)
# The bounds of the command line (cmd/iris/retry.go).
MAX_TRIES: Final = 10
FIRST_WAIT: Final = 0.5
LONG_WAIT: Final = 15.0
LONGEST_ASK: Final = 60.0
SIGN_AHEAD: Final = 16  # parts that the service signs at once
MOST_RENEWALS: Final = 3  # a URL refused more often is refused for another reason than its age
MOST_ROUNDS: Final = 3


@dataclass(frozen=True)
class Call:
    """A request to the API. Its reply is an Answer."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    status: int  # 0: none came
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    failure: str = ""
    reached: bool = True  # False: the address could not be dialled


@dataclass(frozen=True)
class Put:
    """A part and where it goes."""

    number: int
    url: str
    at: int
    size: int


@dataclass(frozen=True)
class Send:
    """Parts to send, several at a time. The reply is an Answer for each, in their order; sent
    is told of the bytes of each that has arrived.
    """

    cargo: Cargo
    parts: list[Put]
    sent: Callable[[int], None]


@dataclass(frozen=True)
class Fetch:
    """A download into a file. The reply is an Answer, whose body is the SHA-256."""

    url: str
    into: Path


@dataclass(frozen=True)
class Wait:
    seconds: float


Effect = Call | Send | Fetch | Wait
Flow = Generator[Effect, Any, T]


@dataclass(frozen=True)
class Progress:
    """Where a scan is on its way to a model."""

    step: str  # sending, or the job's status
    sent: int
    total: int
    job: models.Job | None

    def __str__(self) -> str:
        if self.step == "sending":
            return f"uploading {self.sent * 100 // max(self.total, 1)} %"
        words = {"awaiting_upload": "waiting for the upload", "warming": "waiting for the GPU"}
        text = words.get(self.step, self.step)
        counted = self.job.get("progress") if self.job else None
        queue = self.job.get("queue") if self.job else None
        if counted:
            return f"{text} {counted['done']} of {counted['total']} {counted['unit']}"
        if queue and queue["ahead"] > 0:
            return f"{text}, {queue['ahead']} ahead"
        return text


Said = Callable[[Progress], None]


def nothing(_: Progress) -> None:
    """Progress that nobody looks at."""


class Tries:
    """Waits between tries. Each is twice the one before, its second half random."""

    def __init__(self) -> None:
        self.failures = 0
        self._wait = FIRST_WAIT

    def again(self, answer: Answer) -> float | None:
        """How long to wait before the next try; None when there is none."""
        self.failures += 1
        if self.failures >= MAX_TRIES:
            return None
        pause = self._wait / 2 + random.random() * self._wait / 2
        asked = retry_after(answer.headers)
        if asked > 0:  # the least that the service asks for
            pause = max(pause, asked * (1 + random.random() / 8))
        self._wait = min(2 * self._wait, LONG_WAIT)
        return pause


def retry_after(headers: Mapping[str, str]) -> float:
    """A reply's Retry-After in seconds (RFC 9110 10.2.3), bounded; 0 for none."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), LONGEST_ASK))
    try:
        at = parsedate_to_datetime(text)
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return 0
    return max(0.0, min(seconds, LONGEST_ASK))


def problem(answer: Answer) -> IrisError:
    """The error of an answer that is none of success."""
    if answer.status == 0:
        return UnreachableError("unreachable", f"the service does not answer: {answer.failure}")
    try:
        said = decode(models.Problem, json.loads(answer.body))
    except ValueError:
        return RefusedError(f"http_{answer.status}", f"the service refused ({answer.status})", status=answer.status)
    return RefusedError(said["code"], said["detail"], status=answer.status)


def request(
    method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
) -> Flow[Answer]:
    """A request that is made again after what passes. Errors: RefusedError, UnreachableError."""
    tries = Tries()
    while True:
        answer: Answer = yield Call(method, path, body, headers or {})
        if answer.status in range(200, 300) or answer.status in (304, 307):
            return answer
        if method == "DELETE" and answer.status == 404 and tries.failures:
            return answer  # erased by the try before, whose answer was lost
        passes = answer.status in PASSING or (answer.status == 0 and answer.reached)
        pause = tries.again(answer) if passes and _repeatable(method, path) else None
        if pause is None:
            raise problem(answer)
        yield Wait(pause)


def _repeatable(method: str, path: str) -> bool:
    """Whether a request may be made twice: it changes nothing, or its repeat finds what the first made."""
    ends = ("/v1/jobs", "/parts", "/complete", "/cancel")
    return method in ("GET", "DELETE") or path.endswith(ends)


def body_of(kind: type[T], answer: Answer) -> T:
    try:
        return decode(kind, json.loads(answer.body))
    except ValueError as error:
        raise IrisError("internal", f"the service answered with what it does not describe: {error}") from None


def get_job(id: str) -> Flow[models.Job]:
    return body_of(models.Job, (yield from request("GET", address(id))))


def address(id: str, *more: str) -> str:
    return "/".join(["/v1/jobs", quote(id, safe=""), *(quote(name, safe="") for name in more)])


def post(id: str, action: str, body: Mapping[str, Any] | None = None) -> Flow[models.Job]:
    return body_of(models.Job, (yield from request("POST", address(id, action), body or {})))


class Notes:
    """Which job an unfinished upload is of, in the user's cache folder. The name of a note
    is a digest of what goes where, so that it says nothing of a patient. An upload that
    cannot be noted goes on without.
    """

    def __init__(self, folder: Path | None, *what: str) -> None:
        digest = hashlib.sha256("\n".join(what).encode()).hexdigest()
        self.path = folder / f"{digest}.py.json" if folder else None

    def read(self) -> dict[str, str]:
        try:
            noted = json.loads(self.path.read_bytes()) if self.path else None
        except (OSError, ValueError):
            return {}
        return {k: v for k, v in noted.items() if isinstance(v, str)} if isinstance(noted, dict) else {}

    def keep(self, **note: str) -> None:
        if self.path is None:
            return
        fresh = self.path.with_name(f"{self.path.name}.{secrets.token_hex(4)}")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh.write_text(json.dumps(note), "utf-8")
            fresh.replace(self.path)
        except OSError:
            fresh.unlink(missing_ok=True)

    def forget(self) -> None:
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def submit(cargo: Cargo, options: Mapping[str, Any], notes: Notes, said: Said) -> Flow[models.Job]:
    """Uploads a scan. Its job is under way when this ends."""
    options = {"task": "labels", **options} if cargo.labels else dict(options)
    what = {"file": cargo.name, "bytes": cargo.size, "options": options}
    for last in range(MOST_ROUNDS):
        id, plan = yield from _begin(what, notes)
        if plan is not None:
            try:
                parts = yield from _send_all(cargo, id, plan, said)
                yield from request("POST", address(id, "complete"), {"parts": parts})
            except RefusedError as error:
                # The service has other parts than it said, or another process has sent them all.
                if error.status not in (400, 404, 409) or last == MOST_ROUNDS - 1:
                    raise
                continue
        notes.forget()
        return (yield from get_job(id))
    raise TransferError("upload_failed", "the service did not take the parts")


def _begin(what: Mapping[str, Any], notes: Notes) -> Flow[tuple[str, models.UploadPlan | None]]:
    """Finds the job of this upload, or makes it. No plan: everything has arrived before."""
    note = notes.read()
    id, key = note.get("job"), note.get("key", "")
    while True:
        if id is not None:
            try:
                answer = yield from request("POST", address(id, "parts"), {})
                return id, body_of(models.UploadPlan, answer)
            except RefusedError as error:
                if error.status not in (404, 409):
                    raise
                if error.status == 409 and (yield from _under_way(id)):
                    return id, None
            key = ""  # its job is gone, or ended badly: what was wrong with it may be over
        # The key is noted before the request, so that a process that dies in between finds its job.
        key = key or secrets.token_hex(16)
        notes.keep(key=key)
        answer = yield from request("POST", "/v1/jobs", what, {"idempotency-key": key})
        made = body_of(models.Created, answer)
        notes.keep(key=key, job=made["job"]["id"])
        if made["job"]["status"] == "awaiting_upload":
            return made["job"]["id"], made["upload"]
        id = made["job"]["id"]  # of a request whose answer was lost


def _under_way(id: str) -> Flow[bool]:
    try:
        job = yield from get_job(id)
    except RefusedError as error:
        if error.status != 404:
            raise
        return False
    return job["status"] == "ready" or job["status"] not in ENDED


def _send_all(cargo: Cargo, id: str, plan: models.UploadPlan, said: Said) -> Flow[list[dict[str, object]]]:
    size, count = plan["part_bytes"], plan["parts"]
    if size < 1 or count != -(-cargo.size // size):
        raise IrisError("internal", "the service's plan does not fit the scan", id)
    etags: dict[int, str] = {}
    # What has arrived, if its bytes are those of this scan, is not sent again. The storage's tag of
    # a part is the MD5 of its bytes; where it is another thing (keys of KMS) the part is sent again.
    for there in plan.get("uploaded", []):
        number, etag = there["number"], there["etag"].strip('"').lower()
        if 1 <= number <= count and _md5(cargo, (number - 1) * size, size) == etag:
            etags[number] = there["etag"]
    urls = {signed["number"]: signed["url"] for signed in plan["signed"]}
    tries: dict[int, Tries] = {}
    renewals: dict[int, int] = {}
    done = sum(min(size, cargo.size - (number - 1) * size) for number in etags)

    def moved(more: int) -> None:
        nonlocal done
        done += more
        said(Progress("sending", max(0, min(done, cargo.size)), cargo.size, None))

    moved(0)
    while len(etags) < count:
        missing = [number for number in range(1, count + 1) if number not in etags][:SIGN_AHEAD]
        unsigned = [number for number in missing if number not in urls]
        if unsigned:
            answer = yield from request("POST", address(id, "parts"), {"numbers": unsigned})
            urls |= {signed["number"]: signed["url"] for signed in body_of(models.UploadPlan, answer)["signed"]}
            if any(number not in urls for number in unsigned):
                raise TransferError("upload_failed", "the service signed no part", id)
        puts = [
            Put(number, urls[number], (number - 1) * size, min(size, cargo.size - (number - 1) * size))
            for number in missing
        ]
        answers: list[Answer] = yield Send(cargo, puts, moved)
        pause = 0.0
        for put, answer in zip(puts, answers, strict=True):
            etag = answer.headers.get("etag", "")
            if answer.status == 200 and etag:
                etags[put.number] = etag
                continue
            if answer.status == 403 and renewals.setdefault(put.number, 0) < MOST_RENEWALS:
                renewals[put.number] += 1
                urls.clear()  # those of the same age have run out with it
                continue
            passes = answer.status in PASSING or answer.status == 0
            wait = tries.setdefault(put.number, Tries()).again(answer) if passes else None
            if wait is None:
                why = answer.failure or f"storage refused a part ({answer.status})"
                raise TransferError("upload_failed", why, id)
            pause = max(pause, wait)
        if pause:
            yield Wait(pause)
    return [{"number": number, "etag": etags[number]} for number in sorted(etags)]


def _md5(cargo: Cargo, at: int, size: int) -> str:
    return hashlib.md5(cargo.read(at, min(size, cargo.size - at)), usedforsecurity=False).hexdigest()


def wait(id: str, said: Said, near: bool) -> Flow[models.Job]:
    """Asks until a job has ended: as often as the service asks for by Retry-After, on this
    machine every half second.
    """
    tag = ""
    job: models.Job | None = None
    while True:
        answer = yield from request("GET", address(id), None, {"if-none-match": tag} if tag else {})
        if answer.status != 304 or job is None:
            job = body_of(models.Job, answer)
            tag = answer.headers.get("etag", "")
        said(Progress(job["status"], 0, 0, job))
        if job["status"] in ENDED:
            return job
        asked = retry_after(answer.headers) or 2.0
        yield Wait(0.5 if near else asked * (1 + random.random() / 4))


def ending(job: models.Job) -> IrisError | None:
    """The error of a job that ended badly."""
    if job["status"] == "ready" or job["status"] not in ENDED:
        return None
    notice = job["error"] or {"code": job["status"], "message": f"the job is {job['status']}"}
    kind = RejectedError if job["status"] == "rejected" else FailedError
    return kind(notice["code"], notice["message"], job["id"])


def download(job: models.Job, name: str, into: Path, query: str = "") -> Flow[Path]:
    """Downloads an artifact, or an export with a query, and compares its digest where one is known."""
    recorded = job["artifacts"].get(name) if not query else None
    tries = Tries()
    while True:
        answer = yield from request("GET", address(job["id"], "artifacts", name) + query)
        if answer.status == 202:  # an export that is being made
            yield Wait(retry_after(answer.headers) or 1.0)
            continue
        try:
            url = json.loads(answer.body)["url"]
        except (ValueError, KeyError, TypeError):
            raise IrisError("internal", "the service gave no address of the file", job["id"]) from None
        fetched: Answer = yield Fetch(str(url), into)
        if fetched.status == 200:
            if recorded is None or fetched.body.decode("ascii") == recorded["sha256"]:
                return into
            into.unlink(missing_ok=True)
            raise TransferError("download_failed", "the file differs from what the job recorded", job["id"])
        pause = tries.again(fetched) if fetched.status in PASSING or fetched.status == 0 else None
        if pause is None:
            why = fetched.failure or f"storage refused ({fetched.status})"
            raise TransferError("download_failed", why, job["id"])
        yield Wait(pause)
