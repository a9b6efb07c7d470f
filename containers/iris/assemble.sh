#!/usr/bin/env bash
# What of a built checkout the stack needs, in a folder of its own: containers/iris/Dockerfile
# runs it, docs/onprem.md does for a machine without Docker, and tests/e2e does to try both.
# In: a folder that is not there. `make build` has to have run.
set -euo pipefail
cd "$(dirname "$0")/../.."
to=${1:?"name the folder to make, as /opt/iris"}
[ ! -e "$to" ] || { echo "$to is there already: name another folder"; exit 1; }
[ -x bin/iris ] && [ -x build/s3 ] || { echo "make build first"; exit 1; }
fresh=$to.assembling
rm -rf "$fresh" && mkdir -p "$fresh/bin" "$fresh/build/node"
cp bin/iris "$fresh/bin/"
cp -r template.yaml statemachine LICENSE "$fresh/"
rm -f "$fresh"/statemachine/*.go
for main in functions/*/main.go; do
  name=$(basename "$(dirname "$main")")
  mkdir "$fresh/build/$name" && cp "build/$name/bootstrap" "$fresh/build/$name/"
done
cp build/s3 build/tissue "$fresh/build/"
cp -r build/node/node_modules "$fresh/build/node/"
chmod -R a+rX,go-w "$fresh"
mv "$fresh" "$to"
