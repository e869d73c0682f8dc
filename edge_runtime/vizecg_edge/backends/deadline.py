"""Ends an inference that takes too long or too much memory: a model may hold a loop that never ends."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LONGEST_S = 20.0
"""Of one inference. The shipped model takes 4 ms on a PC, and a second where a processor is emulated."""
MOST_GROWTH_BYTES = 2 << 30
"""Of the process, while one inference lasts."""
_TICK_S = 0.1
_IDLE_TICKS = 20
_PAGES = Path("/proc/self/statm")


@dataclass(eq=False)
class _Run:
    ends: float
    most_bytes: float
    stop: Callable[[], None]
    why: str = ""


class Deadline:
    """Looks at inferences from a thread of its own, which is there only while some are made.

    Args:
        seconds: that one may take.
        growth: bytes by which the process may grow meanwhile; nothing is known of them but on Linux.
    """

    def __init__(self, *, seconds: float = LONGEST_S, growth: int = MOST_GROWTH_BYTES) -> None:
        self._seconds, self._growth = seconds, growth
        # Several threads put in and take out, each its own: a lock would be held for ever in a forked process.
        self._runs: set[_Run] = set()
        self._thread: threading.Thread | None = None

    @contextmanager
    def held(self, stop: Callable[[], None]) -> Iterator[Callable[[], str]]:
        """A block that lasts as long as an inference; ``stop`` is called from another thread when it must end.

        Yields:
            What tells why it was ended; empty where it was not.
        """
        run = _Run(ends=time.monotonic() + self._seconds, most_bytes=_memory_bytes() + self._growth, stop=stop)
        self._runs.add(run)
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._look, name="deadline", daemon=True)
            self._thread.start()
        try:
            yield lambda: run.why
        finally:
            self._runs.discard(run)

    def _look(self) -> None:
        idle = 0
        while idle < _IDLE_TICKS:
            time.sleep(_TICK_S)
            now, memory = time.monotonic(), _memory_bytes()
            runs = tuple(self._runs)
            idle = 0 if runs else idle + 1
            for run in runs:
                if now > run.ends:
                    run.why = f"gave no answer within {self._seconds:g} s"
                elif memory > run.most_bytes:
                    run.why = f"took more than {self._growth >> 20:,} MiB"
                if run.why:
                    run.stop()


def _memory_bytes() -> int:
    """What the process holds in memory; 0 where the system does not tell."""
    try:
        return int(_PAGES.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
