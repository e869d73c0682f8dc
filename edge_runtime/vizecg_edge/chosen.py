"""One sheet of a picture that shows several, chosen by its number."""

from __future__ import annotations

from dataclasses import replace

from vizecg.spec import UsageError
from vizecg_edge.capture import Picture, Shot
from vizecg_edge.leads.several import alone, sheets_in
from vizecg_edge.rectify.reasons import Reason, refusal


def chosen_sheet(shot: Shot, number: int | None) -> Shot:
    """A shot of one of its sheets, the others painted over; None leaves it as it is.

    Args:
        shot: that shows one sheet or several.
        number: from 1, as one reads: row by row from the left.

    Raises:
        UsageError: it is no number from 1 on.
    """
    if number is None:
        return shot
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise UsageError(f"sheet: expected a whole number from 1 on, or None, got {number!r}")

    def load(most_reduced: float) -> Picture:
        picture = shot.load(most_reduced)
        boxes = sheets_in(picture.pixels)
        if number > len(boxes):
            raise refusal(Reason.NO_SUCH_SHEET, f"sheet {number} of {len(boxes)}")
        return replace(picture, pixels=alone(picture.pixels, boxes, number)) if len(boxes) > 1 else picture

    return replace(shot, load=load, sheet=number)
