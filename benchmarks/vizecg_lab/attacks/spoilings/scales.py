"""Other speeds and gains, stated or not, and pictures that were stretched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from vizecg.render import Layout, Pulse
from vizecg_lab.attacks.kinds import Family, Kind, named, numbered
from vizecg_lab.attacks.studio import Page, Studio

GAINS = numbered((2.5, 5, 20), "mm/mV")
CHEST_GAINS = {"10/5": (10.0, 5.0), "20/10": (20.0, 10.0), "10/20": (10.0, 20.0), "5/10": (5.0, 10.0)}
SPEEDS = {
    "12.5 mm/s": (12.5, 31.25),
    "50 mm/s": (50.0, None),
    "50 mm/s, long": (50.0, 125.0),
    "100 mm/s": (100.0, None),
}
"""Speed and length of a column, mm."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """By what a page states its scale."""

    text: bool
    pulse: bool

    def printed(self, studio: Studio, layout: Layout | None = None) -> Page:
        """A page of the patient's that does so."""
        pulse = Pulse.LEFT if self.pulse else Pulse.NONE
        style = replace(studio.style, footer=None if self.text else "", pulse=pulse)
        return studio.printed(layout=layout, style=style)


def _gain(studio: Studio, gain: float, *, by: Told) -> np.ndarray:
    return studio.show(by.printed(studio, Layout(gain_mm_mv=gain)))


def _chest_gain(studio: Studio, gains: tuple[float, float], *, by: Told) -> np.ndarray:
    return studio.show(by.printed(studio, Layout(gain_mm_mv=gains[0], chest_gain_mm_mv=gains[1])))


def _speed(studio: Studio, speed: tuple[float, float | None], *, by: Told) -> np.ndarray:
    return studio.show(by.printed(studio, Layout(speed_mm_s=speed[0], column_mm=speed[1])))


def _stretched(studio: Studio, how: str, *, by: Told) -> np.ndarray:
    axis, factor = how.split()
    across, down = (float(factor), 1.0) if axis == "across" else (1.0, float(factor))
    return cv2.resize(studio.show(by.printed(studio)), None, fx=across, fy=down, interpolation=cv2.INTER_CUBIC)


_TOLD = {
    "": Told(text=True, pulse=True),
    "_by_text": Told(text=True, pulse=False),
    "_by_pulse": Told(text=False, pulse=True),
    "_untold": Told(text=False, pulse=False),
}
_STRETCHES = named("across 1.1", "across 1.2", "across 1.5", "down 1.1", "down 1.2", "down 1.5")

SCALES = (
    *(
        Kind(name=f"gain{how}", family=Family.SCALE, ways=GAINS, draw=partial(_gain, by=by))
        for how, by in _TOLD.items()
    ),
    *(
        Kind(name=f"chest_gain{how}", family=Family.SCALE, ways=CHEST_GAINS, draw=partial(_chest_gain, by=_TOLD[how]))
        for how in ("", "_by_text", "_untold")
    ),
    *(
        Kind(name=f"speed{how}", family=Family.SCALE, ways=SPEEDS, draw=partial(_speed, by=_TOLD[how]))
        for how in ("", "_by_text", "_untold")
    ),
    Kind(name="stretched", family=Family.SCALE, ways=_STRETCHES, draw=partial(_stretched, by=_TOLD[""])),
    Kind(
        name="stretched_untold",
        family=Family.SCALE,
        ways=_STRETCHES,
        draw=partial(_stretched, by=_TOLD["_untold"]),
    ),
)
