"""Synthetic records -> pack -> the edge's engine -> figures: the shipped checkpoint and the bundle made of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tolerances import tolerance
from vizecg.data.registry import SourceRequest, parse_source
from vizecg.render import sheet_under
from vizecg.render.spoil import Kind
from vizecg.spec import BundleError, Condition, UsageError
from vizecg.spec.manifest import open_bundle
from vizecg.spec.preprocess import ink_map
from vizecg.train.checkpoint import load_checkpoint
from vizecg.train.evaluation.predict import checkpoint_classifier, predict
from vizecg_bench.cli import app
from vizecg_bench.pack.build import PackRequest, build_pack, shipped_checkpoint
from vizecg_bench.pack.format import Pack
from vizecg_bench.pack.measure import measure_accuracy
from vizecg_bench.pack.options import MeasureOptions
from vizecg_bench.pack.scenes import Step
from vizecg_bench.pack.sheets import chosen_rows
from vizecg_edge.backends import BackendKind
from vizecg_edge.pipeline import DEFAULT_BUNDLE

pytestmark = pytest.mark.integration

RECORDS, FEW = 12, 6
STEPS = (
    Step(condition=Condition.CLEAN, strength=0.0),
    Step(condition=Condition.PHOTO, strength=0.5),
    Step(condition=Condition.PHOTO, strength=1.0),
    Step(condition=Kind.BLURRED, strength=1.0),
)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> PackRequest:
    folder = tmp_path_factory.mktemp("pack")
    return PackRequest(
        data="synthetic", out=folder / "s.pack", cache=folder / "cache", limit=RECORDS, robustness=FEW, steps=STEPS,
        workers=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def pack(asked: PackRequest) -> Pack:
    return build_pack(asked)


def test_sheets_and_logits_are_those_of_evaluate(asked: PackRequest, pack: Pack) -> None:
    source = parse_source("synthetic", SourceRequest(split="val", size=RECORDS))
    classifier = checkpoint_classifier(shipped_checkpoint())
    cache = next(asked.cache.glob("photo-*"))
    found = predict(classifier, source=source, condition=Condition.PHOTO, cache=cache, workers=1)
    section = pack.sections["photo"]
    assert section.record_ids == found.record_ids
    np.testing.assert_array_equal(section.labels, found.labels)
    np.testing.assert_allclose(section.logits, found.logits, atol=tolerance("folded"))
    assert pack.header.checkpoint_sha256 == load_checkpoint(shipped_checkpoint()).trained_sha256
    record = source.read(source.items[3])
    drawn = ink_map(
        sheet_under(Condition.PHOTO, record, seed=0), sheet_spec=pack.header.sheet, spec=pack.header.preprocess
    )
    np.testing.assert_array_equal(next(pack.inks("photo"))[3], drawn)


def test_strength_1_is_the_condition_and_less_is_less(pack: Pack) -> None:
    few = pack.sections["photo@1"].record_ids
    assert all(pack.sections[step.section].record_ids == few for step in STEPS)
    whole, half, blurred = (next(pack.inks(name)) for name in ("photo@1", "photo@0.5", "blurred@1"))
    places = [pack.sections["photo"].record_ids.index(name) for name in few]
    np.testing.assert_array_equal(whole, np.concatenate(list(pack.inks("photo")))[places])
    assert (half != whole).any()
    # Blur takes the steep edges of the traces.
    edges = [np.abs(np.diff(inks.astype(int), axis=2)).max(axis=(1, 2)).mean() for inks in (half, blurred)]
    assert edges[1] < 0.6 * edges[0]


def test_a_second_build_draws_nothing(
    asked: PackRequest, pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr("vizecg_bench.pack.sheets.step_inks", never)
    monkeypatch.setattr("vizecg.data.cache.sheet_under", never)
    again = build_pack(replace(asked, out=tmp_path / "s.pack"))
    assert again.sha256 == pack.sha256


def test_accuracy_of_the_shipped_bundle(asked: PackRequest, pack: Pack, tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    arguments = ["accuracy", str(asked.out), "--artefact", "onnx-int8", "--section", "clean", "--bootstraps", "20"]
    done = CliRunner().invoke(app, [*arguments, "--figures", str(out)], catch_exceptions=False)
    assert done.exit_code == 0
    told = json.loads(out.read_text())
    assert told["pack"]["sha256"] == pack.sha256
    assert list(told["accuracies"]) == ["float", "onnx-int8"]
    float_section, section = (told["accuracies"][name]["sections"]["clean"] for name in ("float", "onnx-int8"))
    assert section["n"] == RECORDS
    assert float_section["largest_difference"] == 0 < section["largest_difference"]
    assert section["macro"]["auroc"]["value"] > 0.9
    assert section["retention"]["auroc"]["value"] > 0.97
    assert told["accuracies"]["onnx-int8"]["rule"] == "onnx-int8"


def test_robustness_of_the_shipped_bundle(asked: PackRequest, pack: Pack, tmp_path: Path) -> None:
    out, plot = tmp_path / "r.json", tmp_path / "r.png"
    arguments = ["robustness", str(asked.out), "--artefact", "onnx-int8", "--bootstraps", "20"]
    done = CliRunner().invoke(app, [*arguments, "--figures", str(out), "--plot", str(plot)], catch_exceptions=False)
    assert done.exit_code == 0
    told = json.loads(out.read_text())
    assert list(told["trends"]["onnx-int8"]["sections"]) == [step.section for step in STEPS]
    assert set(told["trends"]["onnx-int8"]["answer"].values()) <= {"yes", "no", "not shown"}
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_what_does_not_fit_is_said(asked: PackRequest, pack: Pack, tmp_path: Path) -> None:
    other = replace(pack, header=replace(pack.header, checkpoint_sha256="0" * 64))
    with pytest.raises(BundleError, match="another checkpoint"):
        other.check_bundle(open_bundle(DEFAULT_BUNDLE))
    with pytest.raises(UsageError, match="no artefact 'x'"):
        measure_accuracy(MeasureOptions(pack=asked.out, artefact=["x"]))
    with pytest.raises(UsageError, match="onnx-int8 is for onnx, not for tensorrt"):
        measure_accuracy(MeasureOptions(pack=asked.out, artefact=["onnx-int8"], backend=[BackendKind.TENSORRT]))
    with pytest.raises(UsageError, match="would be empty"):
        build_pack(replace(asked, drawn=False, robustness=0))
    with pytest.raises(UsageError, match="does not exist"):
        build_pack(replace(asked, out=tmp_path / "none" / "p.pack"))


def test_every_class_is_among_few_records() -> None:
    labels = np.zeros((100, 6))
    labels[[90, 91, 92, 93, 94, 95], range(6)] = 1
    chosen = chosen_rows(labels, 10)
    assert chosen.tolist() == [0, 1, 2, 3, 90, 91, 92, 93, 94, 95]
