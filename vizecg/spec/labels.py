"""The six labels and the twelve leads, each in its one order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

import numpy as np


class Label(str, Enum):
    """A diagnosis of the CODE-15% label set. Iteration order is the order of every label vector."""

    AVB1 = "1dAVb"
    RBBB = "RBBB"
    LBBB = "LBBB"
    SB = "SB"
    AF = "AF"
    ST = "ST"

    @property
    def description(self) -> str:
        return _DESCRIPTIONS[self]


_DESCRIPTIONS = {
    Label.AVB1: "first-degree AV block",
    Label.RBBB: "right bundle branch block",
    Label.LBBB: "left bundle branch block",
    Label.SB: "sinus bradycardia",
    Label.AF: "atrial fibrillation",
    Label.ST: "sinus tachycardia",
}

LABELS: tuple[str, ...] = tuple(label.value for label in Label)
LEADS: tuple[str, ...] = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")

INTENDED_USE = "Decision support for research use. Not a diagnosis; a clinician must read the ECG."


def label_vector(present: Iterable[str] | Mapping[str, object]) -> np.ndarray:
    """Labels by name -> float32 (6,) of 0 and 1.

    Args:
        present: the names that are present, or a mapping of name to a truth value.

    Raises:
        ValueError: a name is not one of the six.
    """
    names = [name for name, value in present.items() if value] if isinstance(present, Mapping) else list(present)
    unknown = [name for name in names if name not in LABELS]
    if unknown:
        raise ValueError(f"unknown label {unknown[0]!r}: expected some of {', '.join(LABELS)}")
    return np.array([label in names for label in LABELS], dtype=np.float32)
