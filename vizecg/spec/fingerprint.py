"""Hashes of files and of lists of record ids."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def sha256_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    with path.open("rb") as handle:
        digest = hashlib.sha256()
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def sha256_ids(ids: Iterable[str]) -> str:
    """Hash of a set of record ids, whatever their order."""
    return sha256_bytes("\n".join(sorted(ids)).encode())
