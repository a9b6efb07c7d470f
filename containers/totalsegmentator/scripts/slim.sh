#!/usr/bin/env bash
# Take from site-packages what serving never reads. The order is that of size (MB, torch 2.15).
#   triton          996  torch.compile's code generator: it needs a C compiler too, and the image has none
#   nvshmem *.bc    143  device code to link kernels of one's own with
#   libcusolverMg   119  solvers over several GPUs: no library of torch names it
#   headers, *.a    100  to build extensions
#   tests           5
set -euo pipefail
cd "${1:?slim: name the site-packages}"
before=$(du -sm . | cut -f1)
rm -rf triton triton-*.dist-info share torch/include torch/share nvidia/*/include nvidia/*/share nvidia/cu13/cccl nibabel/tests
find . -name '*.a' -delete
find . \( -path './nvidia/*.bc' -o -path './nvidia/*/libcusolverMg.so.*' \) -delete
echo "site-packages: $before MB, now $(du -sm . | cut -f1) MB" >&2
