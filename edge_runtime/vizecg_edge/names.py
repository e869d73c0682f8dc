"""Names of files that are made of the names of other files: any terminal prints them, any file system takes them."""

from __future__ import annotations

import os
from pathlib import Path

from vizecg.spec.checks import printable
from vizecg.spec.fingerprint import sha256_bytes

LONGEST_BYTES = 255
"""What nearly all file systems take for one name."""
_DIGEST = 16


def file_name(wanted: str, ending: str = "", *, longest_bytes: int = LONGEST_BYTES, distinct: bool = False) -> str:
    """``wanted`` with ``ending``; what is too long is cut, and ends in a digest of the whole.

    Args:
        wanted: of any characters and any length.
        ending: of printable ASCII.
        longest_bytes: of the result.
        distinct: two names never become one: a name with characters that are written as escapes has a digest, too.
    """
    plain = printable(wanted, len(wanted))
    fits = len((plain + ending).encode()) <= longest_bytes
    if fits and (plain == wanted or not distinct):
        return plain + ending
    told = f"-{sha256_bytes(os.fsencode(wanted))[:_DIGEST]}{ending}"
    return plain.encode()[: longest_bytes - len(told)].decode(errors="ignore") + told


def longest_name(folder: Path) -> int:
    """How many bytes a name in this folder may have."""
    try:
        return min(LONGEST_BYTES, os.pathconf(folder, "PC_NAME_MAX"))
    except (AttributeError, OSError, ValueError):
        return LONGEST_BYTES
