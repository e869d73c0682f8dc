"""The canonical record and the checks every source passes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vizecg.records.identities import LIMB, beats_alone, limb_misfit
from vizecg.spec import LEADS, InputRefusedError
from vizecg.spec.labels import MOST_LABELS

MAX_ABS_MV = 40.0
"""Beyond the range of 16 bits at 1 microvolt: electrode spikes reach 33 mV in real recordings."""
MAX_TYPICAL_MV = 10.0
"""Spikes (beyond the 99th percentile) and offsets aside, most leads of no surface ECG reach this: the gain is wrong.

Unfiltered recordings carry the voltage of their electrodes: offsets of 13 mV and single leads that wander by 16 mV
were seen in CODE-15%, so offsets do not count and one lead does not decide."""
FLAT_MV = 0.005
"""A lead that moves by less in the whole record carries nothing: the step of a usual 16-bit recorder."""
STILL_MV, BEATING_MV = 0.006, 0.05
"""A chest lead whose beats are smaller than the first, root mean square, while those of most reach the second, shows no
heart: noise, or a wandering baseline, of an electrode that is off. In 400 records of PTB-XL none is below 0.018."""
LIMB_LEADS = "limb_leads"
"""The code of a refusal for limb leads that do not fit each other."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """What is to be told of a record that is used all the same: a short code for programs, and one line for people."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class EcgRecord:
    """One 12-lead ECG.

    Attributes:
        signal: float32 (12, samples), millivolts, leads in the order of ``vizecg.spec.LEADS``.
        sampling_rate: Hz.
        record_id: unique within its source.
        labels: float32 (labels,) of 0 and 1, in the order of the label set that it was read for, or None where the
            diagnoses are not known.
        patient_id: None where not known.
        notes: what was done to it, or seems to be wrong with it.
        check_limb_leads: False where they, and beats in the chest leads, were checked before, or are kept though they
            do not fit each other.

    Raises:
        InputRefusedError: on construction, when a check fails; the message names the record.
    """

    signal: np.ndarray = field(repr=False)
    sampling_rate: float
    record_id: str
    labels: np.ndarray | None = None
    patient_id: str | None = None
    notes: tuple[Note, ...] = ()
    check_limb_leads: bool = True

    def __post_init__(self) -> None:
        check_signal(self.signal, sampling_rate=self.sampling_rate, record_id=self.record_id)
        if self.check_limb_leads:
            _check_chest_leads(self.signal, sampling_rate=self.sampling_rate, record_id=self.record_id)
            _check_limb_leads(self.signal, sampling_rate=self.sampling_rate, record_id=self.record_id)
        if self.labels is not None and not _is_label_vector(self.labels):
            raise bad_record(self.record_id, f"labels must be 1 to {MOST_LABELS} zeros and ones, got {self.labels!r}")

    @property
    def duration_s(self) -> float:
        return self.signal.shape[1] / self.sampling_rate

    def lead(self, name: str) -> np.ndarray:
        """float32 (samples,) of one lead, millivolts."""
        return self.signal[LEADS.index(name)]


def _is_label_vector(labels: np.ndarray) -> bool:
    return labels.ndim == 1 and 1 <= len(labels) <= MOST_LABELS and bool(np.isin(labels, (0, 1)).all())


def check_signal(signal: np.ndarray, *, sampling_rate: float, record_id: str) -> None:
    """Shape, dtype, finiteness, amplitude and flat leads.

    A lead that is flat for a part of the record only is let pass: a recording may lose an electrode for some seconds
    and still be read.

    Raises:
        InputRefusedError: naming the record, what was expected and what came.
    """
    if not 50 <= sampling_rate <= 5000:
        raise bad_record(record_id, f"sampling rate {sampling_rate} Hz is outside 50 to 5000 Hz")
    if signal.dtype != np.float32 or signal.ndim != 2 or signal.shape[0] != len(LEADS):
        raise bad_record(record_id, f"expected float32 (12, samples) millivolts, got {signal.dtype} {signal.shape}")
    if signal.shape[1] < sampling_rate:
        raise bad_record(record_id, f"{signal.shape[1]} samples are less than one second at {sampling_rate} Hz")
    if not np.isfinite(signal).all():
        raise bad_record(record_id, f"{int((~np.isfinite(signal)).sum())} samples are not finite")
    peak = float(np.abs(signal).max())
    if peak > MAX_ABS_MV:
        raise bad_record(record_id, f"amplitude {peak:.1f} mV is above {MAX_ABS_MV:.0f} mV: wrong gain or units?")
    centred = np.abs(signal - np.median(signal, axis=1, keepdims=True))
    typical = float(np.median(np.percentile(centred, 99, axis=1)))
    if typical > MAX_TYPICAL_MV:
        raise bad_record(record_id, f"99th percentile {typical:.1f} mV is above {MAX_TYPICAL_MV:.0f} mV: wrong gain?")
    flat = np.ptp(signal, axis=1) <= FLAT_MV
    if flat.all():
        raise bad_record(record_id, "every lead is flat")
    if flat.any():
        names = ", ".join(lead for lead, is_flat in zip(LEADS, flat, strict=True) if is_flat)
        raise bad_record(record_id, f"{names} flat in the whole record: electrode off?")


def _check_chest_leads(signal: np.ndarray, *, sampling_rate: float, record_id: str) -> None:
    sizes = np.sqrt((beats_alone(signal[len(LIMB) :], sampling_rate) ** 2).mean(axis=1))
    still = [lead for lead, size in zip(LEADS[len(LIMB) :], sizes, strict=True) if size < STILL_MV]
    if still and float(np.median(sizes)) > BEATING_MV:
        raise bad_record(record_id, f"{', '.join(still)} flat in the whole record but for noise: electrode off?")


def _check_limb_leads(signal: np.ndarray, *, sampling_rate: float, record_id: str) -> None:
    """Einthoven's and Goldberger's identities tie the six limb leads to each other: see ``limb_misfit``.

    What they cannot see: chest leads in each other's place, for nothing ties V1..V6 together.
    """
    found = limb_misfit(signal[: len(LIMB)], sampling_rate=sampling_rate)
    if found is not None:
        told = f"record {record_id}: limb leads do not fit (leads swapped or wrong gain?): {found.what}"
        raise InputRefusedError(told, reason=LIMB_LEADS)


def bad_record(record_id: str, message: str) -> InputRefusedError:
    """The error, to be raised, that refuses one record by its name."""
    return InputRefusedError(f"record {record_id}: {message}", reason="bad_record")
