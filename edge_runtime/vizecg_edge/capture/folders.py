"""Which files a list of files and folders means."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vizecg.spec import UsageError
from vizecg_edge.marks import made_of

STILL_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".tif", ".tiff", ".webp", ".bmp", ".heic", ".heif", ".pdf")
)
VIDEO_SUFFIXES = frozenset((".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mjpg", ".mjpeg", ".mpg", ".mpeg", ".ts"))


@dataclass(frozen=True, kw_only=True)
class Found:
    """``files`` to read, in order; ``skipped``: how many others lay in the folders, this program's own among them."""

    files: tuple[Path, ...]
    skipped: int = 0


def find_files(paths: Sequence[Path], *, recursive: bool = False) -> Found:
    """Files as they are given; of folders the images and PDFs in them, sorted so that 2 comes before 10.

    Args:
        paths: files and folders.
        recursive: look into the folders of folders, too.

    Raises:
        UsageError: a path leads nowhere, a folder cannot be read, or no folder has an image.
    """
    files: list[Path] = []
    skipped = 0
    # A pipe of the shell, <(...), is there as well.
    gone = [str(path) for path in paths if not os.path.exists(path)]
    if gone:
        raise UsageError(f"no such file or folder: {', '.join(gone)}")
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        try:
            stills, others = stills_in(path, recursive=recursive)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
        files += stills
        skipped += others
    if paths and not files:
        more = "" if recursive else "; --recursive looks into the folders in it, too"
        raise UsageError(f"no images in {', '.join(map(str, paths))} ({skipped} other files){more}")
    return Found(files=tuple(files), skipped=skipped)


def stills_in(folder: Path, *, recursive: bool = False) -> tuple[list[Path], int]:
    """Images and PDFs in a folder, by their endings, and how many other files there are.

    Hidden files and folders are not looked at. Overlays, sheets and reports of this program are no images.
    """
    inner = [path for path in folder.iterdir() if not path.name.startswith(".")]
    files = [path for path in inner if path.is_file()]
    stills = [path for path in files if path.suffix.lower() in STILL_SUFFIXES and made_of(path) is None]
    stills.sort(key=natural_order)
    others = len(files) - len(stills)
    if recursive:
        # A link may lead back to where it lies.
        for one in sorted((path for path in inner if path.is_dir() and not path.is_symlink()), key=natural_order):
            within, skipped = stills_in(one, recursive=True)
            stills += within
            others += skipped
    return stills, others


def natural_order(path: Path) -> tuple[list[tuple[int, int, str]], str]:
    """Sorts numbers in names by their value, then by the name itself."""
    parts = re.split(r"(\d+)", path.name.lower())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part], path.name


def is_stream(path: Path) -> bool:
    """Whether a path is read frame by frame: a video by its ending, or a pipe."""
    return path.suffix.lower() in VIDEO_SUFFIXES or is_pipe(path)


def is_pipe(path: Path) -> bool:
    """Whether it is a named pipe, or one of the shell's ``<(...)``."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except OSError:
        return False
