"""Ink that has faded: on the whole page, of the traces alone, or in a part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vizecg.render import PrintStyle
from vizecg.render.style import Colour
from vizecg_lab.attacks.kinds import Family, Kind, numbered
from vizecg_lab.attacks.studio import Studio


def pale(style: PrintStyle, percent: float) -> Colour:
    """An ink of so much contrast to the paper."""
    levels = [round(paper * (1 - percent / 100)) for paper in style.paper]
    return levels[0], levels[1], levels[2]


def _page(studio: Studio, percent: float) -> np.ndarray:
    return studio.show(studio.printed(style=replace(studio.style, ink=pale(studio.style, percent))))


def _traces(studio: Studio, percent: float) -> np.ndarray:
    """Names and pulses keep their black."""
    style = replace(studio.style, ink=pale(studio.style, percent), accent=(20, 20, 20), pulse_ink=(20, 20, 20))
    return studio.show(studio.printed(style=style))


def _part(studio: Studio, percent: float, leads: tuple[str, ...]) -> np.ndarray:
    page = studio.printed()
    faded = studio.printed(style=replace(studio.style, ink=pale(studio.style, percent)))
    rows, columns = page.pixels(page.area(*leads))
    page.image[rows, columns] = faded.image[rows, columns]
    return studio.show(page)


def _chest(studio: Studio, percent: float) -> np.ndarray:
    return _part(studio, percent, ("V1", "V2", "V3"))


def _row(studio: Studio, percent: float) -> np.ndarray:
    return _part(studio, percent, ("I", "aVR", "V1", "V4"))


FADED = (
    Kind(name="ink_faded", family=Family.FADED, ways=numbered((10, 15, 25, 40), "%"), draw=_page),
    Kind(name="traces_faded", family=Family.FADED, ways=numbered((10, 15, 25, 40), "%"), draw=_traces),
    Kind(name="chest_column_faded", family=Family.FADED, ways=numbered((10, 20, 30), "%"), draw=_chest),
    Kind(name="first_row_faded", family=Family.FADED, ways=numbered((10, 20, 30), "%"), draw=_row),
)
