"""``python -m vizecg_lab hostile`` on a small folder in PTB-XL's layout."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import wfdb
from typer.testing import CliRunner

from vizecg.records.synthetic import synthesise
from vizecg.spec import LEADS, UsageError
from vizecg_export.quality_gate.rows import read_spoilt
from vizecg_lab.attacks.edges import OtherEdge
from vizecg_lab.attacks.studio import Studio
from vizecg_lab.cli import app
from vizecg_lab.edge.against import HERE

pytestmark = pytest.mark.integration

RECORD = synthesise([], seed=1, sampling_rate=100.0)
ONE_PAGE = ("--records", "2", "--kind", "flat_lines", "--kind", "jpeg_ends_early", "--kind", "grid", "--sample", "3")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """One record without any of the classes."""
    folder = tmp_path / "ptbxl" / "records100"
    folder.mkdir(parents=True)
    wfdb.wrsamp(
        "00001_lr", fs=100, units=["mV"] * 12, sig_name=list(LEADS), p_signal=RECORD.signal.T.astype(np.float64),
        fmt=["16"] * 12, adc_gain=[1000.0] * 12, baseline=[0] * 12, write_dir=str(folder),
    )  # fmt: skip
    with (tmp_path / "ptbxl" / "ptbxl_database.csv").open("w", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(["ecg_id", "patient_id", "scp_codes", "strat_fold", "filename_lr", "filename_hr"])
        table.writerow([1, 1, {"NORM": 100.0}, 9, "records100/00001_lr", ""])
    return tmp_path / "ptbxl"


@pytest.mark.usefixtures("one_pipeline")
def test_pages_are_drawn_answered_and_counted(root: Path, tmp_path: Path) -> None:
    log, out, rows = (tmp_path / name for name in ("log.jsonl", "hostile.json", "rows.jsonl"))
    arguments = ["hostile", "--root", str(root), *ONE_PAGE, "--log", str(log), "--figures", str(out)]
    done = CliRunner().invoke(app, [*arguments, "--gate-rows", str(rows)])
    assert done.exception is None, done.exception
    assert "spoilt: 2 kinds, 2 ways, 2 pages; changed in silence 0 of 2" in done.stdout
    found = json.loads(out.read_text())
    assert (found["kind"], found["records"], found["by_class"]["none"]) == ("hostile", 1, 1)
    assert found["spoiled"]["by_kind"]["flat_lines"]["refused_for"] == {"no_heartbeat": 1}
    assert found["spoiled"]["outcomes"]["refused"] == 2
    assert found["benign"]["outcomes"]["alike"] == 1
    assert str(root) not in out.read_text()
    assert {row.kind for row in read_spoilt(rows, artefact=found["bundle"]["artefact"])} == {
        "flat_lines",
        "jpeg_ends_early",
    }
    lines = log.read_text().splitlines()
    again = CliRunner().invoke(app, [*arguments[:-2], "--json"])
    assert log.read_text().splitlines() == lines
    assert json.loads(again.stdout)["spoiled"] == found["spoiled"]


def test_another_checkout_answers_the_same_pages(tmp_path: Path) -> None:
    edge = OtherEdge(HERE)
    studio = Studio.of(RECORD, RECORD, photographed=False)
    said = edge.ask(studio.control())
    assert said.decisions is not None
    assert not any(said.decisions.values())
    assert edge.ask(b"no picture").reasons
    assert len(edge.about["bundle"]["sha256"]) == 64
    edge.close()
    with pytest.raises(UsageError, match="is not a checkout"):
        OtherEdge(tmp_path)
