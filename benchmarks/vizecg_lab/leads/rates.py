"""The rate of a recorded signal, as far as two detectors that are not ours agree on it."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vizecg.records import EcgRecord

LEADS_ASKED = ("II", "V1")
MOST_APART = 2.0
"""Beats a minute by which the two may differ."""
FEWEST_BEATS = 4
_RATE = 250.0


def reference_rate(record: EcgRecord) -> float | None:
    """Beats a minute of the median interval; None where wfdb's two detectors do not agree on either of two leads."""
    from scipy.signal import resample_poly
    from wfdb import processing

    for lead in LEADS_ASKED:
        signal = resample_poly(record.lead(lead).astype(np.float64), int(_RATE), round(record.sampling_rate))
        # Both detectors print and warn where a lead is empty.
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            found = [
                processing.xqrs_detect(signal, fs=_RATE, verbose=False),
                processing.gqrs_detect(signal, fs=_RATE),
            ]
        if min(len(beats) for beats in found) < FEWEST_BEATS:
            continue
        one, other = (60 * _RATE / float(np.median(np.diff(beats))) for beats in found)
        if abs(one - other) <= MOST_APART:
            return (one + other) / 2
    return None
