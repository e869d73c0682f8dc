"""CODE-15%: padding, columns by name, the extra row, whatever does not fit together, and the split."""

from __future__ import annotations

import csv
import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest

from vizecg.data.registry import SourceRequest, build_source
from vizecg.records import EcgRecord
from vizecg.records.code15.tracings import Code15, crop_padding, read_exam
from vizecg.records.code15.unit import MANY
from vizecg.records.code15.write import COLUMNS, write_code15
from vizecg.records.splits import SPLIT_NAMES, SplitRule
from vizecg.records.synthetic import synthetic_record
from vizecg.spec import InputRefusedError, UsageError

pytestmark = pytest.mark.unit

N = 7
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def records() -> list[EcgRecord]:
    return [synthetic_record(index, seed=4, duration_s=7.335) for index in range(N)]


@pytest.fixture
def folder(tmp_path: Path, records: list[EcgRecord]) -> Path:
    assert write_code15(tmp_path / "code", records, parts=2) == N
    return tmp_path / "code"


def edit_table(folder: Path, edit: Callable[[Rows], Rows], columns: tuple[str, ...] = COLUMNS) -> None:
    path = folder / "exams.csv"
    with path.open(newline="") as handle:
        rows = edit(list(csv.DictReader(handle)))
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def read_all(folder: Path) -> dict[int, EcgRecord]:
    dataset = Code15(root=folder)
    read = pickle.loads(pickle.dumps(partial(read_exam, folder=dataset.folder)))
    return {exam.exam_id: read(exam) for exam in dataset.exams}


def test_the_layout_is_that_of_the_release(folder: Path) -> None:
    assert (folder / "exams.csv").read_text().splitlines()[0] == (
        "exam_id,age,is_male,nn_predicted_age,1dAVb,RBBB,LBBB,SB,ST,AF,patient_id,death,timey,normal_ecg,trace_file"
    )
    with h5py.File(folder / "exams_part0.hdf5") as part:
        assert (part["tracings"].shape, part["tracings"].dtype) == ((5, 4096, 12), np.float32)
        assert part["exam_id"][-1] == 0
        assert not part["tracings"][-1].any()
        assert not part["tracings"][0, :581].any()


def test_every_tracing_comes_back_without_its_padding(folder: Path, records: list[EcgRecord]) -> None:
    got = read_all(folder)
    assert len(got) == N
    for number, want in zip(sorted(got), records, strict=True):
        np.testing.assert_array_equal(got[number].signal, want.signal)
        np.testing.assert_array_equal(got[number].labels, want.labels)
        assert (got[number].sampling_rate, got[number].record_id) == (400.0, f"code15-{number}")
        assert got[number].patient_id is not None


def test_values_are_twice_the_millivolts_unless_it_is_said_otherwise(
    tmp_path: Path, folder: Path, records: list[EcgRecord]
) -> None:
    with h5py.File(folder / "exams_part0.hdf5") as part:
        np.testing.assert_array_equal(part["tracings"][0, 581 : 581 + 2934], 2 * records[0].signal.T)
    released, converted = (
        build_source("code15", SourceRequest(root=folder, rule=SplitRule(val=0, test=0), values_per_mv=asked))
        for asked in (None, 1.0)
    )
    assert released.name.startswith("CODE-15% (2 values a mV)")
    assert released.fingerprint != converted.fingerprint
    np.testing.assert_array_equal(
        2 * released.read(released.items[0]).signal, converted.read(converted.items[0]).signal
    )
    write_code15(tmp_path / "many", [synthetic_record(index, seed=4, duration_s=5.0) for index in range(MANY)])
    with h5py.File(tmp_path / "many" / "exams_part0.hdf5", "r+") as part:
        part["tracings"][...] = part["tracings"][:] / 2
    with pytest.raises(InputRefusedError, match=r"as in the release the typical record reaches 0\.\d+ mV"):
        Code15(root=tmp_path / "many")
    assert Code15(root=tmp_path / "many", values_per_mv=1.0).values_per_mv == 1


def test_padding_is_cropped_at_the_ends_only() -> None:
    padded = np.zeros((50, 12), np.float32)
    padded[10, 3] = padded[39, 0] = 1
    assert crop_padding(padded, record_id="r").shape == (30, 12)
    with pytest.raises(InputRefusedError, match="record r: nothing but zero padding"):
        crop_padding(np.zeros((50, 12), np.float32), record_id="r")


def test_columns_are_found_by_name(folder: Path) -> None:
    before = {number: record.labels for number, record in read_all(folder).items()}
    shuffled = tuple(reversed(COLUMNS))
    edit_table(folder, lambda rows: rows, shuffled)
    for number, record in read_all(folder).items():
        np.testing.assert_array_equal(record.labels, before[number])


def test_label_columns_are_all_there_or_none(folder: Path) -> None:
    edit_table(folder, lambda rows: rows, tuple(name for name in COLUMNS if name != "AF"))
    with pytest.raises(UsageError, match="no column 'AF'"):
        Code15(root=folder)
    edit_table(folder, lambda rows: rows, ("exam_id", "trace_file"))
    assert all(record.labels is None and record.patient_id is None for record in read_all(folder).values())
    edit_table(folder, lambda rows: rows, ("trace_file",))
    with pytest.raises(UsageError, match="no column 'exam_id'"):
        Code15(root=folder)


def test_a_cell_that_is_no_truth_value_is_named(folder: Path) -> None:
    edit_table(folder, lambda rows: [*rows[:2], rows[2] | {"ST": "perhaps"}, *rows[3:]])
    with pytest.raises(UsageError, match=r"exams\.csv line 4: column ST holds 'perhaps'"):
        Code15(root=folder)


def test_what_does_not_fit_is_listed(folder: Path) -> None:
    def tangle(rows: Rows) -> Rows:
        rows[1]["trace_file"] = "exams_part0.hdf5"  # it lies in part 1
        rows[2]["exam_id"] = "77"  # in no part; the id that is in the part now is in no table
        return [*rows, rows[0], rows[3] | {"exam_id": "88", "trace_file": "exams_part9.hdf5"}]

    edit_table(folder, tangle)
    dataset = Code15(root=folder)
    listed = "\n".join(dataset.left_out.values())
    assert [exam.exam_id for exam in dataset.exams] == [1000001, 1000005, 1000007, 1000004, 1000006]
    for wanted in (
        "exam 1000002: exams.csv puts it into exams_part0.hdf5, but it is in exams_part1.hdf5",
        "exam 1000003: in exams_part0.hdf5, but not in exams.csv",
        "exam 77: exams.csv puts it into exams_part0.hdf5, which has it not",
        "exam 1000001: exams.csv holds it again",
        "exams_part9.hdf5 is not there; 1 exams of exams.csv are in it",
    ):
        assert wanted in listed
    assert len(dataset.left_out) == 5


def test_one_part_alone(folder: Path) -> None:
    dataset = Code15(root=folder / "exams_part1.hdf5")
    assert (len(dataset.exams), dataset.left_out) == (3, {})


def test_a_truncated_part_is_listed_and_the_other_one_read(folder: Path) -> None:
    path = folder / "exams_part1.hdf5"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    dataset = Code15(root=folder)
    assert len(dataset.exams) == 4
    (reason,) = dataset.left_out.values()
    assert "exams_part1.hdf5 cannot be read: " in reason
    assert "3 exams of exams.csv are in it" in reason
    with pytest.raises(InputRefusedError, match=r"exams_part1\.hdf5 cannot be read"):
        Code15(root=path)


def test_bad_tracings_are_refused_by_name(folder: Path) -> None:
    with h5py.File(folder / "exams_part0.hdf5", "r+") as part:
        tracings = part["tracings"]
        tracings[0, 900, 7] = np.nan
        tracings[1] = tracings[1] * 1000
        tracings[2] = tracings[2][:, [1, 0, *range(2, 12)]]
        tracings[3] = 0
    dataset = Code15(root=folder / "exams_part0.hdf5")
    for exam, message in zip(dataset.exams, ("not finite", "wrong gain", "leads swapped", "zero padding"), strict=True):
        with pytest.raises(InputRefusedError, match=f"record code15-{exam.exam_id}: .*{message}"):
            read_exam(exam, folder=folder)


def test_no_patient_is_in_two_splits(folder: Path) -> None:
    edit_table(folder, lambda rows: [row | {"patient_id": str(number // 2)} for number, row in enumerate(rows)])
    dataset = Code15(root=folder)
    for seed in range(20):
        rule = SplitRule(seed=seed, val=0.3, test=0.3)
        patients = {name: {exam.patient_id for exam in dataset.select(name, rule)} for name in SPLIT_NAMES}
        assert sum(map(len, patients.values())) == len(set().union(*patients.values())) == (N + 1) // 2
        assert sum(len(dataset.select(name, rule)) for name in SPLIT_NAMES) == N


def test_the_split_is_stable_and_of_the_wanted_size() -> None:
    rule = SplitRule(seed=1, val=0.2, test=0.1)
    splits = [rule.split_of(patient_id=str(number), record_id="") for number in range(5000)]
    assert [splits.count(name) / 5000 for name in SPLIT_NAMES] == pytest.approx([0.7, 0.2, 0.1], abs=0.02)
    assert splits == [rule.split_of(patient_id=str(number), record_id="other") for number in range(5000)]
    # Written down, for a split that changes between versions moves test patients into training.
    assert "".join(name[1] for name in splits[:24]) == "rrrrrrrrraarrrrrarrrrrea"
    # Patient 3 and a record of the name 3 whose patient is not known are not the same.
    by_record = [rule.split_of(patient_id=None, record_id=str(number)) for number in range(5000)]
    assert by_record != splits
    with pytest.raises(UsageError, match="fractions"):
        SplitRule(val=0.7, test=0.7)


def test_the_source_says_what_it_needs(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(UsageError, match="--data code15 needs --root, the folder of exams"):
        build_source("code15", SourceRequest())
    with pytest.raises(UsageError, match="holds no part of CODE-15%"):
        build_source("code15", SourceRequest(root=tmp_path))
    (folder / "exams.csv").unlink()
    with pytest.raises(UsageError, match=r"exams\.csv does not exist"):
        build_source("code15", SourceRequest(root=folder))
    with pytest.raises(UsageError, match="expected one of ptbxl, code15, code-test, wfdb, folder, challenge,"):
        build_source("mitbih", SourceRequest(root=folder))


def test_writing_refuses_what_the_layout_cannot_hold(tmp_path: Path, records: list[EcgRecord]) -> None:
    with pytest.raises(UsageError, match="up to 4096 samples at 400 Hz, got 4400"):
        write_code15(tmp_path, [synthetic_record(0, seed=0, duration_s=11)])
    unlabelled = EcgRecord(signal=records[0].signal, sampling_rate=400.0, record_id="r")
    with pytest.raises(UsageError, match="record r has no labels"):
        write_code15(tmp_path, [unlabelled])
