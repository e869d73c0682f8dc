"""What the command line tools write to: streams that let no escape code of a file's name through to the terminal."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from vizecg.spec.checks import printable
from vizecg.spec.errors import OutputError

_LAYOUT = re.compile(r"([\n\t])")
_STYLES = re.compile(r"(\x1b\[[0-9;?]*[A-KlhmJ]|[\n\t\r])")
"""Colours and the movements of a progress bar. No titles, links or clipboards: these reach beyond the screen."""


class PlainStream:
    """A text stream that writes what is no printable character as its escape (``\\x1b``), lines and tabs aside.

    rich styles what it prints by escape codes: it is given a stream that lets those through.

    Args:
        stream: where it goes.
        styled: colours and movements pass.
        needed: what cannot be written is an error; else it is lost, as lines for people who look no longer are.
        closed: nobody reads it.
    """

    def __init__(self, stream: TextIO, *, styled: bool = False, needed: bool = True, closed: bool = False) -> None:
        self._stream = stream
        self._styled = styled
        self._needed = needed
        self._closed = closed

    def write(self, text: str) -> int:
        # While rich shows a progress bar it stands in place of this, and alone writes to it.
        styled = self._styled or (self is not sys.stdout and self is not sys.stderr)
        parts = (_STYLES if styled else _LAYOUT).split(text)
        # Every second part is what was kept.
        parts[::2] = [part if part.isprintable() else printable(part, len(part)) for part in parts[::2]]
        with self._reaching():
            if self._closed:
                raise BrokenPipeError
            self._stream.write("".join(parts))
        return len(text)

    def flush(self) -> None:
        with self._reaching():
            self._stream.flush()

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    @property
    def rich_proxied_file(self) -> PlainStream:
        """Where rich writes in place of this; it asks for it by that name."""
        return PlainStream(self._stream, styled=True, needed=self._needed, closed=self._closed)

    @contextlib.contextmanager
    def _reaching(self) -> Iterator[None]:
        """Errors of writing, as they are to be told.

        Raises:
            OutputError: nobody reads it, or no more.
            OSError: it cannot be written for another reason.
        """
        try:
            yield
        except BrokenPipeError as error:
            _nowhere(self._stream)
            if self._needed:
                raise OutputError("stdout is closed: what was to be printed is lost") from error
        except OSError:
            if self._needed:
                raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def plain_streams() -> None:
    """Make stdout and stderr of this process plain.

    A descriptor of the three that the process was started without leads nowhere from then on: a file would get its
    number, and what libraries write to stderr.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest that is free.
            os.open(os.devnull, os.O_RDWR)
    if not isinstance(sys.stdout, PlainStream):
        sys.stdout = _plain(sys.stdout, needed=True)
        sys.stderr = _plain(sys.stderr, needed=False)


def _plain(stream: TextIO | None, *, needed: bool) -> PlainStream:
    """Python has None for a stream that the process was started without."""
    if stream is None:
        return PlainStream(open(os.devnull, "w"), needed=needed, closed=True)
    return PlainStream(stream, needed=needed)


def _nowhere(stream: TextIO) -> None:
    """What is still to be written, at the end of the process at the latest, meets no error again."""
    with contextlib.suppress(OSError, ValueError):
        there = os.open(os.devnull, os.O_WRONLY)
        os.dup2(there, stream.fileno())
        os.close(there)
