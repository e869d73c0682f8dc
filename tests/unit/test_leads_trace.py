"""The leads as signals: drawn traces are read back, gaps are told, files hold what was read."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from vizecg.scoring.signals import snr_aligned_db, snr_db
from vizecg.spec import MissingToolError, UsageError
from vizecg_edge.leads.files import write_leads
from vizecg_edge.leads.layout import LeadOrder, PageLayout, Piece, Timing
from vizecg_edge.leads.page import Box
from vizecg_edge.leads.signals import Leads, LeadTrace
from vizecg_edge.leads.table import table_of
from vizecg_edge.leads.trace import read_traces, signals_of
from vizecg_edge.signal_outputs import signal_output

pytestmark = pytest.mark.unit

PX = 6.0
WIDTH_MM = 60.0


def _beats(height_mm: float, *, late_mm: float = 0.0) -> np.ndarray:
    """A line of waves over a row: y in mm above the baseline at every hundredth of a millimetre."""
    x = np.arange(0, WIDTH_MM, 0.01)
    line = np.zeros_like(x)
    for middle in np.array([10.0, 30.0, 50.0]) + late_mm:
        line += height_mm * np.exp(-(((x - middle) / 0.5) ** 2)) - 0.3 * height_mm * np.exp(
            -(((x - middle - 1.2) / 0.4) ** 2)
        )
        line += 0.25 * height_mm * np.exp(-(((x - middle - 6.5) / 1.5) ** 2))
    return line


def _layout(rows: tuple[str, ...] = ("I", "II")) -> PageLayout:
    pieces = tuple(
        Piece(lead=lead, row=row, column=0, left_mm=5.0, right_mm=5.0 + WIDTH_MM, baseline_mm=25.0 + 20 * row)
        for row, lead in enumerate(rows)
    )
    return PageLayout(
        arrangement="2x1", order=LeadOrder.STANDARD, timing=Timing.SIMULTANEOUS, pieces=pieces,
        block=Box(5.0, 25.0, 5.0 + WIDTH_MM, 45.0),
    )  # fmt: skip


def _page(
    layout: PageLayout,
    heights: tuple[float, ...],
    *,
    grid: tuple[int, int, int] = (240, 150, 150),
    late_mm: tuple[float, ...] = (0.0, 0.0),
) -> np.ndarray:
    picture = np.full((round(70 * PX), round(70 * PX), 3), 255, np.uint8)
    for line in range(0, 70, 5):
        at = round(line * PX)
        picture[at : at + 2] = picture[:, at : at + 2] = grid
    for piece, height, late in zip(layout.pieces, heights, late_mm, strict=True):
        x = (piece.left_mm + np.arange(0, WIDTH_MM, 0.01)) * PX - 0.5
        y = (piece.baseline_mm - _beats(height, late_mm=late)) * PX - 0.5
        points = np.round(np.stack([x, y], axis=1) * 16).astype(np.int32)
        cv2.polylines(picture, [points], False, (20, 20, 20), 2, cv2.LINE_AA, 4)
    return picture


def _read(picture: np.ndarray, layout: PageLayout) -> Leads:
    traces = read_traces(picture, (0.0, 0.0), PX, layout)
    return signals_of(traces, layout, speed_mm_s=25.0, limb_gain=10.0, chest_gain=10.0)


def _expected(height_mm: float, leads: Leads, *, late_mm: float = 0.0) -> np.ndarray:
    x = np.arange(len(leads.traces[0].mv)) / leads.sampling_rate * 25
    return np.interp(x, np.arange(0, WIDTH_MM, 0.01), _beats(height_mm, late_mm=late_mm)) / 10


@pytest.mark.parametrize("grid", [(240, 150, 150), (150, 150, 150)])
def test_drawn_traces_are_read_back_over_a_grid(grid: tuple[int, int, int]) -> None:
    layout = _layout()
    leads = _read(_page(layout, (12.0, -8.0), grid=grid), layout)
    assert leads.sampling_rate == 200
    for trace, height in zip(leads.traces, (12.0, -8.0), strict=True):
        assert np.isfinite(trace.mv).mean() > 0.98
        assert snr_aligned_db(_expected(height, leads), trace.mv, most_shift=0, sampling_rate=200)[0] > 18


def test_a_wave_that_reaches_into_the_next_row_stays_in_its_own() -> None:
    layout = _layout()
    heights, late = (-24.0, 6.0), (0.0, -4.0)
    leads = _read(_page(layout, heights, late_mm=late), layout)
    for trace, height, late_mm in zip(leads.traces, heights, late, strict=True):
        expected = _expected(height, leads, late_mm=late_mm)
        assert snr_aligned_db(expected, trace.mv, most_shift=0, sampling_rate=200)[0] > 14


def test_what_is_covered_is_not_made_up() -> None:
    layout = _layout()
    picture = _page(layout, (12.0, 8.0))
    picture[: round(32 * PX), round(30 * PX) : round(45 * PX)] = 255
    first, second = _read(picture, layout).traces
    covered = slice(26 * 8, 39 * 8)
    assert np.isnan(first.mv[covered]).all()
    assert not first.confidence[covered].any()
    assert np.isfinite(second.mv[covered]).all()


def test_an_inverted_lead_is_turned_over() -> None:
    layout = _layout(("I", "aVR"))
    turned = PageLayout(
        arrangement="2x1", order=LeadOrder.CABRERA, timing=Timing.SIMULTANEOUS, block=layout.block,
        pieces=(layout.pieces[0], Piece(**{**vars(layout.pieces[1]), "inverted": True})),
    )  # fmt: skip
    leads = _read(_page(layout, (12.0, 8.0)), turned)
    lead = leads.of("aVR")
    assert lead is not None
    assert np.nanmin(lead.mv) == pytest.approx(-0.8, abs=0.1)


def test_the_ratio_counts_what_is_missing_as_zero() -> None:
    recorded = np.array([3.0, -4.0, np.nan, 0.0])
    assert snr_db(recorded, np.array([3.0, -3.0, 0.0, np.nan])) == pytest.approx(10 * np.log10(25))
    assert snr_db(recorded, np.full(4, np.nan)) == pytest.approx(0.0)
    assert snr_db(recorded, recorded) == float("inf")
    assert snr_db(np.zeros(4), np.ones(4)) == float("-inf")
    with pytest.raises(ValueError, match="one shape"):
        snr_db(recorded, np.zeros(3))


def test_the_aligned_ratio_tells_shift_and_height() -> None:
    recorded = np.sin(np.arange(400) / 9.0)
    late = np.roll(recorded, 3) + 0.5
    ratio, seconds, high = snr_aligned_db(recorded[20:380], late[20:380], most_shift=5, sampling_rate=100)
    assert ratio > 60
    assert seconds == pytest.approx(0.03)
    assert high == pytest.approx(0.5, abs=1e-6)


def _leads() -> Leads:
    wave = np.sin(np.arange(500) / 10).astype(np.float32)
    short = np.concatenate([wave[:400], np.full(100, np.nan, np.float32)])
    sure = np.ones(500, np.float32)
    return Leads(
        traces=(
            LeadTrace(lead="V1", start_s=2.5, sampling_rate=200.0, mv=wave, confidence=sure),
            LeadTrace(lead="I", start_s=0.0, sampling_rate=200.0, mv=short, confidence=sure),
            LeadTrace(lead="II", start_s=0.0, sampling_rate=200.0, mv=np.tile(wave, 2), confidence=sure, strip=True),
        ),
        sampling_rate=200.0,
        timing=Timing.SEQUENTIAL,
    )


def test_leads_become_columns_in_their_usual_order() -> None:
    table = table_of(_leads())
    assert table.names == ("I", "V1", "II_strip")
    assert table.mv.shape == (1000, 3)
    assert np.isnan(table.mv[400:, 0]).all()
    assert np.isnan(table.mv[:500, 1]).all()
    assert np.isfinite(table.mv[:, 2]).all()


def test_a_csv_file_has_empty_cells_where_nothing_is_printed(tmp_path: Path) -> None:
    write_leads(tmp_path / "ecg.csv", _leads(), mark="vizecg-edge made this of abc")
    lines = (tmp_path / "ecg.csv").read_text().splitlines()
    assert lines[0].startswith("# vizecg-edge made this of abc")
    rows = list(csv.DictReader(lines[1:]))
    assert list(rows[0]) == ["time_s", "I", "V1", "II_strip"]
    assert len(rows) == 1000
    assert rows[450]["I"] == ""
    assert float(rows[450]["time_s"]) == 2.25
    assert float(rows[510]["V1"]) == pytest.approx(0.841)


def test_a_wfdb_record_is_read_back(tmp_path: Path) -> None:
    wfdb = pytest.importorskip("wfdb", reason="pip install '.[signals]' brings it")
    write_leads(tmp_path / "ecg.hea", _leads(), mark="vizecg-edge made this of abc")
    read = wfdb.rdrecord(str(tmp_path / "ecg"))
    assert read.sig_name == ["I", "V1", "II_strip"]
    assert read.fs == 200
    assert np.isnan(read.p_signal[450, 0])
    np.testing.assert_allclose(read.p_signal, table_of(_leads()).mv, atol=0.0011)
    with pytest.raises(UsageError, match="WFDB record"):
        write_leads(tmp_path / "my ecg.hea", _leads())


def test_an_edf_file_is_read_back_with_its_gaps_told(tmp_path: Path) -> None:
    edfio = pytest.importorskip("edfio", reason="pip install '.[signals]' brings it")
    write_leads(tmp_path / "ecg.edf", _leads(), mark="vizecg-edge made this of abc")
    read = edfio.read_edf(tmp_path / "ecg.edf")
    assert [signal.label for signal in read.signals] == ["ECG I", "ECG V1", "ECG II_strip"]
    np.testing.assert_allclose(read.signals[2].data, table_of(_leads()).mv[:, 2], atol=0.0011)
    gaps = {(one.text, round(one.onset, 3), round(one.duration, 3)) for one in read.annotations}
    assert ("I not printed", 2.0, 3.0) in gaps
    assert ("V1 not printed", 0.0, 2.5) in gaps
    assert b"vizecg-edge made this of abc" in (tmp_path / "ecg.edf").read_bytes()[:256]


def test_other_endings_and_missing_tools_are_told_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match=r"\.csv, \.hea, \.edf"):
        signal_output(str(tmp_path / "ecg.txt"))
    with pytest.raises(UsageError, match="several"):
        signal_output(str(tmp_path / "ecg.csv"), several=True)
    monkeypatch.setattr("vizecg_edge.leads.files.find_spec", lambda name: None)
    with pytest.raises(MissingToolError, match="edfio: pip install"):
        signal_output(str(tmp_path / "ecg.edf"))


def test_a_rule_and_the_edge_of_a_pulse_are_no_waves() -> None:
    layout = _layout()
    picture = _page(layout, (8.0, 6.0))
    for piece in layout.pieces:
        x, y = round((piece.left_mm + 0.5) * PX), round(piece.baseline_mm * PX)
        picture[round(y - 10 * PX) : y, x - 2 : x] = 20
        x = round((piece.right_mm - 0.8) * PX)
        picture[round(y - 3 * PX) : round(y + 3 * PX), x : x + 3] = 20
    for trace, height in zip(_read(picture, layout).traces, (8.0, 6.0), strict=True):
        assert np.isfinite(trace.mv).mean() > 0.98
        assert np.abs(trace.mv[:12]).max() < 0.1
        assert np.abs(trace.mv[-12:]).max() < 0.1
        assert np.nanmax(trace.mv) == pytest.approx(height / 10, abs=0.1)
