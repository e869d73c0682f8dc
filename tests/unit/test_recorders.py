"""What other recorders make of an ECG: filters, noise, gains, electrodes; drawn for training, named for judging."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import periodogram, sosfreqz

from tolerances import tolerance
from vizecg.records import EcgRecord, resample
from vizecg.records.identities import limb_misfit
from vizecg.records.recorders import lots
from vizecg.records.recorders.filters import _sections, in_band, passed
from vizecg.records.recorders.lots import random_recorder
from vizecg.records.recorders.presets import PRESETS, recorder_named
from vizecg.records.recorders.recorder import Edge, Family, Hum, Muscle, Recorder, Wander
from vizecg.records.recorders.recording import recorded_record, recorded_signal
from vizecg.records.synthetic import synthesise
from vizecg.spec import LEADS, UsageError

pytestmark = pytest.mark.unit

RATE = 500.0


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    return synthesise(["RBBB"], seed=3)


@pytest.fixture(scope="module")
def drawn() -> list[Recorder]:
    rng = np.random.default_rng(11)
    return [random_recorder(rng) for _ in range(2000)]


def misfit(signal: np.ndarray) -> float:
    """Of all identities of the limb leads, millivolts."""
    one, two, three, avr, avl, avf = signal[:6].astype(np.float64)
    apart = [three - (two - one), avr + (one + two) / 2, avl - (one - two / 2), avf - (two - one / 2)]
    return float(np.abs(apart).max())


@pytest.mark.parametrize("name", PRESETS)
def test_limb_leads_stay_those_of_one_heart(record: EcgRecord, name: str) -> None:
    found = recorded_record(record, PRESETS[name], rng=np.random.default_rng(1))
    assert misfit(found.signal) < tolerance("limb-identity-mv")
    assert limb_misfit(found.signal[:6], sampling_rate=found.sampling_rate) is None
    assert found.duration_s == record.duration_s
    assert (found.signal.dtype, found.record_id, found.labels is record.labels) == (
        np.float32, record.record_id, True,
    )  # fmt: skip
    changed = name != "none"
    assert (found is not record) == changed


def test_drawn_recorders_keep_them_too_at_any_rate(record: EcgRecord, drawn: list[Recorder]) -> None:
    slow = resample(record.signal, source_hz=record.sampling_rate, target_hz=100.0)
    for seed, recorder in enumerate(drawn[:40]):
        whole = recorded_record(record, recorder, rng=np.random.default_rng(seed))
        assert misfit(whole.signal) < tolerance("limb-identity-mv")
        assert whole.duration_s == 10.0
        heard = recorded_signal(slow, recorder, sampling_rate=100.0, rng=np.random.default_rng(seed))
        assert (heard.shape, heard.dtype) == (slow.shape, np.float32)
        assert misfit(heard) < tolerance("limb-identity-mv") + misfit(slow)
        again = recorded_signal(slow, recorder, sampling_rate=100.0, rng=np.random.default_rng(seed))
        np.testing.assert_array_equal(heard, again)


def test_a_lead_that_did_not_fit_fits_as_little_afterwards(record: EcgRecord) -> None:
    """Recorders store leads with steps of their own: what is there of that is neither taken off nor made more."""
    signal = record.signal.copy()
    signal[LEADS.index("III")] += 0.01
    found = recorded_signal(
        signal, Recorder(lead_gains=(1.1, 0.9, 1, 1, 1, 1, 1, 1)), sampling_rate=400.0, rng=np.random.default_rng(0)
    )
    assert misfit(found) == pytest.approx(0.01, abs=tolerance("limb-identity-mv"))
    np.testing.assert_allclose(found[0], 1.1 * signal[0], atol=tolerance("limb-identity-mv"))


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize(("kind", "hz"), [("highpass", 0.5), ("lowpass", 40.0)])
def test_an_edge_cuts_off_where_it_says(family: Family, kind: str, hz: float) -> None:
    frequency, response = sosfreqz(_sections(Edge(hz=hz, order=2, family=family), kind, RATE), worN=2**16, fs=RATE)
    decibels = 20 * np.log10(np.maximum(np.abs(response), 1e-9))
    expected = -0.5 if family is Family.CHEBYSHEV else -3.01
    assert np.interp(hz, frequency, decibels) == pytest.approx(expected, abs=tolerance("filter-db"))
    beyond = hz / 8 if kind == "highpass" else hz * 4
    assert np.interp(beyond, frequency, decibels) < -10


def test_a_filter_has_settled_before_the_record_begins() -> None:
    """An electrode's offset, and beats that lift the mean: a recorder that was on for long shows neither as a drift."""
    beats = np.tile(np.concatenate([np.ones(40), np.zeros(460)]), (2, 10)) + np.array([[0.0], [30.0]])
    for zero_phase in (False, True):
        found = passed(beats, Edge(hz=0.05, order=2, zero_phase=zero_phase), kind="highpass", sampling_rate=RATE)
        level = np.median(found.reshape(2, 10, 500), axis=2)
        assert np.ptp(level, axis=1).max() < 0.1
        np.testing.assert_allclose(found[0], found[1], atol=tolerance("limb-identity-mv"))
    wave = np.sin(2 * np.pi * 2 * np.arange(5000) / RATE)[None]
    late = passed(wave, Edge(hz=1.0, order=2), kind="highpass", sampling_rate=RATE)
    still = passed(wave, Edge(hz=1.0, order=2, zero_phase=True), kind="highpass", sampling_rate=RATE)
    middle = slice(1000, 4000)
    assert np.corrcoef(wave[0, middle], still[0, middle])[0, 1] > 0.999
    assert np.corrcoef(wave[0, middle], late[0, middle])[0, 1] < 0.9


def spectrum(added: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies, and the mean power of the leads."""
    frequency, power = periodogram(added, fs=RATE, axis=1)
    return frequency, power.mean(axis=0)


def added_by(recorder: Recorder) -> np.ndarray:
    return recorded_signal(
        np.zeros((12, 5000), np.float32), recorder, sampling_rate=RATE, rng=np.random.default_rng(5)
    ).astype(np.float64)


def test_noise_has_the_size_and_the_band_that_it_says() -> None:
    muscle = added_by(Recorder(muscle=Muscle(mv=0.02)))
    frequency, power = spectrum(muscle)
    inside = (frequency > 15) & (frequency < 110)
    assert power[inside].sum() > 0.9 * power.sum()
    assert 0.01 < muscle[1].std() < 0.05
    hum = added_by(Recorder(hum=Hum(mv=0.02, hz=60.0, third=0.5)))
    frequency, power = spectrum(hum)
    assert set(frequency[power > 0.01 * power.max()].round()) == {60.0, 180.0}
    notched = added_by(Recorder(hum=Hum(mv=0.02, hz=60.0), notch_hz=60.0, notch_quality=10.0))
    assert notched[:, 1000:].std() < 0.1 * hum.std()
    for walk in (False, True):
        wander = added_by(Recorder(wander=Wander(mv=0.3, hz=0.3, walk=walk)))
        frequency, power = spectrum(wander)
        assert power[frequency < 1].sum() > 0.9 * power.sum()
        assert 0.1 < wander.std() < 1


def test_a_slow_signal_holds_less_of_the_same_noise() -> None:
    white = np.random.default_rng(0).standard_normal((9, 20000))
    sizes = [in_band(white, (20.0, 90.0), order=2, sampling_rate=rate).std() for rate in (500.0, 100.0, 30.0)]
    assert sizes == pytest.approx([1.0, np.sqrt(25 / 70), 0.0], abs=tolerance("filter-db"))
    hum = Recorder(hum=Hum(mv=0.1))
    slow = recorded_signal(np.ones((12, 1000), np.float32), hum, sampling_rate=100.0, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(slow, np.ones((12, 1000), np.float32))


def test_misplaced_electrodes_are_part_of_their_neighbours(record: EcgRecord) -> None:
    moved = Recorder(misplaced=(0.0, 0.25, 0.0, -0.25, 0.0, 0.0))
    found = recorded_signal(record.signal, moved, sampling_rate=record.sampling_rate, rng=np.random.default_rng(0))
    before, after = ({lead: one[LEADS.index(lead)] for lead in LEADS} for one in (record.signal, found))
    np.testing.assert_allclose(
        after["V2"], 0.75 * before["V2"] + 0.25 * before["V3"], atol=tolerance("limb-identity-mv")
    )
    np.testing.assert_allclose(
        after["V4"], 0.75 * before["V4"] + 0.25 * before["V3"], atol=tolerance("limb-identity-mv")
    )
    for lead in ("I", "II", "aVR", "V1", "V3", "V5", "V6"):
        np.testing.assert_array_equal(after[lead], before[lead])


def test_a_slow_recorder_keeps_the_length(record: EcgRecord) -> None:
    signal = record.signal[:, :3999]
    for rate in (50.0, 101.0, 333.0):
        found = recorded_signal(
            signal, Recorder(sampling_rate=rate), sampling_rate=record.sampling_rate, rng=np.random.default_rng(0)
        )
        assert found.shape == signal.shape
    short = replace(record, signal=record.signal[:, :400], check_limb_leads=False)
    assert recorded_record(short, Recorder(sampling_rate=90.0), rng=np.random.default_rng(0)).duration_s == 1.0


def test_training_draws_what_recorders_do(drawn: list[Recorder]) -> None:
    still = sum(not recorder.changes for recorder in drawn) / len(drawn)
    assert 0.05 < still < 0.15
    lows = np.array([one.low_pass.hz for one in drawn if one.low_pass])
    highs = np.array([one.high_pass.hz for one in drawn if one.high_pass])
    for near, found in ((0.04, highs), (0.4, highs), (0.67, highs), (25, lows), (35, lows), (45, lows), (130, lows)):
        assert (np.abs(found / near - 1) < 0.15).sum() > 20, near
    assert {one.notch_hz for one in drawn} == {None, 50.0, 60.0}
    rates = [one.sampling_rate for one in drawn if one.sampling_rate]
    assert min(rates) < 120
    assert max(rates) > 900
    assert min(rates) >= 100
    assert max(rates) <= 1000


def test_training_never_draws_what_judges_it(drawn: list[Recorder]) -> None:
    """By kind of filter, cut-off, spectrum and size: whatever part of a preset there is."""
    cuts = {"high_pass": lots.HIGH_PASS_HZ, "low_pass": lots.LOW_PASS_HZ}
    for name, preset in PRESETS.items():
        for part, ranges in cuts.items():
            edge = getattr(preset, part)
            if edge is not None:
                assert edge.family is not Family.BUTTERWORTH, name
                assert all(not low * 0.95 < edge.hz < high * 1.05 for low, high in ranges), name
        if preset.muscle:
            assert (preset.muscle.band_hz, preset.muscle.order) != (Muscle(mv=1).band_hz, Muscle(mv=1).order)
        assert preset.hum is None or preset.hum.third > 0
        assert preset.wander is None or preset.wander.walk
        assert preset.gain == 1 or not lots.GAIN[0] <= preset.gain <= lots.GAIN[1]
        assert all(gain == 1 or not lots.LEAD_GAIN[0] <= gain <= lots.LEAD_GAIN[1] for gain in preset.lead_gains)
        assert all(share == 0 or abs(share) > lots.MISPLACED for share in preset.misplaced)
        assert preset.sampling_rate is None or preset.sampling_rate < lots.RATE_HZ[0]
    for recorder in drawn:
        for edge in (recorder.high_pass, recorder.low_pass):
            assert edge is None or edge.family is Family.BUTTERWORTH
        assert recorder.muscle is None or (recorder.muscle.band_hz, recorder.muscle.order) == ((20.0, 90.0), 2)
        assert recorder.hum is None or recorder.hum.third == 0
        assert recorder.wander is None or not recorder.wander.walk
        assert max(map(abs, recorder.misplaced)) <= 0.3


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Recorder(misplaced=(0.6, 0, 0, 0, 0, 0)), "six shares of neighbours"),
        (lambda: Recorder(misplaced=(-0.1, 0, 0, 0, 0, 0)), "V1's not before it"),
        (lambda: Recorder(gain=3.0), "0.5 to 2 each"),
        (lambda: Recorder(notch_hz=55.0), "50 or 60 Hz, got 55.0"),
        (lambda: Recorder(sampling_rate=20.0), "50 to 5000 Hz, got 20.0"),
        (lambda: Recorder(high_pass=Edge(hz=40), low_pass=Edge(hz=30)), "nothing is let through: 40 to 30 Hz"),
        (lambda: Edge(hz=0.5, order=9), "order of 1 to 8, got 0.5, 9"),
        (lambda: Muscle(mv=0.1, band_hz=(90, 20)), "expected a band"),
        (lambda: Hum(mv=0.1, hz=400), "mains of 45 to 65 Hz"),
        (lambda: Wander(mv=-0.1, hz=0.3), "amplitude of up to 5 mV, got -0.1"),
    ],
)
def test_impossible_recorders_are_refused(build: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()  # type: ignore[operator]


def test_an_unknown_preset_is_told() -> None:
    with pytest.raises(UsageError, match=r"unknown recorder 'holter': expected one of none, diagnostic, monitor"):
        recorder_named("holter")
