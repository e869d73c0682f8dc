"""The synthetic source: deterministic, consistent, labelled as asked, and silent about what cannot be."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from vizecg.records.record import EcgRecord
from vizecg.records.synthetic import (
    POSSIBLE_COMBINATIONS,
    impossible_because,
    synthesise,
    synthetic_record,
    synthetic_records,
)
from vizecg.records.synthetic.varied import varied_record
from vizecg.spec import CODE6, LEADS, UsageError

pytestmark = pytest.mark.unit

EXCLUDING_PAIRS = {
    frozenset(pair) for pair in (("SB", "ST"), ("RBBB", "LBBB"), ("AF", "1dAVb"), ("AF", "SB"), ("AF", "ST"))
}
IMPOSSIBLE = [
    labels
    for size in range(1, len(CODE6) + 1)
    for labels in combinations(CODE6.names, size)
    if any(pair <= set(labels) for pair in EXCLUDING_PAIRS)
]
MIX_PERIOD = 42
"""Indices after which the mixed set has shown every combination."""


def test_possible_and_impossible_partition_all_sets() -> None:
    assert len(POSSIBLE_COMBINATIONS) == len(set(POSSIBLE_COMBINATIONS)) == 21
    assert len(POSSIBLE_COMBINATIONS) + len(IMPOSSIBLE) == 2 ** len(CODE6)
    assert not set(POSSIBLE_COMBINATIONS) & set(IMPOSSIBLE)
    assert POSSIBLE_COMBINATIONS[0] == ()
    assert all((name,) in POSSIBLE_COMBINATIONS for name in CODE6.names)


@pytest.mark.parametrize("labels", IMPOSSIBLE, ids="+".join)
def test_impossible_combinations_are_refused(labels: tuple[str, ...]) -> None:
    assert impossible_because(labels)
    with pytest.raises(UsageError, match="cannot synthesise"):
        synthesise(labels, seed=0)


@pytest.mark.parametrize("labels", POSSIBLE_COMBINATIONS, ids=lambda labels: "+".join(labels) or "normal")
def test_every_possible_combination_is_drawn(labels: tuple[str, ...]) -> None:
    record = synthesise(reversed(labels), seed=3)
    assert record.labels is not None
    np.testing.assert_array_equal(record.labels, CODE6.vector(labels))
    assert record.record_id == f"synthetic-3-{'+'.join(labels) or 'normal'}"
    for name in ("I", "II", "V1", "V2", "V5", "V6"):
        assert 0.15 < np.ptp(record.lead(name)) < 5.0, name


@pytest.mark.parametrize(
    "arguments",
    [
        {"labels": ["VT"], "seed": 0},
        {"seed": -1},
        {"seed": 0, "sampling_rate": 20.0},
        {"seed": 0, "sampling_rate": float("nan")},
        {"seed": 0, "duration_s": 4.0},
        {"seed": 0, "duration_s": 1e6},
    ],
    ids=str,
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        synthesise(**arguments)  # type: ignore[arg-type]


def test_same_seed_same_record_other_seed_other_record() -> None:
    first, again, other = (synthesise(["RBBB"], seed=seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first.signal, again.signal)
    assert np.abs(first.signal - other.signal).max() > 0.1


@pytest.mark.parametrize("labels", [(), ("LBBB", "SB"), ("AF",)], ids=str)
def test_identities_hold_in_every_sample(labels: tuple[str, ...]) -> None:
    lead = synthesise(labels, seed=11).lead
    one, two = lead("I"), lead("II")
    np.testing.assert_array_equal(lead("III"), two - one)
    np.testing.assert_array_equal(lead("aVR"), -(one + two) / 2)
    np.testing.assert_array_equal(lead("aVL"), one - two / 2)
    np.testing.assert_array_equal(lead("aVF"), two - one / 2)
    np.testing.assert_allclose(lead("aVR") + lead("aVL") + lead("aVF"), 0, atol=1e-6)


@pytest.mark.parametrize(("sampling_rate", "duration_s"), [(100.0, 10.0), (400.0, 7.335), (500.0, 5.0), (1000.0, 30.0)])
@pytest.mark.parametrize("labels", [(), ("AF",)], ids=str)
def test_shape_follows_rate_and_duration(labels: tuple[str, ...], sampling_rate: float, duration_s: float) -> None:
    record = synthesise(labels, seed=1, sampling_rate=sampling_rate, duration_s=duration_s)
    assert record.signal.shape == (12, round(sampling_rate * duration_s))
    assert record.signal.dtype == np.float32
    assert record.duration_s == pytest.approx(duration_s)
    # The last second holds a beat: the rhythm does not run out before the record does.
    assert np.ptp(record.lead("V5")[-int(2 * sampling_rate) :]) > 0.4


def test_same_patient_at_another_sampling_rate() -> None:
    fine, coarse = (synthesise(["1dAVb"], seed=5, sampling_rate=rate).signal for rate in (1000.0, 250.0))
    # Hum and muscle noise are all that differs.
    assert np.sqrt(np.mean((fine[:, ::4] - coarse) ** 2)) < 0.03


@pytest.mark.parametrize("seed", range(6))
def test_fibrillation_has_f_waves_of_the_right_rate_strongest_in_v1(seed: int) -> None:
    record = synthesise(["AF"], seed=seed, duration_s=60.0)
    gaps = _between_t_and_qrs(record)
    still = np.zeros_like(record.signal)
    for gap in gaps:
        still[:, gap] = record.signal[:, gap] - record.signal[:, gap].mean(axis=1, keepdims=True)
    power = (still**2).sum(axis=1)
    assert LEADS[int(power.argmax())] == "V1"
    padded = 4 * still.shape[1]
    hertz = np.fft.rfftfreq(padded, 1 / record.sampling_rate)
    spectrum = sum(np.abs(np.fft.rfft(still[LEADS.index("V1"), gap], padded)) ** 2 for gap in gaps)
    assert 4 <= hertz[np.argmax(spectrum)] <= 9


def _between_t_and_qrs(record: EcgRecord) -> list[slice]:
    """Where only f waves are left. R peaks are the tops of V5, which f waves hardly reach."""
    rate = record.sampling_rate
    lead = record.lead("V5")
    high = np.flatnonzero(lead > 0.6 * np.percentile(lead, 99.7))
    peaks = [int(run[lead[run].argmax()]) for run in np.split(high, np.flatnonzero(np.diff(high) > 0.25 * rate) + 1)]
    t_end_s = 0.45 * np.sqrt(np.diff(peaks).mean() / rate)
    gaps = [slice(peak + int(t_end_s * rate), after - int(0.09 * rate)) for peak, after in pairwise(peaks)]
    return sorted((gap for gap in gaps if gap.stop > gap.start), key=lambda gap: gap.start - gap.stop)[:15]


def test_mixed_set_is_deterministic_per_index_and_complete() -> None:
    records = list(synthetic_records(MIX_PERIOD, seed=2, sampling_rate=100.0))
    drawn = {tuple(np.asarray(CODE6.names)[record.labels == 1]) for record in records if record.labels is not None}
    assert drawn == set(POSSIBLE_COMBINATIONS)
    assert len({record.record_id for record in records}) == len({record.patient_id for record in records}) == MIX_PERIOD
    alone = synthetic_record(30, seed=2, sampling_rate=100.0)
    assert alone.record_id == records[30].record_id
    np.testing.assert_array_equal(alone.signal, records[30].signal)
    prevalence = np.mean([record.labels for record in records if record.labels is not None], axis=0)
    assert prevalence.min() > 0.1
    later = [
        synthetic_record(index, seed=2, sampling_rate=100.0).record_id for index in range(MIX_PERIOD, MIX_PERIOD + 5)
    ]
    assert [name.split("-")[3:] for name in later] != [record.record_id.split("-")[3:] for record in records[:5]]


def test_negative_index_is_refused() -> None:
    with pytest.raises(UsageError, match="index"):
        synthetic_record(-1, seed=0)


def test_varied_records_differ_as_patients_do_and_stay_ecgs() -> None:
    varied = [varied_record(index, seed=4) for index in range(40)]
    plain = [synthetic_record(index, seed=4) for index in range(40)]
    assert [one.record_id for one in varied] == [f"varied-{one.record_id}" for one in plain]
    assert all(np.array_equal(a.labels, b.labels) for a, b in zip(varied, plain, strict=True))
    heights = [np.ptp(a.lead("II")) / np.ptp(b.lead("II")) for a, b in zip(varied, plain, strict=True)]
    assert min(heights) < 0.75
    assert max(heights) > 1.7
    again = varied_record(7, seed=4)
    np.testing.assert_array_equal(again.signal, varied[7].signal)
