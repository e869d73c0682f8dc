"""Batched pictures are those that OpenCV and numpy draw one by one from the same plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from tolerances import tolerance
from vizecg.data.batch import (
    draw_sheets,
    ink_maps,
    inks_from_plans,
    pack_seen,
    plan_batch,
    register_photos,
    sheets_from_plans,
    take_photos,
)
from vizecg.records import EcgRecord
from vizecg.records.synthetic import synthesise
from vizecg.render import CONDITIONS, LAYOUTS, Photo, RegistrationError, random_style, register, sheet_under
from vizecg.render.photo_plan import PhotoPlan, plan_photo
from vizecg.render.photograph import take_photo
from vizecg.render.register import misplaced
from vizecg.render.sheet import SheetPlan, draw_sheet, plan_sheet
from vizecg.render.text import Marks
from vizecg.spec import Condition, SheetSpec
from vizecg.spec.preprocess import PreprocessSpec, ink_map

pytestmark = pytest.mark.parity

SPEC = SheetSpec()
PREPROCESS = PreprocessSpec()
PHOTOGRAPHED = tuple(condition for condition in Condition if condition not in (Condition.CLEAN, Condition.PRINT))
ERROR = RegistrationError()


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads that wait for each other on busy cores take ten times as long."""
    before = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    yield
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])


@pytest.fixture(scope="module")
def records() -> list[EcgRecord]:
    return [synthesise(["SB"], seed=5), synthesise(["AF", "RBBB"], seed=6), synthesise(["LBBB"], seed=7)]


@pytest.fixture(scope="module")
def plans(records: list[EcgRecord]) -> list[SheetPlan]:
    """One sheet of every layout, each in another style."""
    rng = np.random.default_rng(3)
    return [
        plan_sheet(records[i % 3], layout=layout.fitting(records[i % 3].duration_s), style=random_style(rng))
        for i, layout in enumerate(LAYOUTS)
    ]


def images(batch: Tensor) -> np.ndarray:
    """(N, 3, H, W) -> int (N, H, W, 3)."""
    return batch.permute(0, 2, 3, 1).cpu().numpy().astype(int)


def photo_plans(condition: Condition, count: int = 3) -> list[PhotoPlan]:
    return [
        plan_photo(spec=SPEC, effects=CONDITIONS[condition], rng=np.random.default_rng([8, i])) for i in range(count)
    ]


def differences(batch: Tensor, plans: Sequence[PhotoPlan], expected: Sequence[np.ndarray]) -> np.ndarray:
    """Of all grey levels of all pictures, each in its own size."""
    found = images(batch)
    parts = [
        one[: plan.size[0], : plan.size[1]] - photo for one, plan, photo in zip(found, plans, expected, strict=True)
    ]
    return np.concatenate([part.ravel() for part in parts])


def test_sheets_are_the_same(plans: list[SheetPlan]) -> None:
    expected = np.stack([draw_sheet(plan) for plan in plans])
    np.testing.assert_array_equal(images(draw_sheets(plans, chunk=len(plans))), expected)
    np.testing.assert_array_equal(images(draw_sheets(plans[:5], chunk=2)), expected[:5])


@pytest.mark.parametrize("px_per_mm", [2.7, 6.0])
def test_sheets_of_another_scale_are_the_same(records: list[EcgRecord], px_per_mm: float) -> None:
    spec = SheetSpec(px_per_mm=px_per_mm)
    rng = np.random.default_rng(4)
    plans = [plan_sheet(record, spec=spec, style=random_style(rng)) for record in records]
    np.testing.assert_array_equal(images(draw_sheets(plans)), [draw_sheet(plan) for plan in plans])


def test_of_marks_that_overlap_the_last_one_counts(plans: list[SheetPlan]) -> None:
    place = np.array([5000, 7000, 5000, 7000, 7000])
    marks = Marks(place, np.array([0.9, 0.1, 0.2, 0.3, 0.6], np.float32))
    plan = replace(plans[0], marks=marks)
    np.testing.assert_array_equal(images(draw_sheets([plan, plans[1]]))[0], draw_sheet(plan))


@pytest.mark.parametrize("condition", PHOTOGRAPHED)
def test_photographs_are_the_same_but_for_rounding(plans: list[SheetPlan], condition: Condition) -> None:
    """All effects but JPEG; other widths than the default make other sizes of one batch."""
    shots = [replace(plan, jpeg=None) for plan in photo_plans(condition)]
    sheets = draw_sheets(plans[:3])
    expected = [take_photo(draw_sheet(sheet), shot) for sheet, shot in zip(plans, shots, strict=False)]
    photos = take_photos(sheets, shots, chunk=2)
    assert photos.sizes.tolist() == [list(shot.size) for shot in shots]
    wrong = differences(photos.images, shots, expected)
    assert np.abs(wrong).max() <= tolerance("batch-level")
    assert (wrong != 0).mean() < tolerance("batch-share")
    # A half-pixel shift or a truncation somewhere would lean to one side.
    assert abs(wrong.mean()) < tolerance("batch-share") / 4


def test_every_effect_of_the_camera_at_once(plans: list[SheetPlan]) -> None:
    """What no named condition combines: copier, stains, ripples, motion and noise in one picture."""
    severe, monitor, copy, bare = (
        photo_plans(condition, 1)[0]
        for condition in (Condition.SEVERE, Condition.MONITOR, Condition.BW_SCAN, Condition.CLEAN)
    )
    line = np.zeros((5, 5), np.float32)
    line[2] = 0.2
    everything = replace(
        severe, ripples=monitor.ripples, copied=copy.copied, blur=1.3, motion=line, noise=8.0, jpeg=None, margin=None
    )
    shots = [everything, bare, replace(everything, blur=0.0, motion=None, marks=(), ripples=monitor.ripples[:1])]
    expected = [take_photo(draw_sheet(sheet), shot) for sheet, shot in zip(plans, shots, strict=False)]
    wrong = differences(take_photos(draw_sheets(plans[:3]), shots).images, shots, expected)
    assert np.abs(wrong).max() <= tolerance("batch-level")
    assert (wrong != 0).mean() < tolerance("batch-share")


@pytest.mark.parametrize("condition", PHOTOGRAPHED)
def test_photographs_with_jpeg_and_back_onto_the_sheet(plans: list[SheetPlan], condition: Condition) -> None:
    shots = photo_plans(condition)
    pictures = [take_photo(draw_sheet(sheet), shot) for sheet, shot in zip(plans, shots, strict=False)]
    photos = take_photos(draw_sheets(plans[:3]), shots)
    assert np.abs(differences(photos.images, shots, pictures)).mean() < tolerance("batch-jpeg")
    size = (SPEC.height_px, SPEC.width_px)
    seen = [
        shot.mapping.to_photo(misplaced(size, spec=SPEC, rng=np.random.default_rng(i), error=ERROR))
        for i, shot in enumerate(shots)
    ]
    expected = [
        register(Photo(image=image, mapping=shot.mapping), spec=SPEC, rng=np.random.default_rng(i), error=ERROR)
        for i, (image, shot) in enumerate(zip(pictures, shots, strict=True))
    ]
    back = register_photos(photos, pack_seen(seen), spec=SPEC, chunk=2)
    assert np.abs(images(back) - expected).mean() < tolerance("batch-jpeg")


@pytest.mark.parametrize(
    ("spec", "preprocess"),
    [
        (SPEC, PREPROCESS),
        (SPEC, PreprocessSpec(height=256, width=448, contrast_percentile=98.7, paper_shrink=5)),
        (SheetSpec(px_per_mm=3.1), PreprocessSpec(height=200, width=333, paper_shrink=7)),
    ],
)
def test_ink_maps_are_the_same(records: list[EcgRecord], spec: SheetSpec, preprocess: PreprocessSpec) -> None:
    conditions = (Condition.CLEAN, Condition.PHOTO_SHADOW, Condition.SEVERE)
    sheets = [sheet_under(c, record, seed=4, spec=spec) for c, record in zip(conditions, records, strict=True)]
    expected = [ink_map(sheet, sheet_spec=spec, spec=preprocess) for sheet in sheets]
    batch = torch.from_numpy(np.stack(sheets)).permute(0, 3, 1, 2)
    found = ink_maps(batch, sheet_spec=spec, spec=preprocess, chunk=2)
    assert found.dtype == torch.uint8
    np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize("condition", list(Condition))
def test_planned_pictures_are_those_of_the_cache(records: list[EcgRecord], condition: Condition) -> None:
    """From record to ink map, by the same seed."""
    layouts = tuple(LAYOUTS)
    sheets = [sheet_under(condition, record, seed=9, variant=1, layouts=layouts) for record in records]
    parcel = plan_batch(records, conditions=[condition] * 3, seed=9, variant=1, layouts=layouts, chunk=2)
    found = images(sheets_from_plans(parcel, device="cpu"))
    assert np.abs(found - sheets).mean() < tolerance("batch-jpeg")
    expected = np.stack([ink_map(sheet, sheet_spec=SPEC, spec=PREPROCESS) for sheet in sheets]).astype(int)
    inks = inks_from_plans(parcel, device="cpu").numpy()
    assert np.abs(inks - expected).mean() < tolerance("batch-ink")


def test_conditions_mix_in_one_batch(records: list[EcgRecord]) -> None:
    conditions = (Condition.PRINT, Condition.PHOTO, Condition.CLEAN)
    parcel = plan_batch(records, conditions=conditions, seed=2)
    found = images(sheets_from_plans(parcel, device="cpu"))
    expected = [sheet_under(condition, record, seed=2) for condition, record in zip(conditions, records, strict=True)]
    assert np.abs(found - expected).mean(axis=(1, 2, 3)).max() < tolerance("batch-jpeg")
