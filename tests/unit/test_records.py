"""The canonical record, resampling, and the PTB-XL reader."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import wfdb

from tolerances import tolerance
from vizecg.records import EcgRecord, resample
from vizecg.records.ptbxl import Ptbxl
from vizecg.records.synthetic import synthesise
from vizecg.spec import LEADS, InputRefusedError, UsageError

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    return synthesise([], seed=3, sampling_rate=100.0)


def remake(record: EcgRecord, signal: np.ndarray, sampling_rate: float = 100.0) -> EcgRecord:
    return EcgRecord(signal=signal, sampling_rate=sampling_rate, record_id="r7")


def test_a_good_record_passes(record: EcgRecord) -> None:
    assert record.duration_s == pytest.approx(10)
    np.testing.assert_array_equal(record.lead("V3"), record.signal[LEADS.index("V3")])


def test_each_defect_is_named(record: EcgRecord) -> None:
    good = record.signal
    nan = good.copy()
    nan[4, 10] = np.nan
    flat = good.copy()
    flat[[6, 9]] = 0.25
    cases = {
        "not finite": nan,
        "wrong gain": good * 1000,
        "every lead is flat": good * 0 + np.float32(0.5),
        "V1, V4 flat in the whole record": flat,
        "leads swapped": good[[1, 0, *range(2, 12)]],
        r"expected float32 \(12, samples\)": good[:8],
        "less than one second": np.ascontiguousarray(good[:, :50]),
    }
    for message, signal in cases.items():
        with pytest.raises(InputRefusedError, match=f"record r7: .*{message}"):
            remake(record, signal)
    with pytest.raises(InputRefusedError, match="got float64"):
        remake(record, good.astype(np.float64))
    with pytest.raises(InputRefusedError, match="outside 50 to 5000"):
        remake(record, good, sampling_rate=4.0)


def test_scaling_one_lead_breaks_the_identities(record: EcgRecord) -> None:
    signal = record.signal.copy()
    signal[5] *= 3
    with pytest.raises(InputRefusedError, match=r"aVF is 3\.00 times what the other limb leads make it"):
        remake(record, signal)


@pytest.mark.parametrize(("one", "other"), [(a, b) for a in range(6) for b in range(a + 1, 6)])
def test_swapped_limb_leads_break_the_identities(record: EcgRecord, one: int, other: int) -> None:
    signal = record.signal.copy()
    signal[[one, other]] = signal[[other, one]]
    with pytest.raises(InputRefusedError, match="leads swapped or wrong gain"):
        remake(record, signal)


def test_what_the_identities_cannot_see(record: EcgRecord) -> None:
    chest = record.signal.copy()
    chest[[6, 7]] = chest[[7, 6]]
    remake(record, chest)
    # The electrodes of both arms swapped on the patient: the recorder turns I over and derives the rest from it.
    arms = record.signal.copy()
    arms[0], arms[1], arms[2] = -record.signal[0], record.signal[2], record.signal[1]
    arms[3], arms[4] = record.signal[4], record.signal[3]
    remake(record, arms)


def test_offsets_and_one_wandering_lead_are_no_wrong_gain(record: EcgRecord) -> None:
    signal = record.signal.copy()
    # As an electrode of the left leg at -12.6 mV shows itself in CODE-15%.
    for row, share in ((1, 1.0), (2, 1.0), (3, -0.5), (4, -0.5), (5, 1.0)):
        signal[row] += np.float32(-12.6 * share)
    signal[11] += np.linspace(-16, 16, signal.shape[1], dtype=np.float32)
    remake(record, signal)


@pytest.mark.parametrize(("source", "target"), [(100, 400), (100, 200), (400, 100), (500, 200), (100, 360)])
def test_resampling_keeps_a_band_limited_signal(source: int, target: int) -> None:
    def tone(rate: int) -> np.ndarray:
        t = np.arange(10 * rate) / rate
        return (np.sin(2 * np.pi * 7 * t) + 0.5 * np.cos(2 * np.pi * 1.3 * t)).astype(np.float32)

    got = resample(tone(source), source_hz=source, target_hz=target)
    want = tone(target)
    assert got.shape == want.shape
    inner = slice(target // 2, -target // 2)
    np.testing.assert_allclose(got[inner], want[inner], atol=tolerance("resample-tone"))


@pytest.fixture
def ptbxl_root(tmp_path: Path, record: EcgRecord) -> Path:
    folder = tmp_path / "records100" / "00000"
    folder.mkdir(parents=True)
    # PTB-XL writes its leads with capitals; the reader goes by name, so another order must not matter.
    order = [3, 4, 5, 0, 1, 2, *range(6, 12)]
    wfdb.wrsamp(
        "00001_lr", fs=100, units=["mV"] * 12, sig_name=[LEADS[i].upper() for i in order],
        p_signal=record.signal[order].T.astype(np.float64), fmt=["16"] * 12, adc_gain=[1000.0] * 12,
        baseline=[0] * 12, write_dir=str(folder),
    )  # fmt: skip
    columns = ["ecg_id", "patient_id", "scp_codes", "strat_fold", "filename_lr", "filename_hr"]
    with (tmp_path / "ptbxl_database.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(columns)
        writer.writerow([1, "15709.0", "{'AFIB': 0.0, 'CLBBB': 100.0}", 9, "records100/00000/00001_lr", ""])
        writer.writerow([2, "15710.0", "{'NORM': 100.0}", 3, "records100/00000/00002_lr", ""])
    return tmp_path


def test_ptbxl_reads_by_lead_name_and_code_presence(ptbxl_root: Path, record: EcgRecord) -> None:
    dataset = Ptbxl(root=ptbxl_root)
    (entry,) = dataset.select(folds=[9])
    got = dataset.read(entry)
    assert got.labels is not None
    # A likelihood of 0.0 still is a label: rhythm codes carry no likelihood.
    assert got.labels.tolist() == [0, 0, 1, 0, 1, 0]
    assert (got.record_id, got.patient_id, got.sampling_rate) == ("ptbxl-00001", "15709.0", 100.0)
    np.testing.assert_allclose(got.signal, record.signal, atol=tolerance("adc-microvolt"))


def test_records_kept_for_another_purpose_are_in_no_fold(ptbxl_root: Path) -> None:
    table = ptbxl_root / "ptbxl_database.csv"
    header, first, second = table.read_text().splitlines()
    table.write_text(f"{header},split\n{first},val\n{second},photographed\n")
    dataset = Ptbxl(root=ptbxl_root)
    assert [entry.ecg_id for entry in dataset.select(folds=range(1, 11))] == [1]
    assert [entry.ecg_id for entry in dataset.select(ids=[2])] == [2]


def test_ptbxl_errors(ptbxl_root: Path, tmp_path: Path) -> None:
    dataset = Ptbxl(root=ptbxl_root)
    with pytest.raises(InputRefusedError, match="ptbxl-00002: cannot be read"):
        dataset.read(dataset.select(ids=[2])[0])
    with pytest.raises(UsageError, match="does not exist"):
        Ptbxl(root=tmp_path / "nowhere")
    (ptbxl_root / "ptbxl_database.csv").write_text("ecg_id,patient_id\n1,2\n")
    with pytest.raises(UsageError, match="no column 'scp_codes'"):
        Ptbxl(root=ptbxl_root)
