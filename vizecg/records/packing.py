"""Label vectors as small integers, for indexes of hundreds of thousands of records."""

from __future__ import annotations

import numpy as np

from vizecg.spec import LABELS

UNKNOWN_LABELS = -1
"""The diagnoses of this record are not known."""


def pack_labels(labels: np.ndarray | None) -> int:
    """float32 (6,) of 0 and 1 -> bits, the first label lowest; None -> ``UNKNOWN_LABELS``."""
    if labels is None:
        return UNKNOWN_LABELS
    return sum(int(value) << bit for bit, value in enumerate(labels))


def unpack_labels(packed: int) -> np.ndarray | None:
    """The inverse of ``pack_labels``."""
    if packed == UNKNOWN_LABELS:
        return None
    return np.array([packed >> bit & 1 for bit in range(len(LABELS))], dtype=np.float32)
