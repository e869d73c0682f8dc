"""Paper speed and gain from the calibration pulses and the print, and what is done where nothing states them."""

from __future__ import annotations

import numpy as np
import pytest

from vizecg.records.synthetic import synthesise
from vizecg.render import Layout, PrintStyle, photograph, render_sheet
from vizecg.render.style import Pulse
from vizecg.spec import SheetSpec
from vizecg_edge.leads.find import find_page
from vizecg_edge.leads.read import read_leads
from vizecg_edge.leads.scales import ScaleSource
from vizecg_edge.pipeline import Pipeline
from vizecg_edge.sheet import rectify

pytestmark = pytest.mark.unit

SPEC = SheetSpec()


def photo(
    *,
    speed: float = 25.0,
    gain: float = 10.0,
    pulse: Pulse = Pulse.LEFT,
    footer: str | None = "",
    chest: float | None = None,
) -> np.ndarray:
    """A photographed print; ``footer`` None states speed and gain, "" nothing."""
    layout = Layout(speed_mm_s=speed, gain_mm_mv=gain, chest_gain_mm_mv=chest, row_spacing_mm=32.0)
    style = PrintStyle(palette="pink", trace_mm=0.35, pulse=pulse, footer=footer)
    sheet = render_sheet(synthesise(["SB"], seed=8), style=style, layout=layout)
    return photograph(sheet.image, rng=np.random.default_rng(3), strength=0.3, width_px=(1700, 1750)).image


@pytest.mark.parametrize(("speed", "gain"), [(25.0, 10.0), (25.0, 5.0), (50.0, 10.0), (25.0, 20.0)])
def test_what_a_page_states_is_applied(speed: float, gain: float) -> None:
    scales = read_leads(find_page(photo(speed=speed, gain=gain, footer=None))).scales
    assert (scales.best.speed_mm_s, scales.best.limb_mm_mv, scales.best.chest_mm_mv) == (speed, gain, gain)
    assert scales.certain


def test_a_page_at_half_the_gain_is_read_in_millivolts_all_the_same() -> None:
    usual, half = (read_leads(find_page(photo(gain=gain, footer=None))).leads for gain in (10.0, 5.0))
    for lead in ("II", "V5"):
        one, other = usual.of(lead), half.of(lead)
        assert one is not None
        assert other is not None
        assert float(np.nanmax(other.mv)) == pytest.approx(float(np.nanmax(one.mv)), rel=0.15)


def test_without_pulses_and_print_every_usual_scale_is_tried_and_told() -> None:
    answer = Pipeline(threads=1).run_image(photo(pulse=Pulse.NONE)).answer
    assert answer.answered, answer.messages
    assert len(answer.geometry.scales_tried) > 1
    assert {answer.geometry.speed_source, answer.geometry.gain_source} & {"assumed", "inferred"}
    assert "check the printout" in answer.to_text()


def test_what_is_printed_is_told_in_the_answer() -> None:
    answer = Pipeline(threads=1).run_image(photo(pulse=Pulse.NONE, footer=None)).answer
    assert answer.answered, answer.messages
    assert (answer.geometry.speed_source, answer.geometry.gain_source) == ("printed", "printed")
    assert "assumed" not in answer.to_text()
    assert answer.doubts == ()


def test_limb_and_chest_gain_are_told_apart() -> None:
    scales = read_leads(find_page(photo(chest=5.0, footer="25 mm/s   10/5 mm/mV"))).scales
    assert (scales.best.limb_mm_mv, scales.best.chest_mm_mv) == (10.0, 5.0)
    assert scales.limb_source is scales.chest_source is ScaleSource.PRINTED


def test_a_page_without_a_grid_is_decided_where_both_ends_of_its_pulses_agree() -> None:
    """Two-level scans were once refused, though nothing on them was decided otherwise than on paper."""
    record, pipeline = synthesise(["SB"], seed=8), Pipeline(threads=1)
    on_paper, without = (
        render_sheet(record, style=PrintStyle(palette=palette, footer=None)).image for palette in ("pink", "none")
    )
    result = pipeline.run_image(np.where(without > 128, 255, 0).astype(np.uint8))
    assert result.answer.answered, result.answer.messages
    expected = pipeline.run_image(on_paper).answer.decisions
    decided = {label: decision for label, decision in result.answer.decisions.items() if decision is not None}
    assert len(decided) >= 4
    assert decided == {label: expected[label] for label in decided}
    assert [doubt.code for doubt in result.answer.doubts] == ["scale_without_grid"]
    assert len(result.others) == 2


def test_a_page_that_only_its_rows_measure_is_refused() -> None:
    style = PrintStyle(palette="none", pulse=Pulse.NONE, footer=None)
    answer = Pipeline(threads=1).run_image(render_sheet(synthesise(["SB"], seed=8), style=style).image).answer
    assert answer.reasons == ("scale_uncertain",)


@pytest.mark.parametrize("pulse", [Pulse.LEFT, Pulse.RIGHT])
def test_traces_begin_at_the_same_place_whichever_end_has_the_pulses(pulse: Pulse) -> None:
    """Pulses on the right were once taken for the last millimetres of the traces."""
    plain = rectify(photo(pulse=Pulse.NONE), SPEC)
    found = rectify(photo(pulse=pulse), SPEC)
    middle = np.array([[850.0, 500.0]])
    shift = found.to_sheet_mm(middle, SPEC) - plain.to_sheet_mm(middle, SPEC)
    assert float(np.abs(shift).max()) < 1.5
