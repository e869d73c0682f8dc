"""Rectification against drawn sheets of known geometry, and refusals of what is no ECG."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
import pytest

from vizecg.spec import LAYOUT_3X4_R, InputRefusedError, SheetSpec
from vizecg.spec.gate import QualityGate
from vizecg_edge.judge.quality import assess, merits_of, score_of
from vizecg_edge.rectify import Reason
from vizecg_edge.sheet import rectify

pytestmark = pytest.mark.unit

SPEC = SheetSpec()
PRINT_PX = 6
"""Pixels per millimetre of the drawn page."""
PAGE_MM = (297, 210)
LEFT_MM, FIRST_MM, SPACING_MM = 26.0, 70.0, 34.0
RED, GREY, GREEN = (235, 120, 120), (130, 130, 130), (110, 190, 130)


def beats(seconds: np.ndarray, phase: float, height: float) -> np.ndarray:
    """Millivolts of a trace with P, QRS and T waves at 75 beats a minute."""
    t = (seconds + phase) % 0.8

    def wave(centre: float, width: float, size: float) -> np.ndarray:
        return size * np.exp(-(((t - centre) / width) ** 2))

    return wave(0.15, 0.03, 0.12) + height * (wave(0.3, 0.012, 1.0) - wave(0.325, 0.012, 0.25)) + wave(0.5, 0.05, 0.25)


@lru_cache(maxsize=4)
def draw_page(
    *, colour: tuple[int, int, int] = RED, minor: bool = True, traces: bool = True, rows: int = 4
) -> np.ndarray:
    """uint8 RGB page with a grid and, if wanted, rows of traces with calibration pulses. Not to be written to."""
    width, height = PAGE_MM[0] * PRINT_PX, PAGE_MM[1] * PRINT_PX
    page = np.full((height, width, 3), 250, np.uint8)
    if minor:
        faint = tuple(round(250 - (250 - c) * 0.35) for c in colour)
        page[:, ::PRINT_PX] = faint
        page[::PRINT_PX] = faint
    for offset in range(2):
        page[:, offset :: 5 * PRINT_PX] = colour
        page[offset :: 5 * PRINT_PX] = colour
    if traces:
        for row in range(rows):
            draw_row(page, FIRST_MM + row * SPACING_MM, row)
    return page


NAMES = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"), ("II",))


def draw_row(page: np.ndarray, baseline_mm: float, row: int) -> None:
    for column, name in enumerate(NAMES[row % 4]):
        at = round((LEFT_MM + 62.5 * column + 1.5) * PRINT_PX), round((baseline_mm - 6.0) * PRINT_PX)
        cv2.putText(page, name, at, cv2.FONT_HERSHEY_SIMPLEX, 0.8, (25, 25, 30), 2, cv2.LINE_AA)
    seconds = np.arange(0, 10, 0.004)
    # The limb leads add up as they must, or the page is no ECG.
    heights = ((0.6, -0.8, -0.7, 0.9), (1.0, 0.1, 0.8, 1.1), (0.4, 0.7, 1.2, 0.6), (1.0,) * 4)[row % 4]
    height = np.array(heights)[np.minimum(seconds // 2.5, 3).astype(int)]
    y = baseline_mm - 10 * beats(seconds, 0.11, 1.0) * height
    trace = np.stack([LEFT_MM + 25 * seconds, y], axis=1)
    x = LEFT_MM - 5.5
    pulse = np.array([[x, 0], [x, -10], [x + 5, -10], [x + 5, 0]]) + [0, baseline_mm]
    for line in (trace, pulse):
        cv2.polylines(page, [np.round(line * PRINT_PX * 16).astype(np.int32)], False, (25, 25, 30), 2, cv2.LINE_AA, 4)


def photograph(
    page: np.ndarray, *, turn: float = 0.0, tilt: float = 0.0, shear: float = 0.0, size: tuple[int, int] = (1600, 1200)
) -> tuple[np.ndarray, np.ndarray]:
    """The page seen from a camera. Returns uint8 RGB and the (3, 3) matrix page millimetres -> photograph pixels."""
    width, height = size
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64) * PAGE_MM
    centred = corners - np.array(PAGE_MM) / 2
    angle = np.radians(turn)
    turned = centred @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    depth = 1 + (tilt * turned[:, 1] + shear * turned[:, 0]) / 150
    seen = turned / depth[:, None]
    scale = min(0.97 * width / np.ptp(seen[:, 0]), 0.97 * height / np.ptp(seen[:, 1]))
    middle = (seen.max(axis=0) + seen.min(axis=0)) / 2
    target = ((seen - middle) * scale + np.array(size) / 2).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    page_px = np.array([[1 / PRINT_PX, 0, 0.5 / PRINT_PX], [0, 1 / PRINT_PX, 0.5 / PRINT_PX], [0, 0, 1]])
    photo = cv2.warpPerspective(page, matrix @ page_px, size, flags=cv2.INTER_AREA, borderValue=(90, 70, 55))
    rng = np.random.default_rng(7)
    shade = np.linspace(0.7, 1.0, width, dtype=np.float32)[None, :, None]
    noisy = cv2.GaussianBlur(photo, (0, 0), 0.8) * shade + rng.normal(0, 4, photo.shape).astype(np.float32)
    return np.clip(noisy, 0, 255).astype(np.uint8), matrix


def block_errors(homography: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """(4, 2) millimetres: where the corners of the block of traces come to lie on the sheet, less where they should."""
    left, right = LEFT_MM, LEFT_MM + 250
    top, bottom = FIRST_MM, FIRST_MM + 3 * SPACING_MM
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    wanted = corners - [left - SPEC.block_x_mm, (top + bottom) / 2 - SPEC.block_y_mm]
    photo = cv2.perspectiveTransform(corners[None], matrix)
    return SPEC.px_to_mm(cv2.perspectiveTransform(photo, homography)[0]) - wanted


@pytest.mark.parametrize(
    ("pose", "colour", "minor"),
    [
        ({}, RED, True),
        ({"turn": 12.0}, RED, False),
        ({"turn": -28.0, "tilt": 0.15}, GREY, False),
        ({"tilt": 0.3}, RED, True),
        ({"turn": 5.0, "tilt": -0.2, "shear": 0.15}, GREEN, True),
    ],
)
def test_known_pose_is_recovered(pose: dict[str, float], colour: tuple[int, int, int], minor: bool) -> None:
    photo, matrix = photograph(draw_page(colour=colour, minor=minor), **pose)
    result = rectify(photo, SPEC)
    errors = block_errors(result.homography, matrix)
    assert np.abs(errors).max() < 1.0
    # The shape, apart from the origin, is known much better.
    assert np.abs(errors - errors.mean(axis=0)).max() < 0.4
    assert result.sheet.shape == SPEC.shape
    assert result.sheet.dtype == np.uint8
    assert result.layout.name == LAYOUT_3X4_R
    assert result.coverage > 0.99
    assert abs(result.rotation_deg - pose.get("turn", 0.0)) < 4
    assert np.allclose(np.diff(result.rows_mm), SPACING_MM, atol=1.0)
    assert assess(result) > 0.5


def test_scale_in_the_photograph_is_reported() -> None:
    photo, matrix = photograph(draw_page())
    result = rectify(photo, SPEC)
    assert result.px_per_mm == pytest.approx(np.sqrt(np.linalg.det(matrix[:2, :2])), rel=0.01)
    assert result.grid_residual_mm < 0.3
    assert result.bend_residual_mm < 0.3


def test_sheet_content_lies_where_the_spec_says() -> None:
    photo, _ = photograph(draw_page(), turn=7.0, tilt=0.1)
    result = rectify(photo, SPEC)
    ink = result.sheet.max(axis=2) < 110
    # The vertical edges of the calibration pulse end half a millimetre before the block.
    column = slice(round((SPEC.block_x_mm - 8) * 4), round((SPEC.block_x_mm + 1) * 4))
    top = round((result.rows_mm[0] - 9) * 4)
    edges = np.flatnonzero(ink[top : top + 28, column].mean(axis=0) > 0.5)
    assert edges.size > 0
    right_mm = (column.start + edges.max()) / 4
    assert abs(right_mm - (SPEC.block_x_mm - 0.5)) < 1.0


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_are_settled_by_the_pulses(turns: int) -> None:
    photo, matrix = photograph(draw_page(), turn=3.0)
    for _ in range(turns):
        # np.rot90 once: (x, y) goes to (y, width - 1 - x).
        matrix = np.array([[0, 1, 0], [-1, 0, photo.shape[1] - 1], [0, 0, 1]]) @ matrix
        photo = np.rot90(photo).copy()
    result = rectify(photo, SPEC)
    assert len(result.layout.pulses) >= 2
    assert np.abs(block_errors(result.homography, matrix)).max() < 1.0
    assert abs((result.rotation_deg + 90 * turns - 3.0 + 180) % 360 - 180) < 2


def test_bent_paper_is_flattened() -> None:
    page = draw_page(minor=False)
    y, x = np.mgrid[0 : page.shape[0], 0 : page.shape[1]].astype(np.float32)
    wave = 2.5 * PRINT_PX * np.sin(2 * np.pi * x / (180 * PRINT_PX))
    photo, _ = photograph(cv2.remap(page, x, y + wave, cv2.INTER_LINEAR, borderValue=(250, 250, 250)))
    result = rectify(photo, SPEC)
    assert result.grid_residual_mm > 0.3
    assert result.bend_residual_mm < 0.15
    assert np.abs(result.bend_mm[..., 1]).max() > 1.5


def test_cut_off_traces_are_refused() -> None:
    photo, matrix = photograph(draw_page())
    edge = cv2.perspectiveTransform(np.array([[[LEFT_MM + 215, 100.0]]]), matrix)[0, 0, 0]
    with pytest.raises(InputRefusedError) as caught:
        assess(rectify(photo[:, : int(edge)], SPEC))
    assert caught.value.reason in {Reason.CUT_OFF.value, Reason.SCALE_UNCERTAIN.value}


def test_blur_is_refused() -> None:
    photo, _ = photograph(draw_page())
    sharp = rectify(photo, SPEC)
    with pytest.raises(InputRefusedError):
        assess(rectify(cv2.GaussianBlur(photo, (0, 0), 9), SPEC))
    soft = rectify(cv2.GaussianBlur(photo, (0, 0), 2.5), SPEC)
    assert soft.sharpness < 0.8 * sharp.sharpness


@pytest.mark.parametrize(("rows", "name"), [(3, "3x4"), (4, "3x4+R")])
def test_pages_with_and_without_a_strip_are_read(rows: int, name: str) -> None:
    assert rectify(photograph(draw_page(rows=rows))[0], SPEC).layout.name == name


def test_one_row_is_no_layout() -> None:
    with pytest.raises(InputRefusedError) as caught:
        rectify(photograph(draw_page(rows=1))[0], SPEC)
    assert caught.value.reason == Reason.UNSUPPORTED_LAYOUT.value
    assert "1 row of traces" in str(caught.value)


def text_page() -> np.ndarray:
    page = np.full((1200, 1600, 3), 245, np.uint8)
    for line in range(30):
        cv2.putText(page, "the patient was seen at noon and sent home", (60, 60 + line * 38), 0, 1.3, (20, 20, 20), 2)
    return page


def meadow() -> np.ndarray:
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:1000, 0:1500].astype(np.float32)
    colours = np.stack([120 + 60 * np.sin(x / 300), 150 + 40 * np.cos(y / 200), 200 - y / 10], axis=-1)
    return np.clip(cv2.GaussianBlur(colours + rng.normal(0, 25, colours.shape), (0, 0), 2), 0, 255).astype(np.uint8)


def bricks() -> np.ndarray:
    wall = np.full((1000, 1500, 3), (150, 80, 60), np.uint8)
    for course, top in enumerate(range(0, 1000, 40)):
        wall[top : top + 4] = 200
        for left in range((course % 2) * 50, 1500, 100):
            wall[top : top + 40, left : left + 4] = 200
    return wall


def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (900, 1200, 3), dtype=np.uint8)


def graph_paper() -> np.ndarray:
    return photograph(draw_page(traces=False))[0]


def squared_paper() -> np.ndarray:
    return photograph(draw_page(traces=False, colour=GREY, minor=False), turn=9.0)[0]


def squared_paper_with_notes() -> np.ndarray:
    page = draw_page(traces=False, colour=GREY, minor=False).copy()
    for line in range(7):
        cv2.putText(page, "call the laboratory about the results", (90, 200 + line * 140), 0, 2.2, (30, 30, 90), 4)
    return photograph(page)[0]


@pytest.mark.parametrize(
    ("make", "reasons"),
    [
        pytest.param(lambda: np.zeros((900, 1200, 3), np.uint8), {Reason.TOO_DARK}, id="black"),
        pytest.param(lambda: np.full((900, 1200, 3), 255, np.uint8), {Reason.NO_GRID}, id="white"),
        pytest.param(noise, {Reason.NO_GRID}, id="noise"),
        pytest.param(meadow, {Reason.NO_GRID}, id="meadow"),
        pytest.param(bricks, {Reason.NO_GRID, Reason.NOT_AN_ECG, Reason.UNSUPPORTED_LAYOUT}, id="bricks"),
        pytest.param(text_page, {Reason.NO_GRID, Reason.NOT_AN_ECG, Reason.UNSUPPORTED_LAYOUT}, id="text"),
        pytest.param(graph_paper, {Reason.NOT_AN_ECG}, id="graph-paper"),
        pytest.param(squared_paper, {Reason.NOT_AN_ECG}, id="squared-paper"),
        pytest.param(
            squared_paper_with_notes,
            {Reason.NOT_AN_ECG, Reason.UNSUPPORTED_LAYOUT, Reason.LAYOUT_UNCERTAIN},
            id="notes",
        ),
        pytest.param(lambda: np.full((200, 300, 3), 255, np.uint8), {Reason.TOO_SMALL}, id="tiny"),
        pytest.param(lambda: np.zeros((900, 1200), np.uint8), {Reason.INVALID_IMAGE}, id="grey-array"),
    ],
)
def test_what_is_no_ecg_is_refused(make: Callable[[], np.ndarray], reasons: set[Reason]) -> None:
    with pytest.raises(InputRefusedError) as caught:
        rectify(make(), SPEC)
    assert caught.value.reason in {reason.value for reason in reasons}
    assert str(caught.value).endswith((".", ")"))


def test_every_reason_has_a_sentence() -> None:
    assert all(reason.sentence.endswith(".") for reason in Reason)


def test_gate_thresholds_decide() -> None:
    result = rectify(photograph(draw_page())[0], SPEC)
    with pytest.raises(InputRefusedError) as caught:
        assess(result, QualityGate(px_per_mm=(50.0, 60.0)))
    assert caught.value.reason == Reason.TOO_SMALL.value
    assert score_of(merits_of(result), QualityGate(px_per_mm=(50.0, 60.0))) == 0.0
