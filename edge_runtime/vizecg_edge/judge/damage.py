"""A file that is damaged: refused where that may have spoilt the leads, else told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from vizecg.spec import InputRefusedError
from vizecg_edge.answer import Doubt
from vizecg_edge.capture import Picture
from vizecg_edge.capture.damage import Box, Damage
from vizecg_edge.rectify.reasons import DAMAGED, advice_of


def refuse_anywhere(picture: Picture) -> None:
    """Of damage that may lie anywhere in the picture: nothing else needs to be looked at.

    Raises:
        InputRefusedError: ``damaged``.
    """
    _refuse(one for one in picture.damage if one.box is None)


def refuse_on_leads(picture: Picture, outlines: Iterable[np.ndarray]) -> None:
    """Of damage in a part of the picture.

    Args:
        picture: what was read.
        outlines: of each lead, (N, 2), in pixels of the whole picture.

    Raises:
        InputRefusedError: ``damaged``: it may touch a lead.
    """
    outlines = list(outlines)
    _refuse(one for one in picture.damage if one.box is None or any(_touches(one.box, points) for points in outlines))


def file_doubts(picture: Picture) -> tuple[Doubt, ...]:
    """What is to be said of the file of an answer."""
    doubts = []
    if picture.damage:
        told = _told(picture.damage)
        doubts.append(Doubt(code="file_damaged", message=f"the file is damaged outside of the leads: {told}"))
    if picture.frames > 1:
        told = f"the file is a film of {picture.frames} pictures: only the first was read"
        doubts.append(Doubt(code="frames_ignored", message=told))
    return tuple(doubts)


def _refuse(found: Iterable[Damage]) -> None:
    damage = tuple(found)
    if damage:
        advice = advice_of(DAMAGED)
        raise InputRefusedError(
            f"The file is damaged, and with it the leads; {advice[0].lower()}{advice[1:-1]} ({_told(damage)})",
            reason=DAMAGED,
        )


def _told(damage: Sequence[Damage]) -> str:
    """The first, and how many more; the words of libraries without their commas at the end."""
    more = f", and {len(damage) - 1} more" if len(damage) > 1 else ""
    return damage[0].told.strip(" .,:") + more


def _touches(box: Box, points: np.ndarray) -> bool:
    """Whether a box meets the rectangle around these points."""
    left, top, right, bottom = box
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return bool(x0 < right and x1 > left and y0 < bottom and y1 > top)
