"""Decodes the JPEG-LS streams of a folder as CharLS and FFmpeg do (PyPI: imagecodecs, av),
which must agree: N.stream becomes N.samples."""
import json
import sys
from pathlib import Path

import av
import imagecodecs
import numpy as np


def ffmpeg(stream: bytes, precision: int) -> np.ndarray:
    frame = av.CodecContext.create("jpegls", "r").decode(av.Packet(stream))[0]
    word = 16 if "16" in frame.format.name else 8
    samples = np.frombuffer(bytes(frame.planes[0]), f"<u{word // 8}").reshape(frame.height, -1)[:, : frame.width]
    return samples.astype(np.int64) >> (word - precision)  # it moves samples up to the highest bit


folder = Path(sys.argv[1])
for n, entry in enumerate(json.loads((folder / "index.json").read_text())):
    stream = (folder / f"{n}.stream").read_bytes()
    answers = []
    for name, decode in (("CharLS", imagecodecs.jpegls_decode), ("FFmpeg", lambda s: ffmpeg(s, entry["Precision"]))):
        if name not in (entry["Without"] or []):
            try:
                answers.append(np.asarray(decode(stream)).astype(np.int64))
            except Exception as error:
                sys.exit(f"{name} refuses {entry['Name']}: {error}")
    if len(answers) == 2 and (answers[0] != answers[1]).any():
        sys.exit(f"CharLS and FFmpeg differ: {entry['Name']}")
    (folder / f"{n}.samples").write_bytes(answers[0].astype(f"<i{entry['Bits'] // 8}").tobytes())
