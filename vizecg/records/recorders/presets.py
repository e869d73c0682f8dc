"""Recorders by name, by which networks are judged.

None of them can be drawn in training (``vizecg.records.recorders.lots``): filters are Bessel's or Chebyshev's, with
cut-offs between the ranges of training; noise of muscles has another band and spectrum, hum a third harmonic, wander no
period; gains, displacements and the sampling rate lie beyond what training draws.
"""

from __future__ import annotations

from vizecg.records.recorders.recorder import Edge, Family, Hum, Muscle, Recorder, Wander
from vizecg.spec import UsageError

NONE = "none"
_DIAGNOSTIC = Edge(hz=0.05, order=2, family=Family.BESSEL)
_MONITOR = Edge(hz=0.5, order=2, family=Family.BESSEL)
PRESETS: dict[str, Recorder] = {
    NONE: Recorder(),
    # 0.05 to 150 Hz, as guidelines want a diagnostic recording.
    "diagnostic": Recorder(high_pass=_DIAGNOSTIC, low_pass=Edge(hz=150.0, order=5, family=Family.BESSEL)),
    # 0.5 to 40 Hz as the signal comes in, which moves ST and rounds the QRS, and a notch.
    "monitor": Recorder(
        high_pass=_MONITOR, low_pass=Edge(hz=40.0, order=3, family=Family.BESSEL), notch_hz=50.0, notch_quality=5.0
    ),
    # A tense patient: 0.035 mV at every electrode, most of it between 35 and 70 Hz, with wide skirts.
    "muscle": Recorder(muscle=Muscle(mv=0.035, band_hz=(35.0, 70.0), order=1)),
    # 0.03 mV of 60 Hz with a third harmonic, and no notch.
    "hum": Recorder(hum=Hum(mv=0.03, hz=60.0, third=0.3)),
    # A baseline without a period, 0.25 mV at every electrode, and no filter against it.
    "wander": Recorder(wander=Wander(mv=0.25, hz=0.4, walk=True)),
    # An eighth too small, and leads by up to 7 % apart.
    "gain": Recorder(gain=0.87, lead_gains=(1.07, 0.93, 0.93, 1.07, 0.94, 1.06, 0.93, 1.07)),
    # A muscle filter of 30 Hz with a steep edge, stored 90 times a second.
    "slow": Recorder(low_pass=Edge(hz=30.0, order=3, family=Family.CHEBYSHEV), sampling_rate=90.0),
    # All electrodes of the chest by a third of the way towards the next, V6 back towards V5.
    "electrodes": Recorder(misplaced=(0.35, 0.35, 0.35, 0.35, 0.35, -0.35)),
    # A monitor's strip of a restless patient.
    "ward": Recorder(
        high_pass=_MONITOR,
        low_pass=Edge(hz=40.0, order=3, family=Family.BESSEL),
        muscle=Muscle(mv=0.02, band_hz=(35.0, 70.0), order=1),
        wander=Wander(mv=0.2, hz=0.4, walk=True),
        gain=0.88,
    ),
}
"""Name -> recorder; ``none`` changes nothing."""


def recorder_named(name: str) -> Recorder:
    """A preset.

    Raises:
        UsageError: there is none of this name.
    """
    if name not in PRESETS:
        raise UsageError(f"unknown recorder {name!r}: expected one of {', '.join(PRESETS)}")
    return PRESETS[name]
