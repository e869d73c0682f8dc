"""Records as other recorders make them, for a share of what networks are trained on.

A picture goes through a recorder when it is drawn to be kept; where pictures are drawn anew, when the traces that they
are drawn from are stored, as many of every record as there are conditions. A signal goes through another one in every
epoch. What is validated goes through none.
"""

from __future__ import annotations

import numpy as np

from vizecg.records import EcgRecord
from vizecg.render import record_key

_PICTURE, _SIGNAL = 22, 23
"""Set these random numbers apart from those that other parts of a run derive from the same seed."""


def variant_record(record: EcgRecord, *, share: float, seed: int, variant: int) -> EcgRecord:
    """What one drawn variant of a record shows; the record itself for all but a ``share`` of variants.

    Raises:
        InputRefusedError: what a recorder makes of it fails the checks.
    """
    if not share:
        return record
    rng = np.random.default_rng((seed, _PICTURE, record_key(record.record_id), variant))
    if rng.random() >= share:
        return record
    # Whoever trains without recorders needs no scipy.
    from vizecg.records.recorders.lots import random_recorder
    from vizecg.records.recorders.recording import recorded_record

    return recorded_record(record, random_recorder(rng), rng=rng)


def epoch_signal(
    signal: np.ndarray, *, sampling_rate: float, share: float, seed: int, epoch: int, row: int
) -> np.ndarray:
    """What one epoch hears of a record's signal: float32 (12, T) millivolts, all of it recorded; the signal itself for
    all but a ``share`` of them."""
    rng = np.random.default_rng((seed, _SIGNAL, epoch, row))
    if not share or not signal.shape[1] or rng.random() >= share:
        return signal
    from vizecg.records.recorders.lots import random_recorder
    from vizecg.records.recorders.recording import recorded_signal

    return recorded_signal(signal, random_recorder(rng), sampling_rate=sampling_rate, rng=rng)
