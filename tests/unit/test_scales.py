"""Paper speed and gain from the calibration pulses and the print, and what is refused for them."""

from __future__ import annotations

import numpy as np
import pytest

from vizecg.records.synthetic import synthesise
from vizecg.render import Layout, PrintStyle, photograph, render_sheet
from vizecg.render.style import Pulse
from vizecg.spec import InputRefusedError, SheetSpec
from vizecg_edge.pipeline import Pipeline
from vizecg_edge.rectify import rectify
from vizecg_edge.scales import ScaleSource, scales_of

pytestmark = pytest.mark.unit

SPEC = SheetSpec()


def photo(*, speed: float = 25.0, gain: float = 10.0, pulse: Pulse = Pulse.LEFT, footer: str | None = "") -> np.ndarray:
    """A photographed print; ``footer`` None states speed and gain, "" nothing."""
    layout = Layout(speed_mm_s=speed, gain_mm_mv=gain, row_spacing_mm=32.0)
    style = PrintStyle(palette="pink", trace_mm=0.35, pulse=pulse, footer=footer)
    sheet = render_sheet(synthesise(["SB"], seed=8), style=style, layout=layout)
    return photograph(sheet.image, rng=np.random.default_rng(3), strength=0.3, width_px=(1700, 1750)).image


@pytest.mark.parametrize(("speed", "gain"), [(25.0, 10.0), (25.0, 5.0), (50.0, 10.0), (25.0, 20.0)])
def test_pulses_tell_speed_and_gain(speed: float, gain: float) -> None:
    found = rectify(photo(speed=speed, gain=gain), SPEC)
    assert (found.speed_mm_s, found.gain_mm_mv) == (speed, gain)


def test_without_pulses_nothing_is_told() -> None:
    image = photo(pulse=Pulse.NONE)
    found = rectify(image, SPEC)
    assert (found.speed_mm_s, found.gain_mm_mv) == (None, None)
    scales = scales_of(image, found, SPEC)
    assert (scales.speed_source, scales.gain_source) == (ScaleSource.ASSUMED, ScaleSource.ASSUMED)


@pytest.mark.parametrize(
    ("speed", "gain", "pulse", "footer", "reason"),
    [
        (50.0, 10.0, Pulse.LEFT, "", "unsupported_speed"),
        (25.0, 5.0, Pulse.LEFT, "", "unsupported_gain"),
        (50.0, 10.0, Pulse.NONE, None, "unsupported_speed"),
    ],
)
def test_other_scales_are_refused(speed: float, gain: float, pulse: Pulse, footer: str | None, reason: str) -> None:
    image = photo(speed=speed, gain=gain, pulse=pulse, footer=footer)
    with pytest.raises(InputRefusedError) as refused:
        scales_of(image, rectify(image, SPEC), SPEC)
    assert refused.value.reason == reason


def test_what_is_printed_is_told_in_the_answer() -> None:
    answer = Pipeline(threads=1).run_image(photo(pulse=Pulse.NONE, footer=None)).answer
    assert answer.answered, answer.messages
    assert (answer.geometry.speed_source, answer.geometry.gain_source) == ("printed", "printed")
    assert "assumed" not in answer.to_text()
    assert answer.doubts == ()


def test_what_is_assumed_is_told_in_the_answer() -> None:
    answer = Pipeline(threads=1).run_image(photo(pulse=Pulse.NONE)).answer
    assert answer.answered, answer.messages
    assert "CAUTION: 25 mm/s assumed" in answer.to_text()
    assert [doubt.code for doubt in answer.doubts] == ["speed_assumed", "gain_assumed"]


@pytest.mark.parametrize("pulse", [Pulse.LEFT, Pulse.RIGHT])
def test_traces_begin_at_the_same_place_whichever_end_has_the_pulses(pulse: Pulse) -> None:
    """Pulses on the right were once taken for the last millimetres of the traces."""
    plain = rectify(photo(pulse=Pulse.NONE), SPEC)
    found = rectify(photo(pulse=pulse), SPEC)
    middle = np.array([[850.0, 500.0]])
    shift = found.to_sheet_mm(middle, SPEC) - plain.to_sheet_mm(middle, SPEC)
    assert float(np.abs(shift).max()) < 1.5
