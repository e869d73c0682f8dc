"""Photographs that a gate is chosen on, and pictures that are no ECG."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_bundles import make_bundle
from vizecg.records.synthetic import synthesise
from vizecg.render import Layout
from vizecg.render.spoil import SPOILT, Kind
from vizecg.spec import InputRefusedError, SheetSpec, UsageError
from vizecg_edge.judge.quality import assess
from vizecg_edge.rectify.reasons import Reason
from vizecg_edge.sheet import rectify
from vizecg_export.quality_gate.rows import GateRow, read_kept
from vizecg_export.quality_gate.scenes import NAMED, kinds_for, make_scene
from vizecg_lab.not_ecg.command import measure_not_ecg, picture
from vizecg_lab.not_ecg.draw import ON_PAPER
from vizecg_lab.not_ecg.scenes import SCENES

pytestmark = pytest.mark.integration

SPEC = SheetSpec()


def test_every_kind_has_its_turn() -> None:
    seen = {kind for number in range(40) for kind in kinds_for(number, 6)}
    assert seen == set(Kind)
    assert len(set(kinds_for(3, 11))) == 11
    assert set(SPOILT) | set(NAMED) | {Kind.MODERATE, Kind.PHOTO} == set(Kind)


@pytest.mark.parametrize(("kind", "seed"), [(Kind.SMALL, 6), (Kind.BENT, 6), (Kind.CUT, 1)])
def test_the_truth_moves_with_the_picture(kind: Kind, seed: int) -> None:
    scene = make_scene(synthesise(["SB"], seed=1), Layout(), kind, spec=SPEC, rng=np.random.default_rng(seed))
    found = rectify(scene.image, SPEC)
    error = found.to_sheet_mm(scene.seen, SPEC) - scene.block_mm
    # The origin comes from the traces; the scale and the bend are what the scene has changed.
    assert np.linalg.norm(error - error.mean(axis=0), axis=1).max() < 1.0


def test_pages_whose_last_column_is_cut_are_refused_though_its_beginning_is_seen() -> None:
    scene = make_scene(synthesise(["SB"], seed=1), Layout(), Kind.CUT, spec=SPEC, rng=np.random.default_rng(6))
    with pytest.raises(InputRefusedError) as caught:
        rectify(scene.image, SPEC)
    assert caught.value.reason == Reason.CUT_OFF.value


def test_scenes_are_the_same_again() -> None:
    one, two = (
        make_scene(synthesise(["AF"], seed=1), Layout(), Kind.GLARE, spec=SPEC, rng=np.random.default_rng(5)).image
        for _ in range(2)
    )
    assert (one == two).all()


def test_a_killed_run_keeps_its_finished_records(tmp_path: Path) -> None:
    row = GateRow(
        record="r", kind="dark", strength=0.5, reason="too_dark", merits={}, error_mm=None, logits={}, clean={}
    )
    kept = tmp_path / "gate.jsonl"
    kept.write_text(json.dumps({"name": "1", "rows": [vars(row)]}) + '\n{"name": "2", "ro')
    assert read_kept(kept) == {"1": [row]}
    assert read_kept(tmp_path / "none") == {}


@pytest.mark.parametrize("kind", [*ON_PAPER, *SCENES])
def test_pictures_can_be_drawn_again(kind: str) -> None:
    draw = ON_PAPER.get(kind) or SCENES[kind]
    one, two = draw(np.random.default_rng(1)), draw(np.random.default_rng(1))
    assert (one == two).all()
    assert one.dtype == np.uint8
    assert one.shape[2] == 3


@pytest.mark.parametrize(
    ("kind", "number"), [("unrelated_beats", 0), ("unrelated_beats", 3), ("sines", 1), ("table", 0)]
)
def test_what_is_no_ecg_is_refused(kind: str, number: int) -> None:
    with pytest.raises(InputRefusedError):
        assess(rectify(picture(kind, number), SPEC))


def test_an_unknown_kind_names_the_known() -> None:
    with pytest.raises(UsageError, match="unknown kind 'cat': expected one of text"):
        picture("cat", 0)


def test_refusals_are_counted_by_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With small pictures, which are all refused at once."""
    bundle = make_bundle(tmp_path / "b.vizecg")
    small = cv2.resize(picture("text", 0), (300, 200))
    monkeypatch.setattr("vizecg_lab.not_ecg.command.picture", lambda kind, number: small)
    out = tmp_path / "out.json"
    measure_not_ecg(limit=20, bundle=bundle.path, keep=None, out=out)
    told = json.loads(out.read_text())
    assert told["not_ecg"]["pictures"] == 20
    assert told["not_ecg"]["answered"] == 0
    assert told["not_ecg"]["kinds"]["text"] == {"too_small": 1}
    with pytest.raises(UsageError, match="one picture of each"):
        measure_not_ecg(limit=3, bundle=bundle.path, keep=None, out=None)
