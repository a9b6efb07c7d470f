"""SageMaker's container contract over ASGI: GET /ping, POST /invocations.

In: a volume (.nii.gz) as body, options in the custom attributes. Out: the label
map with Content-Length, seconds per step in the same header. What is the
request's fault is 400 with {"status","code","message"}. One request is worked on, one
waits, others get 429; a stop answers 503 at once. Knows HTTP and no torch.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any, Protocol

from . import codec, tuning
from .errors import Cancelled, RequestError
from .options import HEADER, Options, parse
from .progress import INFERENCE, Progress

MAX_BODY = 950 << 20
QUEUE = 2  # requests that are worked on or wait
_JUDGEABLE = 64 << 10  # so much of a body holds its NIfTI header

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Answer(Protocol):
    @property
    def body(self) -> bytes: ...
    @property
    def task(self) -> str: ...
    @property
    def seconds(self) -> Mapping[str, float]: ...


class Segmenter(Protocol):
    """What the server needs of a segmenter."""

    def admit(self, header: codec.Header, options: Options) -> None: ...
    def segment(
        self, body: bytearray, options: Options, stopped: Callable[[], bool], report: Callable[[int, int], None]
    ) -> Answer: ...


class App:
    """The ASGI application. `segmenter` is None until weights are on the device."""

    def __init__(self, log: logging.Logger, limit: int = MAX_BODY) -> None:
        self.segmenter: Segmenter | None = None
        self.log, self.limit = log, limit
        self.inside = 0
        self.turn = asyncio.Lock()
        self.stopping = asyncio.Event()
        self.worker = ThreadPoolExecutor(1, "request")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"{scope['type']} is not served")
        reply = _Reply(send, self.log)
        route = (scope["method"], scope["path"])
        if route == ("GET", "/ping"):
            await reply.empty(200 if self.segmenter is not None and not self.stopping.is_set() else 503)
        elif route == ("POST", "/invocations"):
            await self._invoke(scope, receive, reply)
        elif scope["path"] in ("/ping", "/invocations"):
            await reply.error(405, "bad_method", "want GET /ping or POST /invocations")
        else:
            await reply.error(404, "not_found", "want GET /ping or POST /invocations")

    async def _invoke(self, scope: Message, receive: Receive, reply: "_Reply") -> None:
        if self.segmenter is None:
            await reply.error(503, "starting", "the weights are still being loaded")
            return
        if self.inside >= QUEUE:
            await reply.error(429, "busy", "a request is being worked on and another waits")
            return
        self.inside += 1
        try:
            async with self.turn:
                await self._answer(self.segmenter, scope, receive, reply)
        except RequestError as e:
            await reply.error(400, e.code, e.message)
        except Cancelled:
            await reply.error(503, "stopping", "the server stops or the client has gone")
        except MemoryError:
            await reply.error(400, "too_large", "the scan needs more memory than this server has")
        except Exception:
            # The text may quote the request: the kind of error and its place are enough.
            self.log.exception("request failed", exc_info=True)
            await reply.error(500, "internal", "the model failed on this scan")
        finally:
            self.inside -= 1

    async def _answer(self, segmenter: Segmenter, scope: Message, receive: Receive, reply: "_Reply") -> None:
        if self.stopping.is_set():
            raise Cancelled
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        options = parse(headers.get(HEADER, ""))
        body = await self._read(segmenter, options, headers, receive)
        stopped = Event()
        begun = time.perf_counter()
        progress = Progress(self.log, headers.get(INFERENCE, ""))
        work = asyncio.get_running_loop().run_in_executor(self.worker, segmenter.segment, body, options, stopped.is_set, progress)
        work.add_done_callback(lambda _: self.worker.submit(tuning.rest))  # beside the reply, before the next request
        gone, stop = asyncio.ensure_future(_gone(receive)), asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait((work, gone, stop), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                stopped.set()
                if not stop.done():
                    await asyncio.wait((work, stop), return_when=asyncio.FIRST_COMPLETED)  # until the next tile
                if not work.done():
                    work.add_done_callback(lambda w: w.cancelled() or w.exception())
                    raise Cancelled
            answer = work.result()
        finally:
            gone.cancel()
            stop.cancel()
        await reply.labels(answer, time.perf_counter() - begun)

    async def _read(self, segmenter: Segmenter, options: Options, headers: dict[str, str], receive: Receive) -> bytearray:
        """The body, refused as soon as its length or its NIfTI header allows."""
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self.limit:
            raise RequestError("too_large", f"the body has {length} bytes: at most {self.limit} are accepted")
        body, judged, more = bytearray(), False, True
        while more:
            message = await self._next(receive)
            if message["type"] == "http.disconnect":
                raise Cancelled
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self.limit:
                raise RequestError("too_large", f"the body has more than {self.limit} bytes")
            if not judged and (len(body) >= _JUDGEABLE or not more):
                segmenter.admit(codec.read_header(bytes(body[:_JUDGEABLE])), options)
                judged = True
        return body

    async def _next(self, receive: Receive) -> Message:
        """The next piece of a body; a stop does not wait for a slow client."""
        piece, stop = asyncio.ensure_future(receive()), asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait((piece, stop), return_when=asyncio.FIRST_COMPLETED)
            if not piece.done():
                raise Cancelled
            return piece.result()
        finally:
            piece.cancel()
            stop.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Reply:
    """One answer, with its length, in one piece."""

    def __init__(self, send: Send, log: logging.Logger) -> None:
        self.send, self.log = send, log

    async def empty(self, status: int) -> None:
        await self._whole(status, [], b"")

    async def error(self, status: int, code: str, message: str) -> None:
        self.log.info("refused", extra={"fields": {"code": code, "status": status}})
        # The status stands in the body too: of a failed asynchronous request SageMaker keeps the body alone.
        body = json.dumps({"status": status, "code": code, "message": message}, ensure_ascii=False).encode()
        # The rest of a refused body is not waited for.
        await self._whole(status, [(b"content-type", b"application/json"), (b"connection", b"close")], body)

    async def labels(self, answer: Answer, seconds: float) -> None:
        steps = ";".join(f"{name}={took:.3f}" for name, took in answer.seconds.items())
        fields = {"task": answer.task, "bytes": len(answer.body), "millis": round(seconds * 1000)}
        self.log.info("segmented", extra={"fields": fields})
        headers = [(b"content-type", b"application/gzip"), (HEADER.encode(), steps.encode())]
        await self._whole(200, headers, answer.body)

    async def _whole(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})
