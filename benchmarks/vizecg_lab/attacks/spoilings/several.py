"""More than one ECG in a picture, or two patients on one page."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from vizecg.render import Layout
from vizecg_lab.attacks.kinds import Family, Kind, named
from vizecg_lab.attacks.studio import Ecg, Page, Studio, sheet_of

_TABLE = (92, 84, 78)
_OTHER_FORMS = {"same form": "3x4+R", "six rows": "6x2", "no strip": "3x4"}


def _second(studio: Studio, form: str) -> Page:
    return studio.printed(studio.other, layout=Layout.named(_OTHER_FORMS[form]))


def _side_by_side(studio: Studio, form: str) -> np.ndarray:
    """On one sheet of paper."""
    return _joined(studio, studio.printed(), _second(studio, form), axis=1)


def _stacked(studio: Studio, form: str) -> np.ndarray:
    return _joined(studio, studio.printed(), _second(studio, form), axis=0)


def _joined(studio: Studio, first: Page, second: Page, *, axis: int) -> np.ndarray:
    across = 1 - axis
    long = max(first.image.shape[across], second.image.shape[across])
    parts = [_padded(page.image, long, across) for page in (first, second)]
    return studio.show(sheet_of(np.concatenate(parts, axis=axis), first))


def _padded(image: np.ndarray, length: int, axis: int) -> np.ndarray:
    """Blank paper up to a length."""
    missing = [(0, 0)] * 3
    missing[axis] = (0, length - image.shape[axis])
    return np.pad(image, missing, mode="edge") if length > image.shape[axis] else image


def _two_pictures(studio: Studio, how: str) -> np.ndarray:
    """Two pictures, each of one page, on one canvas."""
    other = replace(studio, key=studio.key + 1)
    first, second = studio.show(studio.printed()), other.show(other.printed(studio.other))
    second = cv2.resize(second, first.shape[1::-1], interpolation=cv2.INTER_AREA)
    if how == "small beside":
        second = cv2.resize(second, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    height, width = first.shape[:2]
    gap = width // 40
    size = {
        "beside": (height, 2 * width + gap),
        "above": (2 * height + gap, width),
        "small beside": (height, width + gap + second.shape[1]),
        "half over": (round(1.5 * height), width),
    }[how]
    canvas = np.full((*size, 3), _TABLE, np.uint8)
    canvas[:height, :width] = first
    bottom, right = size[0] - second.shape[0], size[1] - second.shape[1]
    if how == "small beside":
        bottom = 0
    canvas[bottom : bottom + second.shape[0], right : right + second.shape[1]] = second
    return canvas


def _mixed(studio: Studio, place: str) -> np.ndarray:
    """Traces of another patient in a row or a column."""
    rows = {"first row": (0, 3, 6, 9), "second row": (1, 4, 7, 10), "third row": (2, 5, 8, 11)}
    columns = {"limb column": (0, 1, 2), "V1 to V3": (6, 7, 8), "V4 to V6": (9, 10, 11)}
    leads = {**rows, **columns}[place]
    own = studio.ecg
    other = studio.other if studio.other.sampling_rate == own.sampling_rate else studio.other.at(own.sampling_rate)
    return studio.show(_with_leads(studio, own, other, leads, strip=place == "second row"))


def _strip(studio: Studio, lead: str) -> np.ndarray:
    """The rhythm strip is another patient's."""
    page = studio.printed(layout=Layout(rhythm=(lead,)))
    other = studio.printed(studio.other, layout=Layout(rhythm=(lead,)))
    rows, columns = page.pixels(page.area(strips=True))
    page.image[rows, columns] = other.image[rows, columns]
    return studio.show(page)


def _with_leads(studio: Studio, own: Ecg, other: Ecg, leads: tuple[int, ...], *, strip: bool) -> Page:
    """A page on which some leads of the block, and the strip where it is one of them, are another's."""
    signal = own.signal.copy()
    length = min(signal.shape[1], other.signal.shape[1])
    for lead in leads:
        signal[lead, :length] = other.signal[lead, :length]
    mixed = studio.printed(own.with_signal(signal))
    if not strip:
        plain = studio.printed()
        rows, columns = plain.pixels(plain.area(strips=True))
        mixed.image[rows, columns] = plain.image[rows, columns]
    return mixed


SEVERAL = (
    Kind(name="side_by_side", family=Family.SEVERAL, ways=named(*_OTHER_FORMS), draw=_side_by_side),
    Kind(name="stacked", family=Family.SEVERAL, ways=named(*_OTHER_FORMS), draw=_stacked),
    Kind(
        name="two_pictures", family=Family.SEVERAL, ways=named("beside", "above", "small beside", "half over"),
        draw=_two_pictures,
    ),
    Kind(
        name="row_of_another", family=Family.SEVERAL, ways=named("first row", "second row", "third row"), draw=_mixed,
    ),
    Kind(
        name="column_of_another", family=Family.SEVERAL, ways=named("limb column", "V1 to V3", "V4 to V6"),
        draw=_mixed,
    ),
    Kind(name="strip_of_another", family=Family.SEVERAL, ways=named("II", "V1", "V5"), draw=_strip),
)  # fmt: skip
