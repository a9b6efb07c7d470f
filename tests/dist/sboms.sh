#!/bin/bash
# The SBOMs of what no Go linker writes down, CycloneDX as JSON, into the folder $1: the
# modules of the functions and of S3, the page, the packages that run the workflow and the
# job table, and the model server. CYCLONEDX and CYCLONEDX_PY are the programs that make
# them. No serial number, and the commit's time: the same commit has the same SBOMs.
set -euo pipefail
out=$1
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# still takes what differs from run to run out of an SBOM.
still() {
  node -e '
    const bom = JSON.parse(require("fs").readFileSync(0, "utf8"));
    if (!Array.isArray(bom.components) || bom.components.length < 1) throw new Error("an SBOM without components");
    delete bom.serialNumber;
    bom.metadata = { ...bom.metadata, timestamp: process.env.IRIS_DATE };
    process.stdout.write(JSON.stringify(bom, null, 1) + "\n");' >"$out/$1.cdx.json"
}

# Of the modules' SBOMs what is tested with alone is no part.
"$CYCLONEDX" mod -json -noserial -output "$work/go.json" . && still iris-go-modules <"$work/go.json"
"$CYCLONEDX" mod -json -noserial -output "$work/s3.json" s3 && still iris-s3-modules <"$work/s3.json"

# npm wants a version, which a package that is never published has not.
npm_bom() {
  mkdir -p "$work/$1"
  cp "$2/package.json" "$2/package-lock.json" "$work/$1/"
  (cd "$work/$1" && npm pkg set version=0.0.0 name="$1" >/dev/null &&
    node -e 'const f = "package-lock.json", l = JSON.parse(require("fs").readFileSync(f)); l.version = l.packages[""].version = "0.0.0"; require("fs").writeFileSync(f, JSON.stringify(l));' &&
    npm sbom --sbom-format cyclonedx --package-lock-only) >"$work/$1.json"
  still "$1" <"$work/$1.json"
}
npm_bom iris-page web
npm_bom iris-workflow internal/local/node

"$CYCLONEDX_PY" requirements --output-reproducible --of JSON containers/totalsegmentator/requirements.txt >"$work/model.json" 2>/dev/null
still iris-totalsegmentator <"$work/model.json"
