"""``python -m vizecg_lab packed-store`` on a small folder in PTB-XL's layout."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import wfdb

from vizecg.records.synthetic import synthetic_record
from vizecg.spec import LEADS
from warm_start import run_command

pytestmark = pytest.mark.integration

TRAIN, VAL = 4, 8
CODES = ("1AVB", "CRBBB", "CLBBB", "SBRAD", "AFIB", "STACH")


def write_ptbxl(root: Path) -> None:
    """Synthetic records as ``records100`` and ``ptbxl_database.csv`` have them."""
    folder = root / "records100" / "00000"
    folder.mkdir(parents=True)
    with (root / "ptbxl_database.csv").open("w", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(["ecg_id", "patient_id", "scp_codes", "strat_fold", "filename_lr", "filename_hr"])
        for number in range(1, TRAIN + VAL + 1):
            record = synthetic_record(number, seed=1, sampling_rate=100.0)
            name = f"{number:05d}_lr"
            wfdb.wrsamp(
                name, fs=100, units=["mV"] * 12, sig_name=list(LEADS), p_signal=record.signal.T.astype(np.float64),
                fmt=["16"] * 12, adc_gain=[1000.0] * 12, baseline=[0] * 12, write_dir=str(folder),
            )  # fmt: skip
            assert record.labels is not None
            codes = {code: 0.0 for code, shown in zip(CODES, record.labels, strict=True) if shown}
            table.writerow([number, number, codes, 1 if number <= TRAIN else 9, f"records100/00000/{name}", ""])


def test_sizes_and_differences_are_told(tmp_path: Path) -> None:
    write_ptbxl(tmp_path / "ptbxl")
    out, result = tmp_path / "out", tmp_path / "packed_store.json"
    command = (
        "vizecg_lab", "packed-store", "--root", tmp_path / "ptbxl", "--out", out, "--sheets", "3", "--workers", "1",
        "--figures", result,
    )  # fmt: skip
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = run_command(*command, environment=environment)
    assert done.returncode == 0, done.stderr
    assert "10 microvolts a step" in done.stdout
    assert "20 microvolts a step" in done.stdout
    steps = json.loads(result.read_text())["steps"]
    for name, step in steps.items():
        assert step["bytes"] == (out / f"packed_{name}.ecgpack").stat().st_size > sum(step["samples_bytes"].values())
        assert step["counts"] == {"train": TRAIN, "val": VAL}
        assert step["signals_uv"]["I"]["largest"] <= float(name) / 2
        assert 0 < step["sheets"]["pixels_that_differ"] < 0.05
        assert step["answers"]["clean"]["n"] == VAL
    assert steps["10"]["sheets"]["mean_grey_levels"] < steps["20"]["sheets"]["mean_grey_levels"]
    assert steps["10"]["bytes"] > steps["20"]["bytes"]
    (out / "packed_10.ecgpack").unlink()
    (out / "packed_20.ecgpack").rename(out / "packed_10.ecgpack")
    again = run_command(*command, environment=environment)
    assert (again.returncode, again.stderr.splitlines()[-1].startswith("error: ")) == (2, True)
    assert "has 20 microvolts a step: delete it" in again.stderr
