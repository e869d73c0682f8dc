"""The contract of a bundle: its formulas give what Python gives, and it cannot say else than its manifest."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from PIL import Image

from contract_bundles import RULE, contract_bundle, scribble, scribbled_bundle, sealed
from edge_bundles import SPEC, artefact
from tolerances import tolerance
from vizecg.spec import CODE6, BundleError, DecisionRule, SheetSpec, UsageError
from vizecg.spec.contract import CONTRACT, CONTRACT_TEXT, STEPS, metadata, statement
from vizecg.spec.contract_check import check_contract
from vizecg.spec.fingerprint import sha256_file
from vizecg.spec.manifest import MANIFEST, Bundle, open_bundle
from vizecg.spec.preprocess import PreprocessSpec, ink_map
from vizecg_edge.pipeline import DEFAULT_BUNDLE, Pipeline
from vizecg_edge.selftest import EXPECTED, PHOTO, run_selftest
from vizecg_export.contract.metadata import network_sha256, read_metadata
from vizecg_export.contract.photo import INK, SHEET, VECTOR, write_photo
from vizecg_export.contract.write import add_contract
from vizecg_export.quality_gate.put import put_gate
from vizecg_export.verifying import verify_bundle

pytestmark = pytest.mark.unit

MARGIN = [0.3, 0.0, 0.2, 0.0, 0.0, 0.3]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    others = [artefact(name, decision=DecisionRule.plain(6)) for name in ("other", "third")]
    return contract_bundle(tmp_path_factory.mktemp("made") / "b.vizecg", artefact(decision=RULE), *others)


@pytest.fixture
def bundle(made: Bundle, tmp_path: Path) -> Bundle:
    return open_bundle(Path(shutil.copytree(made.path, tmp_path / "b.vizecg")))


def contract_of(bundle: Bundle) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bundle.file(CONTRACT).read_text())
    return found


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


# The formulas of contract.json once more, in plain numpy: nothing of vizecg.spec.


def area(values: np.ndarray, width: int, height: int) -> np.ndarray:
    def shares(many: int, few: int) -> np.ndarray:
        edges = np.arange(few + 1) * many / few
        place = np.arange(many)
        within = np.minimum(edges[1:, None], place + 1) - np.maximum(edges[:-1, None], place)
        return np.clip(within, 0, None) * few / many

    return shares(values.shape[0], height) @ values @ shares(values.shape[1], width).T


def enlarged(values: np.ndarray, width: int, height: int) -> np.ndarray:
    def places(size: int, least: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        at = (np.arange(size) + 0.5) * least / size - 0.5
        low = np.floor(at).astype(int)
        share = np.rint(2048 * (at - low)).astype(int)
        return np.clip(low, 0, least - 1), np.clip(low + 1, 0, least - 1), share

    left, right, f = places(width, values.shape[1])
    along = (2048 - f) * values[:, left] + f * values[:, right]
    top, bottom, g = places(height, values.shape[0])
    first, second = (2048 - g)[:, None] * (along[top] >> 4), g[:, None] * (along[bottom] >> 4)
    return ((first >> 16) + (second >> 16) + 2) >> 2


def blurred(values: np.ndarray, taps: list[int]) -> np.ndarray:
    total = np.pad(values, len(taps) // 2, mode="edge")
    for axis in (0, 1):
        size = values.shape[axis]
        total = sum(tap * total.take(range(k, k + size), axis=axis) for k, tap in enumerate(taps))
    return (total + 32768) >> 16


def dilated(values: np.ndarray, side: int) -> np.ndarray:
    padded = np.pad(values, side // 2, constant_values=0)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    return windows.max(axis=(2, 3))


def ink_by_formulas(sheet: np.ndarray, n: dict[str, Any]) -> np.ndarray:
    rgb = sheet.astype(int)
    luma = (9798 * rgb[..., 0] + 19235 * rgb[..., 1] + 3735 * rgb[..., 2] + 16384) >> 15
    small = np.rint(area(dilated(luma, n["dilate_side"]), n["small_width"], n["small_height"])).astype(int)
    paper = enlarged(blurred(small, n["taps"]), n["sheet_width"], n["sheet_height"])
    ink = 255 - np.minimum(255, np.rint(255 * luma / np.maximum(paper, n["least_paper"])))
    mean = area(ink, n["width"], n["height"])
    halved = (n["sheet_width"], n["sheet_height"]) == (2 * n["width"], 2 * n["height"])
    reduced = np.floor(mean + 0.5) if halved else np.rint(mean)
    contrast = max(np.percentile(reduced, n["contrast_percentile"]), 255 * n["contrast_floor"])
    return np.minimum(255, np.rint(reduced.astype(np.float32) * np.float32(n["ink_unit"] / contrast)))


def decided(logit: float, one: dict[str, Any], place: int) -> tuple[float, bool | None]:
    scale, bias, threshold = (one[key][place] for key in ("scale", "bias", "threshold"))

    def p(value: float) -> float:
        return 1 / (1 + math.exp(-(scale * value + bias)))

    d = scale * logit + bias - math.log(threshold / (1 - threshold))
    low, high = p(logit - one["margin"]), p(logit + one["margin"])
    undecided = abs(d) < one["undecided_margin"][place]
    return p(logit), None if undecided else True if low >= threshold else False if high < threshold else None


def test_formulas_give_the_golden_inks_and_inputs(made: Bundle) -> None:
    contract = contract_of(made)
    golden, numbers = contract["golden"], contract["preprocess"]["numbers"]
    for sheet in golden["sheets"]:
        found = ink_by_formulas(pixels(made.file(sheet["sheet"])), numbers)
        apart = np.abs(found - pixels(made.file(sheet["ink"])))
        assert apart.max() <= golden["tolerance"]["ink"]["largest"]
        assert apart.mean() <= golden["tolerance"]["ink"]["mean"]
    steps = np.arange(256, dtype=np.float32) / np.float32(255)
    table = (steps - np.float32(numbers["mean"])) / np.float32(numbers["std"])
    assert np.array_equal(np.array(golden["input_of_ink"], np.float32), table)


def test_formulas_give_the_ink_of_the_usual_geometry_to_the_bit(made: Bundle) -> None:
    """Sheets twice the input's size, as they are shipped: every step is one of integers."""
    usual = SheetSpec(), PreprocessSpec()
    numbers = statement(replace(made.manifest, preprocess=usual[1]))["preprocess"]["numbers"]
    sheet = scribble(1, usual[0])
    found = ink_by_formulas(sheet, numbers)
    assert np.abs(found - ink_map(sheet, sheet_spec=usual[0], spec=usual[1])).max() <= tolerance("exact")


def test_formulas_give_the_golden_decisions(made: Bundle) -> None:
    contract = contract_of(made)
    seen: set[bool | None] = set()
    for one in contract["artefacts"]:
        sheets = [sheet["answers"][one["name"]] for sheet in contract["golden"]["sheets"]]
        for row in sheets + contract["golden"]["decisions"][one["name"]]:
            found = [decided(logit, one, place) for place, logit in enumerate(row["logits"])]
            assert [decision for _, decision in found] == row["decisions"]
            np.testing.assert_allclose([p for p, _ in found], row["probabilities"], atol=1e-12)
            seen |= set(row["decisions"])
    assert seen == {True, False, None}


def test_golden_logits_are_those_of_the_file(made: Bundle) -> None:
    contract = contract_of(made)
    tensors, golden = contract["tensors"], contract["golden"]
    session = onnxruntime.InferenceSession(str(made.file("model.onnx")), providers=["CPUExecutionProvider"])
    for sheet in golden["sheets"]:
        ink = pixels(made.file(sheet["ink"]))
        image = np.array(golden["input_of_ink"], np.float32)[ink].reshape(1, *tensors["input"]["shape"][1:])
        (logits,) = session.run([tensors["output"]["name"]], {tensors["input"]["name"]: image})
        answers = sheet["answers"]["onnx-fp32"]
        np.testing.assert_allclose(logits[0], answers["logits"], atol=golden["tolerance"]["logits"]["onnx-fp32"])
    assert [label["name"] for label in contract["labels"]] == list(CODE6.names)


def test_metadata_tell_the_contract_and_leave_the_network(tmp_path: Path) -> None:
    before = scribbled_bundle(tmp_path / "b.vizecg")
    plain = before.file("model.onnx").read_bytes()
    after = add_contract(before.path, draw=scribble)
    file = after.file("model.onnx")
    told = {prop.key: prop.value for prop in onnx.load(str(file)).metadata_props}
    assert told == metadata(statement(after.manifest), "model.onnx") == read_metadata(file)
    contract = contract_of(after)
    assert json.loads(told["vizecg.artefacts"]) == contract["artefacts"]
    for key in ("labels", "sheet", "preprocess", "tensors", "decision", "intended_use"):
        assert json.loads(told[f"vizecg.{key}"]) == contract[key]
    assert file.read_bytes()[: len(plain)] == plain, "it is appended"
    assert network_sha256(file) == before.manifest.files["model.onnx"]
    images = np.random.default_rng(0).normal(size=(3, 1, SPEC.height, SPEC.width)).astype(np.float32)
    one, other = (
        onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"image": images})[0]
        for model in (plain, file.read_bytes())
    )
    assert one.tobytes() == other.tobytes()


def test_what_is_there_already_is_written_again_as_it_was(bundle: Bundle) -> None:
    assert add_contract(bundle.path, draw=scribble).sha256 == bundle.sha256
    assert check_contract(bundle)
    assert not check_contract(scribbled_bundle(bundle.path.parent / "plain.vizecg")), "an older bundle has none"


def test_the_contract_follows_the_gate(bundle: Bundle) -> None:
    fitting = bundle.path.parent / "gate.json"
    figures = {"file_sha256": bundle.manifest.files["model.onnx"], "undecided_margin": MARGIN}
    data = dict.fromkeys(("source", "kind", "seed", "records", "records_sha256", "photographs", "real_photographs"), 1)
    told = {
        "kind": "gate", "schema_version": 1, "command": "c", "rule": "r", "targets": {}, "data": data,
        "bundle": {"sha256": bundle.sha256}, "gate": bundle.manifest.gate.to_dict(),
        "artefacts": {"onnx-fp32": figures},
    }  # fmt: skip
    fitting.write_text(json.dumps(told))
    before = bundle.manifest.files
    written = put_gate(bundle.path, fitting)
    contract = contract_of(written)
    assert contract["artefacts"][0]["undecided_margin"] == MARGIN
    assert json.loads(read_metadata(written.file("model.onnx"))["vizecg.artefacts"])[0]["undecided_margin"] == MARGIN
    assert f"| 1dAVb | 1.0 | 0.1 | 0.5 | {MARGIN[0]} |" in written.file(CONTRACT_TEXT).read_text()
    assert check_contract(written)
    assert verify_bundle(written.path)[0].ran
    changed = {name for name in before if written.manifest.files[name] != before[name]}
    assert changed == {CONTRACT, CONTRACT_TEXT, "model.onnx"}
    assert put_gate(written.path, fitting).manifest == written.manifest, "the same fitting once more"


def change(*places: Any, to: Any) -> Callable[[Path], None]:
    def changed(folder: Path) -> None:
        contract = json.loads((folder / CONTRACT).read_text())
        inner = contract
        for place in places[:-1]:
            inner = inner[place]
        inner[places[-1]] = to
        (folder / CONTRACT).write_text(json.dumps(contract))

    return changed


def damage(folder: Path) -> None:
    (folder / CONTRACT).write_text("{")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (change("artefacts", 0, "threshold", 4, to=0.25), r"artefacts\[0\]\.threshold\[4\] is 0\.25, there 0\.2"),
        (change("labels", 5, to={"name": "AF", "words": "w"}), r"labels\[5\]\.name is AF, there ST"),
        (change("preprocess", "numbers", "std", to=0.2), r"preprocess\.numbers\.std is 0\.2, there 0\.18"),
        (change("preprocess", "steps", to=list(STEPS[1:])), r"preprocess\.steps"),
        (change("more", to=1), r"more is 1, there None"),
        (change("golden", "decisions", "onnx-fp32", 0, "decisions", 2, to=True), "golden vectors"),
        (change("golden", "sheets", 0, "answers", "onnx-fp32", "probabilities", 0, to=None), "golden vectors"),
        (change("golden", to=[]), "golden vectors"),
        (damage, "contract.json cannot be read"),
    ],
)
def test_a_contract_that_contradicts_is_refused(bundle: Bundle, changes: Callable[[Path], None], says: str) -> None:
    changes(bundle.path)
    sealed(bundle.path)
    with pytest.raises(BundleError, match=says):
        run_selftest(Pipeline(bundle=bundle.path))
    with pytest.raises(BundleError, match=says):
        verify_bundle(bundle.path, run=False)


def test_text_and_metadata_that_contradict_are_refused(bundle: Bundle) -> None:
    (bundle.path / CONTRACT_TEXT).write_text("# Another\n")
    with pytest.raises(BundleError, match=r"contract\.md does not tell"):
        verify_bundle(sealed(bundle.path).path, run=False)
    add_contract(bundle.path, draw=scribble)
    model = onnx.load(str(bundle.path / "model.onnx"))
    onnx.helper.set_model_props(model, {"vizecg.labels": "[]"})
    onnx.save(model, str(bundle.path / "model.onnx"))
    with pytest.raises(BundleError, match=r"metadata of model\.onnx contradict"):
        verify_bundle(sealed(bundle.path).path, run=False)


def test_other_sheets_than_the_golden_ones_change_nothing(tmp_path: Path) -> None:
    bundle = scribbled_bundle(tmp_path / "b.vizecg")
    with pytest.raises(BundleError, match=r"golden sheet 0 is not that of golden\.npz"):
        add_contract(bundle.path, draw=lambda row, spec: scribble(row + 1, spec))
    assert open_bundle(bundle.path).sha256 == bundle.sha256
    assert [path.name for path in tmp_path.iterdir()] == ["b.vizecg"]


def test_an_input_larger_than_the_sheet_has_no_contract(made: Bundle) -> None:
    with pytest.raises(UsageError, match="is larger than the sheet of 1152 x 640"):
        statement(replace(made.manifest, preprocess=PreprocessSpec(height=700, width=1200)))


def test_the_golden_photograph_lies_on_the_sheet_as_told(bundle: Bundle) -> None:
    for name in (PHOTO, EXPECTED):
        shutil.copy2(DEFAULT_BUNDLE / name, bundle.path / name)
    sealed(bundle.path)
    after = add_contract(bundle.path, draw=scribble)
    assert contract_of(after)["golden"]["photo"] == VECTOR
    vector = json.loads(after.file(VECTOR).read_text())
    assert vector["photo_sha256"] == sha256_file(after.file(PHOTO))
    height, width, _ = after.manifest.sheet.shape
    assert pixels(after.file(SHEET)).shape == (height, width, 3)
    assert pixels(after.file(INK)).shape == (SPEC.height, SPEC.width)
    bend = np.array(vector["bend_mm"])
    for point in vector["points"]:
        x, y, w = np.array(vector["homography"]) @ [*point["photo_px"], 1]
        plane = (np.array([x, y]) / w + 0.5) / after.manifest.sheet.px_per_mm
        np.testing.assert_allclose(plane, point["plane_mm"], atol=1e-6)
        # The bend is of the place where the point is shown, here to the nearest of its lattice.
        lattice = np.array(point["shown_at_mm"]) / (288, 160) * (bend.shape[1] - 1, bend.shape[0] - 1)
        column, row = np.clip(np.rint(lattice).astype(int), 0, (bend.shape[1] - 1, bend.shape[0] - 1))
        np.testing.assert_allclose(plane - bend[row, column], point["shown_at_mm"], atol=tolerance("trace-mm"))
    stamp = after.file(SHEET).stat().st_mtime_ns
    write_photo(after.path, after.manifest)
    assert after.file(SHEET).stat().st_mtime_ns == stamp, "it is rectified once"
    (after.path / PHOTO).unlink()
    write_photo(after.path, after.manifest)
    assert not (after.path / VECTOR).exists()


def test_a_bundle_without_its_golden_answers_gets_no_contract(bundle: Bundle) -> None:
    manifest = json.loads((bundle.path / MANIFEST).read_text())
    manifest["artefacts"][0]["name"] = manifest["default_artefact"] = "renamed"
    (bundle.path / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="no logits of renamed"):
        add_contract(bundle.path, draw=scribble)
