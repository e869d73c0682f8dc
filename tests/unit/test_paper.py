"""The ``paper`` style: geometry, odd records, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from tolerances import tolerance
from vizecg.records import EcgRecord
from vizecg.records.synthetic import synthesise
from vizecg.render.paper.draw import (
    BLACK_AND_WHITE,
    MAX_WIDTH_PX,
    MM_PER_PX,
    PX_PER_MV,
    PX_PER_S,
    PaperBox,
    PaperStyle,
    render_paper,
)
from vizecg.spec import LEADS, InputRefusedError, UsageError
from vizecg_lab.render.compare import INK_LEVEL, grid_error_px, grid_lines, ink_mask

pytestmark = pytest.mark.unit

BARE = PaperStyle(title="", lead_names=False, frame=False, separators=False, grid=False)


def chest_record(v1: np.ndarray, rate: float) -> EcgRecord:
    """A wave in V1; in the other leads, which may not be flat, a ripple of under a pixel that fits Einthoven."""
    share = np.array([1, 3, 2, -2, -0.5, 2.5, 0, 1, 1, 1, 1, 1])
    signal = (0.008 * share[:, None] * np.sin(2 * np.pi * np.arange(len(v1)) / rate)).astype(np.float32)
    signal[LEADS.index("V1")] = v1
    return EcgRecord(signal=signal, sampling_rate=rate, record_id="test")


def box_of(boxes: tuple[PaperBox, ...], lead: str) -> PaperBox:
    return next(box for box in boxes if box.lead == lead)


def trace_heights(image: np.ndarray, box: PaperBox) -> np.ndarray:
    """Centre of gravity of each pixel column's ink within a box, in pixels from its baseline upwards."""
    part = image[int(box.top_px) : int(box.bottom_px), int(box.x_px) : int(box.x_px + box.width_px)].astype(float)
    ink = part[..., 2] - part[..., 1]
    y = np.arange(len(ink))[:, None] + 0.5 + box.top_px
    return box.baseline_px - (ink * y).sum(axis=0) / ink.sum(axis=0)


def test_ten_seconds_fill_two_thousand_by_720_pixels() -> None:
    page = render_paper(synthesise(seed=1, sampling_rate=100))
    assert page.image.shape == (720, 2000, 3)
    assert page.image.dtype == np.uint8
    assert tuple(box.lead for box in page.boxes) == LEADS
    v2 = box_of(page.boxes, "V2")
    assert (v2.x_px, v2.width_px, v2.top_px, v2.baseline_px, v2.bottom_px) == (1000, 1000, 120, 180, 240)
    assert (v2.start_s, v2.end_s) == (0, 10)
    # An inch a second, 0.4 inches a millivolt.
    np.testing.assert_allclose([PX_PER_S * MM_PER_PX, PX_PER_MV * MM_PER_PX], [25.4, 10.16], rtol=1e-9)


@pytest.mark.parametrize("rate", [100.0, 128.0, 400.0, 500.0])
def test_samples_are_drawn_at_their_time_and_voltage(rate: float) -> None:
    t = np.arange(round(4 * rate)) / rate
    page = render_paper(chest_record((0.8 * np.sin(2 * np.pi * 0.5 * t)).astype(np.float32), rate), style=BARE)
    heights = trace_heights(page.image, box_of(page.boxes, "V1"))[5:-5]
    middles = (np.arange(len(heights)) + 5.5) / PX_PER_S
    expected = PX_PER_MV * 0.8 * np.sin(2 * np.pi * 0.5 * middles)
    np.testing.assert_allclose(heights, expected, atol=tolerance("paper-px"))


@pytest.mark.parametrize("rate", [250.0, 500.0, 1000.0, 5000.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_spike_of_one_sample_keeps_its_height(rate: float, sign: int) -> None:
    v1 = np.zeros(round(2 * rate), np.float32)
    v1[round(1.003 * rate)] = sign  # between two pixels
    page = render_paper(chest_record(v1, rate), style=BARE)
    box = box_of(page.boxes, "V1")
    rows = np.flatnonzero(ink_mask(page.image[:, 200:]).any(axis=1))
    reached = rows[rows < box.bottom_px]
    tip = box.baseline_px - sign * PX_PER_MV
    assert abs((reached.min() if sign > 0 else reached.max() + 1) - tip) <= 3


def test_leads_columns_and_rows_as_asked_for() -> None:
    page = render_paper(
        synthesise(seed=1, sampling_rate=100), leads=("V5", "II", "aVR"), columns=2, style=PaperStyle(row_height=10)
    )
    assert page.image.shape == (400, 2000, 3)
    assert [(box.lead, box.x_px, box.baseline_px) for box in page.boxes] == [
        ("V5", 0, 100),
        ("II", 0, 300),
        ("aVR", 1000, 100),
    ]


@pytest.mark.parametrize(
    ("duration", "rate"), [(1.0, 50.0), (5.0, 257.0), (7.33, 360.0), (10.0, 1000.0), (12.5, 100.0)]
)
@pytest.mark.parametrize("columns", [1, 2, 3, 5, 12])
def test_any_length_and_rate(duration: float, rate: float, columns: int) -> None:
    signal = synthesise(seed=2, sampling_rate=rate, duration_s=max(5, duration)).signal[:, : round(duration * rate)]
    record = EcgRecord(signal=signal, sampling_rate=rate, record_id="test")
    page = render_paper(record, columns=columns)
    rows = -(-12 // columns)
    assert page.image.shape[:2] == (rows * 120, int(columns * record.duration_s * PX_PER_S + 1e-6))
    assert ink_mask(page.image).any()


def test_another_rate_stretches_the_page() -> None:
    record = synthesise(seed=1, sampling_rate=400)
    assert render_paper(record, sampling_rate=500).image.shape == (720, 1600, 3)


def test_grid_lines_are_at_fifths_of_their_squares() -> None:
    image = render_paper(synthesise(seed=1, sampling_rate=100)).image
    upright, level = (grid_lines(image, upright=upright) for upright in (True, False))
    np.testing.assert_allclose(upright, np.arange(4, 2000, 4) + 0.5, atol=tolerance("paper-grid-px"))
    np.testing.assert_allclose(level, np.arange(4, 720, 4) + 0.5, atol=tolerance("paper-grid-px"))
    assert grid_error_px(image, np.roll(image, 1, axis=1)) > 0.9


def test_words_and_lines_can_be_left_out() -> None:
    record = synthesise(seed=1, sampling_rate=100)
    image = render_paper(record, style=BARE).image
    # Ink alone darkens red, and takes as much from red as from green.
    np.testing.assert_array_equal(image[..., 0], image[..., 1])
    assert image.max() == 255
    full = render_paper(record).image
    assert (full[:, 0] == 0).all()
    assert (full[..., 0] != image[..., 0]).sum() > 3000


def test_black_and_white_has_no_colour() -> None:
    image = render_paper(synthesise(seed=1, sampling_rate=100), style=BLACK_AND_WHITE).image
    np.testing.assert_array_equal(image[..., 0], image[..., 2])


def test_pages_do_not_leak_into_each_other() -> None:
    one, other = (synthesise(seed=seed, sampling_rate=100) for seed in (1, 2))
    first = render_paper(one).image.copy()
    out = np.empty_like(first)
    assert render_paper(other, out=out).image is out
    np.testing.assert_array_equal(render_paper(one, out=out).image, first)


def test_a_trace_that_leaves_the_page_is_cut_off() -> None:
    v1 = np.zeros(400, np.float32)
    v1[100:104] = 39.0
    image = render_paper(chest_record(v1, 100), style=BARE).image
    assert (image[0, 490:520, 2].astype(int) - image[0, 490:520, 1]).max() >= INK_LEVEL


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"columns": 0}, "columns must be 1 to 12, got 0"),
        ({"columns": 13}, "columns must be 1 to 12, got 13"),
        ({"leads": ("II", "V7")}, "got V7"),
        ({"leads": ()}, "got none"),
        ({"sampling_rate": 7}, "sampling rate 7 Hz is outside 50 to 5000 Hz"),
        ({"out": np.zeros((3, 3, 3), np.uint8)}, r"out must be contiguous uint8 \(720, 2000, 3\)"),
    ],
)
def test_wrong_arguments_are_named(options: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        render_paper(synthesise(seed=1, sampling_rate=100), **options)


def test_too_long_a_recording_is_refused() -> None:
    record = synthesise(seed=1, sampling_rate=100, duration_s=200)
    with pytest.raises(InputRefusedError, match=f"200 s in 2 columns are 40000 pixels wide, more than {MAX_WIDTH_PX}"):
        render_paper(record)
    assert render_paper(record, columns=1).image.shape == (1440, 20000, 3)


def test_row_height_is_checked() -> None:
    with pytest.raises(ValueError, match="row_height must be 1 to 40"):
        PaperStyle(row_height=0)
