"""Which sheets int8 is calibrated on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vizecg.data.source import RecordSource, synthetic_source
from vizecg.spec import CODE6, Condition, SheetSpec, UsageError
from vizecg.spec.preprocess import PreprocessSpec
from vizecg_export.calibration import (
    CalibrationSpec,
    calibration_conditions,
    calibration_set,
    check_disjoint,
    stored_inks,
)

pytestmark = pytest.mark.unit

SPEC = CalibrationSpec(
    sheet=SheetSpec(px_per_mm=2.0),
    preprocess=PreprocessSpec(height=80, width=144),
    conditions=(Condition.PHOTO, Condition.PRINT),
    per_class=3,
    allow_few=True,
)


@pytest.fixture(scope="module")
def source() -> RecordSource:
    return synthetic_source(60, seed=7)


def with_patients(source: RecordSource, patients: Sequence[str]) -> RecordSource:
    return replace(source, patient_ids=list(patients))


def test_every_diagnosis_goes_through_every_condition(source: RecordSource, tmp_path: Path) -> None:
    found = calibration_set(source, SPEC, cache=tmp_path)
    assert found.inks.shape == (len(found.record_ids), 80, 144)
    assert found.inks.dtype == np.uint8
    for label in (*CODE6.names, "none"):
        assert found.summary["classes"][label] >= 3
        assert {per[label] > 0 for per in found.summary["conditions"].values()} == {True}, label
    assert len(set(found.record_ids)) == len(found.record_ids)


def test_the_second_time_it_comes_from_the_cache(
    source: RecordSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = calibration_set(source, SPEC, cache=tmp_path)
    monkeypatch.setattr("vizecg_export.calibration._draw", lambda *_: pytest.fail("drawn again"))
    second = calibration_set(source, SPEC, cache=tmp_path)
    np.testing.assert_array_equal(first.inks, second.inks)
    assert (first.summary, first.record_ids) == (second.summary, second.record_ids)
    stored = stored_inks(tmp_path, first.summary["key"])
    assert stored is not None
    assert len(stored) == len(first.inks)
    assert stored_inks(tmp_path, "0" * 64) is None


def test_what_decides_the_content_decides_the_file(source: RecordSource) -> None:
    keys = {
        SPEC.key(source),
        replace(SPEC, seed=1).key(source),
        replace(SPEC, per_class=4).key(source),
        replace(SPEC, conditions=(Condition.PRINT,)).key(source),
        SPEC.key(synthetic_source(60, seed=8)),
    }
    assert len(keys) == 5
    assert replace(SPEC, allow_few=False).key(source) == SPEC.key(source)


def test_a_damaged_cache_is_drawn_anew(source: RecordSource, tmp_path: Path) -> None:
    first = calibration_set(source, SPEC, cache=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    np.testing.assert_array_equal(calibration_set(source, SPEC, cache=tmp_path).inks, first.inks)


def test_too_few_is_an_error_that_says_what_is_missing_unless_allowed(source: RecordSource, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"synthetic seed 7: \d+ records, at least 64 are needed \(--allow-few"):
        calibration_set(source, replace(SPEC, allow_few=False), cache=tmp_path)
    allowed = calibration_set(source, SPEC, cache=tmp_path)
    assert any("records with LBBB, at least 8" in line for line in allowed.summary["shortfalls"])


def test_shared_patients_are_found(source: RecordSource, tmp_path: Path) -> None:
    ours = with_patients(source, [f"p{i}" for i in range(60)])
    found = calibration_set(ours, SPEC, cache=tmp_path)
    other = with_patients(synthetic_source(60, seed=9), [f"q{i}" for i in range(60)])
    check_disjoint(found, other)
    (one, *_) = found.patient_ids
    with pytest.raises(UsageError, match="--calib shares patients with --eval synthetic seed 9"):
        check_disjoint(found, with_patients(other, [one, *other.patient_ids[1:]]))  # type: ignore[list-item]
    with pytest.raises(UsageError, match="shares patients"):
        check_disjoint(found, source)


def test_conditions_are_those_of_training_once() -> None:
    trained = (Condition.PRINT, Condition.PHOTO, Condition.PHOTO)
    assert calibration_conditions(trained) == (Condition.PHOTO, Condition.PRINT)
