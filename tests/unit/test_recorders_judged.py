"""``vizecg evaluate --recorder``: what networks make of records that another recorder made."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training_runs import untrained_checkpoint
from vizecg.data.recorders import recorded_source
from vizecg.data.source import RecordSource, synthetic_source
from vizecg.models import Modality
from vizecg.records.recorders.presets import PRESETS
from vizecg.spec import Condition, UsageError
from vizecg.train.evaluation.predict import checkpoint_classifier
from vizecg.verbs.evaluate import Options
from vizecg.verbs.evaluate import evaluate as evaluate_verb

pytestmark = pytest.mark.unit

N = 42
"""Every combination of labels."""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return untrained_checkpoint(tmp_path_factory.mktemp("judged") / "untrained.ckpt")


@pytest.fixture(scope="module")
def source() -> RecordSource:
    return synthetic_source(3, seed=2)


def evaluate(checkpoint: Path, out: Path, **changes: object) -> dict[str, dict[str, object]]:
    evaluate_verb(checkpoint=checkpoint, data="synthetic", limit=N, workers=1, figures=out, **changes)
    figures: dict[str, dict[str, object]] = json.loads(out.read_text())
    return figures


def test_recorders_are_set_beside_the_first(checkpoint: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    figures = evaluate(
        checkpoint, tmp_path / "f.json", recorder=["none", "monitor", "none", "electrodes"], cache=cache,
        condition=[Condition.CLEAN],
    )  # fmt: skip
    names = ["clean", "clean-monitor", "clean-electrodes"]
    assert list(figures["conditions"]) == names
    assert figures["differences"]["to"] == "clean"
    assert sorted(path.name for path in cache.iterdir()) == sorted(names)
    inks = [np.load(cache / name / "inks.npy") for name in names]
    assert not np.array_equal(inks[0], inks[1])
    assert not np.array_equal(inks[0], inks[2])
    plain = evaluate(checkpoint, tmp_path / "g.json")
    assert plain["macro"] == figures["conditions"]["clean"]["macro"]  # type: ignore[index]


def test_signals_go_through_a_recorder_too(checkpoint: Path, tmp_path: Path) -> None:
    figures = evaluate(checkpoint, tmp_path / "f.json", stream="signal", recorder=["ward"])
    assert list(figures["conditions"]) == ["signal-ward"]
    plain = evaluate(checkpoint, tmp_path / "g.json", stream="signal")
    assert plain["macro"] != figures["macro"]


def test_conditions_and_recorders_multiply(checkpoint: Path, source: RecordSource) -> None:
    options = Options(condition=[Condition.CLEAN, Condition.PHOTO], recorder=["none", "hum"])
    ways = options.ways(checkpoint_classifier(checkpoint), source)
    assert [way.name for way in ways] == ["clean", "photo", "clean-hum", "photo-hum"]
    assert [way.recorder for way in ways] == ["none", "none", "hum", "hum"]
    signals = Options(stream="signal", signal_view="sheet", recorder=["hum"])
    classifier = checkpoint_classifier(checkpoint, looks_at=Modality.SIGNAL, view=signals.view())
    assert [way.name for way in signals.ways(classifier, source)] == ["signal_sheet-hum"]


def test_a_recorder_makes_other_records_of_the_same_ones(source: RecordSource) -> None:
    assert recorded_source(source, "none", seed=0) is source
    found = {name: recorded_source(source, name, seed=0) for name in PRESETS}
    assert len({one.fingerprint for one in found.values()}) == len(PRESETS)
    muscle = found["muscle"]
    assert muscle.record_ids is source.record_ids
    one, again, other = (muscle.read(item) for item in (muscle.items[0], muscle.items[0], muscle.items[1]))
    np.testing.assert_array_equal(one.signal, again.signal)
    assert not np.array_equal(one.signal, other.signal)
    seeded = recorded_source(source, "muscle", seed=1)
    assert seeded.fingerprint != muscle.fingerprint
    assert not np.array_equal(seeded.read(0).signal, one.signal)


def test_what_cannot_be_recorded_is_told(checkpoint: Path, source: RecordSource) -> None:
    with pytest.raises(UsageError, match="unknown recorder 'holter': expected one of none, diagnostic"):
        Options(recorder=["holter"]).ways(checkpoint_classifier(checkpoint), source)
    photographs = replace(source, read_sheet=lambda item: item)
    with pytest.raises(UsageError, match="photographs of what one recorder printed: expected none, got hum"):
        recorded_source(photographs, "hum", seed=0)
