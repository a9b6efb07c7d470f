"""What is counted of a request's work, as lines of the log.

In: tiles done and tiles in all. Out: at most a line every two seconds, and one at the
first and the last tile: tests/contract/fixtures/progress.json. A container on SageMaker
can store nothing but its answer (EnableNetworkIsolation), and its log goes to CloudWatch;
on one machine `iris up` reads the same lines and shows them in the job.
"""

import logging
import re
import time
from collections.abc import Callable

EVERY = 2.0  # seconds
INFERENCE = "x-amzn-sagemaker-inference-id"
_PLAIN = re.compile(r"[0-9A-Za-z-]{1,64}")


class Progress:
    """Called by the thread that works on the request; inference: whose it is, as SageMaker names it."""

    def __init__(self, log: logging.Logger, inference: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.log, self.clock = log, clock
        self.inference = inference if _PLAIN.fullmatch(inference) else ""
        self.said = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = self.clock()
        if 0 < done < total and now - self.said < EVERY:
            return
        self.said = now
        fields = {"done": done, "total": total, "unit": "tiles", "inference": self.inference}
        self.log.info("progress", extra={"fields": fields})
