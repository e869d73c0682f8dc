"""What a network looks at."""

from __future__ import annotations

from enum import Enum


class Modality(str, Enum):
    """Signals, pictures, or both."""

    SIGNAL = "signal"
    IMAGE = "image"
    BOTH = "both"

    @property
    def has_signal(self) -> bool:
        return self is not Modality.IMAGE

    @property
    def has_image(self) -> bool:
        return self is not Modality.SIGNAL
