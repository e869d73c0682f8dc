"""Paper speed and gain read from drawn and photographed sheets, and no reading where none are printed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vizecg.records import EcgRecord
from vizecg.records.synthetic import synthesise
from vizecg.render import Layout, PrintStyle, photograph, render_sheet
from vizecg.render.text import Font
from vizecg.spec import SheetSpec
from vizecg_edge.leads.find import find_page
from vizecg_edge.leads.stated import read_page
from vizecg_edge.printed import Printed, read_printed
from vizecg_edge.printed.grammar import LeadGroup, Quantity, Setting, names_group, settings_of
from vizecg_edge.printed.net import Letter

pytestmark = pytest.mark.unit

SPEC = SheetSpec()
FINE = SheetSpec(px_per_mm=8.0)
NOTHING = Printed()


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    return synthesise([], seed=3)


def bottom_of(record: EcgRecord, style: PrintStyle, layout: Layout | None = None) -> np.ndarray:
    """The lowest 20 mm of a drawn sheet, uint8 RGB with 8 px/mm."""
    image = render_sheet(record, spec=FINE, style=style, layout=layout or Layout(row_spacing_mm=28.0)).image
    return np.ascontiguousarray(image[-round(20 * FINE.px_per_mm) :])


def paper_with(*lines: str, width_mm: int = 110) -> np.ndarray:
    """uint8 RGB strip of red grid paper with lines of text, 8 px/mm."""
    view = np.full((8 * (8 + 8 * len(lines)), 8 * width_mm, 3), 255, np.uint8)
    view[::40], view[:, ::40] = (240, 150, 150), (240, 150, 150)
    for number, line in enumerate(lines):
        cv2.putText(
            view, line, (8 * 12, 8 * (9 + 8 * number)), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (30, 30, 30), 2, cv2.LINE_AA
        )
    return cv2.GaussianBlur(view, (0, 0), 0.8)


@pytest.mark.parametrize(
    ("speed", "gain", "palette", "font"),
    [(25.0, 10.0, "red", Font.REGULAR), (50.0, 10.0, "black", Font.BOLD), (25.0, 5.0, "none", Font.REGULAR),
     (50.0, 20.0, "grey", Font.BOLD)],
)  # fmt: skip
def test_drawn_settings_are_read(record: EcgRecord, speed: float, gain: float, palette: str, font: Font) -> None:
    layout = Layout(speed_mm_s=speed, gain_mm_mv=gain, row_spacing_mm=28.0)
    view = bottom_of(record, PrintStyle(palette=palette, font=font, name_height_mm=2.8), layout)
    expected = Printed(speed_mm_s=speed, gain_mm_mv=gain)
    assert read_printed(view, px_per_mm=8.0) == expected
    grey = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY)
    assert read_printed(grey, px_per_mm=8.0) == expected


@pytest.mark.parametrize(
    ("line", "speed", "gain"),
    [
        ("25mm/s 10mm/mV 0.05-150 Hz", 25.0, 10.0),
        ("Speed: 50 mm/sec  Gain: 10 mm/mV", 50.0, 10.0),
        ("25 mm/s", 25.0, None),
        ("5 mm/mV", None, 5.0),
    ],
)
def test_ways_to_print_them(line: str, speed: float | None, gain: float | None) -> None:
    assert read_printed(paper_with(line), px_per_mm=8.0) == Printed(speed_mm_s=speed, gain_mm_mv=gain)


@pytest.mark.parametrize(
    "line",
    ["ID: 02510 Name: Miller 25.10.1950", "QT/QTc 380/410 ms  25 10", "Vent. rate 50 bpm", "30 mm/s 15 mm/mV", "25 mm"],
)
def test_other_text_is_no_setting(line: str) -> None:
    assert read_printed(paper_with(line), px_per_mm=8.0) == NOTHING


def test_sheets_without_text(record: EcgRecord) -> None:
    for palette in ("red", "black"):
        assert read_printed(bottom_of(record, PrintStyle(palette=palette, footer="")), px_per_mm=8.0) == NOTHING
    assert read_printed(np.full((200, 900), 255, np.uint8), px_per_mm=7.0) == NOTHING
    noise = np.random.default_rng(0).integers(0, 256, (200, 900), dtype=np.uint8)
    assert read_printed(noise, px_per_mm=7.0) == NOTHING


def test_gains_that_differ_are_told() -> None:
    view = paper_with("25 mm/s  10 mm/mV", "25 mm/s  5 mm/mV")
    assert read_printed(view, px_per_mm=8.0) == Printed(speed_mm_s=25.0, mixed=True)


def test_photographed_settings_are_read(record: EcgRecord) -> None:
    speed = 50.0
    layout = Layout(speed_mm_s=speed, row_spacing_mm=32.0)
    sheet = render_sheet(record, spec=FINE, style=PrintStyle(palette="pink", name_height_mm=3.0), layout=layout)
    photo = photograph(sheet.image, rng=np.random.default_rng(4), spec=FINE, strength=0.5, width_px=(2300, 2400)).image
    settings = read_page(find_page(photo).page)
    assert set(settings) == {Setting(Quantity.SPEED, speed), Setting(Quantity.GAIN, 10.0)}


def letters(text: str, sure: float = 0.99, digits: float = 0.0) -> list[Letter]:
    return [Letter(letter, sure, digits) for letter in text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12.b mm/s z.b mm/mV", [Setting(Quantity.SPEED, 12.5), Setting(Quantity.GAIN, 2.5)]),
        ("z5 nm/s 10 rmm/mV", [Setting(Quantity.SPEED, 25.0), Setting(Quantity.GAIN, 10.0)]),
        ("Limb: 10 mm/mV Cest: 5 mm/mV", [(10.0, LeadGroup.LIMB), (5.0, LeadGroup.CHEST)]),
        ("imb: 10 mm/mV Ches: 5 mm/mV", [(10.0, LeadGroup.LIMB), (5.0, LeadGroup.CHEST)]),
        ("b0 mm/s", []),
        ("b mm/mV", []),
        ("2b mm/mV", []),
        ("zb mm/mV", []),
    ],
)
def test_letters_that_lines_of_the_grid_make_of_figures(text: str, expected: list[object]) -> None:
    gains = [one if isinstance(one, Setting) else Setting(Quantity.GAIN, *one) for one in expected]
    assert settings_of(letters(text)) == gains


def test_grammar_is_strict() -> None:
    assert settings_of(letters("25 mm/s 10mm/mV")) == [Setting(Quantity.SPEED, 25.0), Setting(Quantity.GAIN, 10.0)]
    assert settings_of(letters("12.5mm/sec 10.0mm/mV")) == [Setting(Quantity.SPEED, 12.5), Setting(Quantity.GAIN, 10.0)]
    for text in (
        "125 mm/s",
        "2 5 mm/s",
        "20 mm/s",
        "5 mm/s",
        "25 m/s",
        "25 mm",
        "1025mm/s",
        ".25mm/s",
        "25mm/se",
        "*5mm/mV",
        "2:5mm/mV",
        "2 5 mm/mV",
    ):
        assert settings_of(letters(text)) == [], text
    assert settings_of(letters("25mm/s", sure=0.6)) == [Setting(Quantity.SPEED, 25.0)]
    assert settings_of(letters("25mm/s", sure=0.4)) == []
    assert settings_of(letters("25mm/s", sure=0.9, digits=0.08)) == []


def test_grammar_of_gains_apart_and_of_other_units() -> None:
    limb, chest = LeadGroup.LIMB, LeadGroup.CHEST
    apart = [Setting(Quantity.GAIN, 10.0, limb), Setting(Quantity.GAIN, 5.0, chest)]
    for text in ("10/5 mm/mV", "10/5mm/mV", "Limb 10 chest 5", "L*mb: 10 mm/mV, ches*: 5,0 mm/mV", "L*MB: 10:cH*s*:5"):
        assert [s for s in settings_of(letters(text)) if s.quantity is Quantity.GAIN] == apart, text
    for text, gain in (("0.5 cm/mV", 5.0), (".5cm/mV", 5.0), ("1cm/mV", 10.0), ("10,0 mm/mV", 10.0), ("2,5mm/mV", 2.5)):
        assert settings_of(letters(text)) == [Setting(Quantity.GAIN, gain)], text
    assert settings_of(letters("25mm/s:10mm/mV")) == [Setting(Quantity.SPEED, 25.0), Setting(Quantity.GAIN, 10.0)]
    for text, gain in (("x1.0 .05:150Hz 25mm/sec", 10.0), ("x1/2 Hz 25mm/s", 5.0), ("25 mm/s x2", 20.0)):
        assert settings_of(letters(text)) == [Setting(Quantity.SPEED, 25.0), Setting(Quantity.GAIN, gain)], text
    for text in ("x1", "05 cm/mV", "10 cm/mV", "L*ad 5 mm/mV", "1*/5 mm/mV", "25/10 mm/mV", "Limb 10 apes* 5"):
        assert settings_of(letters(text)) == [], text
    assert settings_of(letters("4x2.5s 25mm/s")) == [Setting(Quantity.SPEED, 25.0)]


@pytest.mark.parametrize(
    ("text", "group"), [("Chest:", LeadGroup.CHEST), ("L*m*:", LeadGroup.LIMB), ("Filter", None), ("****", None)]
)
def test_words_that_name_the_leads_of_a_gain(text: str, group: LeadGroup | None) -> None:
    assert names_group(text) is group


def test_grammar_of_rates() -> None:
    for text in ("HR 62 bpm", "Vent. rate 62 BpM", "HF 62 /min", "62bpm", "Heart *ate: 62"):
        assert set(settings_of(letters(text))) == {Setting(Quantity.RATE, 62.0)}, text
    for text in ("62 ms", "6*2 bpm", "QT 362", "999 bpm", "62"):
        assert settings_of(letters(text)) == [], text


@pytest.mark.parametrize(
    ("view", "px_per_mm"),
    [
        (np.zeros((50, 50), np.float32), 6.0),
        (np.zeros((50, 50, 4), np.uint8), 6.0),
        (np.zeros((0, 50), np.uint8), 6.0),
        (np.zeros((50, 50), np.uint8), 0.0),
        (np.zeros((50, 50), np.uint8), float("nan")),
    ],
)
def test_what_is_no_view_is_told(view: np.ndarray, px_per_mm: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_printed(view, px_per_mm=px_per_mm)
