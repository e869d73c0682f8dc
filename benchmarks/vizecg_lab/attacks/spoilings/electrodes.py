"""Electrodes on the wrong places: what the recorder then derives, it derives by its own rules."""

from __future__ import annotations

import numpy as np

from vizecg.records.synthetic import twelve_leads
from vizecg_lab.attacks.kinds import Family, Kind, named
from vizecg_lab.attacks.studio import Ecg, Studio

LIMB = {
    "arms": ("LA", "RA", "LL"),
    "left arm and leg": ("RA", "LL", "LA"),
    "right arm and leg": ("LL", "LA", "RA"),
    "clockwise": ("LL", "RA", "LA"),
    "counterclockwise": ("LA", "LL", "RA"),
    "right arm and right leg": ("RL", "LA", "LL"),
}
"""What lies at the right arm's, left arm's and left leg's places."""
CHEST = {
    "V1 V6": (6, 2, 3, 4, 5, 1), "V1 V2": (2, 1, 3, 4, 5, 6), "V2 V3": (1, 3, 2, 4, 5, 6),
    "V5 V6": (1, 2, 3, 4, 6, 5), "V1 V3": (3, 2, 1, 4, 5, 6), "all": (6, 5, 4, 3, 2, 1),
}  # fmt: skip


def limb_exchanged(ecg: Ecg, how: str) -> Ecg:
    """The twelve leads with the electrodes of the limbs exchanged as of ``LIMB``."""
    lead_i, lead_ii = (lead.astype(np.float64) for lead in ecg.signal[:2])
    # Potentials from the right arm on; both legs have nearly the same.
    at = {"RA": np.zeros_like(lead_i), "LA": lead_i, "LL": lead_ii, "RL": lead_ii}
    right, left, leg = (at[place] for place in LIMB[how])
    chest = ecg.signal[6:] + (lead_i + lead_ii) / 3 - (right + left + leg) / 3
    return ecg.with_signal(twelve_leads(np.concatenate([[left - right, leg - right], chest])))


def chest_exchanged(ecg: Ecg, how: str) -> Ecg:
    """The twelve leads with the electrodes of the chest exchanged as of ``CHEST``."""
    signal = ecg.signal.copy()
    signal[6:] = ecg.signal[[5 + place for place in CHEST[how]]]
    return ecg.with_signal(signal)


def _limb(studio: Studio, how: str) -> np.ndarray:
    return studio.show(studio.printed(limb_exchanged(studio.ecg, how)))


def _chest(studio: Studio, how: str) -> np.ndarray:
    return studio.show(studio.printed(chest_exchanged(studio.ecg, how)))


ELECTRODES = (
    *(
        Kind(name=f"limb_electrodes_{how.replace(' ', '_')}", family=Family.ELECTRODES, ways=named(how), draw=_limb)
        for how in LIMB
    ),
    *(
        Kind(name=f"chest_electrodes_{how.replace(' ', '_')}", family=Family.ELECTRODES, ways=named(how), draw=_chest)
        for how in CHEST
    ),
)
"""Each exchange is a kind of its own: some can be proven from the traces, others cannot."""
