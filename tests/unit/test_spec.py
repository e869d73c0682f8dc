"""What training and the edge share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vizecg.records.synthetic import synthesise
from vizecg.render import PrintStyle, render_sheet
from vizecg.spec import (
    CODE6,
    BundleError,
    DecisionRule,
    ExitCode,
    InputRefusedError,
    MissingToolError,
    ParityError,
    RuleSource,
    SheetSpec,
    UsageError,
)
from vizecg.spec.manifest import MANIFEST, Artefact, Manifest, hash_files, open_bundle, publish_bundle
from vizecg.spec.preprocess import PreprocessSpec, ink_map, normalise, preprocess

pytestmark = pytest.mark.unit

SHEET, INPUT = SheetSpec(), PreprocessSpec()


def test_label_order_and_names() -> None:
    assert CODE6.names == ("1dAVb", "RBBB", "LBBB", "SB", "AF", "ST")
    assert CODE6.vector({"AF": 1, "SB": 0}).tolist() == [0, 0, 0, 0, 1, 0]
    with pytest.raises(ValueError, match="unknown label 'VF'"):
        CODE6.vector(["VF"])


@pytest.mark.parametrize(
    ("error", "code"),
    [(UsageError, 2), (MissingToolError, 3), (ParityError, 4), (BundleError, 6), (InputRefusedError, 7)],
)
def test_every_error_has_its_exit_code(error: type[UsageError], code: int) -> None:
    assert error("x").exit_code == ExitCode(code)
    assert error("x").to_dict()["message"] == "x"


@given(st.floats(0, 288), st.floats(0, 160))
def test_millimetres_and_pixels_are_inverse(x: float, y: float) -> None:
    there = SHEET.mm_to_px(np.array([x, y]))
    np.testing.assert_allclose(SHEET.px_to_mm(there), [x, y], atol=1e-9)
    homogeneous = SHEET.mm_to_px_matrix @ [x, y, 1]
    np.testing.assert_allclose(homogeneous[:2], there, atol=1e-9)


@pytest.fixture(scope="module")
def sheet() -> np.ndarray:
    return render_sheet(synthesise(["LBBB"], seed=1), style=PrintStyle(palette="grey")).image


def test_preprocess_shape_and_range(sheet: np.ndarray) -> None:
    image = preprocess(sheet, sheet_spec=SHEET, spec=INPUT)
    assert image.shape == INPUT.input_shape
    assert image.dtype == np.float32
    assert np.isfinite(image).all()
    assert abs(float(image.mean())) < 1
    assert 0.3 < float(image.std()) < 3


def test_preprocess_ignores_exposure_and_light_gradient(sheet: np.ndarray) -> None:
    reference = ink_map(sheet, sheet_spec=SHEET, spec=INPUT).astype(int)
    light = np.linspace(0.55, 0.95, sheet.shape[1])[None, :, None]
    shaded = ink_map((sheet * light).astype(np.uint8), sheet_spec=SHEET, spec=INPUT).astype(int)
    assert np.abs(reference - shaded).mean() < 4
    assert np.corrcoef(reference.ravel(), shaded.ravel())[0, 1] > 0.98


def test_blank_and_black_sheets_stay_finite() -> None:
    for value in (0, 255):
        blank = np.full(SHEET.shape, value, np.uint8)
        assert np.isfinite(preprocess(blank, sheet_spec=SHEET, spec=INPUT)).all()
        assert ink_map(blank, sheet_spec=SHEET, spec=INPUT).max() <= 255


@pytest.mark.parametrize(
    "wrong", [np.zeros(SHEET.shape, np.float32), np.zeros((10, 10, 3), np.uint8), np.zeros(SHEET.shape[:2], np.uint8)]
)
def test_preprocess_refuses_other_types_and_sizes(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected a uint8 sheet of shape"):
        preprocess(wrong, sheet_spec=SHEET, spec=INPUT)


def test_normalise_refuses_floats() -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        normalise(np.zeros((1, INPUT.height, INPUT.width), np.float32), INPUT)


def test_decisions_and_the_undecided_band() -> None:
    rule = DecisionRule.plain(6, threshold=(0.5,) * 6, margin=0.2)
    assert list(rule.decide(np.array([3, -3, 0.1, -0.1, 0.3, -0.3]))) == [True, False, None, None, True, False]


@given(st.lists(st.floats(-40, 40), min_size=6, max_size=6))
@settings(max_examples=50)
def test_probabilities_are_monotone_and_bounded(logits: list[float]) -> None:
    rule = DecisionRule.plain(6, scale=(0.7,) * 6, bias=(-1.0,) * 6)
    p = rule.probabilities(np.array(logits))
    assert ((p >= 0) & (p <= 1)).all()
    assert (rule.probabilities(np.array(logits) + 0.5) >= p).all()


@pytest.mark.parametrize(
    "bad", [{"threshold": (0.5,) * 5}, {"scale": (0.0,) * 6}, {"threshold": (1.0,) * 6}, {"margin": float("nan")}]
)
def test_decision_rule_refuses_nonsense(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        DecisionRule.plain(6, **bad)  # type: ignore[arg-type]


@pytest.fixture
def bundle_path(tmp_path: Path) -> Path:
    folder = tmp_path / "building"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"not a model, but bytes")
    publish_bundle(folder, _manifest(folder), tmp_path / "b.vizecg")
    return tmp_path / "b.vizecg"


def _manifest(folder: Path) -> Manifest:
    artefact = Artefact(
        name="onnx-int8",
        file="model.onnx",
        target="onnx",
        precision="int8",
        decision=DecisionRule.plain(6, margin=0.1),
        rule_source=RuleSource.ARTEFACT,
    )
    return Manifest(
        name="t",
        labels=CODE6,
        artefacts=(artefact,),
        default_artefact="onnx-int8",
        sheet=SHEET,
        preprocess=INPUT,
        renderer_version="1",
        checkpoint={},
        calibration={},
        toolchain={},
        source={},
        files=hash_files(folder),
    )


def test_bundle_round_trip(bundle_path: Path) -> None:
    manifest = open_bundle(bundle_path).manifest
    assert manifest.sheet == SHEET
    assert manifest.preprocess == INPUT
    assert manifest.artefact().decision == DecisionRule.plain(6, margin=0.1)
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_a_changed_byte_is_found(bundle_path: Path) -> None:
    file = bundle_path / "model.onnx"
    data = bytearray(file.read_bytes())
    data[3] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(BundleError, match=r"model\.onnx was changed"):
        open_bundle(bundle_path)


def test_a_missing_file_is_found(bundle_path: Path) -> None:
    (bundle_path / "model.onnx").unlink()
    with pytest.raises(BundleError, match=r"model\.onnx is missing"):
        open_bundle(bundle_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [("schema_version", 99), ("labels", list(reversed(CODE6.names))), ("artefacts", []), ("sheet", {"width_mm": 1e9})],
)
def test_foreign_manifests_are_refused(bundle_path: Path, key: str, value: object) -> None:
    manifest = json.loads((bundle_path / MANIFEST).read_text())
    manifest[key] = value
    (bundle_path / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleError):
        open_bundle(bundle_path)


def test_manifest_cannot_name_files_outside(bundle_path: Path) -> None:
    manifest = json.loads((bundle_path / MANIFEST).read_text())
    manifest["files"]["../b.vizecg/model.onnx"] = manifest["files"]["model.onnx"]
    (bundle_path / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="missing"):
        open_bundle(bundle_path)


def test_publishing_replaces_bundles_but_nothing_else(bundle_path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "again"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"newer")
    publish_bundle(folder, _manifest(folder), bundle_path)
    assert (bundle_path / "model.onnx").read_bytes() == b"newer"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.vizecg"]
    other = tmp_path / "photos"
    other.mkdir()
    (other / "keep.txt").write_text("mine")
    folder.mkdir()
    with pytest.raises(UsageError, match="not a bundle"):
        publish_bundle(folder, _manifest(folder), other)
    assert (other / "keep.txt").exists()


def test_importing_vizecg_imports_nothing_heavy() -> None:
    code = "import sys, vizecg; heavy = {'torch', 'cv2', 'numpy'} & set(sys.modules); assert not heavy, heavy"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, env={**os.environ})
