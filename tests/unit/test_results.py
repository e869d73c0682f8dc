"""Result files, and what a model card quotes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vizecg.spec import UsageError
from vizecg.spec.checkout import GitState
from vizecg.spec.results import read_result, write_result
from vizecg_export.release.quoted import MOST, key_figures

pytestmark = pytest.mark.unit


def written(path: Path, **content: Any) -> Path:
    path.write_text(json.dumps({"schema_version": 1, "kind": "k", "command": "vizecg-bench k"} | content))
    return path


def test_what_is_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vizecg.spec.provenance.git_state", lambda: GitState(commit="c0ffee", dirty=False))
    monkeypatch.setattr("sys.argv", ["/somewhere/bin/vizecg-bench", "rectify", "--root", "/home/me"])
    write_result(tmp_path / "a.json", kind="rectify", figures={"bundle": {"sha256": "b1"}, "photographs": 3})
    found = read_result(tmp_path / "a.json")
    assert (found.kind, found.command, found.commit, found.dirty) == (
        "rectify", "vizecg-bench rectify --root me", "c0ffee", False,
    )  # fmt: skip
    assert found.bundle_sha256 == "b1"
    assert found.figures["environment"]["cores"] >= 1
    assert key_figures(found) == {"photographs": "3"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "expected an object, got list"),
        ("{}", "it has no schema_version"),
        ('{"schema_version": 1, "command": "x"}', "it has no kind"),
        ('{"schema_version": 1, "kind": "k", "command": ""}', "it has no command"),
    ],
)
def test_what_is_no_result_is_refused(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=says):
        read_result(path)
    with pytest.raises(UsageError, match="does not exist"):
        read_result(tmp_path / "none.json")


def test_a_run_tells_its_commit_with_its_environment(tmp_path: Path) -> None:
    found = read_result(written(tmp_path / "a.json", environment={"git_commit": "c0ffee", "git_dirty": True}))
    assert (found.commit, found.dirty) == ("c0ffee", True)
    assert read_result(written(tmp_path / "b.json")).commit is None


def test_a_card_quotes_how_many_spoilt_pages_were_changed_in_silence(tmp_path: Path) -> None:
    content = {
        "kind": "hostile",
        "spoiled": {"kinds": 99, "pages": 400, "silent_by_kind": 0.0084, "silent": {"count": 4, "share": 0.01}},
        "benign": {"pages": 130, "answered": {"count": 130, "share": 1.0}},
    }  # fmt: skip
    found = key_figures(read_result(written(tmp_path / "a.json", **content)))
    assert found == {
        "spoiled/kinds": "99", "spoiled/pages": "400", "spoiled/silent_by_kind": "0.0084", "spoiled/silent/count": "4",
        "benign/pages": "130", "benign/answered/share": "1",
    }  # fmt: skip


def test_the_key_figures_of_a_known_kind(tmp_path: Path) -> None:
    latency = {"p50": {"value": 6.5, "low": 6.4, "high": 6.6}}
    contenders = [
        {"name": "torch-eager", "role": "float", "threads": 1, "latency": latency},
        {"name": "onnx-int8", "role": "artefact", "threads": 1, "latency": latency},
    ]
    content = {"kind": "run", "protocol": {"name": "full"}, "isValid": True, "contenders": contenders}
    assert key_figures(read_result(written(tmp_path / "a.json", **content))) == {
        "protocol/name": "full",
        "isValid": "yes",
        "contenders/onnx-int8 on 1/latency/p50": "6.5 (6.4 to 6.6)",
    }


def test_the_figures_of_any_other_kind(tmp_path: Path) -> None:
    content = {
        "data": "fold 9", "macro": {"auroc": {"value": 0.98, "low": None, "high": None}, "f1": 0.731},
        "rows": [1, 2], "text": "x" * 100, "table": "a | b", **{f"n{k}": k for k in range(20)},
    }  # fmt: skip
    found = key_figures(read_result(written(tmp_path / "a.json", **content)))
    assert list(found.items())[:3] == [("data", "fold 9"), ("macro/f1", "0.731"), ("rows", "2")]
    assert len(found) == MOST
    assert not {"text", "table", "kind", "command"} & set(found)
