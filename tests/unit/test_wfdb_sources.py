"""WFDB folders, PhysioNet Challenge sets, and headers that wfdb refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from tolerances import tolerance
from vizecg.data.registry import SourceRequest, build_source
from vizecg.records import EcgRecord
from vizecg.records.challenge import diagnoses, read_challenge
from vizecg.records.splits import SplitRule
from vizecg.records.synthetic import synthetic_record
from vizecg.records.wfdb.folder import WfdbFolder, read_entry
from vizecg.records.wfdb.record import read_wfdb
from vizecg.records.wfdb.write import write_wfdb
from vizecg.spec import CODE6, LEADS, InputRefusedError, UsageError

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def records() -> list[EcgRecord]:
    return [synthetic_record(index, seed=6, sampling_rate=500.0, duration_s=5) for index in range(6)]


@pytest.fixture
def folder(tmp_path: Path, records: list[EcgRecord]) -> Path:
    assert write_wfdb(tmp_path / "set", records) == len(records)
    return tmp_path / "set"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def write_challenge(folder: Path, name: str, record: EcgRecord, *, dx: str, date: str = "", gain: float = 1000) -> Path:
    """A ``.mat`` and a ``.hea`` as the Challenge has them."""
    folder.mkdir(parents=True, exist_ok=True)
    units = np.rint(record.signal * 1000).astype(np.int16)
    savemat(folder / f"{name}.mat", {"val": units}, format="4")
    lines = [f"{name} 12 {record.sampling_rate:g} {units.shape[1]}{date}"]
    lines += [f"{name}.mat 16+24 {gain:g}/mV 16 0 {units[i, 0]} 0 0 {lead}" for i, lead in enumerate(LEADS)]
    lines += ["#Age: 74", "#Sex: Male", dx, "#Rx: Unknown"]
    (folder / f"{name}.hea").write_text("\n".join(lines) + "\n")
    return folder / name


def test_a_folder_gives_its_records_and_labels(folder: Path, records: list[EcgRecord]) -> None:
    dataset = WfdbFolder(root=folder)
    assert [entry.name for entry in dataset.entries][:2] == ["records/00000/000000", "records/00000/000001"]
    for entry, want in zip(dataset.entries, records, strict=True):
        got = read_entry(entry, root=folder)
        np.testing.assert_array_equal(got.labels, want.labels)
        np.testing.assert_allclose(got.signal, want.signal, atol=tolerance("adc-microvolt"))
        assert (got.patient_id, got.sampling_rate) == (want.patient_id, 500.0)


def test_without_a_table_the_labels_are_not_known(folder: Path) -> None:
    (folder / "labels.csv").unlink()
    dataset = WfdbFolder(root=folder)
    assert len(dataset.entries) == 6
    assert read_entry(dataset.entries[0], root=folder).labels is None


def test_the_table_decides_which_records_and_which_split(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    rows = [f"records/00000/{number:06d}.hea,0,0,0,0,0,1,{split}" for number, split in enumerate(("val", "test", ""))]
    table.write_text("\n".join([f"record,{','.join(CODE6.names)},split", *rows, "records/gone,0,0,0,0,0,0,val"]))
    dataset = WfdbFolder(root=folder, table=table)
    rule = SplitRule(val=0, test=0)
    assert [len(dataset.select(split, rule)) for split in ("train", "val", "test")] == [1, 1, 1]
    listed = list(dataset.left_out.values())
    assert listed[0] == "record records/gone: named by mine.csv line 5, but not there"
    assert listed[1:] == [f"record records/00000/{n:06d}: mine.csv does not name it" for n in (3, 4, 5)]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("record,1dAVb,RBBB,LBBB,SB,ST", "no column 'AF'"),
        ("name,1dAVb,RBBB,LBBB,SB,ST,AF", "no column 'record'"),
    ],
)
def test_missing_columns_are_named(folder: Path, header: str, message: str) -> None:
    (folder / "labels.csv").write_text(f"{header}\nrecords/00000/000000,0,0,0,0,0,0\n")
    with pytest.raises(UsageError, match=message):
        WfdbFolder(root=folder)


def test_folders_without_records_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no WFDB record"):
        build_source("wfdb", SourceRequest(root=tmp_path))
    with pytest.raises(UsageError, match="nowhere does not exist"):
        build_source("challenge", SourceRequest(root=tmp_path / "nowhere"))


def test_units_and_lead_names_are_read_not_guessed(folder: Path, records: list[EcgRecord]) -> None:
    path = folder / "records/00000/000000"
    header = path.with_suffix(".hea")
    edit(header, "1000.0(0)/mV", "1.0(0)/uV")
    edit(header, " aVR", " AVR")
    got = read_wfdb(path, record_id="r")
    np.testing.assert_allclose(got.signal, records[0].signal, atol=tolerance("adc-microvolt"))
    edit(header, "1.0(0)/uV", "1.0(0)/mmHg")
    with pytest.raises(InputRefusedError, match="record r: unit 'mmHg' is unknown"):
        read_wfdb(path, record_id="r")
    edit(header, "1.0(0)/mmHg", "1.0(0)/mV")
    with pytest.raises(InputRefusedError, match=r"record r: .*wrong gain"):
        read_wfdb(path, record_id="r")
    edit(header, " V6", " V5")
    with pytest.raises(InputRefusedError, match="record r: lead V5 is there 2 times"):
        read_wfdb(path, record_id="r")


@pytest.mark.parametrize("damage", ["truncate", "no samples", "empty header", "no fields"])
def test_damaged_records_are_one_line(folder: Path, damage: str) -> None:
    path = folder / "records/00000/000000"
    data, header = path.with_suffix(".dat"), path.with_suffix(".hea")
    if damage == "truncate":
        data.write_bytes(data.read_bytes()[:1000])
    elif damage == "no samples":
        data.unlink()
    else:
        header.write_text("" if damage == "empty header" else "000000 12\n000000.dat 16\n")
    with pytest.raises(InputRefusedError, match="record r: ") as error:
        read_wfdb(path, record_id="r")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "date", [" 10:30:00 31/02/2019", " 12/22/2016", " 99:99:99 01/01/2020", " 05-Feb-2020 11:39:16"]
)
def test_dates_that_wfdb_refuses(tmp_path: Path, records: list[EcgRecord], date: str) -> None:
    write_challenge(tmp_path, "A0001", records[0], dx="#Dx: 426783006", date=date)
    got = read_challenge("A0001", root=tmp_path)
    np.testing.assert_allclose(got.signal, records[0].signal, atol=tolerance("adc-microvolt"))


@pytest.mark.parametrize("spelling", ["#Dx: {}", "# Dx: {}", "#dx:{}"])
def test_challenge_labels_by_code(tmp_path: Path, records: list[EcgRecord], spelling: str) -> None:
    write_challenge(tmp_path / "g1", "E00001", records[0], dx=spelling.format("164889003, 733534002,426783006"))
    source = build_source("challenge", SourceRequest(root=tmp_path, rule=SplitRule(val=0, test=0)))
    assert list(source.record_ids) == ["g1/E00001"]
    labels = source.read(source.items[0]).labels
    assert labels is not None
    assert [name for name, value in zip(CODE6.names, labels, strict=True) if value] == ["LBBB", "AF"]


def test_codes_that_are_no_label() -> None:
    # Incomplete RBBB and atrial flutter are neither RBBB nor AF.
    none = diagnoses(["Age: 74", "Dx: 713426002,164890007"])
    assert none is not None
    assert not none.any()
    assert diagnoses(["Dx: Unknown"]) is None
    assert diagnoses(["Age: 74"]) is None
    for vocabulary in ("scp", "snomed"):
        codes = [getattr(label, vocabulary) for label in CODE6.labels]
        assert all(codes)
        assert len(set().union(*codes)) == sum(map(len, codes))


def test_a_wrong_gain_in_a_challenge_header(tmp_path: Path, records: list[EcgRecord]) -> None:
    write_challenge(tmp_path, "Q0001", records[0], dx="#Dx: 426783006", gain=1)
    with pytest.raises(InputRefusedError, match=r"record Q0001: .*wrong gain"):
        read_challenge("Q0001", root=tmp_path)


HEADERS = {
    "a date that is none": lambda lines: [lines[0] + " 31/02/2019", *lines[1:]],
    "the ending of the file in the name": lambda lines: [lines[0].replace("A1", "A1.mat", 1), *lines[1:]],
    "blank lines and comments": lambda lines: ["# made by hand", "", lines[0], "", *lines[1:], "", "#Age: 74"],
    "a baseline with a point": lambda lines: [lines[0], *(line.replace("1000/", "1000.0(0.0)/") for line in lines[1:])],
    "a format with a frame": lambda lines: [lines[0], *(line.replace("16+24", "16x1+24") for line in lines[1:])],
    "carriage returns": lambda lines: [line + "\r" for line in lines],
    "a byte order mark": lambda lines: ["\ufeff" + lines[0], *lines[1:]],
    "tabs": lambda lines: [line.replace(" ", "\t") for line in lines],
}


@pytest.mark.parametrize("form", HEADERS)
def test_headers_as_data_sets_ship_them(tmp_path: Path, records: list[EcgRecord], form: str) -> None:
    path = write_challenge(tmp_path, "A1", records[0], dx="#Dx: 426783006")
    header = path.with_suffix(".hea")
    header.write_text("\n".join(HEADERS[form](header.read_text().splitlines())) + "\n", encoding="utf-8")
    got = read_challenge("A1", root=tmp_path)
    np.testing.assert_allclose(got.signal, records[0].signal, atol=tolerance("adc-microvolt"))
    assert got.notes == ()


def test_georgias_stated_gain_is_not_that_of_its_samples(tmp_path: Path, records: list[EcgRecord]) -> None:
    write_challenge(tmp_path, "E1", records[0], dx="#Dx: 426783006", gain=4880, date=" 05-May-2020 14:50:55")
    got = read_challenge("E1", root=tmp_path)
    np.testing.assert_allclose(got.signal, records[0].signal, atol=tolerance("adc-microvolt"))
    assert [note.message for note in got.notes] == ["gain 4880/mV of 12 leads read as 1000/mV"]


@pytest.mark.parametrize(("seconds", "rate"), [(7, 100.0), (60, 257.0), (12, 1000.0)])
def test_any_length_and_rate(tmp_path: Path, seconds: int, rate: float) -> None:
    record = synthetic_record(2, seed=6, sampling_rate=rate, duration_s=seconds)
    write_challenge(tmp_path, "S1", record, dx="#Dx: 426783006")
    got = read_challenge("S1", root=tmp_path)
    assert (got.sampling_rate, got.duration_s) == (rate, pytest.approx(seconds, abs=0.01))


def test_leads_by_other_names_in_another_order(folder: Path, records: list[EcgRecord]) -> None:
    path = folder / "records/00000/000000"
    header = path.with_suffix(".hea")
    lines = header.read_text().splitlines()
    names = ["DI", "MLII", "Lead III", "AVR", "avl", "aVf", "c1", "v2", "V3", "ecg v4", "MDC_ECG_LEAD_V5", "V6"]
    renamed = [line.rpartition(" ")[0] + f" {name}" for line, name in zip(lines[1:], names, strict=True)]
    header.write_text("\n".join([lines[0], *renamed]) + "\n")
    got = read_wfdb(path, record_id="r")
    np.testing.assert_allclose(got.signal, records[0].signal, atol=tolerance("adc-microvolt"))


def test_missing_limb_leads_follow_from_others_and_missing_chest_leads_do_not(tmp_path: Path) -> None:
    import wfdb

    record = synthetic_record(1, seed=6, sampling_rate=500.0, duration_s=5)

    def write(name: str, leads: list[str]) -> None:
        wfdb.wrsamp(
            name, fs=500, units=["mV"] * len(leads), sig_name=leads, fmt=["16"] * len(leads),
            p_signal=np.stack([record.lead(lead) for lead in leads], axis=1).astype(np.float64),
            adc_gain=[1000.0] * len(leads), baseline=[0] * len(leads), write_dir=str(tmp_path),
        )  # fmt: skip

    chest = [f"V{number}" for number in range(1, 7)]
    write("eight", ["aVF", "III", *chest])
    got = read_wfdb(tmp_path / "eight", record_id="r")
    np.testing.assert_allclose(got.signal, record.signal, atol=4 * tolerance("adc-microvolt"))
    assert got.notes[0].message == "I, II, aVR, aVL computed from III, aVF"
    write("short", ["I", "II", *chest[:4]])
    with pytest.raises(InputRefusedError, match=r"record r: lead V5 is missing \(2 are\)"):
        read_wfdb(tmp_path / "short", record_id="r")
    write("one", ["II", *chest])
    with pytest.raises(InputRefusedError, match="record r: lead I is missing"):
        read_wfdb(tmp_path / "one", record_id="r")


def test_a_header_makes_nothing_else_be_read(tmp_path: Path, records: list[EcgRecord]) -> None:
    write_challenge(tmp_path / "elsewhere", "A1", records[0], dx="#Dx: 426783006")
    (tmp_path / "set").mkdir()
    text = (tmp_path / "elsewhere" / "A1.hea").read_text()
    (tmp_path / "set" / "A1.hea").write_text(text.replace("A1.mat", "../elsewhere/A1.mat"))
    with pytest.raises(InputRefusedError, match=r"record A1: cannot be read: A1\.mat is not there"):
        read_challenge("A1", root=tmp_path / "set")
