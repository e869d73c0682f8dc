"""Other papers, grids, inks, letters and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from vizecg.render import Font, MinorGrid, NamePlace, Pulse, PulseRows, Separator, Text
from vizecg_lab.attacks.kinds import Family, Kind, named
from vizecg_lab.attacks.studio import Studio

_HEADERS = {
    "one line": ("ID: 48113   Name:   Date: 17.06.1998",),
    "measurements": ("Vent. rate 88   PR 164 ms   QRS 96 ms   QT/QTc 372/431", "Unconfirmed report"),
    "three lines": ("ID: 48113   Name:", "Age: 61 yrs   Sex: F   71 bpm", "Room 12   17.06.1998   12:40"),
}
_EDGE_TEXTS = (
    Text(text="VIZ-12 No. 4711", x_mm=2.0, y_mm=3.5, height_mm=1.8),
    Text(text="Page 1 of 1", x_mm=264.0, y_mm=158.5, height_mm=1.8),
    Text(text="SN 003117", x_mm=2.0, y_mm=158.5, height_mm=1.8),
)


def _styled(studio: Studio, changes: Mapping[str, Any]) -> np.ndarray:
    return studio.show(studio.printed(style=replace(studio.style, **changes)))


def _kind(name: str, ways: Mapping[str, Mapping[str, Any]]) -> Kind:
    return Kind(name=name, family=Family.PRINT, ways=ways, draw=_styled)


def _each(field: str, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: {field: value} for name, value in values.items()}


PRINTS = (
    _kind("paper", _each("paper", {
        "cream": (252, 246, 228), "pink": (255, 240, 243), "green": (236, 248, 236), "thermal grey": (226, 224, 222),
    })),
    _kind("grid", _each("palette", named("red", "pink", "brown", "blue", "green", "grey", "black"))),
    _kind("small_squares", _each("minor_grid", {"dots": MinorGrid.DOTS, "none": MinorGrid.NONE})),
    _kind("ink", _each("ink", {
        "blue": (15, 15, 140), "red": (120, 20, 25), "green": (15, 80, 40), "grey": (70, 70, 75),
    })),
    _kind("pen", _each("trace_mm", {"0.25 mm": 0.25, "0.5 mm": 0.5, "0.65 mm": 0.65})),
    _kind("names", _each("names", {
        place.value: place for place in (NamePlace.CLOSE, NamePlace.BELOW, NamePlace.LEFT, NamePlace.ON)
    })),
    _kind("letters", {
        **_each("font", {"bold": Font.BOLD}), **_each("name_height_mm", {"2 mm": 2.0, "3.5 mm": 3.5}),
        **_each("subscripts", {"subscripts": True}),
    }),
    _kind("pulses", {
        **_each("pulse", {"right": Pulse.RIGHT, "none": Pulse.NONE, "both": Pulse.BOTH}),
        **_each("pulse_rows", {"first row": PulseRows.FIRST, "strip": PulseRows.STRIP}),
    }),
    _kind("separators", _each("separator", {
        kind.value: kind for kind in (Separator.BAR, Separator.TICKS, Separator.RULE, Separator.DASHED)
    })),
    _kind("header", _each("header", _HEADERS)),
    _kind("note_of_scale", _each("footer", {
        "with filters": "25 mm/s  10 mm/mV  0.15-40 Hz  AC 50Hz", "speed and gain": "Speed: 25 mm/sec   Gain: 10 mm/mV",
        "none": "",
    })),
    _kind("text_at_the_edge", {"corners": {"texts": _EDGE_TEXTS}, "no note": {"texts": _EDGE_TEXTS, "footer": ""}}),
)  # fmt: skip
"""Where a page keeps its pulses or its note, its scale is still stated."""
