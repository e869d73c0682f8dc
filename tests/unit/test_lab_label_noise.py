"""Wrong labels are found where they were planted, by networks that did not see them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from vizecg.data.source import synthetic_source
from vizecg.spec import CODE6
from vizecg_lab.training import finished
from vizecg_lab.training import label_noise as lab
from vizecg_lab.training.label_noise import NoiseRequest, estimate_noise, label_figures
from vizecg_lab.training.label_noise_table import noise_table

pytestmark = pytest.mark.unit


def test_planted_errors_are_found_and_counted() -> None:
    rng = np.random.default_rng(5)
    true = (rng.random(4000) < 0.1).astype(np.int64)
    given = true.copy()
    missing = rng.permutation(np.flatnonzero(true == 1))[:60]
    wrong = rng.permutation(np.flatnonzero(true == 0))[:30]
    given[missing], given[wrong] = 0, 1
    probabilities = np.clip(true * 0.9 + 0.05 + rng.normal(0, 0.01, len(true)), 0.001, 0.999)
    names = [str(at) for at in range(len(true))]
    found = label_figures(names, probabilities, given, label="SB")
    assert found["given"] == given.sum()
    assert found["wrong_share_of_positives"] == pytest.approx(30 / given.sum(), abs=0.04)
    assert found["missing_share_of_true"] == pytest.approx(60 / true.sum(), abs=0.04)
    for kind, planted in (("contradicted_positives", wrong), ("contradicted_negatives", missing)):
        # As many are named as are estimated to be wrong.
        assert set(found[kind]) <= set(planted.astype(str))
        assert len(found[kind]) > 0.8 * len(planted)
    assert found["auprc"]["value"] < 0.9
    assert found["auprc_without_contradicted"]["value"] > 0.97


def test_every_part_is_judged_by_a_network_of_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two parts of a tiny data set: all records are judged, runs that are finished are not made again."""
    trained: list[tuple[set[str], set[str]]] = []

    def recorded(**asked: object) -> object:
        training, validation = asked["training"], asked["validation"]
        trained.append((set(training.record_ids), set(validation.record_ids)))
        return train(**asked)

    train = finished.train
    monkeypatch.setattr(finished, "train", recorded)
    monkeypatch.setattr(lab, "PARTS", ((1, 2), (3, 4)))
    monkeypatch.setattr(lab, "ptbxl_source", lambda root, *, folds, labels: synthetic_source(40, seed=min(folds)))
    tiny = ("model.streams=signal", "model.signal_widths=[4,4,8,8]", "model.width=16", "model.heads=2")
    monkeypatch.setattr(lab, "SETTINGS", tiny)
    request = NoiseRequest(root=tmp_path, out=tmp_path / "runs", epochs=1)
    told: list[str] = []
    figures = estimate_noise(request, tell=told.append)
    assert told == ["folds 1 and 2", "folds 3 and 4"]
    assert all(not others & own for others, own in trained)
    assert figures["records"] == 80
    assert sum(figures["positives"].values()) == sum(one["given"] for one in figures["labels"].values())
    assert set(figures["labels"]) == set(CODE6.names)
    assert "rates_bpm" in figures["labels"]["SB"]
    assert "asked" not in figures["labels"]["AF"]
    assert estimate_noise(request, tell=told.append) == figures
    assert len(trained) == 2
    console = Console(width=200, record=True)
    console.print(noise_table(figures))
    assert "80 records, each by a network that did not see it" in console.export_text()
