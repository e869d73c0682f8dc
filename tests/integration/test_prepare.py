"""``vizecg prepare`` and ``vizecg synth`` as a user types them, killed half-way, and on real tracings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from children import start_child
from vizecg.data.registry import SourceRequest, build_source
from vizecg.records.code15.tracings import Code15, read_exam
from vizecg.spec import CODE6
from vizecg_edge.pipeline import DEFAULT_BUNDLE
from warm_start import run_command

pytestmark = pytest.mark.integration

COMMAND = (sys.executable, "-m", "vizecg.cli")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run_command("vizecg.cli", *arguments)


def answer(*arguments: str | Path) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("kind", ["code15", "wfdb", "store"])
def test_every_format_becomes_the_same_records(tmp_path: Path, kind: str) -> None:
    answer("synth", "--out", tmp_path / kind, "-n", "12", "--format", kind, "--seed", "5")
    made = answer("prepare", "--data", kind, "--root", tmp_path / kind, "--out", tmp_path / "made")
    assert sum(counts["records"] for counts in made["counts"].values()) == 12
    assert made["skipped"] == []
    # Splits are by patient ids, which every format names in its own way; what they add up to is the same.
    assert sum(counts["none"] for counts in made["counts"].values()) == 2
    again = answer("prepare", "--verify", "--out", tmp_path / "made")
    assert (again["content_sha256"], again["verified"]) == (made["content_sha256"], True)


def test_the_table_for_people(tmp_path: Path) -> None:
    assert run("synth", "--out", tmp_path / "set", "-n", "8", "--label", "AF").returncode == 0
    path = tmp_path / "set" / "exams.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]))
    done = run("prepare", "--data", "code15", "--root", tmp_path / "set", "--out", tmp_path / "store", "--workers", "1")
    assert done.returncode == 0, done.stderr
    # Lines break where the folder's name pushes them.
    told = " ".join(done.stdout.split())
    for wanted in ("7 records", "train", *CODE6.names, "not in exams.csv", "1 skipped"):
        assert wanted in told


def test_a_killed_build_goes_on_to_the_same_content(tmp_path: Path) -> None:
    options = ("--data", "synthetic", "--limit", "120", "--shard-records", "16", "--workers", "2")
    whole = answer("prepare", *options, "--out", tmp_path / "whole")
    folder = tmp_path / "killed"
    process = start_child(
        [*COMMAND, "prepare", *options, "--out", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while len(list(folder.glob("shard-*.json"))) < 3:
        assert process.poll() is None, "finished before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    workers = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("shard-*.json")}
    assert len(kept) < 23
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []
    assert run("prepare", "--verify", "--out", folder).returncode == 2
    finished = answer("prepare", *options, "--out", folder, "--verify")
    assert finished["content_sha256"] == whole["content_sha256"]
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    for path in (tmp_path / "whole").iterdir():
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_errors_are_one_line_and_a_code(tmp_path: Path) -> None:
    answer("synth", "--out", tmp_path / "set", "-n", "6")
    store = tmp_path / "store"
    answer("prepare", "--data", "code15", "--root", tmp_path / "set", "--out", store)
    samples = store / "shard-00000.npy"
    data = bytearray(samples.read_bytes())
    data[5000] ^= 8
    samples.write_bytes(data)
    part = tmp_path / "set" / "exams_part0.hdf5"
    part.write_bytes(part.read_bytes()[:-1000])
    new = tmp_path / "new"
    source = ("--data", "code15", "--root", tmp_path / "set", "--out")
    for code, message, arguments in (
        (6, "shard-00000.npy was changed", ("--out", store, "--verify")),
        (7, "exams_part0.hdf5 cannot be read", (*source, new)),
        (2, "store of other records", ("--data", "synthetic", "--limit", "3", "--out", store)),
        (2, "--data code15 needs --root", ("--data", "code15", "--out", new)),
        (2, "fold 10", ("--data", "ptbxl", "--root", _ptbxl(tmp_path), "--split", "test", "--out", new)),
        (2, "name the source with --data", ("--out", store)),
    ):
        done = run("prepare", *arguments)
        assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
        assert message in done.stderr
    assert not new.exists()


def _ptbxl(folder: Path) -> Path:
    (folder / "ptbxl_database.csv").write_text(
        "ecg_id,patient_id,scp_codes,strat_fold,filename_lr,filename_hr\n1,2.0,{},3,records100/00000/00001_lr,\n"
    )
    return folder


def test_a_store_is_a_source_like_the_others(tmp_path: Path) -> None:
    answer("prepare", "--data", "synthetic", "--limit", "42", "--split", "val", "--out", tmp_path / "store")
    figures = []
    for source in (("--data", "store", "--root", tmp_path / "store"), ("--data", "synthetic", "--limit", "42")):
        out = tmp_path / f"{len(figures)}.json"
        done = run("evaluate", "--bundle", DEFAULT_BUNDLE, *source, "--workers", "1", "--figures", out)
        assert done.returncode == 0, done.stderr
        figures.append(json.loads(out.read_text()))
    assert figures[0]["n"] == figures[1]["n"] == 42
    # The same records: rounded to a microvolt, they are drawn with the same ink but for a few pixels.
    first, second = (figure["macro"]["auroc"]["value"] for figure in figures)
    assert first == pytest.approx(second, abs=0.01)


def test_real_code15_tracings(shared_dir: Path) -> None:
    folder = shared_dir / "data" / "code15"
    if not folder.is_dir():
        pytest.skip(f"no CODE-15% sample in {folder}")
    dataset = Code15(root=folder)
    assert (len(dataset.exams), dataset.left_out) == (40, {})
    records = [read_exam(exam, folder=folder) for exam in dataset.exams]
    lengths = [record.signal.shape[1] for record in records]
    assert {length: lengths.count(length) for length in set(lengths)} == {4096: 12, 2934: 28}
    # The sample tells no diagnoses.
    assert all(record.labels is None for record in records)
    assert len(build_source("code15", SourceRequest(root=folder / "exams_sample.hdf5"))) <= 40
