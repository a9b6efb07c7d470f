"""Errors of a request. Their texts reach people and logs: no identity in them."""


class RequestError(Exception):
    """The request is at fault: answered 400 with a stable code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Cancelled(Exception):
    """The client has gone or the server stops."""


class WeightsError(Exception):
    """The weights are missing, damaged or not what their digests say: no start."""
