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
