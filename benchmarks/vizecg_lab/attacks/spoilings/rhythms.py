"""Hearts that beat otherwise than the six classes know: paced, ventricular, very fast, in pairs."""

from __future__ import annotations

from functools import partial

import numpy as np

from vizecg_lab.attacks.hearts import (
    beats_of,
    bigeminy,
    complete_block,
    fast,
    fibrillating_ventricles,
    flutter,
    paced,
    spiked,
    ventricular,
)
from vizecg_lab.attacks.kinds import Family, Kind, named, numbered
from vizecg_lab.attacks.studio import Ecg, Studio

FINE_HZ = 500.0
_BEFORE_S = {"ventricle": (0.0,), "atrium": (0.16,), "both": (0.16, 0.0)}


def _spikes(studio: Studio, how: str) -> np.ndarray:
    """A pacemaker's spikes before the patient's own beats."""
    fine = studio.ecg.at(FINE_HZ)
    millivolts, _, where = how.partition(" mV ")
    at = [beat - before for beat in beats_of(fine) for before in _BEFORE_S[where]]
    return studio.show(studio.printed(spiked(fine, at, float(millivolts), studio.rng)))


def _drawn(studio: Studio, value: float | str, *, heart: partial[Ecg]) -> np.ndarray:
    return studio.show(studio.printed(heart(studio.rng, value, sampling_rate=FINE_HZ)))


def _kind(name: str, ways: dict[str, float] | dict[str, str], heart: partial[Ecg]) -> Kind:
    return Kind(name=name, family=Family.RHYTHM, ways=ways, draw=partial(_drawn, heart=heart), other_heart=True)


RHYTHMS = (
    Kind(
        name="pacing_spikes", family=Family.RHYTHM, draw=_spikes,
        ways=named("0.5 mV ventricle", "1 mV ventricle", "2 mV ventricle", "1 mV atrium", "1 mV both"),
    ),
    _kind("paced_ventricles", numbered((60, 75, 90), "bpm"), partial(paced)),
    _kind("bigeminy", numbered((60, 80, 100), "bpm"), partial(bigeminy)),
    _kind("fast_narrow", numbered((150, 180, 213, 240), "bpm"), partial(fast, broad=False)),
    _kind("fast_broad", numbered((130, 160, 200), "bpm"), partial(fast, broad=True)),
    _kind("ventricular_escape", numbered((30, 40, 70, 100), "bpm"), partial(ventricular)),
    _kind("atrial_flutter", numbered((2, 3, 4), "to 1"), partial(flutter)),
    _kind("complete_block", numbered((30, 38, 45), "bpm"), partial(complete_block)),
    _kind("ventricular_fibrillation", numbered((0.3, 0.6, 1.0), "mV"), partial(fibrillating_ventricles)),
)  # fmt: skip
