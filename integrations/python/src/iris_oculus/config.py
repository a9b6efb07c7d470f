"""Which service a client talks to, by the environment, as the command line has it:
IRIS_API and IRIS_TOKEN, or IRIS_PROFILE (what `iris login` keeps), else the stack on this
machine, whose state folder IRIS_STATE names (.iris if nothing does). TLS is httpx's:
SSL_CERT_FILE or SSL_CERT_DIR name further authorities, HTTPS_PROXY a proxy.
"""

import ipaddress
import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from .errors import IrisError
from .secret import config_folder


@dataclass(frozen=True)
class Service:
    api: str  # no slash at its end
    token: str = ""

    @property
    def near(self) -> bool:
        """On this machine, where a question costs nothing."""
        return _loopback(urlsplit(self.api).hostname or "")

    def __repr__(self) -> str:  # a token is not for logs
        return f"Service(api={self.api!r}, token={'…' if self.token else ''!r})"


def find(api: str | None = None, token: str | None = None) -> Service:
    """The service of these arguments, or of the environment."""
    asked = (api or os.environ.get("IRIS_API", "")).rstrip("/")
    given = token if token is not None else os.environ.get("IRIS_TOKEN", "")
    profile = os.environ.get("IRIS_PROFILE", "")
    if profile and api is None:
        return _profile(profile, asked)
    here = _ready()
    if not asked:
        if here is None:
            raise IrisError(
                "unreachable", "no stack runs on this state folder: start one with `iris up`, or set IRIS_API"
            )
        # A token of the environment may be another stack's, unless an issuer gives them.
        return _checked(here["http"], given if token is not None or "issuer" in here else here.get("token", ""))
    if here is not None and asked == here["http"] and not given:
        given = here.get("token", "")
    return _checked(asked, given)


def _ready() -> dict[str, str] | None:
    path = Path(os.environ.get("IRIS_STATE") or ".iris") / "ready.json"
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("http"), str):
        return None
    return {name: value for name, value in said.items() if isinstance(value, str)}


def _profile(name: str, asked: str) -> Service:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise IrisError("bad_profile", "IRIS_PROFILE: want letters, digits, dots, dashes and underscores")
    try:
        kept = json.loads((config_folder() / "profiles" / f"{name}.json").read_bytes())
        api, token, expires = kept["api"], kept["token"], datetime.fromisoformat(kept["expires"])
    except (OSError, ValueError, KeyError, TypeError):
        raise IrisError("bad_profile", f"there is no profile {name}, or it is damaged") from None
    if asked and asked != api:
        raise IrisError("bad_profile", f"IRIS_PROFILE is of {api}, and IRIS_API names another service: unset one")
    if expires <= datetime.now(expires.tzinfo or UTC):
        raise IrisError("login_expired", f"the token of the profile {name} has expired")
    return _checked(api, token)


def _checked(api: str, token: str) -> Service:
    try:
        parts = urlsplit(api)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.username is None
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment:
        raise IrisError("bad_option", "the service's address: want one as https://api.example.org")
    return Service(api, token)


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
