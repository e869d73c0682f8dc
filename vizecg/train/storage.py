"""Checkpoints on disk: there whole or not at all, whatever interrupts the writing."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from vizecg.spec import CheckpointError


def save_atomically(content: dict[str, Any], path: Path) -> None:
    """Write beside ``path``, bring it to the disk, rename: a failure leaves what was there before as it was.

    Raises:
        CheckpointError: no room, or no right to write; the message says so.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as handle:
            torch.save(content, handle)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(partial, path)
        _sync_folder(path.parent)
    except (OSError, RuntimeError) as error:
        cause = _disk_error(error)
        if cause is None:
            raise
        kept = f"; the {path.name} of before is whole" if path.exists() else ""
        raise CheckpointError(f"{path} could not be written: {cause.strerror or cause}{kept}") from error
    finally:
        with suppress(OSError):
            partial.unlink()


def _sync_folder(folder: Path) -> None:
    """The name lasts too; some file systems cannot be asked for that."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _disk_error(error: BaseException | None) -> OSError | None:
    """torch hides the error of the disk behind one of its own, raised while it closed the archive."""
    while error is not None:
        if isinstance(error, OSError):
            return error
        error = error.__cause__ or error.__context__
    return None
