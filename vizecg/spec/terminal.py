"""What the command line tools write to: streams that let no escape code of a file's name through to the terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from vizecg.spec.checks import printable

_LAYOUT = re.compile(r"([\n\t\r])")
_STYLES = re.compile(r"(\x1b\[[0-9;?]*[A-KlhmJ]|[\n\t\r])")
"""Colours and the movements of a progress bar. No titles, links or clipboards: these reach beyond the screen."""


class PlainStream:
    """A text stream that writes what is no printable character as its escape (``\\x1b``), lines and tabs aside.

    rich styles what it prints by escape codes: it is given a stream that lets those through.

    Args:
        stream: where it goes.
        styled: colours and movements pass.
    """

    def __init__(self, stream: TextIO, *, styled: bool = False) -> None:
        self._stream = stream
        self._styled = styled

    def write(self, text: str) -> int:
        # While rich shows a progress bar it stands in place of this, and alone writes to it.
        styled = self._styled or (self is not sys.stdout and self is not sys.stderr)
        parts = (_STYLES if styled else _LAYOUT).split(text)
        # Every second part is what was kept.
        parts[::2] = [part if part.isprintable() else printable(part, len(part)) for part in parts[::2]]
        self._stream.write("".join(parts))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    @property
    def rich_proxied_file(self) -> PlainStream:
        """Where rich writes in place of this; it asks for it by that name."""
        return PlainStream(self._stream, styled=True)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def plain_streams() -> None:
    """Make stdout and stderr of this process plain."""
    if not isinstance(sys.stdout, PlainStream):
        sys.stdout, sys.stderr = PlainStream(sys.stdout), PlainStream(sys.stderr)
