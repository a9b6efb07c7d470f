"""Lock requirements.in and requirements-test.in: exact versions with hashes.

    python3.11 scripts/lock_requirements.py

pip resolves for the Python that runs this (the image's is 3.11 on Linux x86-64)
and reports what it would install. requirements.txt is installed with --no-deps:
dynamic-network-architectures names packages that its U-Nets never import.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent.parent
WITHOUT_ITS_OWN = ("dynamic-network-architectures",)


def report(*arguments: str) -> dict[str, tuple[str, str]]:
    """name → version and sha256 of what pip would install."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", file.name]
        subprocess.run([*command, *arguments], check=True, cwd=HERE)
        found = json.load(file)["install"]
    locked = {}
    for item in found:
        name = item["metadata"]["name"].lower().replace("_", "-")
        locked[name] = (item["metadata"]["version"], item["download_info"]["archive_info"]["hashes"]["sha256"])
    return locked


def wanted(file: str) -> list[str]:
    lines = (line.split("#")[0].strip() for line in (HERE / file).read_text().splitlines())
    return [line for line in lines if line and not line.startswith("-")]


def write(file: str, source: str, locked: dict[str, tuple[str, str]]) -> None:
    text = f"# Made from {source} by scripts/lock_requirements.py: do not edit.\n"
    for name in sorted(locked):
        version, sha256 = locked[name]
        text += f"{name}=={version} --hash=sha256:{sha256}\n"
    (HERE / file).write_text(text)


def main() -> None:
    names = wanted("requirements.in")
    alone = [name for name in names if name.split("=")[0] in WITHOUT_ITS_OWN]
    served = report(*(name for name in names if name not in alone)) | report("--no-deps", *alone)
    write("requirements.txt", "requirements.in", served)
    pins = [f"{name}=={version}" for name, (version, _) in served.items()]
    write("requirements-test.txt", "requirements-test.in", report(*pins, *wanted("requirements-test.in")))


if __name__ == "__main__":
    main()
