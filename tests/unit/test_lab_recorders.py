"""Networks under other recorders: the same records, falls from none, differences between networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from drawn_predictions import classifier, drawn
from training_runs import untrained_checkpoint
from vizecg.data.source import synthetic_source
from vizecg.spec import Condition, UsageError
from vizecg_lab.training import recorders as lab
from vizecg_lab.training.recorders import RecordersRequest, compared, measure_recorders, predictions, tables

pytestmark = pytest.mark.unit


def test_falls_and_their_differences_are_paired() -> None:
    """The second network falls, the first does not; what both lose together is no difference."""
    plain = drawn(600)
    noise = np.random.default_rng(0).normal(0, 40.0, plain.logits.shape)
    worse = replace(plain, logits=plain.logits + noise)
    networks = {"one": classifier(), "other": classifier()}
    scores = {
        ("one", "clean", "none"): plain,
        ("one", "clean", "muscle"): plain,
        ("one", "clean", "hum"): worse,
        ("other", "clean", "none"): plain,
        ("other", "clean", "muscle"): worse,
        ("other", "clean", "hum"): worse,
    }
    found = compared(scores, networks, bootstraps=100)
    assert found["n"] == 600
    still = {"value": 0.0, "low": 0.0, "high": 0.0}
    assert found["falls"]["one"]["clean"]["muscle"]["auprc"]["macro"] == still
    fall = found["falls"]["other"]["clean"]["muscle"]["auprc"]["macro"]
    assert fall["high"] < 0
    between = found["between"]["other"]["clean"]
    assert between["none"] == {"figures": between["none"]["figures"]}
    assert between["muscle"]["falls"]["auprc"]["macro"] == fall
    assert between["hum"]["falls"]["auroc"]["macro"] == still
    assert set(found["figures"]["one"]["clean"]) == {"none", "muscle", "hum"}
    console = Console(width=200, record=True)
    console.print(tables({**found, "networks": networks}))
    text = console.export_text()
    assert "other, clean, n = 600, macro" in text
    assert f"{fall['value']:+.3f}" in text


def test_networks_that_look_at_the_same_share_what_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        untrained_checkpoint(tmp_path / name / "best.ckpt")
    best = (tmp_path / "a" / "best.ckpt", tmp_path / "b" / "best.ckpt")
    request = RecordersRequest(
        root=tmp_path, checkpoints=best, signals=best[:1], conditions=(Condition.CLEAN, Condition.PRINT), limit=8,
        recorders=("gain",), cache=tmp_path / "cache", bootstraps=20,
    )  # fmt: skip
    monkeypatch.setattr(lab, "ptbxl_source", lambda root, **_: synthetic_source(8, seed=1))
    figures = measure_recorders(request, json_path=tmp_path / "recorders.json")
    assert list(figures["figures"]) == ["a/best.ckpt", "b/best.ckpt", "a/best.ckpt (signal)"]
    assert list(figures["figures"]["a/best.ckpt"]) == ["clean", "print"]
    assert list(figures["figures"]["a/best.ckpt (signal)"]["signal"]) == ["none", "gain"]
    assert figures["figures"]["a/best.ckpt"] == figures["figures"]["b/best.ckpt"]
    folders = sorted(path.name for path in (tmp_path / "cache").iterdir())
    assert folders == ["clean-gain", "clean-none", "print-gain", "print-none"]
    assert len(list((tmp_path / "cache" / "print-gain").iterdir())) == 1
    assert (tmp_path / "recorders.json").is_file()
    networks = lab._networks(request)
    again = predictions(networks, synthetic_source(8, seed=1), replace(request, cache=None), ("none", "gain"))
    assert len({found.record_ids for found in again.values()}) == 1


def test_what_cannot_be_compared_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name what is judged"):
        measure_recorders(RecordersRequest(root=tmp_path))
    with pytest.raises(UsageError, match="unknown recorder 'holter'"):
        measure_recorders(RecordersRequest(root=tmp_path, recorders=("holter",)))
    one = untrained_checkpoint(tmp_path / "best.ckpt")
    with pytest.raises(UsageError, match="two networks are called"):
        measure_recorders(RecordersRequest(root=tmp_path, checkpoints=(one, one)))
