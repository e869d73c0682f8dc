"""Print conditions at work: one record and one seed in, one rectified sheet out."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from vizecg.records import EcgRecord
from vizecg.render.effects import CONDITIONS
from vizecg.render.layout import Layout, random_layout
from vizecg.render.mapping import SheetToPhoto
from vizecg.render.photo_plan import PhotoPlan, plan_photo
from vizecg.render.photograph import take_photo
from vizecg.render.register import RegistrationError, rectified, seen_lattice
from vizecg.render.sheet import SheetPlan, draw_sheet, plan_sheet
from vizecg.render.style import PrintStyle, random_style
from vizecg.spec import Condition, SheetSpec


@dataclass(frozen=True, kw_only=True)
class PicturePlan:
    """One rectified picture of a record.

    Attributes:
        sheet: what is printed.
        photo: how it is photographed; None where the print itself is rectified.
        seen: float32 (rows, columns, 2), the picture's pixel that each node of the rectified sheet's lattice sees; None
            where the print is taken as it is.
    """

    sheet: SheetPlan
    photo: PhotoPlan | None
    seen: np.ndarray | None


def condition_rng(record_id: str, *, seed: int, condition: Condition, variant: int = 0) -> np.random.Generator:
    """The generator that decides everything random about one picture of one record."""
    order = list(Condition).index(condition)
    return np.random.default_rng([seed, zlib.crc32(record_id.encode()), order, variant])


def plan_under(
    condition: Condition,
    record: EcgRecord,
    *,
    seed: int,
    spec: SheetSpec | None = None,
    variant: int = 0,
    layouts: tuple[Layout, ...] = (Layout(),),
) -> PicturePlan:
    """Plan the rectified sheet of a record under a condition; the same for the same arguments.

    ``layouts`` are drawn with equal chances; under ``clean`` the first of them is printed exactly in place.

    Raises:
        InputRefusedError: the record is too short for the layout.
    """
    spec = spec or SheetSpec()
    if condition is Condition.CLEAN:
        layout = layouts[0].fitting(record.duration_s)
        sheet = plan_sheet(record, spec=spec, style=PrintStyle(), layout=layout)
        return PicturePlan(sheet=sheet, photo=None, seen=None)
    rng = condition_rng(record.record_id, seed=seed, condition=condition, variant=variant)
    layout = random_layout(rng, kinds=layouts).fitting(record.duration_s)
    sheet = plan_sheet(record, spec=spec, style=random_style(rng), layout=layout)
    photo, mapping = None, SheetToPhoto.identity(spec)
    if condition is not Condition.PRINT:
        photo = plan_photo(spec=spec, effects=CONDITIONS[condition], rng=rng)
        mapping = photo.mapping
    seen = seen_lattice(mapping, spec=spec, rng=rng, error=RegistrationError())
    return PicturePlan(sheet=sheet, photo=photo, seen=seen)


def sheet_under(
    condition: Condition,
    record: EcgRecord,
    *,
    seed: int,
    spec: SheetSpec | None = None,
    variant: int = 0,
    layouts: tuple[Layout, ...] = (Layout(),),
) -> np.ndarray:
    """The rectified sheet that ``plan_under`` plans: uint8 RGB (H, W, 3)."""
    plan = plan_under(condition, record, seed=seed, spec=spec, variant=variant, layouts=layouts)
    picture = draw_sheet(plan.sheet)
    if plan.photo is not None:
        picture = take_photo(picture, plan.photo)
    return picture if plan.seen is None else rectified(picture, plan.seen, spec=plan.sheet.spec)
