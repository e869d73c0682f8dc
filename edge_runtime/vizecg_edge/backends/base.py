"""What every inference engine looks like to the pipeline."""

from __future__ import annotations

import os
from typing import Protocol

import numpy as np


class Backend(Protocol):
    """One loaded artefact. Several threads may ask it at once; each gets the answer to its own image."""

    @property
    def name(self) -> str:
        """Engine and device, for example ``onnxruntime-cpu``."""

    def logits(self, image: np.ndarray) -> np.ndarray:
        """Preprocessed sheet float32 (1, 1, H, W) -> logits float32 (labels,)."""

    def close(self) -> None:
        """Give memory and processes back; more than once does no harm. It answers nothing afterwards."""


def thread_count(asked: int) -> int:
    """``asked``, and for 0 one per core that this process may use."""
    return asked or len(os.sched_getaffinity(0))
