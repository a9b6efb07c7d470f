"""A service in memory, which fails as it is told to. It keeps the API's rules, so that what
a client does wrong is refused: parts of another length, a key with another body, tokens
sent to the storage.
"""

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

TOKEN = "a-token"
PART = 1000


@dataclass
class Service:
    status: str = "ready"
    part_bytes: int = PART
    fail: list[Callable[[httpx.Request], httpx.Response | None]] = field(default_factory=list)
    """Asked in turn before each request; one that answers is used up."""
    requests: list[str] = field(default_factory=list)
    parts: dict[int, bytes] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)
    body: bytes = b""
    made: int = 0
    phase: str = ""
    signed: int = 0
    content: bytes = b"the model"
    polls: int = 0
    options: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.handle)

    async def ahandle(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self.handle(request)

    def handle(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.requests.append(f"{request.method} {request.url.path}")
            for n, fail in enumerate(self.fail):
                try:
                    answer = fail(request)
                except httpx.HTTPError:
                    del self.fail[n]
                    raise
                if answer is not None:
                    del self.fail[n]
                    return answer
            return self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        method, path = request.method, request.url.path
        if request.url.host == "storage":
            assert "authorization" not in request.headers, "a token was sent to the storage"
            return self.store(request)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return httpx.Response(401, json={"message": "Unauthorized"})
        if (method, path) == ("POST", "/v1/jobs"):
            return self.create(request)
        if method == "DELETE":
            self.phase = "erased"
            return httpx.Response(204)
        if self.phase in ("", "erased"):
            return refusal(404, "not_found", "there is no such job")
        if path.endswith("/parts"):
            return self.sign(json.loads(request.content).get("numbers"))
        if path.endswith("/complete"):
            return self.complete(json.loads(request.content)["parts"])
        if path.endswith("/cancel"):
            self.phase = "cancelled"
            return httpx.Response(200, json=self.job())
        if "/artifacts/" in path:
            if self.phase != "ready":
                return refusal(409, "not_ready", "the job is meshing")
            return httpx.Response(200, json={"url": "https://storage/get?signature=secret", "expires_at": "x"})
        self.polls += 1
        if self.phase == "meshing" and self.polls > 2:
            self.phase = self.status
        tag = f'"{self.phase}"'
        if request.headers.get("if-none-match") == tag:
            return httpx.Response(304, headers={"etag": tag, "retry-after": "7"})
        return httpx.Response(200, json=self.job(), headers={"etag": tag, "retry-after": "7"})

    def create(self, request: httpx.Request) -> httpx.Response:
        key = request.headers["idempotency-key"]
        if self.keys.setdefault(key, request.content) != request.content:
            return refusal(422, "idempotency_key_reused", "another body")
        if self.body != request.content or self.phase in ("", "erased", "cancelled", "expired"):
            self.body, self.phase, self.parts = request.content, "awaiting_upload", {}
            self.made += 1
        self.options = json.loads(request.content)["options"]
        plan = self.plan(None) if self.phase == "awaiting_upload" else {"part_bytes": PART, "parts": 1, "signed": []}
        return httpx.Response(202, json={"job": self.job(), "upload": plan})

    @property
    def size(self) -> int:
        size: int = json.loads(self.body)["bytes"]
        return size

    def plan(self, numbers: list[int] | None) -> dict[str, object]:
        total = -(-self.size // self.part_bytes)
        plan: dict[str, object] = {"part_bytes": self.part_bytes, "parts": total}
        if numbers is None:
            plan["uploaded"] = [
                {"number": n, "etag": f'"{md5(content)}"', "bytes": len(content)} for n, content in self.parts.items()
            ]
            numbers = [n for n in range(1, total + 1) if n not in self.parts][:16]
        assert len(numbers) <= 16
        self.signed += len(numbers)
        plan["signed"] = [{"number": n, "url": f"https://storage/put?part={n}&signature=secret"} for n in numbers]
        return plan

    def sign(self, numbers: list[int] | None) -> httpx.Response:
        if self.phase != "awaiting_upload":
            return refusal(409, "conflict", "parts are signed only while it awaits its upload")
        return httpx.Response(200, json=self.plan(numbers))

    def complete(self, listed: list[dict[str, object]]) -> httpx.Response:
        if self.phase == "awaiting_upload":
            wanted = [{"number": n, "etag": f'"{md5(self.parts[n])}"'} for n in sorted(self.parts)]
            if listed != wanted or sum(map(len, self.parts.values())) != self.size:
                return refusal(400, "bad_parts", "the parts do not make the upload")
            self.phase = "meshing"
        return httpx.Response(202, json=self.job())

    def store(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, content=self.content)
        number = int(request.url.params["part"])
        assert len(request.content) == min(self.part_bytes, self.size - (number - 1) * self.part_bytes)
        self.parts[number] = request.content
        return httpx.Response(200, headers={"etag": f'"{md5(request.content)}"'})

    @property
    def whole(self) -> bytes:
        return b"".join(self.parts[n] for n in sorted(self.parts))

    def job(self) -> dict[str, object]:
        ready = self.phase == "ready"
        digest = hashlib.sha256(b"the model").hexdigest()
        artifact = {"bytes": 9, "sha256": digest, "media_type": "model/gltf-binary"}
        error = {"code": "too_few_slices", "message": "two"} if self.phase == "rejected" else None
        structure = {"label": 1, "name": "<b>liver", "volume_ml": 1.5, "mesh_ml": 1.5, "surface_cm2": 9}
        return {
            **{"id": "01JD0000000000000000000001", "status": self.phase, "attempt": 1},
            **{"options": {"task": "tissue", "fast": False}, "created_at": "2026-01-02T03:04:05Z"},
            **{"updated_at": "2026-01-02T03:04:05Z", "expires_at": "2026-04-02T03:04:05Z", "stages": []},
            "artifacts": {"model.glb": artifact, "preview.png": artifact} if ready else {},
            "structures": [{**structure, "partial": False, "watertight": True}] if ready else [],
            "warnings": [{"code": "metal", "message": "<script>"}] if ready else [],
            **{"error": error, "cost_usd": 0.0, "a_field_of_a_newer_service": 1},
        }


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def refusal(status: int, code: str, detail: str, **headers: str) -> httpx.Response:
    body = {"title": "x", "status": status, "code": code, "detail": detail}
    return httpx.Response(status, json=body, headers=headers)
