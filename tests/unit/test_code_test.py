"""CODE-test: files without ids, labels by name, padding, the unit, and whatever does not fit together."""

from __future__ import annotations

import csv
import pickle
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from vizecg.data.registry import SourceRequest, build_source
from vizecg.records import EcgRecord
from vizecg.records.code15.unit import MANY, VALUES_PER_MV
from vizecg.records.code_test import CodeTest
from vizecg.records.synthetic import synthetic_record
from vizecg.spec import CODE6, InputRefusedError, UsageError

pytestmark = pytest.mark.unit

N, PADDED = 6, 4096


@pytest.fixture(scope="module")
def records() -> list[EcgRecord]:
    return [synthetic_record(index, seed=6, duration_s=7.0) for index in range(N)]


def write_code_test(
    folder: Path,
    records: Sequence[EcgRecord],
    *,
    columns: Sequence[str] = CODE6.names,
    annotations: str = "annotations",
    scale: float = VALUES_PER_MV,
) -> Path:
    """The files of the release, float64 as some of its copies are."""
    (folder / annotations).mkdir(parents=True, exist_ok=True)
    tracings = np.zeros((len(records), PADDED, 12))
    with (folder / annotations / "gold_standard.csv").open("w", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(columns)
        for row, record in enumerate(records):
            start = (PADDED - record.signal.shape[1]) // 2
            tracings[row, start : start + record.signal.shape[1]] = scale * record.signal.T
            assert record.labels is not None
            present = dict(zip(CODE6.names, record.labels, strict=True))
            table.writerow([int(present[name]) for name in columns])
    with h5py.File(folder / "ecg_tracings.hdf5", "w") as file:
        file["tracings"] = tracings
    return folder


def read_all(folder: Path) -> list[EcgRecord]:
    source = build_source("code-test", SourceRequest(root=folder, split="test"))
    assert build_source(f"code-test:{folder}", SourceRequest(split="test")).fingerprint == source.fingerprint
    read = pickle.loads(pickle.dumps(source.read))
    return [read(item) for item in source.items]


def test_every_tracing_comes_back_without_its_padding(tmp_path: Path, records: list[EcgRecord]) -> None:
    found = read_all(write_code_test(tmp_path, records))
    assert [record.record_id for record in found] == [f"codetest-{n:03d}" for n in range(1, N + 1)]
    for got, want in zip(found, records, strict=True):
        np.testing.assert_array_equal(got.signal, want.signal)
        np.testing.assert_array_equal(got.labels, want.labels)
        assert (got.sampling_rate, got.patient_id) == (400.0, None)


def test_labels_are_found_by_name(tmp_path: Path, records: list[EcgRecord]) -> None:
    swapped = ("1dAVb", "RBBB", "LBBB", "SB", "ST", "AF")  # CODE-15%'s order
    for got, want in zip(read_all(write_code_test(tmp_path, records, columns=swapped)), records, strict=True):
        np.testing.assert_array_equal(got.labels, want.labels)


@pytest.mark.parametrize("annotations", ["annotations", "."])
@pytest.mark.parametrize("inside", [True, False])
def test_files_lie_at_the_root_or_in_data(
    tmp_path: Path, records: list[EcgRecord], inside: bool, annotations: str
) -> None:
    write_code_test(tmp_path / "data" if inside else tmp_path, records[:2], annotations=annotations)
    assert len(CodeTest(root=tmp_path).exams) == 2


def test_annotations_may_stand_beside_data(tmp_path: Path, records: list[EcgRecord]) -> None:
    write_code_test(tmp_path / "data", records[:2], annotations="../annotations")
    assert CodeTest(root=tmp_path).gold == tmp_path / "annotations" / "gold_standard.csv"


def test_age_and_sex_are_read_where_they_are_told(tmp_path: Path, records: list[EcgRecord]) -> None:
    folder = write_code_test(tmp_path, records[:2])
    assert [(exam.age, exam.sex) for exam in CodeTest(root=folder).exams] == [(None, None)] * 2
    (folder / "attributes.csv").write_text("age,sex\n63,M\n,F\n")
    assert [(exam.age, exam.sex) for exam in CodeTest(root=folder).exams] == [(63.0, "M"), (None, "F")]
    (folder / "attributes.csv").write_text("age,sex\n63,M\n")
    with pytest.raises(UsageError, match=r"attributes\.csv has 1 lines for the 2 tracings"):
        CodeTest(root=folder)
    (folder / "attributes.csv").write_text("age,sex\nold,M\n70,F\n")
    with pytest.raises(UsageError, match="line 2: column age holds 'old'"):
        CodeTest(root=folder)


def test_tables_must_fit_the_tracings(tmp_path: Path, records: list[EcgRecord]) -> None:
    folder = write_code_test(tmp_path, records)
    gold = folder / "annotations" / "gold_standard.csv"
    lines = gold.read_text().splitlines()
    gold.write_text("\n".join(lines[:-1]))
    with pytest.raises(UsageError, match=rf"has {N - 1} lines for the {N} tracings"):
        CodeTest(root=folder)
    gold.write_text("\n".join([*lines[:-1], "0,0,2,0,0,0"]))
    with pytest.raises(UsageError, match=f"line {N + 1}: column LBBB holds '2'"):
        CodeTest(root=folder)
    gold.write_text("\n".join(line.rpartition(",")[0] for line in lines))
    with pytest.raises(UsageError, match="has no column 'ST'"):
        CodeTest(root=folder)


def test_what_is_missing_is_named_with_its_source(tmp_path: Path, records: list[EcgRecord]) -> None:
    with pytest.raises(UsageError, match=r"ecg_tracings\.hdf5 is not in .*zenodo\.3765780"):
        CodeTest(root=tmp_path)
    folder = write_code_test(tmp_path, records[:1])
    (folder / "annotations" / "gold_standard.csv").unlink()
    with pytest.raises(UsageError, match=r"gold_standard\.csv is not in .*zenodo\.3765780"):
        CodeTest(root=tmp_path)


def test_files_of_another_shape_are_refused(tmp_path: Path, records: list[EcgRecord]) -> None:
    folder = write_code_test(tmp_path, records[:2])
    path = folder / "ecg_tracings.hdf5"
    for name, tracings, message in (
        ("tracings", np.zeros((2, 12, PADDED)), r"expected tracings \(n, samples, 12\), got \(2, 12, 4096\)"),
        ("tracings", np.zeros((2, PADDED)), "expected tracings"),
        ("signals", np.zeros((2, PADDED, 12)), "cannot be read"),
    ):
        with h5py.File(path, "w") as file:
            file[name] = tracings
        with pytest.raises(InputRefusedError, match=message):
            CodeTest(root=folder)
    path.write_bytes(b"no HDF5")
    with pytest.raises(InputRefusedError, match="cannot be read"):
        CodeTest(root=folder)


@pytest.mark.parametrize("scale", [1e-3, 10.0, 1000.0])
def test_another_unit_is_refused(tmp_path: Path, records: list[EcgRecord], scale: float) -> None:
    """Volts, the 1e-4 V of the documents, microvolts."""
    with pytest.raises(InputRefusedError, match=r"2 stored values a millivolt .* reaches .*: --values-per-mv of"):
        CodeTest(root=write_code_test(tmp_path, records, scale=scale))


def test_millivolts_are_taken_for_millivolts_where_that_is_said(tmp_path: Path) -> None:
    """Of many records it is seen that they are not in the release's unit; nothing is guessed."""
    records = [synthetic_record(index, seed=6, duration_s=7.0) for index in range(MANY)]
    write_code_test(tmp_path, records, scale=1.0)
    with pytest.raises(
        InputRefusedError, match=r"typical record reaches 0\.\d+ mV, expected 0\.45 to 3: .*\(1: millivolts"
    ):
        CodeTest(root=tmp_path)
    source = build_source("code-test", SourceRequest(root=tmp_path, split="test", values_per_mv=1.0))
    np.testing.assert_array_equal(source.read(source.items[0]).signal, records[0].signal)
    assert source.name == "CODE-test (1 values a mV)"
    for number in (0.0, -2.0, float("nan")):
        with pytest.raises(UsageError, match="--values-per-mv must be positive"):
            CodeTest(root=tmp_path, values_per_mv=number)
    with pytest.raises(UsageError, match="--data synthetic tells its own unit"):
        build_source("synthetic", SourceRequest(values_per_mv=1.0))


def test_another_order_of_leads_is_refused(tmp_path: Path, records: list[EcgRecord]) -> None:
    folder = write_code_test(tmp_path, records)
    with h5py.File(folder / "ecg_tracings.hdf5", "r+") as file:
        # AVL AVF AVR, as one of the documents has it
        file["tracings"][...] = file["tracings"][:][:, :, [0, 1, 2, 4, 5, 3, *range(6, 12)]]
    with pytest.raises(InputRefusedError, match=r"codetest-001: limb leads do not fit .*: aVR"):
        read_all(folder)


def test_there_is_a_test_split_only(tmp_path: Path, records: list[EcgRecord]) -> None:
    with pytest.raises(UsageError, match="no split val"):
        build_source("code-test", SourceRequest(root=write_code_test(tmp_path, records), split="val"))
    with pytest.raises(UsageError, match=r"needs --root, the folder of ecg_tracings\.hdf5"):
        build_source("code-test", SourceRequest(split="test"))
    with pytest.raises(UsageError, match="and so does --root"):
        build_source(f"code-test:{tmp_path}", SourceRequest(root=tmp_path, split="test"))
