"""Synthetic ECGs as hearts, electrodes and recorders differ: low and high voltages, muscle noise, wandering baselines.

The plain ones are tidier than any patient's. What a network computes on them spans too little of what it computes on
recorded ECGs: int8 ranges chosen on them cut off more (on fold 9 of PTB-XL the largest error of a logit of the shipped
network was 2.1 in place of 1.6, the SQNR 34 dB in place of 38).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vizecg.records.record import EcgRecord
from vizecg.records.synthetic import synthetic_record, twelve_leads
from vizecg.records.synthetic.waves import MEASURED_LEADS
from vizecg.spec import LEADS

VOLTAGE = (0.5, 2.2)
"""Of the plain record's, drawn evenly on a logarithmic scale."""
MUSCLE_MV = (0.0, 0.02, 0.05, 0.1)
"""Standard deviation of the noise, one of these."""
WANDER_MV = (0.0, 0.1, 0.3, 0.6)
"""Largest swing of the baseline in any lead, one of these."""
WANDER_HZ = (0.08, 0.4)


def varied_record(index: int, *, seed: int) -> EcgRecord:
    """``synthetic_record`` with a voltage, noise and baseline of its own; the limb leads keep their identities."""
    plain = synthetic_record(index, seed=seed)
    rng = np.random.default_rng((seed, index, 3))
    measured = np.stack([plain.signal[LEADS.index(lead)] for lead in MEASURED_LEADS]).astype(np.float64)
    measured *= np.exp(rng.uniform(*np.log(VOLTAGE)))
    measured += rng.choice(MUSCLE_MV) * rng.standard_normal(measured.shape)
    time = np.arange(measured.shape[1]) / plain.sampling_rate
    share, phase = rng.uniform(0.3, 1.0, (len(measured), 1)), rng.uniform(0, 2 * np.pi, (len(measured), 1))
    measured += rng.choice(WANDER_MV) * share * np.sin(2 * np.pi * rng.uniform(*WANDER_HZ) * time + phase)
    return replace(plain, signal=twelve_leads(measured), record_id=f"varied-{plain.record_id}")
