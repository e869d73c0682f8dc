"""A record as the leads of a page that was read: cut into the windows of a sheet, with the errors of reading."""

from __future__ import annotations

from typing import Any

import numpy as np

from vizecg.records.resample import resample
from vizecg.spec import LEADS
from vizecg_edge.leads.layout import Timing
from vizecg_edge.leads.signals import Leads, LeadTrace

ROWS = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
COLUMN_S, PAGE_S = 2.5, 10.0
READ_HZ = 200.0
SNR_DB, JITTER_S, BASELINE_MV, WANDER_MV = 20.0, 0.005, 0.02, 0.03
"""Noise below each lead's own power; standard deviations of where a piece begins, of its baseline; and its wander."""


def page_of(record: Any, rng: np.random.Generator, *, strip: bool = True, timing: Timing = Timing.SEQUENTIAL) -> Leads:
    """What is read of a 3x4 sheet with or without a strip II: noise of 20 dB, jitter of 5 ms, a baseline that wanders.

    Args:
        record: an ``EcgRecord`` of at least ten seconds.
        rng: of the errors.
        strip: whether the sheet has one.
        timing: what is known of its columns.
    """
    signal = resample(record.signal, source_hz=record.sampling_rate, target_hz=READ_HZ)
    pieces = [(lead, COLUMN_S * column, COLUMN_S, False) for row in ROWS for column, lead in enumerate(row)]
    pieces += [("II", 0.0, PAGE_S, True)] if strip else []
    traces = tuple(_trace(signal[LEADS.index(lead)], rng, lead, start, length, is_strip)
                   for lead, start, length, is_strip in pieces)  # fmt: skip
    return Leads(traces=traces, sampling_rate=READ_HZ, timing=timing)


def _trace(
    signal: np.ndarray, rng: np.random.Generator, lead: str, start_s: float, length_s: float, strip: bool
) -> LeadTrace:
    samples = round(length_s * READ_HZ)
    time = np.arange(samples) / READ_HZ
    at = (start_s + rng.normal(0, JITTER_S) + time) * READ_HZ
    mv = np.interp(at, np.arange(len(signal)), signal)
    power = float(np.mean((signal - np.median(signal)) ** 2))
    mv += rng.normal(0, np.sqrt(power * 10 ** (-SNR_DB / 10)), samples)
    mv += rng.normal(0, BASELINE_MV) + WANDER_MV * np.sin(2 * np.pi * (0.2 * time + rng.uniform()))
    return LeadTrace(
        lead=lead,
        start_s=start_s,
        sampling_rate=READ_HZ,
        mv=mv.astype(np.float32),
        confidence=np.ones(samples, np.float32),
        strip=strip,
    )
