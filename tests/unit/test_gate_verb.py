"""``vizecg-export gate``: a fitted gate goes into a bundle whole, or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge_bundles import artefact, make_bundle
from vizecg.spec import BundleError, UsageError
from vizecg.spec.fingerprint import sha256_file
from vizecg.spec.gate import QualityGate
from vizecg.spec.manifest import MANIFEST, Bundle, open_bundle
from vizecg_export.quality_gate.put import put_gate
from vizecg_export.verifying import verify_bundle

pytestmark = pytest.mark.unit

GATE = QualityGate(sharpness=(0.4, 0.9), least_score=0.25)
MARGIN = [0.1, 0.0, 0.2, 0.0, 0.0, 0.3]


def fitting(bundle: Bundle, **changes: Any) -> dict[str, Any]:
    told = {
        "kind": "gate",
        "schema_version": 1,
        "command": "vizecg-export fit-gate",
        "rule": "as the test says",
        "targets": {"risk": 0.02},
        "bundle": {"sha256": bundle.sha256},
        "data": {
            "source": "drawn", "kind": "validation figures", "seed": 1, "records": 3, "records_sha256": "00",
            "photographs": 18, "real_photographs": 0, "refused_by_rectifier": {},
        },
        "gate": GATE.to_dict(),
        "artefacts": {"onnx-fp32": {"file_sha256": bundle.manifest.files["model.onnx"], "undecided_margin": MARGIN}},
    }  # fmt: skip
    return told | changes


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path / "b.vizecg", artefact(), artefact("other"))


def write(bundle: Bundle, content: Any) -> Path:
    path = bundle.path.parent / "gate.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_gate_and_bands_are_put_in_and_the_rest_stays(bundle: Bundle) -> None:
    path = write(bundle, fitting(bundle))
    written = put_gate(bundle.path, path)
    manifest = written.manifest
    assert manifest.gate == GATE
    assert manifest.artefact("onnx-fp32").decision.undecided_margin == tuple(MARGIN)
    assert manifest.artefact("other").decision.undecided_margin == (0.0,) * 6, "it was not measured"
    assert manifest.files == bundle.manifest.files
    assert written.sha256 != bundle.sha256
    assert manifest.gate_source["file_sha256"] == sha256_file(path)
    assert (manifest.gate_source["source"], manifest.gate_source["records"]) == ("drawn", 3)
    assert verify_bundle(bundle.path)[0].ran
    assert sorted(p.name for p in bundle.path.parent.iterdir()) == ["b.vizecg", "gate.json"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "photos"}, "is no result of"),
        ({"gate": {}}, "a gate has"),
        ({"artefacts": {}}, "none of the bundle's artefacts"),
        ({"artefacts": {"onnx-fp32": {"file_sha256": "00", "undecided_margin": MARGIN}}}, "for another model.onnx"),
        ({"targets": None, "data": {}}, "source"),
    ],
)
def test_a_foreign_fitting_changes_nothing(bundle: Bundle, changes: dict[str, Any], says: str) -> None:
    before = (bundle.path / MANIFEST).read_bytes()
    path = write(bundle, fitting(bundle, **changes))
    with pytest.raises(UsageError, match=says):
        put_gate(bundle.path, path)
    assert (bundle.path / MANIFEST).read_bytes() == before


def test_damaged_files_are_told_in_one_line(bundle: Bundle) -> None:
    with pytest.raises(UsageError, match="is not JSON"):
        put_gate(bundle.path, write(bundle, "{"))
    with pytest.raises(UsageError, match="does not exist"):
        put_gate(bundle.path, bundle.path.parent / "none.json")
    path = write(bundle, fitting(bundle))
    (bundle.path / "model.onnx").write_bytes(b"changed")
    with pytest.raises(BundleError, match="changed since"):
        put_gate(bundle.path, path)


def test_a_manifest_with_a_bad_gate_is_refused(bundle: Bundle) -> None:
    manifest = json.loads((bundle.path / MANIFEST).read_text())
    manifest["gate"]["glare"] = [0.1, 0.9]
    (bundle.path / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=r"glare: the best 0\.9 must lie below"):
        open_bundle(bundle.path)


def test_a_bundle_of_the_schema_before_says_so(bundle: Bundle) -> None:
    manifest = json.loads((bundle.path / MANIFEST).read_text())
    del manifest["gate"], manifest["gate_source"]
    (bundle.path / MANIFEST).write_text(json.dumps(manifest | {"schema_version": 2}))
    with pytest.raises(BundleError, match="manifest schema 2 is not 5: make the bundle anew with vizecg-export"):
        open_bundle(bundle.path)
