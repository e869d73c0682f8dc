"""Three labels of one's own, from a table to a bench, in six commands."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from vizecg.spec import LabelSet
from vizecg.spec.manifest import open_bundle
from warm_start import run_command

pytestmark = pytest.mark.integration

LABELS = """
name: ward
labels:
  - {name: slow, english: slow pulse, portuguese: pulso lento, leads: [II], needs_rate: true}
  - {name: wide-QRS, english: wide QRS}
  - afib
ignored: [urgent]
"""
NAMES = ("slow", "wide-QRS", "afib")
COLUMNS = {"slow": ("SB",), "wide-QRS": ("RBBB", "LBBB"), "afib": ("AF",)}
"""Column of the table -> the diagnoses of which one makes it true."""
SIZES = (
    "preprocess.height=96", "preprocess.width=192", "model.image_widths=[4,8,8,16]", "model.signal_widths=[4,8,8,16]",
    "model.width=16", "model.heads=2", "signal.samples=500", "conditions=[print]",
)  # fmt: skip
RECORDS = 48


def done(module: str, *arguments: str | Path) -> str:
    process = run_command(module, *arguments)
    assert process.returncode == 0, process.stderr
    return process.stdout


def own_table(folder: Path) -> None:
    """The table of synthetic records as a ward keeps it: its own columns, every other record for validation."""
    path = folder / "labels.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["record", "urgent", *COLUMNS, "split"])
        for number, row in enumerate(rows):
            truth = [int(any(row[one] == "1" for one in diagnoses)) for diagnoses in COLUMNS.values()]
            table.writerow([row["record"], number % 3 == 0, *truth, ("train", "val")[number % 2]])


def test_three_labels_of_ones_own_in_six_commands(tmp_path: Path) -> None:
    data, labels, run, bundle = (tmp_path / name for name in ("set", "ward.yaml", "run", "ward.vizecg"))
    sheet, report, bench = tmp_path / "sheet.png", tmp_path / "report.html", tmp_path / "bench.json"
    labels.write_text(LABELS)
    done("vizecg.cli", "synth", "--format", "wfdb", "--count", str(RECORDS), "--out", data)
    own_table(data)

    settings = [part for one in (f"labels={labels}", *SIZES) for part in ("--set", one)]
    done(
        "vizecg.cli", "train", "--data", f"wfdb:{data}", "--out", run, "--epochs", "1", "--workers", "1",
        "--threads", "1", *settings,
    )  # fmt: skip
    labels.unlink()  # the checkpoint has all of it

    done(
        "vizecg_export.cli", "--checkpoint", run / "best.ckpt", "--target", "onnx", "--eval", f"wfdb:{data}",
        "--cache", tmp_path / "cache", "--out", bundle, "--name", "ward",
    )  # fmt: skip
    manifest = open_bundle(bundle).manifest
    assert (manifest.labels.name, manifest.labels.names) == ("ward", NAMES)
    assert set(manifest.artefact().accuracy["clean"]["artefact"]["classes"]) == set(NAMES)
    contract = json.loads((bundle / "contract.json").read_text())
    assert LabelSet.from_dict(contract["label_set"]) == manifest.labels
    assert contract["labels"][2] == {"name": "afib"}

    done("vizecg.cli", "render", "--data", "synthetic", "--out", sheet)
    answer = json.loads(done("vizecg_edge.cli", "run", sheet, "--bundle", bundle, "--report", report, "--json"))
    assert answer["status"] == "answered"
    assert list(answer["probabilities"]) == list(answer["decisions"]) == list(answer["thresholds"]) == list(NAMES)
    page = report.read_text()
    assert "slow pulse" in page
    assert "infarction" not in page, "what is not looked for is not known to be that"

    done(
        "vizecg_bench.cli", "run", "--bundle", bundle, "--no-references", "--threads", "1", "--sustained-s", "0",
        "--figures", bench,
    )  # fmt: skip
    result = json.loads(bench.read_text())
    assert result["labels"] == list(NAMES)
    assert [one["name"] for one in result["contenders"]]
