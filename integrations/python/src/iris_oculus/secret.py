"""Pseudonyms, as the page makes them (decision 32). The salt is made once on this machine
and stays here: with it the same scan gets the same pseudonyms, so that an upload can go
on, and nobody without it can try names against them.
"""

import hashlib
import hmac
import os
import secrets
import sys
from pathlib import Path


def config_folder() -> Path:
    """The user's folder for configuration, as the command line has it (os.UserConfigDir of Go)."""
    return _folder("XDG_CONFIG_HOME", ".config", "Library/Application Support", "APPDATA")


def cache_folder() -> Path:
    return _folder("XDG_CACHE_HOME", ".cache", "Library/Caches", "LOCALAPPDATA")


def _folder(variable: str, unix: str, mac: str, windows: str) -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get(windows) or Path.home()) / "iris"
    if sys.platform == "darwin":
        return Path.home() / mac / "iris"
    return Path(os.environ.get(variable) or Path.home() / unix) / "iris"


class Secret:
    def __init__(self, salt: bytes) -> None:
        self._salt = salt

    def _digest(self, use: str, text: str) -> bytes:
        return hmac.digest(self._salt, f"{use}\0{text}".encode(), hashlib.sha256)

    def uid(self, text: str) -> str:
        """A UID made of a UUID (PS3.5 B.2) in place of one."""
        made = bytearray(self._digest("uid", text)[:16])
        made[6] = 0x80 | made[6] & 0x0F  # version 8 and the variant of RFC 9562
        made[8] = 0x80 | made[8] & 0x3F
        return f"2.25.{int.from_bytes(made, 'big')}"

    def token(self, text: str) -> str:
        """A token in place of a text, within a code string's 16 characters."""
        return "X" + self._digest("token", text).hex()[:15].upper()

    def time(self, text: str) -> str:
        """A time of day in place of another."""
        made = self._digest("time", text)
        seconds = int.from_bytes(made[:4], "big") % 86400
        fraction = int.from_bytes(made[4:8], "big") % 1_000_000
        return f"{seconds // 3600:02}{seconds // 60 % 60:02}{seconds % 60:02}.{fraction:06}"


def machine_secret() -> Secret:
    """The secret of this user on this machine. Where it cannot be kept, one of this process."""
    path = config_folder() / "salt"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A process that makes it at the same moment wins or loses, but both use what is there then.
        fresh = path.with_name(f"salt.{secrets.token_hex(8)}")
        if not path.exists():
            with open(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(secrets.token_bytes(32))
            try:
                os.link(fresh, path)
            except FileExistsError:
                pass
            except OSError:  # a file system without links
                os.replace(fresh, path)
            fresh.unlink(missing_ok=True)
        salt = path.read_bytes()
        if len(salt) >= 32:
            return Secret(salt)
    except OSError:
        pass
    return _of_process()


_fallback: list[Secret] = []


def _of_process() -> Secret:
    if not _fallback:
        _fallback.append(Secret(secrets.token_bytes(32)))
    return _fallback[0]
