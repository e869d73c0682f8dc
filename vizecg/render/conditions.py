"""Print conditions at work: one record and one seed in, one rectified sheet out."""

from __future__ import annotations

import zlib

import numpy as np

from vizecg.records import EcgRecord
from vizecg.render.layout import Layout, random_layout
from vizecg.render.mapping import SheetToPhoto
from vizecg.render.photograph import Photo, photograph
from vizecg.render.register import RegistrationError, register
from vizecg.render.sheet import render_sheet
from vizecg.render.style import PrintStyle, random_style
from vizecg.spec import Condition, SheetSpec


def condition_rng(record_id: str, *, seed: int, condition: Condition, variant: int = 0) -> np.random.Generator:
    """The generator that decides everything random about one picture of one record."""
    order = list(Condition).index(condition)
    return np.random.default_rng([seed, zlib.crc32(record_id.encode()), order, variant])


def sheet_under(
    condition: Condition,
    record: EcgRecord,
    *,
    seed: int,
    spec: SheetSpec | None = None,
    variant: int = 0,
    layouts: tuple[Layout, ...] = (Layout(),),
) -> np.ndarray:
    """The rectified sheet of a record under a condition: uint8 RGB (H, W, 3), the same for the same arguments.

    ``layouts`` are drawn with equal chances; under ``clean`` the first of them is printed exactly in place.
    """
    spec = spec or SheetSpec()
    if condition is Condition.CLEAN:
        return render_sheet(record, spec=spec, style=PrintStyle(), layout=layouts[0].fitting(record.duration_s)).image
    rng = condition_rng(record.record_id, seed=seed, condition=condition, variant=variant)
    layout = random_layout(rng, kinds=layouts).fitting(record.duration_s)
    sheet = render_sheet(record, spec=spec, style=random_style(rng), layout=layout).image
    if condition is Condition.PRINT:
        photo = Photo(image=sheet, mapping=SheetToPhoto.identity(spec))
    else:
        photo = photograph(sheet, rng=rng, spec=spec, condition=condition)
    return register(photo, spec=spec, rng=rng, error=RegistrationError())
