"""In which unit CODE-15% and CODE-test are stored: twice the millivolts.

The documents say "at the scale 1e-4 V, so multiply volts by 1000", which cannot both be true. What decides it:

- The authors' own README (github.com/antonior92/ecg-preprocessing, "Available datasets in HDF5") gives the command by
  which CODE-15% and SaMi-Trop were made from millivolts: ``generate_h5.py --scale 2 --use_all_leads --new_freq 400
  --new_len 4096``, "so they were scaled by 2". CODE-test is named there as coming from the same stage, and both papers'
  networks are said to take one scale. Its tracings were not at hand: ``check_unit`` looks at those that are read.
- QRS complexes of 40 tracings of CODE-15% are 1.78 (1.46 to 2.05) times as high as those of PTB-XL's patients of their
  age and sex.
- Every fourth sample of those tracings, which resampling from 300 to 400 Hz leaves as it was, is a multiple of 9.77 or
  of 7.63 microvolts. Halved, the first is 4.88, the step of many recorders (10 mV / 2048).

``python -m vizecg_lab code15-scale`` measures the last two (benchmarks/results/code15_scale.json).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from vizecg.spec import InputRefusedError, StoreError, UsageError

VALUES_PER_MV = 2.0
"""As released. ``--values-per-mv`` says otherwise of a copy that somebody converted."""
TYPICAL_MV = (0.2, 3.0)
"""Between these lies the median record's 99th percentile around the baseline, whatever the records: 0.75 mV in PTB-XL,
0.66 in CODE-15%. In volts, in 1e-4 V or in microvolts it does not. A record alone cannot tell: strong and weak ones
differ tenfold."""
LEAST_OF_MANY_MV = 0.45
"""The median of ``MANY`` records is above it: 0.52 to 0.86 in draws of 32 of the 40 tracings at hand (99.9 %), 0.62 to
0.90 in such draws of PTB-XL. Where values that are millivolts already are halved once more, it is 0.26 to 0.43."""
MANY, LOOKED_AT = 32, 64
_TOLD = "values a mV"
_NAMES = ("CODE-15%", "CODE-test")


def checked_values_per_mv(asked: float | None) -> float:
    """What was asked for, or the release's.

    Raises:
        UsageError: it is not positive.
    """
    if asked is not None and not 0 < asked < float("inf"):
        raise UsageError(f"--values-per-mv must be positive, got {asked:g}")
    return VALUES_PER_MV if asked is None else asked


def check_unit(tracings: Iterable[np.ndarray], *, path: Path, asked: float | None) -> None:
    """Refuse tracings whose typical record is no ECG in the unit that they are taken for.

    Args:
        tracings: some of a file or a folder, (samples, 12) each, as stored and padded.
        path: for messages.
        asked: ``--values-per-mv``; None for the release's, which many records must bear out.

    Raises:
        InputRefusedError: saying what was expected and what came.
    """
    amplitudes = [_amplitude(tracing) for tracing in tracings]
    finite = [value for value in amplitudes if np.isfinite(value)]
    if not finite:
        return  # nothing but padding: every record says so of itself
    per_mv = checked_values_per_mv(asked)
    typical = float(np.median(finite)) / per_mv
    low, high = TYPICAL_MV
    if asked is None and len(finite) >= MANY:
        low = LEAST_OF_MANY_MV
    if low <= typical <= high:
        return
    unit = f"with {per_mv:g} stored values a millivolt{' as in the release' if asked is None else ''}"
    raise InputRefusedError(
        f"{path}: {unit} the typical record reaches {typical:.3g} mV, expected {low:g} to {high:g}: --values-per-mv of"
        " vizecg prepare, train and evaluate names another unit (1: millivolts)",
        reason="bad_record",
    )


def _amplitude(padded: np.ndarray) -> float:
    """99th percentile around the baseline of the median lead, as stored; NaN for nothing but padding."""
    used = padded[(padded != 0).any(axis=1)]
    if not len(used):
        return float("nan")
    return float(np.median(np.percentile(np.abs(used - np.median(used, axis=0)), 99, axis=0)))


def looked_at(n: int) -> np.ndarray:
    """Places of some of ``n`` records, spread evenly."""
    return np.unique(np.linspace(0, n - 1, LOOKED_AT, dtype=int))


def named_with_unit(name: str, values_per_mv: float) -> str:
    """The name of a source that tells its unit, and so do the stores that are made of it."""
    return f"{name} ({values_per_mv:g} {_TOLD})"


def check_store_unit(source: str, *, path: Path) -> None:
    """Refuse a store from before the unit was known: its records are twice as high as they were.

    Args:
        source: what the store says it was made from.
        path: of the store.

    Raises:
        StoreError: made from CODE-15% or CODE-test without telling the unit.
    """
    if any(part.startswith(_NAMES) and _TOLD not in part for part in source.split(" + ")):
        raise StoreError(
            f"{path} was made when the values of CODE-15% and CODE-test were taken for millivolts, which they are twice"
            " of: make it again with vizecg prepare"
        )
