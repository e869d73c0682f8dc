"""Whether the electrodes of a record seem to be exchanged: its usual beat, and what ``vizecg.spec.electrodes`` says.

Such leads follow from each other as they should, so the record is used, with a note.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vizecg.records.record import EcgRecord, Note
from vizecg.records.resample import resample
from vizecg.spec import LEADS
from vizecg.spec.electrodes import CHEST, FINE_HZ, OF_PAGES, Exchange, exchanged_in

ELECTRODES = "electrodes_exchanged"
_EIGHT = [LEADS.index(lead) for lead in ("I", "II", *CHEST)]
_LONGEST_S = 60.0
"""Of a long record, the beginning is looked at."""
_BEFORE_S, _AFTER_S = 0.45, 0.65
"""Of the middle of the QRS, what a mean beat holds."""
_SMOOTH_S, _QRS_S = 0.012, 0.08
_REFRACTORY_S, _BEAT_SHARE = 0.28, 0.35
"""Beats are further apart, and move by this share of what the fastest tenth of a second of most do."""
_FEWEST, _LEAST_ALIKE = 3, 0.85
_ONSET_SHARE, _OFFSET_SHARE, _CERTAIN_SHARE = 0.05, 0.08, 0.40
"""Of the steepest slope over the resting one, what is still QRS, and what surely is."""
_QRS_BEFORE_S, _QRS_AFTER_S = 0.10, 0.18
_P_FROM_S, _P_TO_S, _P_HALF_S = 0.24, 0.06, 0.045
"""Before the QRS, where the middle of P is looked for, and half its width."""
_LEAST_P_MV = 0.02
"""Root mean square over the leads, of P at its middle over its ends: in atrial fibrillation there is less."""


@dataclass(frozen=True, kw_only=True)
class _Waves:
    qrs_on: float
    qrs_off: float
    p_on: float | None = None
    p_peak: int | None = None
    t_off: float | None = None


def electrode_notes(record: EcgRecord) -> tuple[Note, ...]:
    """A note where electrodes seem to be exchanged; none where nothing does, or no usual beat is seen."""
    found = exchanged_electrodes(record)
    if found is None:
        return ()
    return (Note(code=ELECTRODES, message=f"electrodes seem exchanged: {found.words}"),)


def exchanged_electrodes(record: EcgRecord) -> Exchange | None:
    """Which electrodes seem to be exchanged; None where none do, or no usual beat is seen."""
    seen = usual_beat(record)
    found = None if seen is None else exchanged_in(*seen)
    return None if found in OF_PAGES else found


def usual_beat(record: EcgRecord) -> tuple[np.ndarray, _Waves] | None:
    """The mean beat (8, samples) of I, II and V1 to V6 at ``FINE_HZ``, and where its waves are; None where there are
    not some beats that are alike."""
    signal = record.signal[_EIGHT, : round(_LONGEST_S * record.sampling_rate)]
    fine = resample(signal, source_hz=record.sampling_rate, target_hz=FINE_HZ).astype(np.float64)
    steep = _steepness(fine)
    middles = _beats(steep)
    before, after = round(_BEFORE_S * FINE_HZ), round(_AFTER_S * FINE_HZ)
    middles = middles[(middles >= before) & (middles + after < fine.shape[1])]
    if len(middles) < _FEWEST:
        return None
    cut = fine[:, middles[:, None] + np.arange(-before, after + 1)]
    reach = round(0.25 * FINE_HZ)
    cut = cut - np.median(cut[:, :, before - reach : before + reach], axis=2, keepdims=True)
    usual = _alike(cut, before) >= _LEAST_ALIKE
    if usual.sum() < _FEWEST:
        return None
    mean = cut[:, usual].mean(axis=1)
    waves = _waves(mean)
    return None if waves is None else (mean, waves)


def _steepness(leads: np.ndarray) -> np.ndarray:
    """(samples,): root sum of squares of the leads' slopes, smoothed."""
    width = round(_SMOOTH_S * FINE_HZ)
    kernel = np.convolve(np.ones(width) / width, np.ones(width) / width)
    smooth = np.stack([np.convolve(np.pad(row, width - 1, mode="edge"), kernel, mode="valid") for row in leads])
    return np.asarray(np.sqrt((np.gradient(smooth, axis=1) ** 2).sum(axis=0)) * FINE_HZ)


def _beats(steep: np.ndarray) -> np.ndarray:
    """int (n,): the middle of every QRS."""
    width = round(_QRS_S * FINE_HZ)
    moved = np.convolve(steep, np.ones(width) / width, mode="same")
    tenths = moved[: len(moved) // 500 * 500].reshape(-1, 500).max(axis=1) if len(moved) >= 500 else moved
    limit = _BEAT_SHARE * float(np.median(tenths))
    tops = np.flatnonzero((moved[1:-1] >= moved[:-2]) & (moved[1:-1] > moved[2:]) & (moved[1:-1] > limit)) + 1
    chosen: list[int] = []
    for at in tops[np.argsort(-moved[tops], kind="stable")].tolist():
        if all(abs(at - other) > _REFRACTORY_S * FINE_HZ for other in chosen):
            chosen.append(at)
    return np.array(sorted(chosen), dtype=int)


def _alike(cut: np.ndarray, middle: int) -> np.ndarray:
    """float (beats,): correlation of each beat's QRS, all leads together, with the median one."""
    reach = round(0.11 * FINE_HZ)
    qrs = cut[:, :, middle - reach : middle + reach].swapaxes(0, 1)
    qrs = (qrs - qrs.mean(axis=2, keepdims=True)).reshape(len(qrs), -1)
    usual = np.median(qrs, axis=0)
    return np.asarray(qrs @ usual / np.maximum(np.linalg.norm(qrs, axis=1) * np.linalg.norm(usual), 1e-9))


def _waves(beat: np.ndarray) -> _Waves | None:
    steep, middle = _steepness(beat), round(_BEFORE_S * FINE_HZ)
    rest, peak = float(np.percentile(steep, 20)), float(steep[middle - 40 : middle + 41].max())
    if peak < 3 * rest or peak <= 0:
        return None
    first, last = middle - round(_QRS_BEFORE_S * FINE_HZ), middle + round(_QRS_AFTER_S * FINE_HZ)
    certain = first + np.flatnonzero(steep[first:last] > _CERTAIN_SHARE * peak)
    on, off = int(certain[0]), int(certain[certain <= middle + 60][-1])
    while on > 0 and steep[on] > rest + _ONSET_SHARE * (peak - rest):
        on -= 1
    while off < len(steep) - 1 and steep[off] > rest + _OFFSET_SHARE * (peak - rest):
        off += 1
    half = round(_P_HALF_S * FINE_HZ)
    places = np.arange(max(half, on - round(_P_FROM_S * FINE_HZ)), on - round(_P_TO_S * FINE_HZ) + 1)
    if len(places) == 0:
        return _Waves(qrs_on=on, qrs_off=off)
    heights = beat[:, places] - 0.5 * (beat[:, places - half] + beat[:, places + half])
    size = np.sqrt((heights**2).mean(axis=0))
    at = int(places[int(np.argmax(size))])
    if float(size.max()) < _LEAST_P_MV:
        return _Waves(qrs_on=on, qrs_off=off)
    return _Waves(qrs_on=on, qrs_off=off, p_on=float(at - half), p_peak=at)
