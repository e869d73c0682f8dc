"""No heart on the page, or not in all leads."""

from __future__ import annotations

import cv2
import numpy as np

from vizecg.records.synthetic import twelve_leads
from vizecg.spec import LEADS
from vizecg_lab.attacks.kinds import Family, Kind, named, numbered
from vizecg_lab.attacks.studio import Studio

CHEST = LEADS[6:]
_LINE_MV = 0.005
"""Noise of a lead that is called flat."""


def _flat_lines(studio: Studio, microvolts: float) -> np.ndarray:
    """Each lead its own noise."""
    noise = studio.rng.normal(0, microvolts / 1000, studio.ecg.signal.shape)
    return studio.show(studio.printed(studio.ecg.with_signal(noise)))


def _bound_noise(studio: Studio, microvolts: float) -> np.ndarray:
    """White noise of which the limb leads are each other's sums and differences, as an amplifier makes them."""
    measured = studio.rng.normal(0, microvolts / 1000, (8, studio.ecg.signal.shape[1]))
    return studio.show(studio.printed(studio.ecg.with_signal(twelve_leads(measured))))


def _bound_waves(studio: Studio, microvolts: float) -> np.ndarray:
    """The same with waves as slow as those of a heart: a tenth of a second."""
    measured = studio.rng.normal(0, 1, (8, studio.ecg.signal.shape[1]))
    smooth = cv2.GaussianBlur(measured, (0, 0), 0.035 * studio.ecg.sampling_rate, sigmaY=1e-3)
    smooth *= microvolts / 1000 / smooth.std(axis=1, keepdims=True)
    return studio.show(studio.printed(studio.ecg.with_signal(twelve_leads(smooth))))


def _without(studio: Studio, leads: tuple[str, ...], *, from_share: float = 0.0) -> np.ndarray:
    """Some leads flat, from a share of the recording on."""
    signal = studio.ecg.signal.copy()
    for lead in leads:
        row = LEADS.index(lead)
        signal[row] -= np.median(signal[row])
        start = round(from_share * signal.shape[1])
        signal[row, start:] = studio.rng.normal(0, _LINE_MV, signal.shape[1] - start)
    return studio.show(studio.printed(studio.ecg.with_signal(signal)))


def _chest_flat(studio: Studio, microvolts: float) -> np.ndarray:
    signal = studio.ecg.signal.copy()
    signal[6:] = studio.rng.normal(0, max(microvolts, 1e-3) / 1000, signal[6:].shape)
    return studio.show(studio.printed(studio.ecg.with_signal(signal)))


def _only(studio: Studio, lead: str) -> np.ndarray:
    return _without(studio, tuple(other for other in LEADS if other != lead))


def _some_flat(studio: Studio, leads: str) -> np.ndarray:
    return _without(studio, tuple(leads.split()))


def _ends_flat(studio: Studio, leads: str) -> np.ndarray:
    """The electrode falls off in the middle of what is printed of V4 to V6, the last quarter of a page."""
    return _without(studio, tuple(leads.split()), from_share=0.875 if leads != "V1" else 0.625)


FLAT = (
    Kind(name="flat_lines", family=Family.NO_HEART, ways=numbered((20, 50, 80), "uV"), draw=_flat_lines),
    Kind(name="bound_noise", family=Family.NO_HEART, ways=numbered((20, 50, 100, 250), "uV"), draw=_bound_noise),
    Kind(name="bound_waves", family=Family.NO_HEART, ways=numbered((80, 200, 400), "uV"), draw=_bound_waves),
    Kind(name="chest_flat", family=Family.MISSING, ways=numbered((0, 10, 20), "uV"), draw=_chest_flat),
    Kind(name="only_one_lead", family=Family.MISSING, ways=named("II", "I", "V5"), draw=_only),
    Kind(name="one_lead_flat", family=Family.MISSING, ways=named("I", "V1", "V2", "V6", "aVF"), draw=_some_flat),
    Kind(name="two_leads_flat", family=Family.MISSING, ways=named("V1 V2", "V5 V6", "I aVL", "V1 V6"), draw=_some_flat),
    Kind(name="lead_falls_off", family=Family.MISSING, ways=named("V1", "V6", "V4 V5 V6"), draw=_ends_flat),
)
