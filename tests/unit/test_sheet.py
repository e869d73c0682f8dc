"""The printed sheet: what is drawn is where and as large as it says, in every layout and style."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tolerances import tolerance
from vizecg.records import EcgRecord
from vizecg.records.synthetic import synthesise
from vizecg.render import (
    LAYOUTS,
    Arrangement,
    Layout,
    LeadOrder,
    MinorGrid,
    NamePlace,
    PrintStyle,
    Pulse,
    Separator,
    Timing,
    random_layout,
    random_style,
    render_sheet,
)
from vizecg.render.strokes import SUB, Spans, inked_pixels, widen
from vizecg.spec import LEADS, InputRefusedError, SheetSpec
from vizecg.spec.sheet import BLOCK_MM

pytestmark = pytest.mark.unit

SPEC = SheetSpec()
BARE = PrintStyle(palette="none", pulse=Pulse.NONE, names=NamePlace.NONE, footer="", ink=(0, 0, 0))


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    return synthesise(["SB"], seed=5)


def derived(lead_i: np.ndarray, lead_ii: np.ndarray, chest: np.ndarray) -> np.ndarray:
    """Twelve leads that keep the identities."""
    limb = [lead_i, lead_ii, lead_ii - lead_i, -(lead_i + lead_ii) / 2, lead_i - lead_ii / 2, lead_ii - lead_i / 2]
    return np.concatenate([np.stack(limb), chest]).astype(np.float32)


def step_record() -> EcgRecord:
    """Lead II is 1 mV from 1.0 to 3.0 s, else 0; the other leads follow from the identities, the chest leads too."""
    lead = np.zeros(4000)
    lead[400:1200] = 1.0
    signal = derived(np.linspace(0, 0.01, 4000), lead, np.tile(lead, (6, 1)))
    return EcgRecord(signal=signal, sampling_rate=400.0, record_id="step")


def height_mm(image: np.ndarray, x_mm: float, near_mm: float, reach_mm: float = 16.0) -> float:
    """Height of the ink in the column at ``x_mm``, near a baseline."""
    top = round((near_mm - reach_mm) * SPEC.px_per_mm)
    column = image[top : round((near_mm + 5) * SPEC.px_per_mm), round(SPEC.mm_to_px(np.array(x_mm)).item()), 0]
    weight = 255.0 - column
    return float(SPEC.px_to_mm((weight * np.arange(len(column))).sum() / weight.sum() + top))


@pytest.mark.parametrize("gain", [5.0, 10.0, 20.0])
@pytest.mark.parametrize("speed", [25.0, 50.0])
def test_time_and_voltage_are_true_to_scale(speed: float, gain: float) -> None:
    layout = Layout(speed_mm_s=speed, gain_mm_mv=gain)
    printed = render_sheet(step_record(), spec=SPEC, style=BARE, layout=layout)
    box = printed.boxes[-1]
    assert box.lead == "II"
    before = height_mm(printed.image, box.x_mm + 0.8 * speed, box.baseline_mm, 25.0)
    after = height_mm(printed.image, box.x_mm + 1.5 * speed, box.baseline_mm, 25.0)
    assert before == pytest.approx(box.baseline_mm, abs=tolerance("trace-mm"))
    assert before - after == pytest.approx(gain, abs=tolerance("trace-mm"))
    above, below = (round((box.baseline_mm - share * gain) * SPEC.px_per_mm) for share in (0.7, 0.3))
    columns = np.flatnonzero((printed.image[above:below, :, 0] < 128).all(axis=0))
    columns = columns[columns < (box.x_mm + 2 * speed) * SPEC.px_per_mm]
    assert SPEC.px_to_mm(columns.mean()) == pytest.approx(box.x_mm + speed, abs=tolerance("trace-mm"))


def test_aligned_grid_lines_are_five_millimetres_apart() -> None:
    style = replace(BARE, palette="black", minor_grid=MinorGrid.NONE, major_mm=0.25)
    image = render_sheet(step_record(), spec=SPEC, style=style).image
    darkness = 255.0 - image[4, :, 0]
    at = [(darkness[k : k + 20] * np.arange(k, k + 20)).sum() / darkness[k : k + 20].sum() for k in range(10, 1130, 20)]
    np.testing.assert_allclose(SPEC.px_to_mm(np.array(at)) % 5.0 % 5.0, 0, atol=tolerance("trace-mm"))


@pytest.mark.parametrize("kind", list(MinorGrid))
def test_minor_grids_are_lines_dots_or_absent(kind: MinorGrid) -> None:
    style = replace(BARE, palette="red", minor_grid=kind)
    square = render_sheet(step_record(), spec=SPEC, style=style).image[2:18, 2:18, 1]
    share = float((square < 250).mean())
    low, high = {MinorGrid.LINES: (0.4, 0.9), MinorGrid.DOTS: (0.1, 0.3), MinorGrid.NONE: (0.0, 0.0)}[kind]
    assert low <= share <= high


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: f"{layout.name}-{layout.order.value}")
def test_every_layout_shows_every_lead_in_place(layout: Layout) -> None:
    """Where columns end, each lead has a hump of a height of its own: a lead in the wrong place would show."""
    ends = np.array([2.5, 10 / 3, 5.0, 20 / 3, 7.5, 10.0]) - 0.04
    hump = np.exp(-(((np.arange(4000) / 400 - ends[:, None]) / 0.1) ** 2)).sum(axis=0)
    levels = np.linspace(-0.22, 0.22, 8)
    signal = derived(levels[0] * hump, 0.7 * levels[7] * hump, levels[1:7, None] * hump)
    record = EcgRecord(signal=signal, sampling_rate=400.0, record_id="levels")
    printed = render_sheet(record, spec=SPEC, style=BARE, layout=layout)
    assert {box.lead for box in printed.boxes} == set(LEADS)
    assert len(printed.boxes) == 12 + len(layout.rhythm)
    assert not printed.clipped
    for box in printed.boxes:
        sign = -1 if box.inverted else 1
        shown = float(record.lead(box.lead)[round((box.end_s - 1.0 / 25) * 400)])  # 1 mm before the end
        drawn = render_level(printed.image, box.x_mm + box.width_mm - 1.0, box.baseline_mm)
        assert drawn == pytest.approx(box.baseline_mm - 10 * sign * shown, abs=tolerance("origin-mm") / 4)
    assert any(box.inverted for box in printed.boxes) == (layout.order is LeadOrder.CABRERA)


def render_level(image: np.ndarray, x_mm: float, baseline_mm: float) -> float:
    """Height of the darkest ink at ``x_mm`` within 6 mm of a baseline."""
    top = round((baseline_mm - 6) * SPEC.px_per_mm)
    column = image[top : round((baseline_mm + 6) * SPEC.px_per_mm), round(SPEC.mm_to_px(np.array(x_mm)).item()), 0]
    return float(SPEC.px_to_mm(np.argmin(column) + top))


def test_cabrera_runs_from_avl_to_iii() -> None:
    boxes = Layout(order=LeadOrder.CABRERA, arrangement=Arrangement.SIX_BY_TWO, rhythm=()).boxes(SPEC, duration_s=10)
    assert [box.name for box in boxes if box.x_mm == boxes[0].x_mm] == ["aVL", "I", "-aVR", "II", "aVF", "III"]


def test_the_usual_layout_is_centred_on_the_block() -> None:
    boxes = Layout().boxes(SPEC, duration_s=10)
    assert [box.lead for box in boxes[:4]] == ["I", "aVR", "V1", "V4"]
    assert boxes[3].x_mm + boxes[3].width_mm == pytest.approx(SPEC.block_x_mm + BLOCK_MM)
    assert (boxes[0].baseline_mm + boxes[-1].baseline_mm) / 2 == pytest.approx(SPEC.block_y_mm)


def test_simultaneous_columns_begin_together() -> None:
    layout = Layout(timing=Timing.SIMULTANEOUS)
    assert {box.start_s for box in layout.boxes(SPEC, duration_s=10)} == {0.0}
    assert {box.start_s for box in Layout().boxes(SPEC, duration_s=10)} == {0.0, 2.5, 5.0, 7.5}


def test_a_record_too_short_for_sequential_columns_is_refused_or_fitted(record: EcgRecord) -> None:
    short = EcgRecord(signal=record.signal[:, :2934].copy(), sampling_rate=400.0, record_id="short")
    with pytest.raises(InputRefusedError, match=r"record short: 7\.3 s are less than the 10 s that sequential 3x4\+R"):
        render_sheet(short)
    printed = render_sheet(short, layout=Layout().fitting(short.duration_s))
    assert {box.start_s for box in printed.boxes} == {0.0}
    assert printed.boxes[-1].end_s == pytest.approx(7.335)


def test_the_same_ink_whatever_its_row() -> None:
    """A flat line covers exactly its own width of paper, also between pixel rows."""
    for y, radius in ((10.0, 0.7), (10.3, 1.2), (10.5, 0.5)):
        spans = Spans.empty(rows=1, width=20)
        spans.add(0, 8 * SUB, np.full(4 * SUB + 1, y, np.float32))
        ink = widen(spans, radius)
        place, opacity = inked_pixels(ink.low[0], ink.high[0], 24)
        middle = opacity[place % 20 == 10]
        assert middle.sum() == pytest.approx(2 * radius, abs=tolerance("f32-reorder"))
        centre = (place[place % 20 == 10] // 20 + 0.5) @ middle / middle.sum()
        assert centre == pytest.approx(y, abs=tolerance("trace-mm"))


def test_a_trace_that_leaves_its_room_is_cut_off_and_named() -> None:
    lead = np.zeros(4000)
    lead[1500:1540] = 8.0
    signal = derived(lead, np.linspace(0, 0.01, 4000), np.tile(lead / 8, (6, 1)))
    record = EcgRecord(signal=signal, sampling_rate=400.0, record_id="spike")
    printed = render_sheet(record, layout=Layout(arrangement=Arrangement.TWELVE_BY_ONE, rhythm=()))
    assert "I" in printed.clipped
    assert "V1" not in printed.clipped


@pytest.mark.parametrize("separator", [Separator.NONE, Separator.BAR, Separator.TICKS])
@pytest.mark.parametrize("names", [NamePlace.ABOVE, NamePlace.CLOSE, NamePlace.BELOW, NamePlace.NONE])
@pytest.mark.parametrize("pulse", [Pulse.NONE, Pulse.LEFT, Pulse.RIGHT])
def test_furniture_leaves_the_traces_alone(
    record: EcgRecord, separator: Separator, names: NamePlace, pulse: Pulse
) -> None:
    style = replace(BARE, separator=separator, names=names, pulse=pulse, header=("a", "b"), footer=None)
    bare, full = (render_sheet(record, style=chosen).image.astype(int) for chosen in (BARE, style))
    assert (full <= bare).all()
    rhythm = Layout().boxes(SPEC, duration_s=10)[-1]
    beside = round((rhythm.x_mm - 5) * SPEC.px_per_mm)
    assert (full[400:, :beside].min() < 100) == (pulse is Pulse.LEFT)


def test_every_random_style_and_layout_draws(record: EcgRecord) -> None:
    rng = np.random.default_rng(0)
    palettes = set()
    for _ in range(60):
        style, layout = random_style(rng), random_layout(rng, kinds=LAYOUTS)
        palettes.add(style.palette)
        printed = render_sheet(record, style=style, layout=layout)
        assert printed.image.shape == SPEC.shape
    assert len(palettes) >= 6


@st.composite
def any_record(draw: st.DrawFn) -> EcgRecord:
    """Any finite record that passes the checks: noise, spikes, jumps, offsets, of any usual rate and length."""
    rate = draw(st.sampled_from([100.0, 257.0, 400.0, 500.0, 1000.0]))
    samples = int(rate * draw(st.floats(10.0, 12.0)))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    scale = draw(st.sampled_from([0.02, 0.3, 1.0]))
    leads = rng.normal(0, scale, (8, samples)) + rng.normal(0, scale, (8, 1))
    leads[:, int(rng.integers(samples)) :] += np.clip(rng.normal(0, 2 * scale, (8, 1)), -2.5, 2.5)
    leads[:, rng.integers(samples, size=3)] += draw(st.sampled_from([0.0, 5.0, -25.0]))
    leads = np.clip(leads, -15, 15)  # beyond 40 mV in a derived lead a record is refused
    return EcgRecord(signal=derived(leads[0], leads[1], leads[2:]), sampling_rate=rate, record_id="any")


@settings(max_examples=60, deadline=None)
@given(
    record=any_record(),
    layout=st.sampled_from(LAYOUTS),
    speed=st.sampled_from([25.0, 50.0]),
    gain=st.sampled_from([5.0, 10.0, 20.0]),
    timing=st.sampled_from(list(Timing)),
    px_per_mm=st.sampled_from([2.0, 4.0, 5.3]),
)
def test_any_record_in_any_layout_keeps_to_its_boxes(
    record: EcgRecord, layout: Layout, speed: float, gain: float, timing: Timing, px_per_mm: float
) -> None:
    """No crash, no NaN; all ink lies in the boxes that are returned, and what was cut off is named."""
    spec = SheetSpec(px_per_mm=px_per_mm)
    layout = replace(layout, speed_mm_s=speed, gain_mm_mv=gain, timing=timing)
    printed = render_sheet(record, spec=spec, style=BARE, layout=layout)
    assert printed.image.shape == spec.shape
    outside = np.ones(spec.shape[:2], bool)
    edges: dict[int, tuple[int, int, int]] = {}
    for box in printed.boxes:
        assert np.isfinite(box.corners_mm).all()
        assert box.top_mm >= -1e-6
        assert box.bottom_mm <= spec.height_mm + 1e-6
        # A stretch of time may end between two sub-columns: boxes are true to one of them.
        left, top = np.floor(box.corners_mm[0] * spec.px_per_mm - [1 / SUB, 1e-3]).astype(int)
        right, bottom = np.ceil(box.corners_mm[2] * spec.px_per_mm + [1 / SUB, 1e-3]).astype(int)
        outside[max(0, top) : bottom, max(0, left) : right] = False
        # Where two leads of a row share a pixel, the pen goes from the one to the other.
        end, above, below = edges.get(box.row, (0, top, bottom))
        outside[max(0, min(top, above)) : max(bottom, below), max(0, left) : end] = False
        edges[box.row] = (right, top, bottom)
    assert (printed.image[outside] == 255).all()
    for box in layout.boxes(spec, duration_s=record.duration_s):
        first, last = (round(second * record.sampling_rate) for second in (box.start_s, box.end_s))
        # Medians, since a spike of one sample is lower once it is drawn at fewer samples a second; about the
        # lead's own, which the renderer takes from every few samples.
        lead = record.lead(box.lead)
        reach_mm = gain * abs(float(np.median(lead[first:last]) - np.median(lead)))
        if reach_mm > max(box.baseline_mm - box.top_mm, box.bottom_mm - box.baseline_mm) + 0.5 * gain:
            assert box.name in printed.clipped
