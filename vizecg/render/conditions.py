"""Print conditions at work: one record and one seed in, one rectified sheet out."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from vizecg.records import EcgRecord
from vizecg.render.effects import CONDITIONS
from vizecg.render.layout import Layout, random_layout
from vizecg.render.mapping import SheetToPhoto
from vizecg.render.photo_plan import PhotoDraft, PhotoPlan, build_photo, draft_photo
from vizecg.render.photograph import take_photo
from vizecg.render.register import (
    Misplacement,
    RegistrationError,
    build_misplacement,
    draft_misplacement,
    rectified,
)
from vizecg.render.sheet import SheetDraft, SheetPlan, build_sheet, draft_sheet, draw_sheet, drawn_signal
from vizecg.render.style import PrintStyle, random_style
from vizecg.spec import Condition, InputRefusedError, SheetSpec


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


@dataclass(frozen=True, kw_only=True)
class PictureDraft:
    """All that decides a ``PicturePlan`` but the record's signal, drawn and not yet worked out; ``error`` None where
    the print is taken as it is."""

    sheet: SheetDraft
    photo: PhotoDraft | None
    error: Misplacement | None


def condition_rng(record_id: str, *, seed: int, condition: Condition, variant: int = 0) -> np.random.Generator:
    """The generator that decides everything random about one picture of one record."""
    return _generator(record_key(record_id), seed=seed, condition=condition, variant=variant)


def record_key(record_id: str) -> int:
    """What a record's pictures are drawn by, below 2^32."""
    return zlib.crc32(record_id.encode())


def _generator(key: int, *, seed: int, condition: Condition, variant: int) -> np.random.Generator:
    return np.random.default_rng([seed, key, list(Condition).index(condition), variant])


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
    try:
        draft = draft_under(
            condition,
            record_key(record.record_id),
            duration_s=record.duration_s,
            seed=seed,
            spec=spec,
            variant=variant,
            layouts=layouts,
        )
    except InputRefusedError as error:
        raise InputRefusedError(f"record {record.record_id}: {error}", reason=error.reason) from error
    sheet = build_sheet(draft.sheet, drawn_signal(record, sampling_rate=draft.sheet.sampling_rate))
    if draft.error is None:
        return PicturePlan(sheet=sheet, photo=None, seen=None)
    photo = None if draft.photo is None else build_photo(draft.photo, spec=sheet.spec)
    mapping = SheetToPhoto.identity(sheet.spec) if photo is None else photo.mapping
    size = (sheet.spec.height_px, sheet.spec.width_px)
    seen = mapping.to_photo(build_misplacement(draft.error, size)).astype(np.float32)
    return PicturePlan(sheet=sheet, photo=photo, seen=seen)


def draft_under(
    condition: Condition,
    key: int,
    *,
    duration_s: float,
    seed: int,
    spec: SheetSpec | None = None,
    variant: int = 0,
    layouts: tuple[Layout, ...] = (Layout(),),
) -> PictureDraft:
    """What ``plan_under`` draws before it looks at the signal; ``key`` of ``record_key``.

    Raises:
        InputRefusedError: a record of this length is too short for the layout.
    """
    spec = spec or SheetSpec()
    if condition is Condition.CLEAN:
        sheet = draft_sheet(duration_s=duration_s, spec=spec, style=PrintStyle(), layout=layouts[0].fitting(duration_s))
        return PictureDraft(sheet=sheet, photo=None, error=None)
    rng = _generator(key, seed=seed, condition=condition, variant=variant)
    layout = random_layout(rng, kinds=layouts).fitting(duration_s)
    sheet = draft_sheet(duration_s=duration_s, spec=spec, style=random_style(rng), layout=layout)
    photo = None
    if condition is not Condition.PRINT:
        photo = draft_photo(spec=spec, effects=CONDITIONS[condition], rng=rng)
    error = draft_misplacement((spec.height_px, spec.width_px), spec=spec, rng=rng, error=RegistrationError())
    return PictureDraft(sheet=sheet, photo=photo, error=error)


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
