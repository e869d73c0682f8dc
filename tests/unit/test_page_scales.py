"""Speed and gains of a page: what states them, what contradicts it, and what is plausible where nothing does."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from vizecg.records.synthetic import synthesise
from vizecg.render import Layout, PrintStyle, photograph, render_sheet
from vizecg.render.style import Pulse
from vizecg.spec import LEADS, InputRefusedError, SheetSpec
from vizecg_edge.leads.layout import RHYTHM, CalibrationPulse, LeadOrder, PageLayout, Piece, Timing
from vizecg_edge.leads.page import Box
from vizecg_edge.leads.plausible import Beats, TraceSizes, heights_mv, possible_speeds
from vizecg_edge.leads.pulses import find_pulses
from vizecg_edge.leads.scales import PageScales, ScaleSource, page_scales
from vizecg_edge.leads.signals import Leads, LeadTrace
from vizecg_edge.printed.grammar import LeadGroup, Quantity, Setting
from vizecg_edge.sheet import rectify

pytestmark = pytest.mark.unit

SPEC = SheetSpec()
COLUMNS = (("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3"), ("V4", "V5", "V6"))


def sizes(*, rr_mm: float = 20.0, qrs_mm: float = 2.3, qt_mm: float | None = 9.5, **heights: float) -> TraceSizes:
    """Of beats that are measured rightly at every speed: 75 a minute, QRS of 92 and QT of 380 ms at 25 mm/s."""
    beats = {
        speed: Beats(
            rate_bpm=60 * speed / rr_mm,
            qrs_ms=1000 * qrs_mm / speed,
            qt_ms=None if qt_mm is None else 1000 * qt_mm / speed,
        )
        for speed in (12.5, 25.0, 50.0, 100.0)
    }
    return TraceSizes(beats=beats, **heights)


NORMAL = sizes(limb_mm=7.8, chest_mm=14.9)
"""Of a usual page at 25 mm/s and 10 mm/mV."""
SPEED, GAIN = Setting(Quantity.SPEED, 25.0), Setting(Quantity.GAIN, 10.0)


def layout(*pulses: CalibrationPulse, column_mm: float = 62.5) -> PageLayout:
    """3x4 from (20, 40) on, rows 30 mm apart."""
    pieces = tuple(
        Piece(
            lead=lead,
            row=row,
            column=column,
            left_mm=20 + column * column_mm,
            right_mm=20 + (column + 1) * column_mm,
            baseline_mm=40.0 + 30 * row,
        )
        for column, leads in enumerate(COLUMNS)
        for row, lead in enumerate(leads)
    )
    return PageLayout(
        arrangement="3x4",
        order=LeadOrder.STANDARD,
        timing=Timing.UNKNOWN,
        pieces=pieces,
        block=Box(20, 40, 20 + 4 * column_mm, 100),
        pulses=pulses,
    )


def pulse(
    *, left: float = 12.0, row: int = 0, height: float = 10.0, width: float = 5.0, score: float = 0.95
) -> CalibrationPulse:
    foot = 40.0 + 30 * row
    return CalibrationPulse(box=Box(left, foot - height, left + width, foot), score=score)


def speeds(scales: PageScales) -> set[float]:
    return {scale.speed_mm_s for scale in scales.candidates}


def test_what_is_printed_is_the_only_candidate() -> None:
    scales = page_scales(settings=(SPEED, GAIN, Setting(Quantity.RATE, 75.0)), layout=layout())
    assert [scale.words for scale in scales.candidates] == ["25 mm/s, 10 mm/mV"]
    assert scales.certain
    assert scales.speed_source is ScaleSource.PRINTED
    assert scales.printed_rate_bpm == 75.0


@pytest.mark.parametrize(("limb", "chest"), [(10.0, 20.0), (5.0, 20.0), (2.5, 20.0)])
def test_gains_that_are_stated_hold_however_unusual(limb: float, chest: float) -> None:
    apart = (SPEED, Setting(Quantity.GAIN, limb, LeadGroup.LIMB), Setting(Quantity.GAIN, chest, LeadGroup.CHEST))
    found = page_scales(settings=apart, layout=layout())
    assert [(one.limb_mm_mv, one.chest_mm_mv) for one in found.candidates] == [(limb, chest)]
    assert found.certain


def test_limb_and_chest_gains_apart() -> None:
    apart = (SPEED, Setting(Quantity.GAIN, 10.0, LeadGroup.LIMB), Setting(Quantity.GAIN, 5.0, LeadGroup.CHEST))
    scales = page_scales(settings=apart, layout=layout(pulse()))
    assert scales.best.words == "25 mm/s, limb 10, chest 5 mm/mV"
    assert (scales.best.gain_mm_mv("aVF"), scales.best.gain_mm_mv("V3")) == (10.0, 5.0)
    assert scales.certain


@pytest.mark.parametrize(
    ("settings", "pulses", "both"),
    [
        ((SPEED, Setting(Quantity.SPEED, 50.0)), (), "25 and 50 mm/s"),
        ((SPEED, GAIN, Setting(Quantity.GAIN, 5.0)), (), "5 and 10 mm/mV"),
        ((SPEED, GAIN), (pulse(height=5.0),), "10 mm/mV printed, but a calibration pulse of 5 mm"),
        ((SPEED, GAIN), (pulse(width=10.0),), "25 mm/s printed, but calibration pulses 10.0 mm wide"),
        ((SPEED,), (pulse(), pulse(row=1, height=5.0)), "5 and 10 mm"),
    ],
)
def test_statements_that_disagree_are_refused_and_named(
    settings: tuple[Setting, ...], pulses: tuple[CalibrationPulse, ...], both: str
) -> None:
    with pytest.raises(InputRefusedError, match=both) as refused:
        page_scales(settings=settings, layout=layout(*pulses))
    assert refused.value.reason == "scale_uncertain"


def test_one_lone_pulse_counts_where_pulses_stand() -> None:
    scales = page_scales(settings=(SPEED,), layout=layout(pulse(height=5.0)))
    assert (scales.best.limb_mm_mv, scales.limb_source) == (5.0, ScaleSource.PULSE)
    below = pulse(left=60.0, row=3, width=5.0)
    assert page_scales(settings=(SPEED,), layout=layout(below)).limb_source is ScaleSource.PULSE
    for stray in (pulse(left=60.0), pulse(score=0.7), pulse(height=2.5)):
        assert page_scales(settings=(SPEED,), layout=layout(stray)).limb_source is ScaleSource.ASSUMED


def test_a_pulse_between_rows_of_both_groups_is_the_limb_leads() -> None:
    """One in the margin of a page of twelve rows, whose chest leads are printed at half the gain."""
    rows = tuple(
        Piece(lead=lead, row=row, column=0, left_mm=20.0, right_mm=270.0, baseline_mm=40.0 + 10 * row)
        for row, lead in enumerate(LEADS)
    )
    between = CalibrationPulse(box=Box(12.0, 85.0, 17.0, 95.0), score=0.95)
    page = replace(layout(between), arrangement="12x1", pieces=rows, block=Box(20, 40, 270, 150))
    apart = (SPEED, Setting(Quantity.GAIN, 10.0), Setting(Quantity.GAIN, 5.0, LeadGroup.CHEST))
    assert page_scales(settings=apart, layout=page).best.words == "25 mm/s, limb 10, chest 5 mm/mV"


def test_pulses_at_the_end_of_rows_are_the_chest_leads_that_end_there() -> None:
    """They were once taken for the limb leads' too, whose gain is twice as large, where they stood a little apart, or
    beside a strip whose lead is not known."""
    rows = layout().pieces
    right = max(piece.right_mm for piece in rows)
    apart = [pulse(left=right + gap, row=row, height=5.0) for row, gap in enumerate((0.5, 6.0, 9.0))]
    scales = page_scales(settings=(SPEED,), layout=layout(*apart))
    assert scales.chest_source is ScaleSource.PULSE
    assert scales.limb_source is not ScaleSource.PULSE
    strip = Piece(
        lead=RHYTHM, row=3, column=0, left_mm=20.0, right_mm=right, baseline_mm=rows[-1].baseline_mm + 25, strip=True
    )
    unnamed = replace(apart[0], box=Box(right + 1, strip.baseline_mm - 5, right + 6, strip.baseline_mm))
    page = replace(layout(*apart, unnamed), pieces=(*(piece for piece in rows if not piece.strip), strip))
    assert page_scales(settings=(SPEED,), layout=page).limb_source is not ScaleSource.PULSE


def test_pulses_that_the_page_network_does_not_see_state_nothing() -> None:
    unseen = [replace(pulse(row=row, height=20.0), seen=False) for row in range(3)]
    assert page_scales(settings=(SPEED, GAIN), layout=layout(*unseen)).certain
    assert not page_scales(settings=(SPEED,), layout=layout(*unseen)).certain
    one_seen = (replace(unseen[0], seen=True), *unseen[1:])
    assert page_scales(settings=(SPEED,), layout=layout(*one_seen)).best.limb_mm_mv == 20.0


@pytest.mark.parametrize("width", [2.6, 3.1, 5.0])
def test_widths_of_pulses_support_the_usual_speed(width: float) -> None:
    assert page_scales(settings=(SPEED, GAIN), layout=layout(pulse(width=width))).certain


def test_an_open_speed_is_bounded_by_the_beats() -> None:
    scales = page_scales(settings=(GAIN,), layout=layout(), sizes=NORMAL)
    assert speeds(scales) == {25.0}
    assert scales.speed_source is ScaleSource.INFERRED
    assert not scales.certain
    wide = sizes(rr_mm=30.0, qrs_mm=4.0, qt_mm=None)
    assert speeds(page_scales(settings=(GAIN,), layout=layout(), sizes=wide)) == {25.0, 50.0}
    usual = page_scales(settings=(GAIN,), layout=layout(pulse(width=5.0)), sizes=NORMAL)
    assert usual.speed_source is ScaleSource.PULSE
    narrow = page_scales(settings=(GAIN,), layout=layout(pulse(width=2.6)), sizes=NORMAL)
    assert speeds(narrow) == {25.0}
    assert narrow.speed_source is ScaleSource.INFERRED


@pytest.mark.parametrize(("speed", "column_mm"), [(12.5, 31.25), (50.0, 125.0), (100.0, 125.0)])
def test_beats_show_another_speed(speed: float, column_mm: float) -> None:
    """The same heart printed slower or faster: its speed is tried, and mostly the likeliest."""
    stretched = speed / 25.0
    seen = sizes(rr_mm=20 * stretched, qrs_mm=2.3 * stretched, qt_mm=9.5 * stretched)
    scales = page_scales(settings=(GAIN,), layout=layout(column_mm=column_mm), sizes=seen)
    assert scales.best.speed_mm_s == speed
    assert 25.0 in speeds(scales)
    assert not scales.certain


def test_beats_are_measured_at_every_speed_that_rows_and_pulses_allow() -> None:
    """Else the rarest, which nothing is held against, would gain by what speaks against the others."""
    assert set(possible_speeds(layout())) == {12.5, 25.0, 50.0, 100.0}
    assert set(possible_speeds(layout(pulse(left=0.0, width=20.0)))) == {100.0}
    assert 12.5 not in possible_speeds(replace(layout(), timing=Timing.SEQUENTIAL))


def test_a_width_that_pulses_have_at_one_speed_only_states_it() -> None:
    for width, speed in ((20.0, 100.0), (10.0, 50.0), (2.6, 12.5)):
        slow = sizes(rr_mm=0.8 * speed, qrs_mm=0.092 * speed, qt_mm=0.38 * speed)
        told = page_scales(settings=(GAIN,), layout=layout(pulse(left=0, width=width)), sizes=slow)
        assert told.best.speed_mm_s == speed


def test_a_rare_speed_is_tried_at_rare_gains() -> None:
    fast = sizes(rr_mm=40.0, qrs_mm=4.6, qt_mm=19.0, limb_mm=6.0, chest_mm=9.0)
    tried = {scale.words for scale in page_scales(settings=(), layout=layout(column_mm=125.0), sizes=fast).candidates}
    assert {"50 mm/s, limb 10, chest 5 mm/mV", "50 mm/s, 5 mm/mV", "25 mm/s, 10 mm/mV"} <= tried


def test_a_pulse_of_one_group_leaves_the_other_open() -> None:
    """At 10/5 the limb leads' pulse is all that some pages show."""
    for lone in (pulse(), pulse(left=5.0, row=1)):
        scales = page_scales(settings=(SPEED,), layout=layout(lone), sizes=TraceSizes(limb_mm=7.8, chest_mm=7.4))
        assert (scales.limb_source, scales.chest_source) == (ScaleSource.PULSE, ScaleSource.ASSUMED)
        assert {scale.chest_mm_mv for scale in scales.candidates} == {5.0, 10.0}
        assert {scale.limb_mm_mv for scale in scales.candidates} == {10.0}
    every = layout(pulse(), pulse(left=325.0 - 62.5 + 8, row=1))
    assert page_scales(settings=(SPEED,), layout=every).certain


@pytest.mark.parametrize(
    "gains",
    [
        ((10.0, LeadGroup.ALL), (5.0, LeadGroup.CHEST)),
        ((10.0, LeadGroup.LIMB), (5.0, LeadGroup.ALL)),
        ((10.0, LeadGroup.ALL), (5.0, LeadGroup.ALL), (5.0, LeadGroup.CHEST)),
    ],
)
def test_a_gain_without_a_word_beside_that_of_a_group_is_the_others(gains: tuple[tuple[float, LeadGroup], ...]) -> None:
    printed = (SPEED, *(Setting(Quantity.GAIN, value, group) for value, group in gains))
    assert page_scales(settings=printed, layout=layout()).best.words == "25 mm/s, limb 10, chest 5 mm/mV"


def test_open_gains_are_bounded_by_the_heights() -> None:
    scales = page_scales(settings=(SPEED,), layout=layout(), sizes=NORMAL)
    assert scales.best.limb_mm_mv == 10.0
    assert scales.limb_source is ScaleSource.ASSUMED
    assert len(scales.candidates) > 1
    assert sum(scale.likelihood for scale in scales.candidates) == pytest.approx(1, abs=0.01)
    # Traces that are followed in part only look low, and rule out no gain that is usual.
    cut = page_scales(settings=(SPEED,), layout=layout(), sizes=TraceSizes(limb_mm=3.1, chest_mm=4.4))
    assert cut.best.words == "25 mm/s, 10 mm/mV"
    assert 5.0 in {scale.limb_mm_mv for scale in cut.candidates}
    low = page_scales(settings=(SPEED,), layout=layout(), sizes=TraceSizes(limb_mm=3.9, chest_mm=7.4))
    assert {5.0, 10.0} <= {scale.limb_mm_mv for scale in low.candidates}


def test_heights_are_those_of_a_group_of_leads() -> None:
    def trace(lead: str, height: float) -> LeadTrace:
        mv = np.zeros(250, np.float32)
        mv[100:110] = height
        return LeadTrace(lead=lead, start_s=0, sampling_rate=100, mv=mv, confidence=np.ones(250, np.float32))

    traces = tuple(trace(lead, 1.0 if lead[0] != "V" else 2.0) for column in COLUMNS for lead in column)
    assert heights_mv(Leads(traces=traces, sampling_rate=100)) == pytest.approx((1.0, 2.0))
    limb, chest = heights_mv(Leads(traces=traces[:3], sampling_rate=100))
    assert limb == pytest.approx(1.0)
    assert chest is None


def drawn(style: PrintStyle, *, gain_mm_mv: float = 10.0, speed_mm_s: float = 25.0) -> np.ndarray:
    """uint8 (h, w), 3 px/mm: the ink of a drawn sheet without grid."""
    layout = Layout(row_spacing_mm=32.0, gain_mm_mv=gain_mm_mv, speed_mm_s=speed_mm_s)
    sheet = render_sheet(synthesise(["SB"], seed=8), spec=layout.sheet(px_per_mm=4.0), style=style, layout=layout)
    small = cv2.resize(sheet.image, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    return (cv2.cvtColor(small, cv2.COLOR_RGB2GRAY) < 170).astype(np.uint8)


@pytest.mark.parametrize(
    ("gain", "speed"), [(5.0, 25.0), (10.0, 25.0), (10.0, 50.0), (20.0, 25.0), (10.0, 100.0), (2.5, 50.0)]
)
@pytest.mark.parametrize("side", [Pulse.LEFT, Pulse.RIGHT])
def test_pulses_are_found_by_their_form(gain: float, speed: float, side: Pulse) -> None:
    style = PrintStyle(palette="none", pulse=side, trace_mm=0.4, footer="")
    found = find_pulses(drawn(style, gain_mm_mv=gain, speed_mm_s=speed), px_per_mm=3.0, corner=(0.0, 0.0))
    assert len(found) >= 3
    for one in found:
        assert one.height_mm == pytest.approx(gain, abs=0.5)
        assert one.width_mm == pytest.approx(0.2 * speed, abs=0.5)


def test_a_lone_pulse_is_found_and_traces_are_none() -> None:
    style = PrintStyle(palette="none", pulse=Pulse.LEFT, trace_mm=0.4, footer="")
    mask = drawn(style)
    pulses = find_pulses(mask, px_per_mm=3.0, corner=(0.0, 0.0))
    for one in pulses[1:]:
        left, top, right, bottom = (round(3 * edge) for edge in one.box)
        mask[top - 3 : bottom + 4, left - 3 : right + 4] = 0
    assert len(find_pulses(mask, px_per_mm=3.0, corner=(0.0, 0.0))) == 1
    bare = drawn(PrintStyle(palette="none", pulse=Pulse.NONE, trace_mm=0.4, footer=""))
    assert find_pulses(bare, px_per_mm=3.0, corner=(0.0, 0.0)) == ()
    assert find_pulses(np.zeros((20, 20), np.uint8), px_per_mm=3.0, corner=(0.0, 0.0)) == ()


@pytest.mark.parametrize("stretch", [0.9, 1.1])
def test_each_axis_has_its_own_ruler(stretch: float) -> None:
    """A picture that is stretched one way shows the same millimetres."""
    sheet = render_sheet(
        synthesise(["SB"], seed=8), style=PrintStyle(palette="pink"), layout=Layout(row_spacing_mm=32.0)
    )
    image = photograph(sheet.image, rng=np.random.default_rng(3), strength=0.3, width_px=(1700, 1750)).image
    plain = rectify(image, SPEC)
    stretched = rectify(np.ascontiguousarray(cv2.resize(image, None, fx=stretch, fy=1.0)), SPEC)
    points = np.array([[400.0, 350.0], [1300.0, 400.0], [850.0, 700.0]])
    there = (points + 0.5) * [stretch, 1.0] - 0.5
    assert np.abs(stretched.to_sheet_mm(there, SPEC) - plain.to_sheet_mm(points, SPEC)).max() < 0.5


def test_ink_up_to_the_edges_is_no_error() -> None:
    rng = np.random.default_rng(0)
    for share in (0.02, 0.2, 0.6, 1.0):
        mask = (rng.random((120, 150)) < share).astype(np.uint8)
        mask[:, -20:-17] = mask[:, -1:] = 1
        find_pulses(mask, px_per_mm=3.0, corner=(0.0, 0.0))
