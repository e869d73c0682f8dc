"""Records as other recorders make them: a share of what networks are trained on, and what they are judged by.

A picture goes through a recorder when it is drawn to be kept; where pictures are drawn anew, when the traces that they
are drawn from are stored, as many of every record as there are conditions. A signal goes through another one in every
epoch. What is validated in training goes through none; what is evaluated, through one of a name.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import numpy as np

from vizecg.data.source import ReadRecord, RecordSource
from vizecg.records import EcgRecord
from vizecg.records.recorders.presets import recorder_named
from vizecg.records.recorders.recorder import RECORDER_VERSION
from vizecg.render import record_key
from vizecg.spec import UsageError
from vizecg.spec.fingerprint import sha256_bytes

_PICTURE, _SIGNAL, _JUDGED = 22, 23, 24
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


def recorded_source(source: RecordSource, name: str, *, seed: int) -> RecordSource:
    """The same records as the recorder of this name makes them, the noise drawn by ``seed`` and record.

    Raises:
        UsageError: there is no such recorder, or the records are photographs.
    """
    recorder = recorder_named(name)
    if not recorder.changes:
        return source
    if source.read_sheet is not None:
        raise UsageError(f"{source.name} are photographs of what one recorder printed: expected none, got {name}")
    # The same index through another recorder is other records.
    told = json.dumps([source.fingerprint, name, asdict(recorder), RECORDER_VERSION, seed])
    return replace(
        source,
        name=f"{source.name}, recorder {name}",
        read=partial(_read_recorded, read=source.read, name=name, seed=seed),
        fingerprint=sha256_bytes(told.encode()),
    )


def _read_recorded(item: Any, *, read: ReadRecord, name: str, seed: int) -> EcgRecord:
    from vizecg.records.recorders.recording import recorded_record

    record = read(item)
    rng = np.random.default_rng((seed, _JUDGED, record_key(record.record_id)))
    return recorded_record(record, recorder_named(name), rng=rng)
