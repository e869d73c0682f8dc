"""Recorders by lot, for training.

They cover what recorders in use do: 0.05 to 150 Hz (diagnostic), 0.5 to 40 Hz (monitor), drift filters of 0.67 Hz,
muscle filters of 25 and 35 Hz, notches on and off. What networks are judged by (``vizecg.records.recorders.presets``)
is left out: every filter here is a Butterworth filter, no cut-off lies near those of the presets, and noise, hum,
wander, gains and displacements have other shapes or smaller sizes than theirs.
"""

from __future__ import annotations

import numpy as np

from vizecg.records.recorders.recorder import MEASURED, Edge, Hum, Muscle, Recorder, Wander

UNCHANGED = 0.1
"""Share of recorders that change nothing."""
HIGH_PASS_HZ = ((0.03, 0.045), (0.055, 0.12), (0.25, 0.45), (0.56, 0.8))
LOW_PASS_HZ = ((21.0, 28.0), (32.0, 38.0), (43.0, 60.0), (70.0, 135.0), (165.0, 230.0))
"""Ranges with the presets' cut-offs between them."""
HIGH_PASS_ORDERS, LOW_PASS_ORDERS = (1, 2), (2, 4)
GAIN, LEAD_GAIN = (0.9, 1.1), (0.96, 1.04)
MUSCLE_MV, HUM_MV, WANDER_MV = (0.003, 0.03), (0.003, 0.025), (0.02, 0.3)
WANDER_HZ = (0.1, 0.5)
MISPLACED = 0.3
RATE_HZ = (100.0, 1000.0)
NOTCH_QUALITY = (8.0, 35.0)


def random_recorder(rng: np.random.Generator) -> Recorder:
    """A recorder whose every part is drawn apart from the others."""
    if rng.random() < UNCHANGED:
        return Recorder()
    muscle, hum, wander, misplaced = (rng.random() < share for share in (0.4, 0.25, 0.35, 0.4))
    mains = float(rng.choice((50.0, 60.0)))
    return Recorder(
        high_pass=_edge(rng, HIGH_PASS_HZ, HIGH_PASS_ORDERS) if rng.random() < 0.75 else None,
        low_pass=_edge(rng, LOW_PASS_HZ, LOW_PASS_ORDERS) if rng.random() < 0.8 else None,
        notch_hz=mains if rng.random() < 0.5 else None,
        notch_quality=_of(rng, NOTCH_QUALITY),
        gain=float(rng.uniform(*GAIN)),
        lead_gains=tuple(rng.uniform(*LEAD_GAIN, len(MEASURED)).tolist()),
        wander=Wander(mv=_of(rng, WANDER_MV), hz=_of(rng, WANDER_HZ)) if wander else None,
        muscle=Muscle(mv=_of(rng, MUSCLE_MV)) if muscle else None,
        hum=Hum(mv=_of(rng, HUM_MV), hz=mains * float(rng.uniform(0.998, 1.002))) if hum else None,
        misplaced=_misplaced(rng) if misplaced else (0.0,) * 6,
        # Whole hertz: a recording of ten seconds stays one of ten seconds.
        sampling_rate=float(round(_of(rng, RATE_HZ))),
    )


def _of(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    """Evenly on a logarithmic scale."""
    return float(np.exp(rng.uniform(*np.log(limits))))


def _edge(rng: np.random.Generator, ranges: tuple[tuple[float, float], ...], orders: tuple[int, ...]) -> Edge:
    return Edge(
        hz=_of(rng, ranges[int(rng.integers(len(ranges)))]),
        order=int(rng.choice(orders)),
        zero_phase=bool(rng.random() < 0.4),
    )


def _misplaced(rng: np.random.Generator) -> tuple[float, ...]:
    """Some electrodes of the chest towards a neighbour; beyond V1 and V6 there is none."""
    shares = rng.uniform(-MISPLACED, MISPLACED, 6) * (rng.random(6) < 0.6)
    shares[0], shares[-1] = abs(shares[0]), -abs(shares[-1])
    return tuple(shares.tolist())
