#!/usr/bin/env bash
# make lock WEIGHTS=DIR: pin what the image is made of. Run at the first real build
# and whenever the base or the weights change; commit what it writes.
#   requirements.txt, requirements-test.txt   versions and hashes
#   base.lock                                 the base image by digest
#   weights/                                  safetensors (not committed) and
#   weights.sha256                            their digests (committed, checked at build and start)
set -euo pipefail
cd "$(dirname "$0")/.."
weights=${1:?lock: WEIGHTS must name a folder of nnU-Net weights (Dataset291_… and so on)}
base=python:3.11-slim-bookworm
docker pull --quiet "$base" >/dev/null
digest=$(docker image inspect --format '{{index .RepoDigests 0}}' "$base")
python3.11 scripts/lock_requirements.py
python=$(./environment.sh requirements.txt)
PYTHONPATH=. "$python" scripts/convert_weights.py "$weights" weights
cp weights/SHA256SUMS weights.sha256
echo "$digest" >base.lock
echo "locked: $digest, $(grep -c == requirements.txt) packages, $(wc -l <weights.sha256) weight files"
