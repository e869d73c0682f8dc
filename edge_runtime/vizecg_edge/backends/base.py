"""What every inference engine looks like to the pipeline."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Backend(Protocol):
    """One loaded artefact."""

    @property
    def name(self) -> str:
        """Engine and device, for example ``onnxruntime-cpu``."""

    def logits(self, image: np.ndarray) -> np.ndarray:
        """Preprocessed sheet float32 (1, 1, H, W) -> logits float32 (6,)."""
