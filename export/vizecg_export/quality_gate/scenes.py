"""Photographs from mild to unreadable, for choosing what is refused: the renderer's own, and some beyond its range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vizecg.records import EcgRecord
from vizecg.render import Layout, photograph, random_style, render_sheet
from vizecg.render.spoil import BASE_STRENGTH, SPOILT, Kind, spoil
from vizecg.spec import Condition, SheetSpec

WIDTH_PX = (1250, 1900)
MODERATE = (0.3, 0.7)
"""Strengths of the everyday photograph."""
NAMED = tuple(kind for kind in Kind if kind not in (*SPOILT, Kind.MODERATE, Kind.PHOTO))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A photograph and the truth about it.

    Attributes:
        kind: how it was taken.
        strength: 0 to 1.
        image: uint8 RGB (H, W, 3).
        seen: float64 (4, 2), photograph pixels that show the ends of the first and the last row's baselines.
        block_mm: (4, 2), where these belong on the sheet.
    """

    kind: Kind
    strength: float
    image: np.ndarray
    seen: np.ndarray
    block_mm: np.ndarray


def kinds_for(number: int, photographs: int) -> list[Kind]:
    """The kinds of one record's photographs: two everyday ones, a named condition, then those that are spoilt.

    ``number`` is the record's own; it says where in the list of the others to begin.
    """
    turn = [SPOILT[(number + k) % len(SPOILT)] for k in range(max(0, photographs - 3))]
    return [Kind.MODERATE, Kind.PHOTO, NAMED[number % len(NAMED)], *turn][:photographs]


def make_scene(record: EcgRecord, layout: Layout, kind: Kind, *, spec: SheetSpec, rng: np.random.Generator) -> Scene:
    """Print a record in a random style, photograph it, and spoil the photograph if ``kind`` says so."""
    printed = render_sheet(record, spec=spec, style=random_style(rng), layout=layout)
    low, high = {Kind.MODERATE: MODERATE, Kind.PHOTO: (MODERATE[1], 1.0)}.get(kind, (0.0, 1.0))
    strength = float(rng.uniform(low, high))
    everyday = kind in (Kind.MODERATE, Kind.PHOTO) or kind in SPOILT
    photo = photograph(
        printed.image,
        rng=rng,
        spec=spec,
        width_px=WIDTH_PX,
        condition=Condition.PHOTO if everyday else Condition(kind.value),
        strength=BASE_STRENGTH if kind in SPOILT else strength,
    )
    block = printed.block_mm()
    seen = np.asarray(photo.mapping.to_photo(spec.mm_to_px(block)), np.float64).reshape(4, 2)
    image = photo.image
    if kind in SPOILT:
        image, seen = spoil(image, seen, kind, strength, rng)
    return Scene(kind=kind, strength=strength, image=np.ascontiguousarray(image), seen=seen, block_mm=block)
