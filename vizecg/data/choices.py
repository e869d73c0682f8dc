"""What the command line lets one choose; imported before anything heavy is."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from vizecg.spec.errors import UsageError


class OnBad(str, Enum):
    """What becomes of a record that cannot be read or fails its checks."""

    SKIP = "skip"
    FAIL = "fail"


class SynthFormat(str, Enum):
    """Layout of the files of a synthetic data set."""

    CODE15 = "code15"
    WFDB = "wfdb"
    STORE = "store"


class Look(str, Enum):
    """How ``vizecg render`` draws: the plain print, any printer's, whole pages as recorders print them, the paper's
    pages, or ecg_plot itself."""

    PLAIN = "plain"
    RANDOM = "random"
    PAGE = "page"
    PAPER = "paper"
    ECG_PLOT = "ecg-plot"


class PictureFormat(str, Enum):
    """Files that ``vizecg render`` and ``vizecg photograph`` write."""

    PNG = "png"
    JPG = "jpg"
    PDF = "pdf"


def source_place(data: str, root: Path | None) -> tuple[str, Path | None]:
    """Name of a source and the folder of its records: ``NAME:FOLDER``, or ``NAME`` with ``root`` beside it.

    Raises:
        UsageError: a folder is named twice.
    """
    name, _, folder = data.partition(":")
    if folder and root is not None:
        raise UsageError(f"--data {data} names a folder, and so does --root: expected one of them")
    return name, Path(folder) if folder else root
