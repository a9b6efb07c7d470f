#!/usr/bin/env bash
# The Python that serves TotalSegmentator on this machine, made on first use.
# Stdout: the path of the interpreter, nothing else; what is installed goes to stderr.
# IRIS_MODEL_PYTHON names one that already has requirements.txt.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ -n "${IRIS_MODEL_PYTHON:-}" ]; then
  echo "$IRIS_MODEL_PYTHON"
  exit
fi
requirements=${1:-requirements.txt}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/iris
venv=$cache/venv-$(sha256sum "$here/$requirements" | cut -c1-12)
if [ ! -e "$venv/.installed" ]; then
  python=$(command -v python3.11 || command -v python3)
  "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
    { echo "the model server's packages are locked for Python 3.11: found $("$python" --version)" >&2; exit 1; }
  echo "installing $(grep -c == "$here/$requirements") packages ($requirements: about 7 GB, most of it torch with CUDA) into $venv" >&2
  "$python" -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$here/$requirements" >&2
  touch "$venv/.installed"
fi
echo "$venv/bin/python"
