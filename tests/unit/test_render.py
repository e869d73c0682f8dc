"""The printed sheet and its photograph: what is drawn is where and as large as it says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tolerances import tolerance
from vizecg.records import EcgRecord
from vizecg.records.synthetic import synthesise
from vizecg.render import (
    PhotoCondition,
    PrintStyle,
    layout_3x4,
    photograph,
    random_style,
    register,
    render_sheet,
    sheet_under,
)
from vizecg.spec import LEADS, Condition, InputRefusedError, SheetSpec

pytestmark = pytest.mark.unit

SPEC = SheetSpec()
BARE = PrintStyle(palette="none", pulse=False, footer="", ink=(0, 0, 0))


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    return synthesise(["SB"], seed=5)


def step_record() -> EcgRecord:
    """Lead II steps from 0 to 1 mV at 1.0 s; the other leads follow from the identities."""
    signal = np.zeros((12, 4000), np.float32)
    signal[1, 400:] = 1.0
    signal[2], signal[3], signal[4], signal[5] = signal[1], -signal[1] / 2, -signal[1] / 2, signal[1]
    return EcgRecord(signal=signal, sampling_rate=400.0, record_id="step")


def test_time_and_voltage_are_true_to_scale() -> None:
    sheet = render_sheet(step_record(), spec=SPEC, style=BARE)
    box = layout_3x4(SPEC)[-1]
    assert box.lead == "II"
    dark = sheet[..., 0] < 128
    top = round((box.baseline_mm - 15) * SPEC.px_per_mm)
    strip = dark[top : round((box.baseline_mm + 5) * SPEC.px_per_mm)]

    def height_mm(seconds: float) -> float:
        column = round(SPEC.mm_to_px(np.array(box.x_mm + 25 * seconds)).item())
        return float(SPEC.px_to_mm(np.flatnonzero(strip[:, column]).mean() + top))

    before, after = height_mm(0.8), height_mm(3.0)
    assert before == pytest.approx(box.baseline_mm, abs=tolerance("trace-mm"))
    assert before - after == pytest.approx(10.0, abs=tolerance("trace-mm"))
    columns = np.flatnonzero(strip.sum(axis=0) > 5 * SPEC.px_per_mm)
    assert SPEC.px_to_mm(columns.mean()) == pytest.approx(box.x_mm + 25.0, abs=tolerance("trace-mm"))


def test_grid_lines_are_five_millimetres_apart() -> None:
    sheet = render_sheet(step_record(), spec=SPEC, style=PrintStyle(palette="black", minor_grid=False))
    row = sheet[4, :, 0].astype(int)
    lines = np.flatnonzero(row < 150)
    assert set(np.diff(lines)) == {20}


def test_layout_covers_all_leads_in_order() -> None:
    boxes = layout_3x4(SPEC)
    assert [box.lead for box in boxes[:4]] == ["I", "aVR", "V1", "V4"]
    assert {box.lead for box in boxes} == set(LEADS)
    assert boxes[3].x_mm + boxes[3].width_mm == pytest.approx(SPEC.block_x_mm + 250)
    middle = (boxes[0].baseline_mm + boxes[-1].baseline_mm) / 2
    assert middle == pytest.approx(SPEC.block_y_mm)


def test_a_short_record_is_refused(record: EcgRecord) -> None:
    short = EcgRecord(signal=record.signal[:, :2000].copy(), sampling_rate=400.0, record_id="short")
    with pytest.raises(InputRefusedError, match=r"record short: 5\.0 s are less than the 10 s"):
        render_sheet(short)


@pytest.mark.parametrize("seed", range(6))
def test_the_returned_homography_is_true(seed: int) -> None:
    """Dots drawn on the sheet are found in the photograph where the homography says."""
    sheet = np.full(SPEC.shape, 255, np.uint8)
    dots = np.array([[60.0, 60], [1090, 70], [1080, 570], [70, 580], [576, 320]])
    for x, y in dots:
        cv2.circle(sheet, (int(x), int(y)), 7, (0, 0, 0), -1, cv2.LINE_AA)
    even = PhotoCondition(shadow=0.0, creases=0, noise=0.0, blur_px=0.6)
    photo = photograph(sheet, rng=np.random.default_rng(seed), condition=even)
    expected = cv2.perspectiveTransform(dots[None], photo.homography)[0]
    gray = cv2.cvtColor(photo.image, cv2.COLOR_RGB2GRAY).astype(float)
    for x, y in expected:
        left, top = int(x) - 14, int(y) - 14
        patch = gray[top : top + 30, left : left + 30]
        weight = np.clip(np.median(patch) - patch - 30, 0, None)
        ys, xs = np.mgrid[0:30, 0:30]
        found = np.array([(weight * xs).sum(), (weight * ys).sum()]) / weight.sum() + [left, top]
        np.testing.assert_allclose(found, [x, y], atol=tolerance("homography-px"))


def test_registering_undoes_photographing(record: EcgRecord) -> None:
    sheet = render_sheet(record, style=PrintStyle(palette="grey", trace_mm=0.5))
    gentle = PhotoCondition(shadow=0.0, creases=0, noise=2.0, blur_px=0.5, width_px=(1800, 1900), jpeg_quality=(92, 95))
    photo = photograph(sheet, rng=np.random.default_rng(2), condition=gentle)
    back = register(photo, spec=SPEC, rng=np.random.default_rng(0))
    inner = (slice(40, -40), slice(40, -40), 0)
    shift, _ = cv2.phaseCorrelate(sheet[inner].astype(np.float64), back[inner].astype(np.float64))
    assert np.hypot(*shift) < tolerance("homography-px")


@pytest.mark.parametrize("condition", list(Condition))
def test_conditions_are_seeded_and_distinct(record: EcgRecord, condition: Condition) -> None:
    first = sheet_under(condition, record, seed=4)
    assert first.shape == SPEC.shape
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, sheet_under(condition, record, seed=4))
    if condition is not Condition.CLEAN:
        assert np.abs(first.astype(int) - sheet_under(condition, record, seed=4, variant=1)).mean() > 1


def test_every_random_style_draws(record: EcgRecord) -> None:
    rng = np.random.default_rng(0)
    palettes = set()
    for _ in range(40):
        style = random_style(rng)
        palettes.add(style.palette)
        assert render_sheet(record, style=style).shape == SPEC.shape
    assert len(palettes) >= 6
