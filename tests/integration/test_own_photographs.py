"""Photographs with known labels through the real reader into training and evaluation, in the documented commands."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from vizecg.records.synthetic import synthetic_record
from vizecg.render import photograph, render_sheet
from vizecg.spec.sheet_files import read_sheets, write_sheets
from warm_start import run_command

pytestmark = pytest.mark.integration

SIZES = (
    "preprocess.height=96", "preprocess.width=192", "model.image_widths=[4,8,8,16]", "model.width=16", "model.heads=2",
    "signal.samples=500", "batch_size=4", "labels=[AF,VEB]",
)  # fmt: skip


def done(module: str, *arguments: str | Path) -> str:
    process = run_command(module, *arguments)
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_photographs_of_ones_own_are_read_trained_on_and_evaluated(tmp_path: Path) -> None:
    photographs, sheets, run, figures = (tmp_path / name for name in ("photographs", "sheets", "run", "figures.json"))
    photographs.mkdir()
    page = render_sheet(synthetic_record(4, seed=3)).image
    taken = photograph(page, rng=np.random.default_rng(12), strength=0.4)
    cv2.imwrite(str(photographs / "0.jpg"), taken.image[..., ::-1])
    cv2.imwrite(str(photographs / "wall.jpg"), np.full((900, 1200, 3), 200, np.uint8))

    told = json.loads(done("vizecg_edge.cli", "sheets", photographs, "--out", sheets, "--threads", "1", "--json"))
    assert told["read"] == 1
    assert sum(told["refused"].values()) == 1
    made = (sheets / "sheets.csv").stat().st_mtime_ns, next(sheets.glob("*.png")).stat().st_mtime_ns
    words = done("vizecg_edge.cli", "sheets", photographs, "--out", sheets, "--threads", "1")
    assert "1 of 2 pages read" in words
    assert "wall.jpg" in words
    assert next(sheets.glob("*.png")).stat().st_mtime_ns == made[1], "what was read before is not read again"

    # One reading stands for a ward's worth of photographs.
    meta, rows = read_sheets(sheets)
    read = next(row for row in rows if row.file)
    names = [f"{n}.jpg" for n in range(12)]
    again = [type(read)(**{**vars(read), "photo": name}) for name in names]
    write_sheets(sheets, meta, [*again, *(row for row in rows if not row.file)])
    with (sheets / "labels.csv").open("w", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(["photo", "split", "AF", "VEB"])
        table.writerows([name, ("train", "val")[n % 2], n % 3 == 0, n % 4 < 2] for n, name in enumerate(names))

    settings = [part for one in SIZES for part in ("--set", one)]
    done(
        "vizecg.cli", "train", "--recipe", "finetune", "--data", f"sheets:{sheets}", "--out", run, "--epochs", "1",
        "--workers", "0", "--threads", "1", *settings,
    )  # fmt: skip
    done(
        "vizecg.cli", "evaluate", "--checkpoint", run / "last.ckpt", "--data", f"sheets:{sheets}", "--figures", figures
    )  # fmt: skip
    found = json.loads(figures.read_text())
    assert list(found["conditions"]) == ["photographs"]
    assert found["conditions"]["photographs"]["n"] == 6
