"""Commands that need no data, as a user types them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import wfdb

from children import CHILD_LIMIT_S
from vizecg.records.synthetic import synthesise
from vizecg.render import photograph, render_sheet
from vizecg.spec import CODE6, LEADS
from vizecg_edge.overlay import save_image
from vizecg_edge.pipeline import DEFAULT_BUNDLE
from vizecg_lab.rectifier.photos import measure_photos
from warm_start import run_command

pytestmark = pytest.mark.integration


def run(module: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run_command(module, *arguments)


def test_the_demo_names_a_picture_and_a_json(tmp_path: Path) -> None:
    done = run("vizecg_bench.cli", "demo", "--out", tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    picture, answer = (Path(line.split(": ", 1)[1]) for line in done.stdout.splitlines()[-2:])
    assert picture.stat().st_size > 10_000
    assert json.loads(answer.read_text())["status"] == "answered"


def test_evaluating_the_shipped_bundle(tmp_path: Path) -> None:
    done = run(
        "vizecg.cli", "evaluate", "--bundle", DEFAULT_BUNDLE, "--data", "synthetic", "--limit", "42", "--workers", "1",
        "--figures", tmp_path / "figures.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["n"] == 42
    assert set(figures["classes"]) == set(CODE6.names)
    # Synthetic diagnoses are drawn by the book: a model that misses them was exported or read wrongly.
    assert figures["macro"]["auroc"]["value"] > 0.8


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("evaluate", "--data", "synthetic"), 2),
        (("evaluate", "--bundle", "nowhere", "--data", "synthetic"), 6),
        (("train", "--out", "x", "--data", "ptbxl"), 2),
        (("train", "--out", "x", "--recipe", "huge", "--data", "synthetic"), 2),
    ],
)
def test_wrong_options_give_one_line(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    done = run("vizecg.cli", *arguments)
    assert done.returncode == code
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("module", "missing", "arguments", "hint"),
    [
        ("vizecg.cli", "torch", ["train", "--out", "x", "--data", "synthetic"], "[train]'"),
        ("vizecg_export.cli", "pydantic", ["--target", "onnx"], "[train,onnx]'"),
        ("vizecg_edge.cli", "onnxruntime", ["run", "--camera", "0"], "pip install -e"),
        ("vizecg_edge.cli", "cv2", ["run", "--camera", "0"], "pip install -e"),
    ],
)
def test_a_missing_package_exits_3_and_names_its_install(
    module: str, missing: str, arguments: list[str], hint: str
) -> None:
    code = (
        f"import sys, importlib; sys.modules[{missing!r}] = None; sys.argv = ['x', *{arguments!r}];"
        f"importlib.import_module({module!r}).main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=CHILD_LIMIT_S
    )
    assert done.returncode == 3, done.stderr
    assert done.stderr.count("\n") == 1
    assert missing in done.stderr
    assert hint in done.stderr


def test_photographs_of_known_records_are_compared_with_their_rendering(tmp_path: Path) -> None:
    """A PTB-XL folder of one record, and a photograph of its print."""
    record = synthesise(["LBBB"], seed=11, sampling_rate=100.0)
    folder = tmp_path / "ptbxl" / "records100" / "00000"
    folder.mkdir(parents=True)
    wfdb.wrsamp(
        "00007_lr", fs=100, units=["mV"] * 12, sig_name=list(LEADS), p_signal=record.signal.T.astype(np.float64),
        fmt=["16"] * 12, adc_gain=[1000.0] * 12, baseline=[0] * 12, write_dir=str(folder),
    )  # fmt: skip
    _write_csv(
        tmp_path / "ptbxl" / "ptbxl_database.csv",
        ["ecg_id", "patient_id", "scp_codes", "strat_fold", "filename_lr", "filename_hr"],
        [7, 1, "{'CLBBB': 100.0}", 9, "records100/00000/00007_lr", ""],
    )
    photos = tmp_path / "photos"
    photos.mkdir()
    photo = photograph(render_sheet(record).image, rng=np.random.default_rng(1), strength=0.3, width_px=(1400, 1600))
    save_image(photos / "a.jpg", photo.image)
    _write_csv(tmp_path / "photos.csv", ["image", "ecg_id"], ["photos/a.jpg", 7])
    (row,) = measure_photos(
        photos_dir=photos, table=tmp_path / "photos.csv", root=tmp_path / "ptbxl", bundle=None,
        sheets=tmp_path / "sheets", out=tmp_path / "photos.json",
    )  # fmt: skip
    assert row.status == "answered"
    assert row.largest is not None
    assert row.largest < 0.5
    assert json.loads((tmp_path / "photos.json").read_text())["summary"]["answered"] == 1
    assert len(list((tmp_path / "sheets").iterdir())) == 2


def _write_csv(path: Path, columns: list[str], row: list[object]) -> None:
    with path.open("w", newline="") as handle:
        csv.writer(handle).writerows([columns, row])
