"""Writing files so that they are there whole or not at all, and where those go that can be made again."""

from __future__ import annotations

import os
from pathlib import Path


def write_atomically(path: Path, data: bytes | str) -> None:
    """Write under a temporary name beside ``path``, then rename; a failed write leaves neither file behind."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(data.encode() if isinstance(data, str) else data)
        os.replace(partial, path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def user_cache() -> Path:
    """The project's folder in the user's cache, which may be deleted at any time: $XDG_CACHE_HOME/vizecg."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vizecg"
