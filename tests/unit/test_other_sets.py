"""Sets of other hospitals in their forms: LUDB's own gains and offsets per lead, and the Challenges' layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb
from scipy.io import savemat

from vizecg.data.registry import SourceRequest, build_source
from vizecg.data.source import RecordSource
from vizecg.records import EcgRecord
from vizecg.records.splits import SplitRule
from vizecg.records.synthetic import synthetic_record
from vizecg.spec import LEADS, InputRefusedError
from vizecg_lab.records.spoilt import Recorder

pytestmark = pytest.mark.unit

LAYOUT = (
    "training/cpsc_2018/g1/A0001", "training/cpsc_2018_extra/g2/Q0001", "training/georgia/g1/E00001",
    "training/georgia/g11/E10344", "training/ptb/g1/S0001", "training/ptb-xl/g22/HR21837",
    "training/st_petersburg_incart/g1/I0001", "training/chapman_shaoxing/g1/JS00001", "training/ningbo/g7/JS10647",
    "Training_WFDB/A0001", "WFDB_Ga/E00001", "WFDB_PTBXL/HR00001",
)  # fmt: skip
"""Of the sets of 2021 in its release, and of flat folders, as those of 2020 were given out."""
FORMS = (
    ("1000/mV", " 12-May-2020 12:33:59", 500.0, 7), ("4880/mV", " 05-May-2020 14:50:55", 500.0, 10),
    ("1000.0(0)/mV", " 31/02/2019", 1000.0, 12), ("1000/mV", "", 257.0, 30),
)  # fmt: skip


def own(record: EcgRecord, seed: int) -> np.ndarray:
    """As a recorder stores it that does to every lead what it likes."""
    rng = np.random.default_rng(seed)
    return Recorder(gain=0.03, offset_mv=0.4)(record.signal, rng, sampling_rate=record.sampling_rate)


def read_all(source: RecordSource) -> list[EcgRecord]:
    return [source.read(item) for item in source.items]


def test_ludb_own_gain_and_offset_of_every_lead(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    for number in range(1, 11):
        record = synthetic_record(number, seed=3, sampling_rate=500.0, duration_s=10)
        wfdb.wrsamp(
            str(number), fs=500, units=["mV"] * 12, sig_name=[lead.lower() for lead in LEADS], fmt=["16"] * 12,
            p_signal=own(record, number).T.astype(np.float64), adc_gain=rng.uniform(28, 90, 12).tolist(),
            baseline=rng.integers(-120, 120, 12).tolist(), write_dir=str(tmp_path),
        )  # fmt: skip
    source = build_source(f"wfdb:{tmp_path}", SourceRequest(rule=SplitRule(val=0, test=0), unlabelled=True))
    assert [record.notes for record in read_all(source)] == [()] * 10


def write_challenge(path: Path, record: EcgRecord, *, gain: str, date: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    units = np.rint(own(record, len(path.name)) * 1000).astype(np.int16)
    savemat(path.with_name(f"{path.name}.mat"), {"val": units}, format="4")
    ending = ".mat" if "georgia" in path.parts or "WFDB_Ga" in path.parts else ""
    lines = [f"{path.name}{ending} 12 {record.sampling_rate:g} {units.shape[1]}{date}", ""]
    lines += [f"{path.name}.mat 16+24 {gain} 16 0 {units[i, 0]} 0 0 {lead}" for i, lead in enumerate(LEADS)]
    lines += ["#Age: NaN", "#Sex: Female", "#Dx: 426783006,164889003", "#Rx: Unknown"]
    path.with_name(f"{path.name}.hea").write_text("\n".join(lines) + "\n")


def test_every_set_of_the_challenges_by_its_layout(tmp_path: Path) -> None:
    for number, name in enumerate(LAYOUT):
        gain, date, rate, seconds = FORMS[number % len(FORMS)]
        record = synthetic_record(number, seed=4, sampling_rate=rate, duration_s=seconds)
        write_challenge(tmp_path / name, record, gain=gain, date=date)
    source = build_source(f"challenge:{tmp_path}", SourceRequest(rule=SplitRule(val=0, test=0)))
    assert sorted(source.record_ids) == sorted(LAYOUT)
    records = read_all(source)
    assert all(record.labels is not None and record.labels.sum() == 1 for record in records)
    assert all(0.1 < np.percentile(np.abs(record.signal), 99.9) < 10 for record in records), "millivolts"


def test_one_set_alone_is_read_too(tmp_path: Path) -> None:
    record = synthetic_record(1, seed=4, sampling_rate=500.0, duration_s=10)
    write_challenge(tmp_path / LAYOUT[2], record, gain="4880/mV", date="")
    source = build_source(f"challenge:{tmp_path / 'training/georgia'}", SourceRequest(rule=SplitRule(val=0, test=0)))
    assert list(source.record_ids) == ["g1/E00001"]
    (tmp_path / "training/georgia/g1/E00001.mat").write_bytes(b"")
    with pytest.raises(InputRefusedError, match="record g1/E00001: cannot be read"):
        read_all(source)
