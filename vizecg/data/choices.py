"""What the command line lets one choose; imported before anything heavy is."""

from __future__ import annotations

from enum import Enum


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
    """How ``vizecg render`` draws: the plain print, any printer's, the paper's pages, or ecg_plot itself."""

    PLAIN = "plain"
    RANDOM = "random"
    PAPER = "paper"
    ECG_PLOT = "ecg-plot"


class PictureFormat(str, Enum):
    """Files that ``vizecg render`` and ``vizecg photograph`` write."""

    PNG = "png"
    JPG = "jpg"
    PDF = "pdf"
