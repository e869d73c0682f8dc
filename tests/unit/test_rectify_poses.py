"""Which way up a sheet is, pulses on either side, and the scale with its uncertainty."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tolerances import tolerance
from vizecg.records.synthetic import synthetic_record
from vizecg.render import Layout, PrintStyle, render_sheet
from vizecg.render.style import Pulse
from vizecg.spec import InputRefusedError, SheetSpec
from vizecg.spec.sheet import BLOCK_MM
from vizecg_edge.judge.quality import assess
from vizecg_edge.rectify import Reason
from vizecg_edge.sheet import rectify

pytestmark = pytest.mark.unit

SPEC = SheetSpec()
TURNS = [0, 1, 2, 3]
SHIFT_MM = (3.0, -2.0)


def picture(*, index: int = 3, pulse: Pulse = Pulse.LEFT, tilt: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A drawn sheet on a table, and (3, 3) from its pixels to those of the picture (1900 x 1250)."""
    layout = Layout(shift_x_mm=SHIFT_MM[0], shift_y_mm=SHIFT_MM[1])
    sheet = render_sheet(synthetic_record(index, seed=11), spec=SPEC, style=PrintStyle(pulse=pulse), layout=layout)
    height, width, _ = SPEC.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    flat = corners - corners.mean(axis=0)
    depth = 1.3 * width - flat[:, 1] * np.sin(np.radians(tilt))
    seen = np.stack([flat[:, 0], flat[:, 1] * np.cos(np.radians(tilt))], axis=1) / depth[:, None]
    size = np.array([1900, 1250])
    seen = (seen - (seen.max(axis=0) + seen.min(axis=0)) / 2) * float((0.93 * size / np.ptp(seen, axis=0)).min())
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), (seen + size / 2).astype(np.float32))
    image = cv2.warpPerspective(sheet.image, matrix, (1900, 1250), flags=cv2.INTER_LINEAR, borderValue=(80, 70, 60))
    return image, matrix


def quarter_turned(image: np.ndarray, matrix: np.ndarray, turns: int) -> tuple[np.ndarray, np.ndarray]:
    for _ in range(turns):
        # np.rot90 once: (x, y) goes to (y, width - 1 - x).
        matrix = np.array([[0, 1, 0], [-1, 0, image.shape[1] - 1], [0, 0, 1]]) @ matrix
        image = np.rot90(image)
    return np.ascontiguousarray(image), matrix


def origin_error(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """(4, 2) mm: where the corners of the block come to lie on the sheet, less where they belong."""
    found = rectify(image, SPEC)
    assess(found)
    rows = SPEC.block_y_mm + np.array([-52.5, 52.5])
    block = np.array([[x, y] for x in (SPEC.block_x_mm, SPEC.block_x_mm + BLOCK_MM) for y in rows])
    seen = cv2.perspectiveTransform(SPEC.mm_to_px(block + SHIFT_MM)[None], matrix)[0]
    return found.to_sheet_mm(seen, SPEC) - block


@pytest.mark.parametrize("pulse", list(Pulse))
def test_origin_is_that_of_the_traces_wherever_the_pulses_stand(pulse: Pulse) -> None:
    assert np.abs(origin_error(*picture(pulse=pulse))).max() < tolerance("origin-mm")


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("pulse", [Pulse.NONE, Pulse.RIGHT])
def test_quarter_turns_are_settled_without_pulses_on_the_left(pulse: Pulse, turns: int) -> None:
    image, matrix = picture(pulse=pulse, index=5)
    assert np.abs(origin_error(*quarter_turned(image, matrix, turns))).max() < tolerance("origin-mm")


def test_a_sheet_that_reads_the_same_both_ways_is_refused() -> None:
    image, _ = picture(pulse=Pulse.NONE)
    height = image.shape[0]
    # The upper half of the picture, and the same turned by half a turn.
    both = np.concatenate([image[: height // 2], np.rot90(image[: height // 2], 2)])
    with pytest.raises(InputRefusedError) as caught:
        rectify(np.ascontiguousarray(both), SPEC)
    assert caught.value.reason in {Reason.ORIENTATION_UNCERTAIN.value, Reason.LAYOUT_UNCERTAIN.value}


@pytest.mark.parametrize("tilt", [30.0, 45.0])
def test_sheets_seen_from_one_side_are_read(tilt: float) -> None:
    assert np.abs(origin_error(*picture(tilt=tilt))).max() < tolerance("origin-mm")


def test_scale_has_an_uncertainty_that_holds() -> None:
    image, matrix = picture()
    found = rectify(image, SPEC)
    true = np.sqrt(np.linalg.det(matrix[:2, :2])) * SPEC.px_per_mm
    assert 0 < found.px_per_mm_sd < 0.01 * found.px_per_mm
    assert abs(found.px_per_mm - true) < 4 * found.px_per_mm_sd
