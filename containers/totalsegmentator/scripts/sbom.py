"""Print the image's bill of materials, CycloneDX 1.6: its packages and its weights.

    python sbom.py WEIGHTS

Deterministic: no serial number, no time. Weights come with their digests.
"""

import importlib.metadata
import json
import sys
from pathlib import Path


def packages() -> list[dict[str, object]]:
    found = {d.metadata["Name"].lower().replace("_", "-"): d.version for d in importlib.metadata.distributions()}
    return [
        {"type": "library", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}"}
        for name, version in sorted(found.items())
    ]


def weights(sums: Path) -> list[dict[str, object]]:
    lines = (line.split("  ", 1) for line in sums.read_text().splitlines())
    return [
        {"type": "machine-learning-model", "name": name, "hashes": [{"alg": "SHA-256", "content": sha256}]}
        for sha256, name in lines
    ]


if __name__ == "__main__":
    components = packages() + weights(Path(sys.argv[1]) / "SHA256SUMS")
    print(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}, indent=1))
