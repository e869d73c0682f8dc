"""Pages of every layout on the one sheet: each lead in its place, in time and to scale, from the page's own pixels."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tolerances import tolerance
from vizecg.records import EcgRecord
from vizecg.records.synthetic import synthetic_record
from vizecg.render import Layout, LeadBox, PrintStyle, Pulse, render_sheet
from vizecg.render import LeadOrder as PrintedOrder
from vizecg.render import Timing as PrintedTiming
from vizecg.render.sheet import drawn_signal
from vizecg.spec import LEADS, SheetSpec
from vizecg_edge.compose.page import compose
from vizecg_edge.compose.result import Composed
from vizecg_edge.compose.slots import slots_of
from vizecg_edge.leads.layout import LeadOrder, PageLayout, Piece, Timing
from vizecg_edge.leads.page import Box, Page
from vizecg_edge.leads.signals import Leads, LeadTrace
from vizecg_edge.rectify.warp import Bend

pytestmark = pytest.mark.unit

SPEC = SheetSpec()
FINE = SheetSpec(px_per_mm=6.0)
STYLE = PrintStyle(palette="pink", pulse=Pulse.NONE)
RATE = 500.0
EVERY = tuple(slot.lead for slot in slots_of(SPEC) if not slot.strip)


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    return synthetic_record(3, seed=2)


def flat_page(image: np.ndarray) -> Page:
    """A picture whose millimetres are the page's."""
    scale = FINE.px_per_mm
    to_cells = np.diag([0.2, 0.2, 1.0]) @ np.linalg.inv(FINE.mm_to_px_matrix)
    return Page(
        halves=(image,),
        photo_to_cells=to_cells,
        bend=Bend(left=0, top=0, cells=np.zeros((2, 2, 2), np.float32)),
        page_to_cells=np.diag([0.2, 0.2, 1.0]),
        box=Box(0, 0, image.shape[1] / scale, image.shape[0] / scale),
        px_per_mm=scale,
    )


def page_layout(boxes: tuple[LeadBox, ...], layout: Layout) -> PageLayout:
    rows = sorted({box.baseline_mm for box in boxes})
    strips = len(boxes) - len(layout.rhythm)
    pieces = [
        Piece(
            lead=box.lead,
            row=rows.index(box.baseline_mm),
            column=0 if place >= strips else place % layout.columns,
            left_mm=box.x_mm,
            right_mm=box.x_mm + box.width_mm,
            baseline_mm=box.baseline_mm,
            time_mm=box.start_s * box.speed_mm_s,
            strip=place >= strips,
            inverted=box.inverted,
        )
        for place, box in enumerate(boxes)
    ]
    left, right = min(piece.left_mm for piece in pieces), max(piece.right_mm for piece in pieces)
    return PageLayout(
        arrangement=layout.arrangement.value,
        order=LeadOrder(layout.order.value),
        timing=Timing(layout.timing.value),
        pieces=tuple(pieces),
        block=Box(left, rows[0], right, rows[-1]),
    )


def read_leads(record: EcgRecord, boxes: tuple[LeadBox, ...]) -> Leads:
    """What is printed, as if it had been read."""
    signal = drawn_signal(record, sampling_rate=RATE)
    traces = []
    for box in boxes:
        mv = signal[LEADS.index(box.lead), round(box.start_s * RATE) : round(box.end_s * RATE)].astype(np.float32)
        traces.append(
            LeadTrace(lead=box.lead, start_s=box.start_s, sampling_rate=RATE, mv=mv, confidence=np.ones_like(mv))
        )
    return Leads(traces=tuple(traces), sampling_rate=RATE)


def composed(record: EcgRecord, layout: Layout, *, traces: bool = True) -> Composed:
    printed = render_sheet(record, spec=FINE, style=STYLE, layout=layout)
    return compose(
        flat_page(printed.image),
        page_layout(printed.boxes, layout),
        speed_mm_s=layout.speed_mm_s,
        limb_gain_mm_mv=layout.gain_mm_mv,
        chest_gain_mm_mv=layout.gain_mm_mv,
        spec=SPEC,
        leads=read_leads(record, printed.boxes) if traces else None,
    )


def off_trace_mm(record: EcgRecord, sheet: Composed) -> float:
    """The median distance from where the sheet's ink is to where the record's leads would be drawn, mm."""
    signal = drawn_signal(record, sampling_rate=RATE)
    dark = 255 - sheet.sheet.max(axis=2).astype(int)
    off = []
    for patch in sheet.patches:
        assert patch.slot is not None
        for x in np.arange(patch.box.left + 1, patch.box.right - 1, 1.0):
            sample = round((patch.start_s + (x - patch.box.left) / 25.0) * RATE)
            near = signal[LEADS.index(patch.slot.lead), max(0, sample - 8) : sample + 9]
            if np.ptp(near) > 0.05:
                continue  # where it is steep, a column shows much of it
            column = dark[:, round(x * SPEC.px_per_mm)]
            middle = patch.baseline_mm - 10.0 * float(near.mean())
            rows = np.arange(round((middle - 2) * SPEC.px_per_mm), round((middle + 2) * SPEC.px_per_mm))
            weight = np.clip(column[rows] - 120, 0, None)
            if weight.sum():
                off.append(abs(float((rows + 0.5) @ weight) / weight.sum() / SPEC.px_per_mm - middle))
    assert len(off) > 60
    return float(np.median(off))


@pytest.mark.parametrize(
    ("layout", "empty"),
    [
        (Layout.named("12x1"), ()),
        (Layout.named("6x2"), ()),
        (Layout.named("6x2+R", order=PrintedOrder.CABRERA), ()),
        (Layout.named("4x3+R"), ()),
        (Layout.named("3x4"), ("strip",)),
        (Layout.named("3x4+R", rhythm=("V1",)), ("strip",)),
        (Layout.named("3x4+R", gain_mm_mv=5.0), ()),
        (Layout.named("12x1", speed_mm_s=50.0), ()),
        (Layout.named("3x4+R", timing=PrintedTiming.SIMULTANEOUS, order=PrintedOrder.CABRERA), ()),
    ],
    ids=lambda value: value.name if isinstance(value, Layout) else None,
)
def test_every_lead_lies_where_the_sheet_has_it(record: EcgRecord, layout: Layout, empty: tuple[str, ...]) -> None:
    sheet = composed(record, layout)
    assert not sheet.whole
    assert sheet.empty == empty
    assert {patch.slot.lead for patch in sheet.patches if patch.slot is not None} == set(EVERY)
    assert off_trace_mm(record, sheet) < tolerance("composed-trace-mm")


def test_what_is_printed_at_a_slots_time_is_shown(record: EcgRecord) -> None:
    """V4 at 7.5 s, and the strip for ten seconds; where columns begin together, as near to it as there is."""
    times = {
        patch.slot.lead: patch.start_s
        for patch in composed(record, Layout.named("12x1")).patches
        if patch.slot is not None and not patch.slot.strip
    }
    assert [times[lead] for lead in ("I", "aVR", "V1", "V4")] == [0.0, 2.5, 5.0, 7.5]
    together = composed(record, Layout.named("6x2", timing=PrintedTiming.SIMULTANEOUS)).patches
    times = {patch.slot.lead: patch.start_s for patch in together if patch.slot is not None and not patch.slot.strip}
    assert [times[lead] for lead in ("I", "aVR", "V1", "V4")] == pytest.approx([0.0, 2.5, 2.5, 2.5])
    assert together[-1].end_s == pytest.approx(5.0)


def test_a_page_like_the_sheet_is_taken_as_a_whole(record: EcgRecord) -> None:
    """By one warp, pulses and texts included; and a strip below its own is left out."""
    layout = Layout(row_spacing_mm=30.0, shift_x_mm=-2.0, shift_y_mm=3.0)
    sheet = composed(record, layout)
    page = flat_page(render_sheet(record, spec=FINE, style=STYLE, layout=layout).image)
    plain = page.picture(Box(-2.0, 3.0, 286.0, 163.0), px_per_mm=SPEC.px_per_mm)
    assert sheet.whole
    assert sheet.rows_mm == pytest.approx((35.0, 65.0, 95.0, 125.0))
    assert np.array_equal(sheet.sheet, plain)
    more = composed(record, Layout(rhythm=("II", "V1"), row_spacing_mm=28.0))
    assert more.whole
    assert more.rows_mm == pytest.approx((38.0, 66.0, 94.0, 122.0))
    assert not np.ptp(more.sheet[round(140 * SPEC.px_per_mm) :].reshape(-1, 3), axis=0).any()


def test_a_spike_that_reaches_into_the_next_row_is_whole_and_no_neighbours(record: EcgRecord) -> None:
    """Rows of 12 mm: what reaches beyond them is kept along the trace that was read, and cut off without one."""
    tall = replace(record, signal=record.signal * np.float32(2.0))
    with_traces, without = (composed(tall, Layout.named("12x1"), traces=traces) for traces in (True, False))
    inked = [
        max(patch.box.bottom - patch.box.top for patch in sheet.patches if patch.slot is not None)
        for sheet in (with_traces, without)
    ]
    assert inked[1] < 25.0 < inked[0]
    assert off_trace_mm(tall, with_traces) < tolerance("composed-trace-mm")


def test_points_of_the_sheet_are_found_in_the_photograph(record: EcgRecord) -> None:
    layout = Layout.named("6x2", order=PrintedOrder.CABRERA, gain_mm_mv=5.0)
    printed = render_sheet(record, spec=FINE, style=STYLE, layout=layout)
    sheet = composed(record, layout)
    boxes = {box.name: box for box in printed.boxes}
    slots = {slot.lead: slot for slot in slots_of(SPEC) if not slot.strip}
    for lead, name, up in (("I", "I", 1), ("aVR", "-aVR", -1), ("V5", "V5", 1)):
        slot, box = slots[lead], boxes[name]
        at = np.array([[slot.left_mm + 10.0, slot.baseline_mm - 4.0]])
        found = sheet.to_photo(at, flat_page(printed.image))
        x = box.x_mm + (slot.start_s - box.start_s) * 25.0 + 10.0
        assert found == pytest.approx(FINE.mm_to_px(np.array([[x, box.baseline_mm - up * 2.0]])), abs=0.01)
    assert np.isnan(sheet.to_page(np.array([[5.0, 80.0], [200.0, slots["III"].baseline_mm + 36.0]]))).all()


def test_seams_are_no_ink_under_uneven_light(record: EcgRecord) -> None:
    layout = Layout.named("12x1")
    printed = render_sheet(record, spec=FINE, style=replace(STYLE, palette="none"), layout=layout)
    shade = np.linspace(1.0, 0.55, printed.image.shape[0])[:, None, None]
    dimmed = np.round(printed.image * shade).astype(np.uint8)
    boxes = page_layout(printed.boxes, layout)
    sheet = compose(
        flat_page(dimmed), boxes, speed_mm_s=25.0, limb_gain_mm_mv=10.0, chest_gain_mm_mv=10.0, spec=SPEC
    ).sheet
    light = cv2.dilate(sheet.max(axis=2), np.ones((25, 25), np.uint8))
    assert np.ptp(light[40:-40, 80:-80]) < 12


def test_scales_and_traces_are_checked(record: EcgRecord) -> None:
    layout = Layout.named("12x1")
    printed = render_sheet(record, spec=FINE, style=STYLE, layout=layout)
    page, laid_out = flat_page(printed.image), page_layout(printed.boxes, layout)
    scales = {"speed_mm_s": 25.0, "limb_gain_mm_mv": 10.0, "chest_gain_mm_mv": 10.0}
    with pytest.raises(ValueError, match=r"must be positive, got 0\.0 mm/s"):
        compose(page, laid_out, **{**scales, "speed_mm_s": 0.0}, spec=SPEC)
    leads = read_leads(record, printed.boxes)
    with pytest.raises(ValueError, match="a trace for every piece"):
        compose(page, laid_out, **scales, spec=SPEC, leads=replace(leads, traces=leads.traces[1:]))
