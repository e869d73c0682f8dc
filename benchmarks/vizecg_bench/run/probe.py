"""A fixed piece of work, done between measurements: whether the processor became slower during the run."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

import numpy as np

PIECE_S = 1e-3
PIECES = 3
STRETCHES = 10
LEAST_PROBES = 3
"""In a stretch: of fewer, the median follows a single disturbed one."""
BLOCK = bytes(1 << 16)
"""Fits the second-level cache of any processor: memory that others use must not show."""


class Probe:
    """Hashes a block so often that one piece takes about a millisecond here; a call does three, and notes the best.

    The processor time of this thread is taken, not the clock's: it does not count the time in which another program
    has the core, but a lower clock frequency makes it longer all the same. The best of three, because what interrupts
    a piece (an interrupt, a cold cache, the frequency still rising after a pause) is gone in the next one, whereas
    throttling lasts. Hashing stays in C, so that neither the interpreter nor its lock is measured.
    """

    def __init__(self) -> None:
        self._blocks = 1
        while min(_piece_s(self._blocks) for _ in range(PIECES)) < PIECE_S:
            self._blocks *= 2
        self.seconds: list[float] = []

    def __call__(self) -> None:
        self.seconds.append(min(_piece_s(self._blocks) for _ in range(PIECES)))

    @property
    def slowed(self) -> float | None:
        """See ``slowed``."""
        return slowed(self.seconds)


def slowed(seconds: Sequence[float]) -> float | None:
    """How much longer the work took in the slowest tenth of the run than in the quickest.

    The run is cut into ten stretches (fewer if there are not three probes for each), and their medians are compared:
    one slow probe, or a few, leave a median where it is, but a processor that is slower for a tenth of the run does
    not. Extremes of single probes would tell of every preemption; first against last would miss a processor that
    recovers.

    Returns:
        For example 0.25 for a quarter longer; None with fewer than six probes.
    """
    stretches = min(STRETCHES, len(seconds) // LEAST_PROBES)
    if stretches < 2:
        return None
    medians = [float(np.median(part)) for part in np.array_split(np.asarray(seconds), stretches)]
    return round(max(medians) / min(medians) - 1, 4)


def _piece_s(blocks: int) -> float:
    digest = hashlib.sha256()
    began = time.thread_time()
    for _ in range(blocks):
        digest.update(BLOCK)
    return time.thread_time() - began
