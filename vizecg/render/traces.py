"""Signals as they are kept to be drawn many times: 16 bits a sample, at the rate of the drawing."""

from __future__ import annotations

import numpy as np

STEP_MV = 0.00025
"""Millivolts of one step: a hundredth of a pixel at 10 mm/mV and 4 px/mm, and 16 bits reach 8 mV."""


def stored_signal(signal: np.ndarray) -> np.ndarray:
    """float32 millivolts of ``vizecg.render.sheet.drawn_signal`` -> int16 steps. What is beyond them is cut off: no row
    of traces reaches so far."""
    return np.clip(np.rint(signal / STEP_MV), -32768, 32767).astype(np.int16)
