"""What the client scripts share: SDK clients, the AWS CLI, and expectations."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

ACCOUNT = "000000000000"


def sdk(service: str) -> Any:
    return boto3.client(service)


def cli(*args: str) -> Any:
    """Runs the AWS CLI; its JSON, or None when it prints nothing."""
    run = subprocess.run(
        [sys.executable, "-m", "awscli", *args, "--output", "json"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, f"aws {' '.join(args)}: {run.stderr.strip()}"
    return json.loads(run.stdout) if run.stdout.strip() else None


def refused(code: str, call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """The call must fail with this error code."""
    try:
        call(**arguments)
    except ClientError as error:
        got = error.response["Error"]["Code"]
        assert got == code, f"{call.__name__}: {got}, want {code}"
        return error.response
    raise AssertionError(f"{call.__name__} succeeded, want {code}")


def eventually(what: str, seconds: float, probe: Callable[[], Any]) -> Any:
    """The first true answer of probe."""
    seconds = max(seconds, 300)  # bounds what never comes, on the slowest machine
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


def http(method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, bytes, Any]:
    """Status, body and headers; a refusal is an answer too."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=300) as response:
            return response.status, response.read(), response.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers
