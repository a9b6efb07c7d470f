#!/usr/bin/env bash
# make run: start the stack on this machine, send it a scan, show what came of it.
set -euo pipefail
scan=${1:-}
mkdir -p out
if [ -z "$scan" ]; then
  scan=out/sample.nii.gz
  echo "making a synthetic CT of a torso: $scan"
  bin/iris sample "$scan"
fi
state=$(mktemp -d)
log=out/iris-up.log
bin/iris up --state "$state" --http 127.0.0.1:0 --aws 127.0.0.1:0 --linger 5s --json >"$state/said" 2>"$log" &
up=$!
trap 'kill -TERM "$up" 2>/dev/null; wait "$up" 2>/dev/null; rm -rf "$state"' EXIT
for _ in $(seq 300); do
  [ -s "$state/said" ] && break
  kill -0 "$up" 2>/dev/null || { echo "iris up ended:"; tail -20 "$log"; exit 1; }
  sleep 0.1
done
[ -s "$state/said" ] || { echo "iris up did not become ready:"; tail -20 "$log"; exit 1; }
bin/iris run "$scan" --state "$state" -o out/model.glb | tee out/job.txt
job=$(head -1 out/job.txt | cut -d' ' -f1)
for picture in scan.png preview.png check.png; do
  bin/iris get "$job" --state "$state" --artifact "$picture" -o "out/$picture"
done
echo "the model lies in out/model.glb ($(stat -c %s out/model.glb) bytes), pictures of it in out/preview.png and out/check.png, and one of the scan in out/scan.png"
