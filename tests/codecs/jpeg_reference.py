"""Decodes the JPEG streams of a folder as libjpeg-turbo and Thomas Richter's libjpeg do
(PyPI: imagecodecs, pylibjpeg-libjpeg), which must agree: N.stream becomes N.samples."""
import json
import sys
from pathlib import Path

import imagecodecs
import libjpeg
import numpy as np

folder = Path(sys.argv[1])
apart = 0
for n, entry in enumerate(json.loads((folder / "index.json").read_text())):
    stream = (folder / f"{n}.stream").read_bytes()
    answers = []
    for name, decode in (("libjpeg-turbo", imagecodecs.jpeg8_decode), ("libjpeg", libjpeg.decode)):
        if name not in (entry["Without"] or []):
            try:
                answers.append(np.asarray(decode(stream)).astype(np.int64))
            except Exception as error:
                sys.exit(f"{name} refuses {entry['Name']}: {error}")
    if len(answers) == 2 and abs(answers[0] - answers[1]).max() > entry["Tolerance"]:
        apart += 1
        print(f"libjpeg-turbo and libjpeg differ: {entry['Name']}", file=sys.stderr)
    (folder / f"{n}.samples").write_bytes(answers[0].astype(f"<i{entry['Bits'] // 8}").tobytes())
sys.exit(apart > 0)
