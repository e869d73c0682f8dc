"""Label vectors as integers, for indexes of hundreds of thousands of records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

UNKNOWN_LABELS = -1
"""The diagnoses of this record are not known."""
_WIDTHS: tuple[tuple[int, type], ...] = ((7, np.int8), (15, np.int16), (31, np.int32), (63, np.int64))
"""Most labels -> the smallest type that holds their bits beside ``UNKNOWN_LABELS``."""


def pack_labels(labels: np.ndarray | None) -> int:
    """float32 (labels,) of 0 and 1 -> bits, the first label lowest; None -> ``UNKNOWN_LABELS``."""
    if labels is None:
        return UNKNOWN_LABELS
    return sum(int(value) << bit for bit, value in enumerate(labels))


def unpack_labels(packed: int, count: int) -> np.ndarray | None:
    """The inverse of ``pack_labels`` for ``count`` labels."""
    if packed == UNKNOWN_LABELS:
        return None
    return np.array([packed >> bit & 1 for bit in range(count)], dtype=np.float32)


def packed_array(packed: Sequence[int], count: int) -> np.ndarray:
    """(n,) packed labels in as few bytes as ``count`` labels need; more than 63 stay Python's integers."""
    return np.array(packed, dtype=next((kind for most, kind in _WIDTHS if count <= most), object))
