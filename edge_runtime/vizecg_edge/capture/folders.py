"""Which files a list of files and folders means."""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

STILL_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".tif", ".tiff", ".webp", ".bmp", ".heic", ".heif", ".pdf")
)
VIDEO_SUFFIXES = frozenset((".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mjpg", ".mjpeg", ".mpg", ".mpeg", ".ts"))


@dataclass(frozen=True, kw_only=True)
class Found:
    """``files`` to read, in order; ``skipped``: how many others lay in the folders."""

    files: tuple[Path, ...]
    skipped: int = 0


def find_files(paths: Sequence[Path]) -> Found:
    """Files as they are given; of folders the images and PDFs directly in them, sorted so that 2 comes before 10."""
    files: list[Path] = []
    skipped = 0
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        stills, others = stills_in(path)
        files += stills
        skipped += others
    return Found(files=tuple(files), skipped=skipped)


def stills_in(folder: Path) -> tuple[list[Path], int]:
    """Images and PDFs directly in a folder, by their endings, and how many other files there are. Hidden ones are not
    looked at."""
    files = [path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file()]
    stills = [path for path in files if path.suffix.lower() in STILL_SUFFIXES]
    return sorted(stills, key=natural_order), len(files) - len(stills)


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
