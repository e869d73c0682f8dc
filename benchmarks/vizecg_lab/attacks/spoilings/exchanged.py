"""Rows, columns or sides of a page exchanged: with the names, without any, or under names that stay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from vizecg.render import Layout, LeadBox, NamePlace, PrintStyle
from vizecg.spec import SheetSpec
from vizecg_lab.attacks.kinds import Family, Kind, named
from vizecg_lab.attacks.studio import Studio

ROWS = ("2 1 3", "1 3 2", "2 3 1", "3 2 1")
COLUMNS = ("2 1 3 4", "1 2 4 3", "3 4 1 2", "4 3 2 1")


@dataclass(frozen=True, kw_only=True)
class Rearranged(Layout):
    """A layout whose block has its rows and columns in another order; names and traces go with them."""

    row_order: tuple[int, ...] = (0, 1, 2)
    column_order: tuple[int, ...] = (0, 1, 2, 3)

    def boxes(self, spec: SheetSpec, *, duration_s: float) -> list[LeadBox]:
        """As of ``Layout``, which it raises as, too."""
        boxes = super().boxes(spec, duration_s=duration_s)
        leads = {(box.row, box.column): box.lead for box in boxes if not box.strip}
        return [
            box if box.strip else replace(box, lead=leads[self.row_order[box.row], self.column_order[box.column]])
            for box in boxes
        ]


def _order(told: str) -> tuple[int, ...]:
    return tuple(int(one) - 1 for one in told.split())


def bare(style: PrintStyle) -> PrintStyle:
    """Without names."""
    return replace(style, names=NamePlace.NONE)


def _rearranged(told: str) -> Rearranged:
    order = _order(told)
    return Rearranged(row_order=order) if len(order) == 3 else Rearranged(column_order=order)


def _with_names(studio: Studio, told: str) -> np.ndarray:
    return studio.show(studio.printed(layout=_rearranged(told)))


def _without_names(studio: Studio, told: str) -> np.ndarray:
    return studio.show(studio.printed(layout=_rearranged(told), style=bare(studio.style)))


def _under_names(studio: Studio, told: str) -> np.ndarray:
    """The names stay where they were: the page itself is wrong."""
    layout = _rearranged(told)
    leads = {
        (box.row, box.column): box.lead
        for box in layout.boxes(layout.sheet(), duration_s=studio.ecg.duration_s)
        if not box.strip
    }
    return studio.show(studio.printed(drawn=lambda box: box.lead if box.strip else leads[box.row, box.column]))


def _mirrored(studio: Studio, how: str) -> np.ndarray:
    """As a picture of the back of a page, or a transparency laid wrongly."""
    style = {
        "named": studio.style,
        "bare": bare(studio.style),
        "nothing written": replace(bare(studio.style), footer="", header=()),
    }[how]
    return np.ascontiguousarray(studio.show(studio.printed(style=style))[:, ::-1])


def _turned_bare(studio: Studio, degrees: str) -> np.ndarray:
    """Upside down or on its side, with nothing that tells which way is up but the traces."""
    style = replace(bare(studio.style), footer="", header=())
    turn = {"90": cv2.ROTATE_90_CLOCKWISE, "180": cv2.ROTATE_180, "270": cv2.ROTATE_90_COUNTERCLOCKWISE}[degrees]
    return cv2.rotate(studio.show(studio.printed(style=style)), turn)


def _kind(name: str, draw: partial[np.ndarray], ways: tuple[str, ...]) -> Kind:
    return Kind(name=name, family=Family.EXCHANGED, ways=named(*ways), draw=draw)


EXCHANGED = (
    *(
        _kind(f"{what}_exchanged_{how}", partial(draw), ways)
        for what, ways in (("rows", ROWS), ("columns", COLUMNS))
        for how, draw in (("with_names", _with_names), ("bare", _without_names), ("under_names", _under_names))
    ),
    _kind("mirrored", partial(_mirrored), ("named", "bare", "nothing written")),
    _kind("turned_bare", partial(_turned_bare), ("90", "180", "270")),
)
