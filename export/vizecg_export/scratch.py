"""A folder for a bundle under construction, which leaves nothing behind."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from vizecg.spec.manifest import Bundle


@contextlib.contextmanager
def scratch_folder(out: Path) -> Iterator[Path]:
    """A hidden folder beside ``out``, on the same file system, deleted at the end.

    Its name tells the process: what a killed export left is deleted by the next one.
    """
    _sweep(out)
    folder = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}-{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def bundle_copy(bundle: Bundle) -> Iterator[Path]:
    """A folder with copies of all files of a bundle but its manifest, beside it: what is changed there and published
    replaces it whole or not at all."""
    with scratch_folder(bundle.path) as scratch:
        folder = scratch / "bundle"
        folder.mkdir()
        for name in bundle.manifest.files:
            shutil.copy2(bundle.file(name), folder / name)
        yield folder


def _sweep(out: Path) -> None:
    pattern = re.compile(rf"\.{re.escape(out.name)}-(\d+)-\w+")
    for found in out.parent.glob(f".{glob.escape(out.name)}-*"):
        match = pattern.fullmatch(found.name)
        if match and found.is_dir() and not _runs(int(match[1])):
            shutil.rmtree(found, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
