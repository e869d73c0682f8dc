"""Where tables go."""

from __future__ import annotations

import sys

from rich.console import Console

_WIDE = 200


def table_console() -> Console:
    """Standard output; in a file or a pipe a table may be as wide as it needs."""
    # Markup would swallow the brackets of `pip install '.[...]'`.
    return Console(markup=False, width=None if sys.stdout.isatty() else _WIDE)
