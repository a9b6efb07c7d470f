"""What can go wrong, each with a code that stays the same and what to do about it.

The list of codes is the service's own (codes.json is made by `go test ./internal/codes
-update`); docs/errors.md shows it to people.
"""

import json
from functools import cache
from importlib import resources


@cache
def _codes() -> dict[str, dict[str, str]]:
    text = resources.files(__package__).joinpath("codes.json").read_text("utf-8")
    listed: dict[str, dict[str, str]] = json.loads(text)
    return listed


def what_to_do(code: str) -> str:
    """What a person should do about a code; empty for one that is not in the list."""
    return _codes().get(code, {}).get("do", "")


class IrisError(Exception):
    """An error with a code. Its text says what happened and what to do."""

    def __init__(self, code: str, detail: str, job: str | None = None) -> None:
        hint = what_to_do(code)
        super().__init__(f"{code}: {detail}" + (f"\n{hint}" if hint else ""))
        self.code = code
        self.detail = detail
        self.hint = hint
        self.job = job

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.code, self.detail, self.job)


class ScanError(IrisError):
    """The scan on this machine cannot be sent."""


class RefusedError(IrisError):
    """The service refused a request."""

    def __init__(self, code: str, detail: str, job: str | None = None, status: int = 0) -> None:
        super().__init__(code, detail, job)
        self.status = status

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.code, self.detail, self.job, self.status)


class UnreachableError(IrisError):
    """The service does not answer."""


class TransferError(IrisError):
    """An upload or a download did not arrive."""


class RejectedError(IrisError):
    """The job ended rejected: its scan or its options are at fault."""


class FailedError(IrisError):
    """The job failed, was cancelled or expired."""


class StoppedError(IrisError):
    """The caller asked to stop."""


class NotEndedError(IrisError, TimeoutError):
    """The job has not ended in the time that the caller gave. It goes on."""


class LeftOutWarning(UserWarning):
    """Files of a folder that were not sent, by kind and number."""


class JobWarning(UserWarning):
    """A doubt that the service has about a scan or its model."""
