#!/bin/bash
# Shows that the suite finds planted defects. Each *.patch beside this script is applied to a
# copy of the tracked files, where seeds run until one finds it. The second line of a patch
# says by what accusation ("Found by: …", an extended regular expression). It fails if a
# patch does not apply any more, does not compile, or is not found. Arguments: names of
# patches; without any, all. CHAOS_RUNS: how many seeds are tried (60).
set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
(cd "$root" && git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- -cf -) | tar -xf - -C "$copy"
mkdir -p "$copy/build" && ln -s "$root/build/node" "$copy/build/node"
cd "$copy"
patches=("$@")
[ ${#patches[@]} -gt 0 ] || patches=("$here"/*.patch)
missed=0
for patch in "${patches[@]}"; do
  name=$(basename "$patch" .patch)
  patch="$here/$name.patch"
  by=$(sed -n 's/^Found by: //p' "$patch")
  patch -p1 --fuzz=0 --forward --batch --quiet < "$patch" || { echo "$name: the patch does not apply any more"; exit 1; }
  go vet ./tests/chaos || { echo "$name: it does not compile"; exit 1; }
  begun=$(date +%s)
  if CHAOS_STOP=1 GOGC=400 CHAOS_RUNS=${CHAOS_RUNS:-60} go test -count=1 -parallel 1 -timeout 60m -run '^TestChaos$' ./tests/chaos > found.txt 2>&1; then
    echo "$name: NOT FOUND by ${CHAOS_RUNS:-60} seeds"
    missed=1
  elif accusation=$(grep -m1 -E "(seed [0-9]+|undisturbed): .*($by)" found.txt); then
    echo "$name: found in $(($(date +%s) - begun)) s: ${accusation#*: }"
  else
    echo "$name: something else failed:"
    head -20 found.txt
    missed=1
  fi
  patch -p1 --reverse --batch --quiet < "$patch"
done
exit $missed
