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

    Args:
        stream: where it goes.
        kept: characters and sequences that pass as they are; ``re.split`` keeps what a group of it matches.
    """

    def __init__(self, stream: TextIO, kept: re.Pattern[str] = _LAYOUT) -> None:
        self._stream = stream
        self._kept = kept

    def write(self, text: str) -> int:
        parts = self._kept.split(text)
        # Every second part is what was kept.
        parts[::2] = [part if part.isprintable() else printable(part, len(part)) for part in parts[::2]]
        self._stream.write("".join(parts))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    @property
    def rich_proxied_file(self) -> PlainStream:
        """Where rich, which styles what it prints by escape codes, writes in place of this."""
        return PlainStream(self._stream, _STYLES)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def plain_streams() -> None:
    """Make stdout and stderr of this process plain."""
    if not isinstance(sys.stdout, PlainStream):
        sys.stdout, sys.stderr = PlainStream(sys.stdout), PlainStream(sys.stderr)
