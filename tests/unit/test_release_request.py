"""What a release is asked for: refused early; and what it adds to the model card."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge_bundles import make_bundle
from vizecg.data.source import RecordSource, synthetic_source
from vizecg.records.packing import pack_labels
from vizecg.spec import CODE6, AccuracyError, InputRefusedError, UsageError
from vizecg.spec.checkout import GitState
from vizecg.spec.manifest import MANIFEST
from vizecg.spec.results import Result
from vizecg_export.golden_photo import add_golden_photo
from vizecg_export.quality_gate.choose import FitRequest
from vizecg_export.quality_gate.records import choose_records
from vizecg_export.quality_gate.rows import photographs_in
from vizecg_export.release import request as asked
from vizecg_export.release.card import added_sections
from vizecg_export.release.request import ReleaseRequest, check_release

pytestmark = pytest.mark.unit


def request(out: Path, **changes: Any) -> ReleaseRequest:
    export: Any = SimpleNamespace(out=out)
    plain = ReleaseRequest(
        export=export, gate=None, photograph=True, results=(), work=out.with_name("w"), gate_cache=out.parent
    )
    return replace(plain, **changes)


def test_the_work_folder_must_not_lie_in_the_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "check_request", lambda export: None)
    make_bundle(tmp_path / "b")
    for work in (tmp_path / "b", tmp_path / "b" / "work"):
        with pytest.raises(UsageError, match="must not lie in the bundle"):
            check_release(request(tmp_path / "b", work=work))


def test_photographs_that_are_not_there_are_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "check_request", lambda export: None)
    with pytest.raises(UsageError, match="has no photographs"):
        check_release(request(tmp_path / "b", gate=FitRequest(photos=(tmp_path,))))
    (tmp_path / "a.JPG").write_bytes(b"")
    assert photographs_in([tmp_path]) == [tmp_path / "a.JPG"]


@pytest.mark.parametrize("changes", [{"records": 19}, {"photographs": 3}, {"photographs": 12}])
def test_a_gate_wants_enough(changes: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="a gate needs"):
        FitRequest(**changes)


def labelled(n: int, *, packed: bool) -> tuple[RecordSource, list[int]]:
    """Every thirtieth record has AF; the third is damaged. The list gets what was read."""
    plain = synthetic_source(n, seed=1)
    read: list[int] = []
    labels = [np.eye(len(CODE6), dtype=np.float32)[CODE6.names.index("AF")] * (k % 30 == 29) for k in range(n)]

    def reader(index: int) -> Any:
        read.append(index)
        if index == 3:
            raise InputRefusedError("damaged")
        return SimpleNamespace(labels=labels[index])

    return replace(plain, read=reader, packed_labels=[pack_labels(one) for one in labels] if packed else None), read


@pytest.mark.parametrize("packed", [True, False])
def test_positives_come_first(packed: bool) -> None:
    source, read = labelled(100, packed=packed)
    chosen = choose_records(source, 20)
    assert chosen == [*range(18), 29, 59]
    assert bool(read) is not packed, "what the index tells is not read"


def test_a_bundle_that_cannot_read_it_gets_no_golden_photograph(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b")
    before = (bundle.path / MANIFEST).read_bytes()
    with pytest.raises(AccuracyError, match="none of 1 photographed printouts with RBBB is answered right and surely"):
        add_golden_photo(bundle.path, seeds=range(1))
    assert (bundle.path / MANIFEST).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_the_card_says_what_was_not_done_and_what_was_measured_with_another_bundle(tmp_path: Path) -> None:
    manifest = make_bundle(tmp_path / "b").manifest
    selftest = {
        "golden": {"onnx-fp32": {"ran": True, "max_abs": 0.0123}, "other": {"ran": False, "note": "no runtime"}},
        "selftest": {
            "onnx-fp32": {"ran": True, "bundle": {"backend": "onnxruntime-cpu"}, "photo": None},
            "other": {"ran": False, "why": "no engine"},
        },
    }
    told = [("c0ffee", True, "b1"), (None, None, "b2"), ("c0ffee", False, None)]
    results = [
        Result(
            path=tmp_path, sha256="f1", kind=f"kind{k}", command="vizecg-bench k", commit=commit, dirty=dirty,
            bundle_sha256=bundle, figures={"answered": 3},
        )
        for k, (commit, dirty, bundle) in enumerate(told)
    ]  # fmt: skip
    card = added_sections(
        manifest, gate=None, selftest=selftest, results=results, own=["b1"], command="vizecg-export release",
        code=GitState(commit="c0de", dirty=False),
    )  # fmt: skip
    assert "The quality gate was not fitted: its limits were set by hand" in card
    assert "| onnx-fp32 | 0.0123 from float | passed in onnxruntime-cpu, without a golden photograph |" in card
    assert "| other | not run: no runtime | not run: no engine |" in card
    first, second, third = (line for line in card.splitlines() if line.startswith("- **kind"))
    assert "commit c0ffee with changes; with this bundle's artefacts, rules and gate as bundle b1" in first
    assert first.endswith("answered 3")
    assert "commit not told; with **another** bundle, b2" in second
    assert "not told with which bundle" in third
    assert card.rstrip().endswith("`vizecg-export release`, commit c0de.")
    fitted = replace(manifest, gate_source={"source": "fold 9"})
    card = added_sections(
        fitted, gate=None, selftest=selftest, results=[], own=[], command="c", code=GitState()
    )  # fmt: skip
    assert "Fitted on fold 9; not fitted again for these files." in card
