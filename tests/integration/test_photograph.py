"""Photographs: the returned mapping is true, conditions show what they name, seeds decide everything."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tolerances import tolerance
from vizecg.records import EcgRecord
from vizecg.records.synthetic import synthesise
from vizecg.render import (
    CONDITIONS,
    EFFECT_NAMES,
    LAYOUTS,
    Effects,
    MinorGrid,
    PrintStyle,
    RegistrationError,
    photograph,
    random_layout,
    random_style,
    register,
    render_sheet,
    sheet_under,
)
from vizecg.render.photo_plan import plan_photo
from vizecg.render.photograph import Photo, noise_tile
from vizecg.spec import Condition, SheetSpec

pytestmark = pytest.mark.integration

SPEC = SheetSpec()
GEOMETRY = Effects(folds=1, wrinkles=1, curl=1, rotation=1, perspective=1, lens=1, background=1, defocus=0.3)


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    return synthesise(["SB"], seed=5)


@pytest.fixture(scope="module")
def sheet(record: EcgRecord) -> np.ndarray:
    return render_sheet(record, style=PrintStyle(palette="grey", minor_grid=MinorGrid.NONE)).image


def dot_errors(photo: Photo, dots: np.ndarray) -> np.ndarray:
    """Pixels between where the mapping puts dots (n, 2) of a white sheet and where they are in the photograph."""
    grey = cv2.cvtColor(photo.image, cv2.COLOR_RGB2GRAY).astype(float)
    errors = []
    for x, y in photo.mapping.to_photo(dots):
        left, top = int(x) - 9, int(y) - 9
        patch = grey[top : top + 19, left : left + 19]
        weight = np.clip(0.4 * np.median(patch) - patch, 0, None)
        ys, xs = np.mgrid[0 : patch.shape[0], 0 : patch.shape[1]]
        found = np.array([(weight * xs).sum(), (weight * ys).sum()]) / weight.sum() + [left, top]
        errors.append(np.hypot(*(found - [x, y])))
    return np.array(errors)


@pytest.mark.parametrize("block", range(10))
def test_lead_boxes_are_where_the_mapping_says(record: EcgRecord, block: int) -> None:
    """Dots at the corners of the lead boxes of 200 sheets (20 in each block), bent, tilted, through a lens."""
    worst = []
    for seed in range(20 * block, 20 * block + 20):
        rng = np.random.default_rng(seed)
        boxes = render_sheet(record, layout=random_layout(rng, kinds=LAYOUTS)).boxes
        # Corners close to each other would be one blot.
        dots = apart(SPEC.mm_to_px(np.concatenate([box.corners_mm for box in boxes])))
        page = np.full(SPEC.shape, 255, np.uint8)
        for x, y in dots:
            cv2.circle(page, (round(x * 16), round(y * 16)), 5 * 16, (0, 0, 0), -1, cv2.LINE_AA, 4)
        photo = photograph(page, rng=rng, condition=GEOMETRY)
        worst.append(dot_errors(photo, dots).max())
    assert max(worst) < tolerance("homography-px")


def apart(points: np.ndarray, least: float = 50.0) -> np.ndarray:
    """The points that keep so many pixels from those before them and from the sheet's edge."""
    kept: list[np.ndarray] = []
    for point in points:
        inside = (point > least / 2).all() and (point < np.array([SPEC.width_px, SPEC.height_px]) - least / 2).all()
        if inside and all(np.hypot(*(point - other)) > least for other in kept):
            kept.append(point)
    return np.array(kept)


def test_the_mapping_back_undoes_the_mapping() -> None:
    plan = plan_photo(spec=SPEC, effects=GEOMETRY, rng=np.random.default_rng(3))
    points = np.random.default_rng(0).uniform([20, 20], [1130, 620], (50, 2))
    back = plan.mapping.to_sheet(plan.mapping.to_photo(points))
    np.testing.assert_allclose(back, points, atol=tolerance("mapping-px"))


def test_registering_undoes_photographing(sheet: np.ndarray) -> None:
    gentle = replace(GEOMETRY, defocus=0.2, background=0.0, noise=0.2)
    photo = photograph(sheet, rng=np.random.default_rng(2), condition=gentle, width_px=(1800, 1900))
    back = register(photo, spec=SPEC, rng=np.random.default_rng(0))
    for part in (np.s_[60:300, 60:540], np.s_[340:580, 600:1080]):
        shift, _ = cv2.phaseCorrelate(sheet[part][..., 0].astype(float), back[part][..., 0].astype(float))
        assert np.hypot(*shift) < tolerance("homography-px")


def test_an_error_of_registration_moves_the_sheet(sheet: np.ndarray) -> None:
    photo = photograph(sheet, rng=np.random.default_rng(2), strength=0.0)
    error = RegistrationError(origin_mm=(3.0, 0.0), corner_mm=0.0, bend_mm=0.0, scale=0.0)
    right, wrong = (
        register(photo, spec=SPEC, rng=np.random.default_rng(1), error=chosen)
        for chosen in (replace(error, origin_mm=(0.0, 0.0)), error)
    )
    assert np.abs(right.astype(int) - wrong).mean() > 1


@pytest.mark.parametrize("condition", list(Condition))
def test_conditions_are_seeded_and_distinct(record: EcgRecord, condition: Condition) -> None:
    first = sheet_under(condition, record, seed=4)
    assert first.shape == SPEC.shape
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, sheet_under(condition, record, seed=4))
    if condition is not Condition.CLEAN:
        assert np.abs(first.astype(int) - sheet_under(condition, record, seed=4, variant=1)).mean() > 1


def test_every_condition_has_strengths() -> None:
    assert set(CONDITIONS) == set(Condition)


def test_strength_zero_is_an_even_straight_sharp_picture(sheet: np.ndarray) -> None:
    photo = photograph(sheet, rng=np.random.default_rng(9), condition=Condition.SEVERE, strength=0.0)
    assert photo.mapping.displacement is None
    np.testing.assert_allclose(photo.homography[[0, 1], [1, 0]], 0, atol=tolerance("mapping-px"))
    assert np.median(photo.image) == 255


@pytest.mark.parametrize("name", [name for name in EFFECT_NAMES if name not in ("screen", "background")])
def test_every_effect_shows_and_grows(sheet: np.ndarray, name: str) -> None:
    """Against the same picture without it; averaged over seeds, since each picture draws its own amounts."""

    def change(strength: float) -> float:
        differences = []
        for seed in range(6):
            effects = Effects(background=0.2)
            plain, changed = (
                photograph(sheet, rng=np.random.default_rng(seed), condition=chosen).image.astype(float)
                for chosen in (effects, replace(effects, **{name: strength}))
            )
            differences.append(np.abs(plain - changed).mean())
        return float(np.mean(differences))

    weak, strong = change(0.3), change(1.0)
    assert strong > 0.1
    assert weak < strong


def test_shadows_darken_and_copies_lose_their_colour(record: EcgRecord) -> None:
    red = render_sheet(record, style=PrintStyle(palette="red")).image
    plain = photograph(red, rng=np.random.default_rng(1), condition=Effects())
    dark = photograph(red, rng=np.random.default_rng(1), condition=Effects(shadow=1.0))
    copy = photograph(red, rng=np.random.default_rng(1), condition=Effects(copy=1.0)).image.astype(int)
    assert dark.image.mean() < plain.image.mean()
    assert np.abs(copy[..., 0] - copy[..., 2]).max() <= 1


def test_unknown_strengths_are_refused(sheet: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"strength must be between 0 and 1, got 1\.5"):
        photograph(sheet, rng=np.random.default_rng(0), strength=1.5)
    with pytest.raises(ValueError, match="the strength of noise"):
        Effects(noise=-0.1)
    with pytest.raises(ValueError, match="expected a uint8 sheet"):
        photograph(sheet[:100], rng=np.random.default_rng(0))


def test_photographs_may_be_larger_than_the_noise_tile(sheet: np.ndarray) -> None:
    photo = photograph(sheet, rng=np.random.default_rng(0), condition=Effects(noise=1.0), width_px=(3000, 3001))
    assert photo.image.shape[1] == 3000 > 2 * noise_tile().shape[1]


def test_printed_styles_survive_every_condition(record: EcgRecord) -> None:
    rng = np.random.default_rng(3)
    for condition in CONDITIONS:
        printed = render_sheet(record, style=random_style(rng), layout=random_layout(rng, kinds=LAYOUTS))
        photo = photograph(printed.image, rng=rng, condition=condition)
        assert photo.image.dtype == np.uint8
        assert np.isfinite(photo.mapping.to_photo(SPEC.mm_to_px(printed.boxes[0].corners_mm))).all()
