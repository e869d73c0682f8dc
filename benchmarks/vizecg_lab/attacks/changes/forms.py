"""Other forms that are read, and a page that lies otherwise on its paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vizecg.render import Layout, LeadOrder
from vizecg_lab.attacks.kinds import Family, Kind
from vizecg_lab.attacks.spoilings.disturbed import humming, trembling, wandering
from vizecg_lab.attacks.studio import Studio


def _laid_out(studio: Studio, layout: Layout) -> np.ndarray:
    return studio.show(studio.printed(layout=layout))


def _kind(name: str, ways: Mapping[str, Layout]) -> Kind:
    return Kind(name=name, family=Family.FORM, ways=ways, draw=_laid_out)


def _layouts(*names: str, **changes: Any) -> dict[str, Layout]:
    return {name: Layout.named(name, **changes) for name in names}


def _wander(studio: Studio, millivolts: float) -> np.ndarray:
    return studio.show(studio.printed(wandering(studio.ecg, millivolts, studio.rng)))


def _hum(studio: Studio, millivolts: float) -> np.ndarray:
    return studio.show(studio.printed(humming(studio.ecg, millivolts, studio.rng)))


def _tremor(studio: Studio, millivolts: float) -> np.ndarray:
    return studio.show(studio.printed(trembling(studio.ecg, millivolts, studio.rng)))


FORMS = (
    _kind("strips", _layouts("3x4", "3x4+2R", "3x4+3R")),
    _kind("strip_of", {lead: Layout(rhythm=(lead,)) for lead in ("V1", "V5")}),
    _kind("layout", _layouts("6x2", "6x2+R", "12x1", "4x3+R")),
    _kind("cabrera", _layouts("3x4+R", "6x2", order=LeadOrder.CABRERA)),
    _kind("strip_above", _layouts("3x4+R", strips_above=True)),
    _kind("row_spacing", {f"{mm:g} mm": Layout(row_spacing_mm=mm) for mm in (24.0, 32.0, 38.0)}),
    _kind("columns", {f"{mm:g} mm": Layout(column_mm=mm) for mm in (59.5, 61.0)}),
    _kind("off_centre", {"right": Layout(shift_x_mm=6.0), "down": Layout(shift_y_mm=5.0)}),
    Kind(name="slight_wander", family=Family.FORM, ways={"0.1 mV": 0.1, "0.2 mV": 0.2}, draw=_wander),
    Kind(name="slight_hum", family=Family.FORM, ways={"0.02 mV": 0.02, "0.04 mV": 0.04}, draw=_hum),
    Kind(name="slight_tremor", family=Family.FORM, ways={"0.01 mV": 0.01, "0.02 mV": 0.02}, draw=_tremor),
)
