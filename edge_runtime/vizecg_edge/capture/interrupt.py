"""Ctrl-C and the request to end, noticed between two steps: nothing is left half done."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SLICE_S = 0.1


class Interrupt:
    """``asked`` turns true when SIGINT or SIGTERM comes within the ``with`` block; a second one ends the process."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._notice) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def wait(self, seconds: float) -> None:
        """Sleep, but no longer than until a signal comes."""
        until = time.monotonic() + seconds
        while not self.asked and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE_S))

    def _notice(self, number: int, frame: FrameType | None) -> None:
        # A plain attribute: the handler runs between two instructions of the main thread, which may hold any lock.
        self.asked = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
