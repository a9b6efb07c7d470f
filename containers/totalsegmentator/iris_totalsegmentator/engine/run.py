"""What one run of the engine carries along: its clock, its stop flag, its workers, its count of tiles."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Barrier
from typing import TypeVar

import torch

from ..clock import Clock

Piece = TypeVar("Piece")


class Workers:
    """Threads that share out pieces of work; each works on its piece alone.

    torch splits every single operation over all processors and waits for the
    slowest, which on a busy machine costs more than it gains. Pieces are large,
    so one wait a step is enough.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        ready = Barrier(threads)
        self.pool = ThreadPoolExecutor(threads, "engine", initializer=_alone, initargs=(ready,))
        for _ in range(threads):
            self.pool.submit(int)

    def each(self, work: Callable[[Piece], None], pieces: Iterable[Piece]) -> None:
        def piece_of(piece: Piece) -> None:
            with torch.inference_mode():  # a thread's own setting
                work(piece)

        for _ in self.pool.map(piece_of, pieces):
            pass

    def spans(self, size: int, most: int) -> list[tuple[int, int]]:
        """0 … size in even spans, at least one a thread, none longer than most."""
        count = max(-(-size // most), min(self.threads, size))
        return [(size * n // count, size * (n + 1) // count) for n in range(count)]


def _alone(ready: Barrier) -> None:
    ready.wait()  # so that the pool makes all of its threads at once
    torch.set_num_threads(1)


def _nobody(done: int, total: int) -> None:
    pass


@dataclass
class Run:
    """report is told how many tiles are done, of how many in all. It is not told of a total
    that is not known yet: a tile is counted when all of them are."""

    workers: Workers
    clock: Clock = field(default_factory=Clock)
    stopped: Callable[[], bool] = lambda: False
    report: Callable[[int, int], None] = _nobody
    done: int = 0
    total: int = 0

    def expect(self, tiles: int) -> None:
        self.total = tiles
        self.report(0, tiles)

    def count(self, tiles: int) -> None:
        self.done += tiles
        if self.total:
            self.report(self.done, self.total)

    def unseen(self) -> "Run":
        """The same for work that comes before what is counted."""
        return replace(self, report=_nobody)
