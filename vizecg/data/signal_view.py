"""How much of a recording the signal stream sees: all of it, or no more than a printed sheet shows.

A sheet of 3x4 with a strip of II shows 2.5 s of each lead, in four columns one after the other, and 10 s of lead II. A
network that is to teach what a sheet tells, or to be set beside one that reads sheets, may be shown the same.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

import numpy as np

from vizecg.render import Layout
from vizecg.spec import LEADS, SheetSpec

_LAYOUT = Layout()
"""That of the sheets that networks are trained on."""


class SignalView(str, Enum):
    """What the signal stream is shown. ``sheet``: the windows that a sheet prints, where they were recorded, and zero
    elsewhere. ``mixed``: half of the samples in training so, half of them whole."""

    WHOLE = "whole"
    SHEET = "sheet"
    MIXED = "mixed"

    @property
    def judged(self) -> SignalView:
        """What a network that was trained so is judged by: the sheet, wherever it has learnt from sheets."""
        return SignalView.WHOLE if self is SignalView.WHOLE else SignalView.SHEET


def recorded_samples(signal: np.ndarray) -> int:
    """Of a signal input (12, T), which is padded with zeros at the end: how many samples were recorded."""
    moved = np.flatnonzero(signal.any(axis=0))
    return int(moved[-1]) + 1 if len(moved) else 0


def sheet_view(signal: np.ndarray, *, sampling_rate: float, recorded: int | None = None) -> np.ndarray:
    """What a sheet shows of a signal input, and zero elsewhere.

    Args:
        signal: (12, T) millivolts, zero where nothing was recorded.
        sampling_rate: Hz.
        recorded: how many of the samples were recorded; None takes ``recorded_samples``. A recording that is too short
            for columns one after the other is printed with columns that begin together, as ``Layout.fitting`` says.

    Returns:
        (12, T), another array.
    """
    count = recorded_samples(signal) if recorded is None else recorded
    return np.where(_windows(sampling_rate, signal.shape[1], count), signal, np.zeros((), signal.dtype))


@lru_cache(maxsize=256)
def _windows(sampling_rate: float, samples: int, recorded: int) -> np.ndarray:
    """bool (12, samples): what is printed."""
    # Of a recording that does not fill a column a sheet would show all there is.
    duration_s = max(recorded / sampling_rate, _LAYOUT.block_s / _LAYOUT.columns)
    shown = np.zeros((len(LEADS), samples), bool)
    for box in _LAYOUT.fitting(duration_s).boxes(SheetSpec(), duration_s=duration_s):
        start, stop = (round(seconds * sampling_rate) for seconds in (box.start_s, box.end_s))
        shown[LEADS.index(box.lead), start : min(stop, recorded)] = True
    shown.flags.writeable = False
    return shown
