"""What there is one of in a process: how many threads OpenCV and BLAS take, which warnings are shown, and stderr.

A library leaves these as it finds them. What a read needs otherwise it takes for as long as it lasts: with several
reads at once, from the beginning of the first to the end of the last.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import cv2
from PIL import Image
from threadpoolctl import ThreadpoolController, threadpool_limits


def use_threads(threads: int) -> None:
    """Hold OpenCV and BLAS to so many threads from now on; 0 takes one each. For commands, whose process it is.

    Pictures and matrices here are too small for more than one to pay.
    """
    cv2.setNumThreads(threads or 1)
    threadpool_limits(threads or 1, user_api="blas")


class _ThreadLimit:
    """The fewest threads that any block in progress asks for, and no more than there were before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: list[int] = []
        self._opencv = 0
        self._blas: list[tuple[Any, int]] = []

    @contextmanager
    def held(self, threads: int) -> Iterator[None]:
        with self._lock:
            if not self._asked:
                self._opencv = cv2.getNumThreads()
                libraries = ThreadpoolController().select(user_api="blas").lib_controllers
                self._blas = [(library, library.num_threads) for library in libraries]
            self._asked.append(threads)
            self._set(min(self._asked))
        try:
            yield
        finally:
            with self._lock:
                self._asked.remove(threads)
                self._set(min(self._asked, default=None))

    def _set(self, most: int | None) -> None:
        """None: as it was before."""
        cv2.setNumThreads(self._opencv if most is None else min(most, self._opencv))
        for library, before in self._blas:
            library.set_num_threads(before if most is None else min(most, before))


class _Quiet:
    """Pillow's warnings of damaged metadata, which are not needed, and of large pictures, whose size is checked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks = 0
        self._shown = warnings.catch_warnings()

    @contextmanager
    def held(self) -> Iterator[None]:
        # Threads that each had a catch_warnings of their own would restore one another's filters.
        with self._lock:
            if not self._blocks:
                self._shown = warnings.catch_warnings()
                self._shown.__enter__()
                warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
                warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
            self._blocks += 1
        try:
            yield
        finally:
            with self._lock:
                self._blocks -= 1
                if not self._blocks:
                    self._shown.__exit__(None, None, None)


_DECODERS = re.compile(
    r"(?:\[.*\] global \S*grfmt_\S+ (?:\(\d+\) )?(?:\w+ )?(?P<opencv>.*))"
    r"|(?P<other>(?:Corrupt JPEG data|Inconsistent progression|Premature end of JPEG|Invalid SOS parameters"
    r"|Warning: unknown JFIF|Unknown Adobe|JPEGLib|Fax\w+|LZW\w+|PackBits\w+|Zip\w+|ZIP\w+|TIFF\w+|tempfile\.tif"
    r"|libpng (?:warning|error)).*)"
)


def _scratch() -> IO[bytes]:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("stderr"), "w+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)


class _Messages:
    """What the decoders within OpenCV and Pillow write to stderr: it is all that they tell of a damaged picture."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[list[str]]:
        told: list[str] = []
        # One at a time: of two pictures nothing would tell which of them is meant.
        with self._lock, contextlib.ExitStack() as stack:
            try:
                scratch = stack.enter_context(_scratch())
                stderr = os.dup(2)
            except OSError:
                # No stderr, or nowhere to put what is written to it.
                yield told
                return
            os.dup2(scratch.fileno(), 2)
            try:
                yield told
            finally:
                os.dup2(stderr, 2)
                os.close(stderr)
                scratch.seek(0)
                for line in scratch.read().splitlines(keepends=True):
                    theirs = _DECODERS.fullmatch(line.decode(errors="replace").rstrip())
                    if theirs:
                        told.append(theirs["opencv"] or theirs["other"])
                        continue
                    # Another thread's, or another library's.
                    with contextlib.suppress(OSError):
                        os.write(2, line)


limited_threads = _ThreadLimit().held
"""``with limited_threads(2):`` no more threads than this for OpenCV and BLAS, in the whole process, until its end."""
quiet_pillow = _Quiet().held
"""``with quiet_pillow():`` Pillow's warnings about a file are not shown."""
decoder_messages = _Messages().held
"""``with decoder_messages() as said:`` the lines of decoders are in ``said`` at its end, and not on stderr."""
