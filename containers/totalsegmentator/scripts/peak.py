"""Fail when a request takes more memory than the estimate that admits it.

python scripts/peak.py WEIGHTS SCAN.nii.gz
"""

import sys
from pathlib import Path

from iris_totalsegmentator import tuning

tuning.start()

from iris_totalsegmentator import codec, memory  # noqa: E402
from iris_totalsegmentator.options import Options  # noqa: E402
from iris_totalsegmentator.segmenter import Segmenter, Settings  # noqa: E402


def resident(field: str) -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in status if line.startswith(field))


def main() -> None:
    root, scan = map(Path, sys.argv[1:])
    segmenter = Segmenter(Settings(root, threads=2))
    body = scan.read_bytes()
    header = codec.read_header(body[: 64 << 10])
    if segmenter.resident is None:
        raise SystemExit("no resident engine")
    networks = [segmenter.resident.networks[card.id] for card in segmenter.known.tasks["total"].mode(False).models]
    estimate = memory.resident_bytes(header, segmenter.known.tasks["total"].mode(False).spacing, networks)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
    before = resident("VmRSS")
    segmenter.segment(bytearray(body), Options("total"))
    taken = resident("VmHWM") - before
    print(f"estimate {estimate >> 20} MB, taken {taken >> 20} MB")
    if taken > estimate:
        raise SystemExit("more than the estimate")


if __name__ == "__main__":
    main()
