"""What a worker process and its parent tell each other. A program's own module has another name in the parent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np


class Command(str, Enum):
    """``(RUN, n)``: that many runs, images in turn -> ``Burst``. ``(LOGITS, image)`` -> float32 (labels,).
    ``(MEMORY, None)`` -> most MiB that this process and its children had."""

    RUN = "run"
    LOGITS = "logits"
    MEMORY = "memory"


@dataclass(frozen=True, kw_only=True)
class Ready:
    """Loaded, and the first image answered. Seconds; ``logits`` (labels,) of the first image."""

    engine: str
    version: str
    load_s: float
    first_s: float
    logits: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Failed:
    """Why it was not loaded, or does not run any more: one line."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Burst:
    """Milliseconds of each run, processor seconds of all, and milliseconds as the engine's own process has them."""

    milliseconds: tuple[float, ...]
    cpu_s: float
    engine_milliseconds: tuple[float, ...]
