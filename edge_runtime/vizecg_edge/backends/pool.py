"""Contexts that one thread at a time may use: as many are made as are used at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from vizecg.spec import BundleError


class Closable(Protocol):
    def close(self) -> None: ...


T = TypeVar("T", bound=Closable)


class Pool(Generic[T]):
    """Lends contexts, and makes one where all are lent.

    Args:
        make: makes one. The first is made at once, so that what is wrong is known early.
    """

    def __init__(self, *, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._idle: list[T] = [make()]
        self._closed = False

    @contextlib.contextmanager
    def lend(self) -> Iterator[T]:
        """One for this thread alone, until the block ends.

        Raises:
            BundleError: the pool is closed.
        """
        with self._lock:
            if self._closed:
                raise BundleError("the engine is closed")
            context = self._idle.pop() if self._idle else None
        if context is None:
            context = self._make()
        try:
            yield context
        finally:
            with self._lock:
                closed = self._closed
                if not closed:
                    self._idle.append(context)
            if closed:
                context.close()

    def close(self) -> None:
        """Close the idle ones now, and the others when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for context in idle:
            context.close()
