"""``vizecg prepare --pack`` and what reads its file, as a user types them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from vizecg_edge.pipeline import DEFAULT_BUNDLE
from warm_start import run_command

pytestmark = pytest.mark.integration

SOURCE = ("--data", "synthetic", "--limit", "40", "--sampling-rate", "100")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packed")


def run(folder: Path, *arguments: str | Path, package: str = "vizecg.cli") -> subprocess.CompletedProcess[str]:
    return run_command(package, *arguments, environment={"XDG_CACHE_HOME": str(folder / "cache")})


@pytest.fixture(scope="module")
def packed(folder: Path) -> Path:
    path = folder / "small.ecgpack"
    done = run(folder, "prepare", *SOURCE, "--budget-mib", "0.15", "--pack", path)
    assert done.returncode == 0, done.stderr
    assert path.stat().st_size < 0.15 * 2**20
    told = " ".join(done.stdout.split())
    for wanted in ("20 microvolts a step, 100 Hz", "train", "val", "left out of train for the budget:", "negatives"):
        assert wanted in told
    return path


def test_it_is_verified_and_tells_what_is_in_it(folder: Path, packed: Path) -> None:
    done = run(folder, "prepare", "--verify", "--pack", packed, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["verified"], told["step_uv"], told["counts"]["val"]["records"]) == (True, 20.0, 40)
    assert told["bytes"] == packed.stat().st_size
    assert told["left_out"]["train"]["records"] == 40 - told["counts"]["train"]["records"]
    assert run(folder, "prepare", "--verify", "--out", packed).returncode == 0
    # As a source: of an ordinary store, and of the next packed one.
    made = run(folder, "prepare", "--data", "store", "--root", packed, "--out", folder / "store", "--json", "--verify")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["counts"] == told["counts"]


def test_a_run_trains_on_it_and_is_evaluated_on_it(folder: Path, packed: Path) -> None:
    trained = run(
        folder, "train", "--data", "store", "--root", packed, "--out", folder / "run", "--limit", "16", "--workers",
        "0", "--epochs", "1", "--set", "batch_size=8", "--set", "preprocess.height=96", "--set",
        "preprocess.width=192", "--set", "model.input_height=96", "--set", "model.input_width=192", "--threads", "1",
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    out = folder / "figures.json"
    evaluated = run(
        folder, "evaluate", "--bundle", DEFAULT_BUNDLE, "--data", "store", "--root", packed, "--workers", "2",
        "--figures", out,
    )  # fmt: skip
    assert evaluated.returncode == 0, evaluated.stderr
    assert json.loads(out.read_text())["n"] == 40


def test_errors_are_one_line_and_a_code(folder: Path, packed: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.ecgpack"
    data = bytearray(packed.read_bytes())
    data[2000] ^= 8
    damaged.write_bytes(data)
    foreign = tmp_path / "foreign.ecgpack"
    foreign.write_text("record,AF\n1,0\n")
    new = tmp_path / "new.ecgpack"
    for code, message, arguments in (
        (6, "block 0 has another sha256", ("--verify", "--pack", damaged)),
        (6, "block 0 has another sha256", ("--data", "store", "--root", damaged, "--pack", new)),
        (6, "is no packed store", ("--verify", "--pack", foreign)),
        (2, "does not hold the records that are kept whole", (*SOURCE, "--budget-mib", "0.02", "--pack", new)),
        (2, "--out, or the file of a packed one with --pack", (*SOURCE, "--out", tmp_path / "x", "--pack", new)),
        (2, "--out, or the file of a packed one with --pack", SOURCE),
        (2, "--budget-mib is for --pack", (*SOURCE, "--out", tmp_path / "x", "--budget-mib", "3")),
        (2, "--step-uv is for --pack", (*SOURCE, "--out", tmp_path / "x", "--step-uv", "10")),
        (2, "--step-uv must be 10 or 20", (*SOURCE, "--pack", new, "--step-uv", "15")),
        (2, "--shard-records is for --out", (*SOURCE, "--pack", new, "--shard-records", "3")),
        (2, "name the source with --data", ("--pack", new)),
        (2, "exists: name another file", (*SOURCE, "--pack", packed)),
    ):
        done = run(folder, "prepare", *arguments)
        assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
        assert message in done.stderr
    assert not new.exists()
