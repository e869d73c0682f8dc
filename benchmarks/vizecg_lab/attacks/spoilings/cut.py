"""Pages of which a part is not in the picture, or torn off."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np

from vizecg_lab.attacks.kinds import Family, Kind, numbered
from vizecg_lab.attacks.studio import Studio

SIDES = ("left", "right", "top", "bottom")
_TABLE = (92, 84, 78)


def _cut(studio: Studio, percent: float, *, side: str) -> np.ndarray:
    """The picture ends so far inside the block of traces."""
    shot = studio.shot(studio.printed())
    low, high = shot.block_px.min(axis=0), shot.block_px.max(axis=0)
    inset = percent / 100 * (high - low)
    left, top = (max(0, round(edge)) for edge in low + inset)
    right, bottom = (round(edge) for edge in high - inset)
    kept = {
        "left": shot.image[:, left:],
        "right": shot.image[:, :right],
        "top": shot.image[top:],
        "bottom": shot.image[:bottom],
    }[side]
    return np.ascontiguousarray(kept)


def _torn(studio: Studio, percent: float) -> np.ndarray:
    """A corner of the page is missing, as far as that share of its sides."""
    page = studio.printed()
    height, width = page.image.shape[:2]
    reach = percent / 100
    count = 9
    ragged = studio.rng.normal(0, 0.02, (count, 2)) * [width, height]
    t = np.linspace(0, 1, count)[:, None]
    edge = (1 - t) * np.array([reach * width, 0]) + t * np.array([0, 1.6 * reach * height]) + ragged
    corner = np.concatenate([[[-9, -9], [reach * width, -9]], edge, [[-9, 1.6 * reach * height]]])
    if studio.rng.random() < 0.5:
        corner[:, 0] = width - 1 - corner[:, 0]
    if studio.rng.random() < 0.5:
        corner[:, 1] = height - 1 - corner[:, 1]
    cv2.fillPoly(page.image, [np.round(corner * 16).astype(np.int32)], _TABLE, cv2.LINE_AA, 4)
    return studio.show(page)


CUT = (
    *(
        Kind(name=f"cut_{side}", family=Family.CUT, ways=numbered((4, 10, 20, 35), "%"), draw=partial(_cut, side=side))
        for side in SIDES
    ),
    Kind(name="torn_corner", family=Family.CUT, ways=numbered((20, 35, 50), "%"), draw=_torn),
)
