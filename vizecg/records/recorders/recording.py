"""A signal as a recorder makes it.

Filters, the gain of all leads and resampling are the same for every lead, and whatever belongs to single leads is done
to I, II and V1 to V6, from whose changes those of the other limb leads follow: III stays II - I to a rounding, and what
did not fit before fits as little.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vizecg.records.identities import FROM_I_II
from vizecg.records.record import MAX_ABS_MV, EcgRecord
from vizecg.records.recorders.disturbances import disturbance
from vizecg.records.recorders.filters import notched, passed
from vizecg.records.recorders.recorder import MEASURED, Recorder
from vizecg.records.resample import resample
from vizecg.spec import LEADS

WORKING_HZ = 500.0
"""The least at which whole records are changed: hum and noise of muscles have room in it."""
_ROWS = [LEADS.index(lead) for lead in MEASURED]


def _follow() -> np.ndarray:
    """(12, 8): how every lead follows ``MEASURED``."""
    whole = np.zeros((len(LEADS), len(MEASURED)))
    whole[: len(FROM_I_II), :2] = FROM_I_II
    whole[len(FROM_I_II) :, 2:] = np.eye(len(MEASURED) - 2)
    return whole


_FOLLOW = _follow()


def recorded_signal(
    signal: np.ndarray, recorder: Recorder, *, sampling_rate: float, rng: np.random.Generator
) -> np.ndarray:
    """What is left of a signal, at its own rate.

    Args:
        signal: float32 (12, samples) millivolts, in the order of ``LEADS``.
        recorder: what it goes through.
        sampling_rate: of the signal, Hz. What is faster than it can hold is left out.
        rng: draws the noise.

    Returns:
        float32 (12, samples); beyond ``MAX_ABS_MV`` it is cut off, as amplifiers do.
    """
    if not recorder.changes:
        return signal
    changed = _filtered(_picked_up(signal, recorder, sampling_rate, rng), recorder, sampling_rate)
    rate = recorder.sampling_rate
    # A faster recorder stores all there is; less than a second is not resampled.
    if rate is not None and rate < sampling_rate < signal.shape[1]:
        stored = resample(changed, source_hz=sampling_rate, target_hz=rate)
        changed = _of_length(resample(stored, source_hz=rate, target_hz=sampling_rate), signal.shape[1])
    return _cut_off(changed)


def recorded_record(record: EcgRecord, recorder: Recorder, *, rng: np.random.Generator) -> EcgRecord:
    """A record as the recorder would have stored it, at the recorder's rate; the record itself where nothing changes.

    Raises:
        InputRefusedError: it fails the checks of ``EcgRecord`` then; beats and limb leads are not looked at again.
    """
    if not recorder.changes:
        return record
    working = max(record.sampling_rate, WORKING_HZ)
    signal = record.signal
    if working != record.sampling_rate and signal.shape[1] > record.sampling_rate:
        signal = resample(signal, source_hz=record.sampling_rate, target_hz=working)
    else:
        working = record.sampling_rate
    changed = _filtered(_picked_up(signal, recorder, working, rng), recorder, working)
    rate = working if recorder.sampling_rate is None else recorder.sampling_rate
    if rate != working and changed.shape[1] > working:
        changed = resample(changed, source_hz=working, target_hz=rate)
    else:
        rate = working
    return replace(record, signal=_cut_off(changed), sampling_rate=rate, check_limb_leads=False)


def _picked_up(signal: np.ndarray, recorder: Recorder, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Up to the amplifiers: float64 (12, samples)."""
    whole = signal.astype(np.float64)
    changes = np.zeros((len(MEASURED), signal.shape[1]))
    chest = whole[_ROWS[2:]]
    for place, share in enumerate(recorder.misplaced):
        if share:
            neighbour = chest[place + (1 if share > 0 else -1)]
            changes[2 + place] += abs(share) * (neighbour - chest[place])
    picked = disturbance(recorder, samples=signal.shape[1], sampling_rate=rate, rng=rng)
    if picked is not None:
        changes += picked
    own = np.array(recorder.lead_gains)[:, None]
    changes = own * changes + (own - 1) * whole[_ROWS]
    return np.asarray(recorder.gain * (whole + _FOLLOW @ changes))


def _filtered(signal: np.ndarray, recorder: Recorder, rate: float) -> np.ndarray:
    if recorder.high_pass is not None:
        signal = passed(signal, recorder.high_pass, kind="highpass", sampling_rate=rate)
    if recorder.low_pass is not None:
        signal = passed(signal, recorder.low_pass, kind="lowpass", sampling_rate=rate)
    if recorder.notch_hz is not None:
        signal = notched(signal, recorder.notch_hz, quality=recorder.notch_quality, sampling_rate=rate)
    return signal


def _of_length(signal: np.ndarray, samples: int) -> np.ndarray:
    """Two roundings of the length can be a sample apart."""
    missing = samples - signal.shape[1]
    return signal[:, :samples] if missing <= 0 else np.pad(signal, ((0, 0), (0, missing)), mode="edge")


def _cut_off(signal: np.ndarray) -> np.ndarray:
    return np.clip(signal, -MAX_ABS_MV, MAX_ABS_MV).astype(np.float32)
