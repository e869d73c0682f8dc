"""The labels of the synthetic ECGs are true of their signals, as measured by a delineator that is not ours (NeuroKit2).

What NeuroKit2 measures well was found by comparing it with the drawn values over all its methods and leads:

- rate and rhythm: its default R detector on V5;
- PR: ``prominence`` on inverted aVR, within 15 ms also where the QRS has no q;
- QRS: ``dwt`` on lead I after a filter that does not smear it (the default adds 20 ms), within 10 ms.
  It searches the QRS onset before a q and its end after an s, so it finds nothing in the monophasic R of LBBB;
- QRS of LBBB: ``cwt``, the median of I, II, V5 and V6. Beyond a notched R it stops early, about 25 ms too short.

So the QRS is also measured without NeuroKit2's boundaries, from the spatial acceleration of all leads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from vizecg.records.record import EcgRecord
from vizecg.records.synthetic import synthesise

nk = pytest.importorskip("neurokit2", reason="neurokit2 is not installed: pip install '.[dev]'")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore"),  # NeuroKit2 averages beats in which it found nothing
]

RATE_HZ = 500.0
SEEDS = range(8)


@dataclass(frozen=True, kw_only=True)
class Row:
    """The median of ``quantity`` over the seeds lies within ``low`` and ``high``; ``criterion`` says why."""

    labels: tuple[str, ...]
    quantity: str
    low: float
    high: float
    criterion: str


def _row(labels: str, quantity: str, low: float, high: float, criterion: str) -> Row:
    return Row(labels=tuple(labels.split()), quantity=quantity, low=low, high=high, criterion=criterion)


TABLE = (
    _row("", "rate_bpm", 60, 100, "normal sinus rate 60-100"),
    _row("", "pr_ms", 120, 200, "normal PR 120-200 ms"),
    _row("", "qrs_dwt_ms", 70, 110, "normal QRS < 110 ms"),
    _row("", "qrs_cwt_ms", 70, 110, "normal QRS < 110 ms"),
    _row("", "qrs_spatial_ms", 70, 110, "normal QRS < 110 ms"),
    _row("", "rr_cv", 0.0, 0.05, "regular"),
    _row("", "p_jitter_ms", 0, 10, "a P wave before each QRS at a constant distance"),
    _row("1dAVb", "pr_ms", 205, 340, "PR > 200 ms"),
    _row("1dAVb", "p_jitter_ms", 0, 10, "each P wave is conducted"),
    _row("1dAVb", "qrs_dwt_ms", 70, 110, "the ventricles are not concerned"),
    _row("RBBB", "qrs_dwt_ms", 120, 175, "QRS >= 120 ms"),
    _row("RBBB", "qrs_cwt_ms", 120, 175, "QRS >= 120 ms"),
    _row("RBBB", "qrs_spatial_ms", 120, 175, "QRS >= 120 ms"),
    _row("RBBB", "pr_ms", 120, 200, "AV conduction is not concerned"),
    _row("LBBB", "qrs_cwt_ms", 120, 180, "QRS >= 120 ms"),
    _row("LBBB", "qrs_spatial_ms", 130, 190, "QRS >= 120 ms"),
    _row("LBBB", "pr_ms", 120, 200, "AV conduction is not concerned"),
    _row("SB", "rate_bpm", 35, 55, "sinus rate < 60"),
    _row("SB", "p_jitter_ms", 0, 10, "sinus: P before each QRS"),
    _row("ST", "rate_bpm", 103, 155, "sinus rate > 100"),
    _row("ST", "p_jitter_ms", 0, 10, "sinus: P before each QRS"),
    _row("AF", "rr_cv", 0.15, 0.45, "irregular RR"),
    _row("AF", "p_jitter_ms", 30, 300, "no P: what is found in its place has no fixed distance to the QRS"),
    _row("AF", "p_locked_mv", 0.0, 0.06, "no P: nothing is left before the QRS in the average of the beats"),
    _row("AF", "qrs_dwt_ms", 70, 110, "the ventricles are not concerned"),
    _row("AF RBBB", "rr_cv", 0.15, 0.45, "irregular RR"),
    _row("AF RBBB", "qrs_dwt_ms", 120, 175, "QRS >= 120 ms"),
    _row("1dAVb SB", "rate_bpm", 35, 55, "sinus rate < 60"),
    _row("1dAVb SB", "pr_ms", 205, 340, "PR > 200 ms"),
    _row("RBBB ST", "rate_bpm", 103, 155, "sinus rate > 100"),
    _row("RBBB ST", "qrs_spatial_ms", 120, 175, "QRS >= 120 ms"),
)


@cache
def _record(labels: tuple[str, ...], seed: int) -> EcgRecord:
    return synthesise(labels, seed=seed, sampling_rate=RATE_HZ)


@cache
def _r_peaks(labels: tuple[str, ...], seed: int) -> np.ndarray:
    """int (beats,) samples."""
    lead = _record(labels, seed).lead("V5").astype(float)
    _, found = nk.ecg_peaks(nk.ecg_clean(lead, sampling_rate=RATE_HZ), sampling_rate=RATE_HZ)
    return np.asarray(found["ECG_R_Peaks"], dtype=int)


def _delineate(labels: tuple[str, ...], seed: int, *, lead: str, method: str) -> dict[str, np.ndarray]:
    """Boundaries by NeuroKit2's names, milliseconds after the first sample, NaN where it found none; R_Peaks too."""
    signal = _record(labels, seed).lead(lead).astype(float) * (-1 if lead == "aVR" else 1)
    filtered = signal if method == "cwt" else nk.ecg_clean(signal, sampling_rate=RATE_HZ, method="biosppy")
    reach = int(0.04 * RATE_HZ)
    inner = [peak for peak in _r_peaks(labels, seed) if 0.3 * RATE_HZ < peak < len(signal) - 0.3 * RATE_HZ]
    peaks = np.array([peak - reach + int(filtered[peak - reach : peak + reach].argmax()) for peak in inner])
    options = {"max_pr_interval": 400} if method == "prominence" else {}
    _, waves = nk.ecg_delineate(filtered, peaks, sampling_rate=RATE_HZ, method=method, **options)
    samples = {"R_Peaks": peaks} | {name.removeprefix("ECG_"): points for name, points in waves.items()}
    return {name: np.asarray(points, dtype=float) * 1000 / RATE_HZ for name, points in samples.items()}


def _from_peaks(waves: dict[str, np.ndarray], name: str, *, low: float, high: float) -> np.ndarray:
    """ms (beats,) from each R peak to the nearest point of a kind within ``low``..``high``, NaN where there is none."""
    offsets = waves[name][None, :] - waves["R_Peaks"][:, None]
    offsets = np.where((offsets >= low) & (offsets <= high), offsets, np.nan)
    nearest = np.where(np.isnan(offsets), np.inf, np.abs(offsets)).argmin(axis=1)
    return np.asarray(offsets[np.arange(len(offsets)), nearest])


def _rate_bpm(labels: tuple[str, ...], seed: int) -> float:
    return 60 * RATE_HZ / float(np.median(np.diff(_r_peaks(labels, seed))))


def _rr_cv(labels: tuple[str, ...], seed: int) -> float:
    intervals = np.diff(_r_peaks(labels, seed))
    return float(intervals.std() / intervals.mean())


def _pr_ms(labels: tuple[str, ...], seed: int) -> float:
    waves = _delineate(labels, seed, lead="aVR", method="prominence")
    onsets = _from_peaks(waves, "R_Onsets", low=-130, high=0)
    return float(np.nanmedian(onsets - _from_peaks(waves, "P_Onsets", low=-450, high=-60)))


def _p_jitter_ms(labels: tuple[str, ...], seed: int) -> float:
    """Spread of the distance from P peak to R peak over the beats: median absolute deviation, scaled to sigma."""
    waves = _delineate(labels, seed, lead="aVR", method="prominence")
    distance = _from_peaks(waves, "P_Peaks", low=-450, high=-40)
    return float(1.4826 * np.nanmedian(np.abs(distance - np.nanmedian(distance))))


def _qrs_ms(labels: tuple[str, ...], seed: int, *, lead: str, method: str) -> float:
    waves = _delineate(labels, seed, lead=lead, method=method)
    onsets = _from_peaks(waves, "R_Onsets", low=-130, high=0)
    return float(np.nanmedian(_from_peaks(waves, "R_Offsets", low=0, high=150) - onsets))


def _qrs_dwt_ms(labels: tuple[str, ...], seed: int) -> float:
    return _qrs_ms(labels, seed, lead="I", method="dwt")


def _qrs_cwt_ms(labels: tuple[str, ...], seed: int) -> float:
    return float(np.nanmedian([_qrs_ms(labels, seed, lead=lead, method="cwt") for lead in ("I", "II", "V5", "V6")]))


def _average_beat(labels: tuple[str, ...], seed: int, *, before_s: float, after_s: float) -> np.ndarray:
    """float64 (12, samples) around the R peak of V5."""
    signal = _record(labels, seed).signal.astype(float)
    before, after = int(before_s * RATE_HZ), int(after_s * RATE_HZ)
    inner = [peak for peak in _r_peaks(labels, seed) if before <= peak < signal.shape[1] - after]
    return np.asarray(np.median([signal[:, peak - before : peak + after] for peak in inner], axis=0))


def _qrs_spatial_ms(labels: tuple[str, ...], seed: int) -> float:
    """From first to last above 15 % of the peak of the spatial acceleration: P, ST and T are too slow to reach it."""
    beat = _average_beat(labels, seed, before_s=0.15, after_s=0.2)
    kernel = np.convolve(np.ones(5), np.ones(5)) / 25
    smooth = np.array([np.convolve(lead, kernel, mode="valid") for lead in beat])
    acceleration = np.sqrt((np.diff(smooth, 2, axis=1) ** 2).sum(axis=0))
    peak, hold = int(acceleration.argmax()), int(0.02 * RATE_HZ)
    above = np.flatnonzero(acceleration > 0.15 * acceleration[peak])
    # A rest longer than ``hold`` ends the complex; inflections inside it are shorter.
    runs = np.split(above, np.flatnonzero(np.diff(above) > hold) + 1)
    qrs = next(run for run in runs if run[0] <= peak <= run[-1])
    return float(qrs[-1] - qrs[0]) * 1000 / RATE_HZ


def _p_locked_mv(labels: tuple[str, ...], seed: int) -> float:
    """Peak to peak of the average lead II in the 140 ms that end 70 ms before R, its slope removed."""
    lead = _average_beat(labels, seed, before_s=0.21, after_s=0.1)[1][: int(0.14 * RATE_HZ)]
    ramp = np.arange(len(lead))
    return float(np.ptp(lead - np.polyval(np.polyfit(ramp, lead, 1), ramp)))


MEASURES: dict[str, Callable[[tuple[str, ...], int], float]] = {
    "rate_bpm": _rate_bpm,
    "rr_cv": _rr_cv,
    "pr_ms": _pr_ms,
    "p_jitter_ms": _p_jitter_ms,
    "p_locked_mv": _p_locked_mv,
    "qrs_dwt_ms": _qrs_dwt_ms,
    "qrs_cwt_ms": _qrs_cwt_ms,
    "qrs_spatial_ms": _qrs_spatial_ms,
}


@cache
def _measured(labels: tuple[str, ...], quantity: str) -> np.ndarray:
    """float64 (seeds,), NaN where NeuroKit2 found no boundary."""
    return np.array([MEASURES[quantity](labels, seed) for seed in SEEDS])


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{'+'.join(row.labels) or 'normal'}-{row.quantity}")
def test_criterion_is_met(row: Row) -> None:
    values = _measured(row.labels, row.quantity)
    assert np.isfinite(values).mean() >= 0.75, f"{row.quantity} could not be measured: {values.round(2)}"
    assert row.low <= np.nanmedian(values) <= row.high, f"{row.criterion}: {values.round(2)}"


@pytest.mark.parametrize(
    ("labels", "quantity", "gap"),
    [
        (("1dAVb",), "pr_ms", 5.0),
        (("RBBB",), "qrs_dwt_ms", 10.0),
        (("RBBB",), "qrs_spatial_ms", 10.0),
        (("LBBB",), "qrs_spatial_ms", 20.0),
        (("ST",), "rate_bpm", 5.0),
        (("AF",), "rr_cv", 0.1),
        (("AF",), "p_jitter_ms", 20.0),
    ],
    ids=str,
)
def test_diagnosis_lies_apart_from_normal_in_every_seed(labels: tuple[str, ...], quantity: str, gap: float) -> None:
    assert np.nanmin(_measured(labels, quantity)) > np.nanmax(_measured((), quantity)) + gap


def test_bradycardia_is_slower_than_normal_in_every_seed() -> None:
    assert np.nanmax(_measured(("SB",), "rate_bpm")) < np.nanmin(_measured((), "rate_bpm")) - 5


def test_normal_has_the_p_wave_that_fibrillation_lacks() -> None:
    assert np.median(_measured((), "p_locked_mv")) > 1.5 * np.median(_measured(("AF",), "p_locked_mv"))


def test_fibrillation_has_no_memory() -> None:
    products, squares = 0.0, 0.0
    for seed in SEEDS:
        deviation = np.diff(_r_peaks(("AF",), seed)) - np.diff(_r_peaks(("AF",), seed)).mean()
        products += float((deviation[1:] * deviation[:-1]).sum())
        squares += float((deviation**2).sum())
    assert abs(products / squares) < 0.3


@pytest.mark.parametrize("seed", SEEDS)
def test_shape_of_right_bundle_branch_block(seed: int) -> None:
    beat = _average_beat(("RBBB",), seed, before_s=0.06, after_s=0.36)
    late = slice(int(0.07 * RATE_HZ), int(0.16 * RATE_HZ))  # 10 to 100 ms after the R peak of V5
    t_wave = slice(int(0.24 * RATE_HZ), None)
    for row in (6, 7):  # V1, V2: r, S, R', then a T against the R'
        assert beat[row, : int(0.06 * RATE_HZ)].max() > 0.05
        assert beat[row, : int(0.1 * RATE_HZ)].min() < -0.1
        assert beat[row, late].max() > 0.3
        assert beat[row, t_wave].mean() < 0
    for row in (0, 11):  # I, V6: the same late forces as a broad S, T upright
        assert beat[row, late].min() < -0.15
        assert (beat[row, late] < -0.05).sum() / RATE_HZ > 0.04
        assert beat[row, t_wave].mean() > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_shape_of_left_bundle_branch_block(seed: int) -> None:
    beat = _average_beat(("LBBB",), seed, before_s=0.16, after_s=0.42)
    qrs = slice(int(0.07 * RATE_HZ), int(0.27 * RATE_HZ))
    t_wave = slice(int(0.36 * RATE_HZ), int(0.46 * RATE_HZ))
    for row in (0, 4, 11):  # I, aVL, V6: no q, R only, T inverted
        assert beat[row, qrs].min() > -0.12
        assert beat[row, qrs].max() > 0.25
        assert beat[row, t_wave].mean() < 0
    for row in (6, 7):  # V1, V2: deep S of at least 60 ms, T upright
        assert beat[row, qrs].min() < -0.6
        assert (beat[row, qrs] < -0.3).sum() / RATE_HZ > 0.06
        assert beat[row, t_wave].mean() > 0
