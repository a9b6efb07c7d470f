#!/bin/sh
# The SBOM of a program, CycloneDX as JSON, out of what the Go linker wrote into it. It has
# no serial number, and its time is the commit's, so that the same program has the same SBOM.
set -eu
"$CYCLONEDX" bin -json -noserial -std -version "$IRIS_VERSION" -output "$2.tmp" "$1"
sed 's/^\( *"timestamp": \)"[^"]*"/\1"'"$IRIS_DATE"'"/' "$2.tmp" >"$2"
rm "$2.tmp"
