"""Rhythms that records hardly show, made of records of others: paced, and much faster."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vizecg.records.resample import resample
from vizecg.records.synthetic import twelve_leads
from vizecg.records.synthetic.waves import MEASURED_LEADS
from vizecg_edge.leads.measure import measure
from vizecg_lab.measuring.pages import page_of

BEFORE_S = 0.08
"""A spike stands this far before the middle of the QRS: at its beginning, or 20 ms before."""
SPIKES_MV = (0.3, 1.5)
FASTER = (1.0, 2.4)
"""Times as fast as it was: no less than what makes 150 beats a minute, and no more than the last."""
FAST_BPM = 150.0


def paced(record: Any, rng: np.random.Generator) -> Any | None:
    """A spike of one sample before every beat, in each measured lead of its own size; None where no beats are found."""
    times = measure(page_of(record, rng)).beat_times_s
    if not times:
        return None
    signal = record.signal.copy()
    leads = len(MEASURED_LEADS)
    measured = rng.uniform(*SPIKES_MV, leads) * rng.choice([-1.0, 1.0], leads)
    sizes = twelve_leads(measured[:, None])[:, 0]
    at = np.round((np.array(times) - BEFORE_S) * record.sampling_rate).astype(int)
    at = at[(at >= 0) & (at < signal.shape[1])]
    signal[:, at] += sizes.astype(signal.dtype)[:, None]
    return replace(record, signal=signal)


def faster(record: Any, rng: np.random.Generator) -> Any | None:
    """The same beats at 150 a minute and more; None where that is not possible."""
    rate = measure(page_of(record, rng)).rate_bpm
    if rate is None or not FASTER[0] <= FAST_BPM / rate <= FASTER[1]:
        return None
    times = rng.uniform(FAST_BPM / rate, FASTER[1])
    signal = resample(record.signal, source_hz=record.sampling_rate * times, target_hz=record.sampling_rate)
    # It goes on where the beat is that the first one follows.
    period = round(60 / rate / times * record.sampling_rate)
    beats = np.arange(record.signal.shape[1]) % (signal.shape[1] // period * period)
    return replace(record, signal=signal[:, beats].astype(record.signal.dtype))
