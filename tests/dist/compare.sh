#!/bin/sh
# Two runs of make dist of one commit gave the same bytes. In: the checksums of each.
set -eu
[ "$(grep -c 'iris_.*_\(linux\|darwin\|windows\)_\(amd64\|arm64\)\.\(tar\.gz\|zip\)$' "$1")" = 6 ] || { echo "$1 does not list six archives"; exit 1; }
diff "$1" "$2" && echo "the same bytes: $(grep -c . "$1") files"
