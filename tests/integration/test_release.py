"""``vizecg-export release`` as a user types it: killed, run again, and like one that was never killed."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from exporting import untrained_checkpoint
from vizecg.spec import UsageError
from vizecg.spec.manifest import MANIFEST, open_bundle
from vizecg_export.cli import app
from warm_start import started

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

SMALL = (
    "--data", "synthetic", "--target", "onnx", "--calibrator", "minmax", "--per-class", "1", "--allow-few",
    "--limit", "30", "--min-retention", "0", "--max-class-drop", "1", "--workers", "1",
    "--gate-records", "20", "--gate-photographs", "4", "--no-photograph",
)  # fmt: skip
"""An untrained network must not be held to accuracy, and reads no photograph surely."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("release")
    untrained_checkpoint(path / "c.ckpt")
    return path


def arguments(folder: Path, out: str, *more: str) -> list[str]:
    places = ("--out", str(folder / out), "--cache", str(folder / "cache"))
    return ["release", str(folder / "c.ckpt"), *SMALL, *places, *more]


def run(folder: Path, out: str, *more: str) -> Result:
    """In this process: another one would spend most of its time on importing torch."""
    return CliRunner().invoke(app, arguments(folder, out, *more))


def content(bundle: Path) -> tuple[dict[str, str], Any]:
    """Hashes of the files, and of the manifest what neither tells times nor follows from them."""
    manifest = json.loads((bundle / MANIFEST).read_text())
    for artefact in [*manifest["artefacts"], *manifest["ladder"]]:
        artefact.pop("latency", None)
    for name in ("file_sha256", "measured_with_bundle"):
        manifest["gate_source"].pop(name)
    return manifest.pop("files"), manifest


def test_a_killed_release_goes_on_and_ends_as_one_that_was_not_killed(folder: Path) -> None:
    with started("vizecg_export.cli", *arguments(folder, "a")) as killed:
        while not list((folder / "a.work").glob("onnx-int8-*")):
            assert killed.code is None, killed.stderr
            time.sleep(0.05)
        killed.kill()
    assert not (folder / "a").exists()

    plan = json.loads(run(folder, "a", "--dry-run", "--json").stdout)
    assert [stage["state"] for stage in plan["stages"]] == ["to do"] * 3
    assert not (folder / "a").exists()

    again = run(folder, "a")
    assert again.exit_code == 0, again.output
    assert f"onnx-int8: done before, kept in {folder / 'a.work' / 'onnx-int8-'}" in again.stderr
    assert "3 of 3 selftest: done in" in again.stderr
    whole = run(folder, "b", "--json")
    assert whole.exit_code == 0, whole.output
    told = json.loads(whole.stdout)
    assert [stage["state"] for stage in told["stages"]] == ["made", "made", "made"]
    assert told["bundle_sha256"] == open_bundle(folder / "b").sha256
    assert content(folder / "a") == content(folder / "b")
    assert sorted(path.name for path in folder.iterdir()) == ["a", "a.work", "b", "b.work", "c.ckpt", "cache"]
    card = (folder / "a" / "MODEL_CARD.md").read_text()
    assert "80 photographs of 20 records" in card
    assert "passed in onnxruntime-cpu, without a golden photograph" in card

    [quoted] = (folder / "a.work").glob("gate-*/gate.json")
    refused = run(folder, "a", "--results", str(quoted))
    assert isinstance(refused.exception, UsageError)
    assert str(refused.exception) == f"{folder / 'a'} holds a bundle already: --force replaces it"
    assert "--photos are for the gate" in str(run(folder, "c", "--no-gate", "--photos", str(folder)).exception)
    forced = run(folder, "a", "--results", str(quoted), "--force", "--json")
    assert forced.exit_code == 0, forced.output
    assert {stage["state"] for stage in json.loads(forced.stdout)["stages"]} == {"kept"}
    assert "- **gate** (`" in (folder / "a" / "MODEL_CARD.md").read_text()
    assert os.stat(folder / "a").st_mode & 0o777 == 0o755
