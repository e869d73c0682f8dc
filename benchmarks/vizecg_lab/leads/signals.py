"""Traces held against the recording that was printed: signal to noise ratio, and the share that was given.

The ratio is that of the PhysioNet Challenge 2024: power of the recorded signal over the power of the difference, per
lead, samples that are not given counted as zero, after both were laid over each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vizecg.records import EcgRecord
    from vizecg.render import LeadBox
    from vizecg_edge.leads.signals import Leads, LeadTrace

SHIFTS_S = ((0.5, 0.01), (0.01, 0.002))
"""The two are laid over each other within so much time, in such steps; then about the best."""


@dataclass(frozen=True, kw_only=True)
class SignalMatch:
    """One printed stretch: ``snr_db`` after shifting in time and height, ``raw_snr_db`` as it was given; ``given``:
    share of its samples that are not NaN. No ratio where the lead was not traced: ``snr_db`` is 0 then."""

    lead: str
    strip: bool
    snr_db: float
    raw_snr_db: float
    given: float


def match_leads(leads: Leads | None, record: EcgRecord, boxes: tuple[LeadBox, ...]) -> list[SignalMatch]:
    """Every drawn stretch against what was traced of it."""
    matches = []
    for box in boxes:
        trace = None if leads is None else _trace_of(leads, box)
        first, last = (round(time * record.sampling_rate) for time in (box.start_s, box.end_s))
        recorded = record.lead(box.lead)[first:last].astype(np.float64)
        if trace is None or len(recorded) < 2:
            matches.append(SignalMatch(lead=box.lead, strip=box.strip, snr_db=0.0, raw_snr_db=0.0, given=0.0))
            continue
        matches.append(match_trace(recorded, record.sampling_rate, trace))
    return matches


def match_trace(recorded: np.ndarray, sampling_rate: float, trace: LeadTrace) -> SignalMatch:
    """A stretch that begins where the trace does; ``recorded`` (n,) millivolts at ``sampling_rate``."""
    times = np.arange(len(recorded)) / sampling_rate
    best, shift = snr_db(recorded, _leveled(recorded, _at(trace, times))), 0.0
    for reach, step in SHIFTS_S:
        for moved in shift + np.arange(-reach, reach + step / 2, step):
            ratio = snr_db(recorded, _leveled(recorded, _at(trace, times + moved)))
            best, shift = max((best, shift), (ratio, float(moved)))
    plain = _at(trace, times)
    return SignalMatch(
        lead=trace.lead,
        strip=trace.strip,
        snr_db=round(best, 2),
        raw_snr_db=round(snr_db(recorded, plain), 2),
        given=round(float(np.isfinite(plain).mean()), 4),
    )


def snr_db(recorded: np.ndarray, found: np.ndarray) -> float:
    """Ratio in dB; NaN in ``found`` counts as zero."""
    noise = recorded - np.nan_to_num(found)
    signal_power, noise_power = float(np.mean(recorded**2)), float(np.mean(noise**2))
    return 10 * float(np.log10(max(signal_power, 1e-12) / max(noise_power, 1e-12)))


def _leveled(recorded: np.ndarray, found: np.ndarray) -> np.ndarray:
    seen = np.isfinite(found)
    return found - float(np.median((found - recorded)[seen])) if seen.any() else found


def _at(trace: LeadTrace, times: np.ndarray) -> np.ndarray:
    """Its samples at times from its beginning; NaN where it has none, or beyond its ends."""
    own = np.arange(len(trace.mv)) / trace.sampling_rate
    values = np.asarray(trace.mv, np.float64)
    seen = np.isfinite(values)
    if seen.sum() < 2:
        return np.full(len(times), np.nan)
    found = np.interp(times, own[seen], values[seen], left=np.nan, right=np.nan)
    nearest = np.clip(np.round(times * trace.sampling_rate).astype(int), 0, len(values) - 1)
    found[~seen[nearest]] = np.nan
    return found


def _trace_of(leads: Leads, box: LeadBox) -> LeadTrace | None:
    fitting = [trace for trace in leads.traces if trace.lead == box.lead and trace.strip == box.strip]
    return fitting[0] if fitting else None
