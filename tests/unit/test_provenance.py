"""Where results come from: the command as it can be typed again, versions, commit; and that all published ones tell."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vizecg.spec.fingerprint import sha256_file
from vizecg.spec.provenance import CommandSource, command_line, provenance
from vizecg.spec.results import write_result

pytestmark = pytest.mark.unit

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"
MANIFEST = Path(__file__).resolve().parents[2] / "edge_runtime/vizecg_edge/bundles/default/manifest.json"
BESIDE = "_provenance.json"
"""End of the name of a file that tells it of a result whose own bytes must stay: a bundle holds it by its hash."""
COMMIT = re.compile(r"[0-9a-f]{40}")
PLACE = re.compile(r"(^|[\s=:,'])(/|~/|\.\./)")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with data beside the working folder."""
    for folder in ("data/ptbxl", "data/photos", "work/runs"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "data/fold9.pack").touch()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["--root", "DATA/ptbxl", "--json", "rectify.json"], "--root PTBXL --json rectify.json"),
        (["--calib", "ptbxl:DATA/ptbxl", "--photos=DATA/photos"], "--calib ptbxl:PTBXL --photos=PHOTOS"),
        (["--pack", "DATA/fold9.pack", "--json", "DATA/new.json"], "--pack fold9.pack --json new.json"),
        (["--out", "DATA/../work/runs/tables", "--set", "lr=1e-3"], "--out runs/tables --set lr=1e-3"),
        (["--root", "../data/ptbxl", "--label", "AF a"], "--root PTBXL --label 'AF a'"),
        (["rtsp://camera/stream", "--device", "jetson:me@orin"], "rtsp://camera/stream --device jetson:me@orin"),
    ],
)
def test_a_command_can_be_typed_again_and_names_no_place(
    typed: list[str], told: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [argument.replace("DATA", str(elsewhere)) for argument in typed]
    monkeypatch.setattr("sys.argv", ["/opt/bin/vizecg-bench", *arguments])
    assert command_line() == f"vizecg-bench {told}"


def test_modules_and_code_are_told_as_they_were_started(monkeypatch: pytest.MonkeyPatch) -> None:
    file = "/opt/vizecg_lab/__main__.py"
    spec = SimpleNamespace(name="vizecg_lab.__main__", origin=file)
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(__spec__=spec))
    monkeypatch.setattr("sys.argv", [file, "fuzz", "--count", "20"])
    assert provenance()["command"] == "python -m vizecg_lab fuzz --count 20"
    # What `python -c` ran is not known.
    monkeypatch.setattr("sys.argv", ["-c", "fuzz"])
    assert provenance()["command_source"] == CommandSource.UNKNOWN.value


def test_a_module_started_by_python_tells_so(tmp_path: Path) -> None:
    (tmp_path / "told.py").write_text("from vizecg.spec.provenance import command_line\nprint(command_line())\n")
    done = subprocess.run(
        [sys.executable, "-m", "told", "--json", str(tmp_path / "a b.json")],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout == "python -m told --json 'a b.json'\n"


def test_a_result_tells_where_it_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["vizecg-bench", "run"])
    write_result(tmp_path / "a.json", kind="made", figures={"figure": 1})
    written = json.loads((tmp_path / "a.json").read_text())
    assert (written["kind"], written["figure"]) == ("made", 1)
    assert written["command_source"] == CommandSource.RECORDED.value
    assert {"python", "vizecg", "numpy", "onnxruntime"} <= set(written["environment"]["versions"])
    complaints = _complaints(written)
    # An unpacked archive is no checkout.
    assert not complaints or written["source"] == {"commit": None, "dirty": None}


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_published_results_tell_where_they_come_from(path: Path) -> None:
    content = json.loads(path.read_text())
    beside = path.with_name(path.stem + BESIDE)
    if beside.exists():
        assert _complaints(content), f"{path.name} tells all itself: remove {beside.name}"
        assert sha256_file(path) == json.loads(MANIFEST.read_text())["gate_source"]["file_sha256"]
        content = json.loads(beside.read_text())
        assert content["of"] == path.name
    assert _complaints(content) == []


def _complaints(content: dict[str, Any]) -> list[str]:
    """What a result leaves out of where it comes from. Whose command was not recorded may lack versions and commit, but
    tells in which commit it was published."""
    environment = content.get("environment", {})
    if content["kind"] == "run":
        # `vizecg-bench run` has a schema of its own, which tells the code with the machine.
        source = {"commit": environment.get("git_commit"), "dirty": environment.get("git_dirty")}
        content = {**content, "command_source": CommandSource.RECORDED.value, "source": source}
    missing = [key for key in ("kind", "command", "command_source", "source", "environment") if key not in content]
    if missing or "versions" not in environment:
        return [f"it has no {', '.join(missing) or 'versions'}"]
    command, source = content["command"], content["source"]
    recorded = CommandSource(content["command_source"]) is CommandSource.RECORDED
    found = []
    if command is None and content["command_source"] != CommandSource.UNKNOWN.value:
        found.append("it has no command")
    if command and PLACE.search(command):
        found.append(f"its command names a place of one machine: {command}")
    if set(source) != {"commit", "dirty"} or not (source["commit"] is None or COMMIT.fullmatch(source["commit"])):
        found.append(f"its source is no commit: {source}")
    if recorded and (source["commit"] is None or source["dirty"] is None or not environment["versions"]):
        found.append("it was recorded without commit, state of the tree or versions")
    if not recorded and not COMMIT.fullmatch(content.get("published_in", "")):
        found.append("it was not recorded, and does not tell the commit that published it")
    return found
