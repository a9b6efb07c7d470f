"""Seconds per step of one request."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock(dict[str, float]):
    """step → seconds, in the order in which the steps first began."""

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        begun = time.perf_counter()
        self.setdefault(step, 0.0)
        try:
            yield
        finally:
            self[step] += time.perf_counter() - begun
