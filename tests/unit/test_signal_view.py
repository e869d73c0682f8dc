"""What the signal stream sees of a recording: all of it, or what a sheet shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tolerances import tolerance
from training_runs import tiny, untrained_checkpoint
from vizecg.data.augment import change_signal
from vizecg.data.cache import CacheSpec, InkCache, build_cache
from vizecg.data.dataset import Draw, EvaluationSet, TrainingSet, sample_rng
from vizecg.data.fresh import FreshEvaluationSet, FreshTrainingSet
from vizecg.data.signal import SignalSpec, signal_input
from vizecg.data.signal_view import SignalView, recorded_samples, sheet_view
from vizecg.data.source import RecordSource, synthetic_source
from vizecg.models import Modality
from vizecg.render import Layout
from vizecg.spec import LEADS, Condition, SheetSpec, UsageError
from vizecg.train.checkpoint import load_checkpoint
from vizecg.train.config import CHECKPOINT_SCHEMA
from vizecg.train.evaluation.predict import checkpoint_classifier, predict
from vizecg.train.loaders import training_loader, validation_loaders
from vizecg.verbs.evaluate import Options

pytestmark = pytest.mark.unit

RATES = [SignalSpec(sampling_rate=100.0, samples=1000), SignalSpec(sampling_rate=400.0, samples=4096)]
N = 6


@pytest.fixture(scope="module")
def source() -> RecordSource:
    return synthetic_source(N, seed=4)


def signals_of(folder: Path, source: RecordSource, signal: SignalSpec, *, printable: bool = False) -> InkCache:
    config = tiny(1)
    spec = CacheSpec(
        conditions=(), sheet=SheetSpec(), preprocess=config.preprocess_spec(), signal=signal, seed=0,
        printable=printable,
    )  # fmt: skip
    return build_cache(folder, source=source, spec=spec)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, source: RecordSource) -> InkCache:
    return signals_of(tmp_path_factory.mktemp("view"), source, RATES[0], printable=True)


@pytest.mark.parametrize("spec", RATES, ids=["100 Hz", "400 Hz"])
def test_each_lead_is_seen_where_the_sheet_prints_it(source: RecordSource, spec: SignalSpec) -> None:
    record = source.read(source.items[0])
    whole = signal_input(record, spec)
    seen = sheet_view(whole, sampling_rate=spec.sampling_rate)
    shown = {lead: np.zeros(spec.samples, bool) for lead in LEADS}
    for box in Layout().boxes(SheetSpec(), duration_s=10.0):
        shown[box.lead][round(box.start_s * spec.sampling_rate) : round(box.end_s * spec.sampling_rate)] = True
    second = round(spec.sampling_rate)
    assert [int(shown[lead].sum()) for lead in ("I", "II", "V1", "V6")] == [
        5 * second // 2, 10 * second, 5 * second // 2, 5 * second // 2,
    ]  # fmt: skip
    for row, lead in enumerate(LEADS):
        np.testing.assert_array_equal(seen[row][shown[lead]], whole[row][shown[lead]])
        assert not seen[row][~shown[lead]].any()


def test_a_short_recording_is_printed_in_columns_that_begin_together(source: RecordSource) -> None:
    record = source.read(source.items[1])
    for seconds, widest in ((7.0, 2.5), (2.0, 2.0)):
        short = replace(record, signal=record.signal[:, : round(seconds * record.sampling_rate)])
        whole = signal_input(short, RATES[0])
        assert recorded_samples(whole) == 100 * seconds
        seen = sheet_view(whole, sampling_rate=100.0)
        ends = [int(np.flatnonzero(row)[-1]) + 1 for row in seen]
        assert ends == [round(100 * (seconds if lead == "II" else widest)) for lead in LEADS]


def test_training_sees_it_whatever_is_changed_before(cache: InkCache) -> None:
    """Windows stay where the sheet has them; what begins elsewhere is the recording."""
    kept = TrainingSet(cache=cache, seed=3, view=SignalView.SHEET)
    shown = sheet_view(np.ones((12, 1000), np.float32), sampling_rate=100.0) > 0
    for draw in (Draw(epoch, row) for epoch in range(3) for row in range(N)):
        signal = kept[draw].signal.numpy()
        assert not signal[~shown].any()
        leads = signal.any(axis=1)
        assert leads.sum() >= 8, "some leads fall off, as in every augmentation"
        assert (signal != 0)[shown & leads[:, None]].mean() > 0.99


def test_without_the_option_nothing_is_another(cache: InkCache) -> None:
    plain = TrainingSet(cache=cache, seed=3)
    for draw in (Draw(0, 0), Draw(2, 5)):
        expected = change_signal(np.array(cache.signals[draw.row]), sample_rng(seed=3, epoch=draw.epoch, row=draw.row))
        # One of the picture's numbers comes first where there are pictures; here there are none.
        np.testing.assert_array_equal(plain[draw].signal.numpy(), expected)


def test_half_of_a_mixed_view_is_whole(cache: InkCache) -> None:
    views = {view: TrainingSet(cache=cache, seed=3, view=view) for view in SignalView}
    draws = [Draw(epoch, row) for epoch in range(20) for row in range(N)]
    whole = 0
    for draw in draws:
        found = {view: kept[draw].signal for view, kept in views.items()}
        same = torch.equal(found[SignalView.MIXED], found[SignalView.WHOLE])
        assert same or torch.equal(found[SignalView.MIXED], found[SignalView.SHEET])
        whole += same
    assert 0.35 < whole / len(draws) < 0.65


def test_pictures_drawn_anew_come_with_the_same_signals(cache: InkCache, tmp_path: Path, source: RecordSource) -> None:
    config = tiny(1)
    spec = config.cache_spec((Condition.PRINT,))
    drawn = build_cache(tmp_path, source=source, spec=replace(spec, sheet=SheetSpec()))
    kept = TrainingSet(cache=drawn, seed=3, view=SignalView.MIXED)
    fresh = FreshTrainingSet(cache=cache, conditions=(Condition.PRINT,), seed=3, view=SignalView.MIXED)
    for draw in (Draw(epoch, row) for epoch in range(4) for row in range(N)):
        np.testing.assert_array_equal(fresh[draw].signal, kept[draw].signal.numpy())
    judged = EvaluationSet(cache=drawn, variant=0, view=SignalView.MIXED)
    anew = FreshEvaluationSet(cache=cache, condition=Condition.PRINT, variant=0, view=SignalView.MIXED)
    for row in range(N):
        expected = sheet_view(np.array(cache.signals[row]), sampling_rate=100.0)
        np.testing.assert_array_equal(judged[row].signal.numpy(), expected)
        np.testing.assert_array_equal(anew[row].signal, expected)


@pytest.mark.parametrize(("view", "judged"), [("whole", "whole"), ("sheet", "sheet"), ("mixed", "sheet")])
def test_a_run_validates_on_what_it_is_judged_by(cache: InkCache, view: str, judged: str) -> None:
    config = tiny(1, model={**tiny(1).model, "streams": "signal"}, signal_view=view, batch_size=2)
    (loader,) = validation_loaders(cache, config, conditions=(Condition.CLEAN,), part=(0, 1), workers=0)
    found = next(iter(loader)).signal.numpy()
    whole = np.array(cache.signals[:2])
    expected = whole if judged == "whole" else np.stack([sheet_view(one, sampling_rate=100.0) for one in whole])
    np.testing.assert_array_equal(found, expected)
    training = training_loader(cache, config, part=(0, 1), start=None, workers=0)
    assert training.dataset.signals.view is SignalView(view)  # type: ignore[attr-defined]


def seeing(view: str | None, path: Path) -> Path:
    """An untrained checkpoint that says so; None: one of before there were views."""
    raw = torch.load(untrained_checkpoint(path), weights_only=True)
    assert raw["hyper_parameters"]["schema"] == CHECKPOINT_SCHEMA
    if view is None:
        del raw["hyper_parameters"]["config"]["signal_view"]
    else:
        raw["hyper_parameters"]["config"]["signal_view"] = view
    torch.save(raw, path)
    return path


def test_a_checkpoint_keeps_its_view(tmp_path: Path, source: RecordSource) -> None:
    old, mixed = seeing(None, tmp_path / "old.ckpt"), seeing("mixed", tmp_path / "mixed.ckpt")
    assert load_checkpoint(old).config.signal_view is SignalView.WHOLE
    assert load_checkpoint(mixed).config.signal_view is SignalView.MIXED
    ways = {
        "signal": checkpoint_classifier(old, looks_at=Modality.SIGNAL),
        "signal_sheet": checkpoint_classifier(mixed, looks_at=Modality.SIGNAL),
    }
    assert {name: one.stream for name, one in ways.items()} == {name: name for name in ways}
    found = {
        name: predict(one, source=source, condition=Condition.CLEAN, cache=tmp_path / "cache", workers=1).logits
        for name, one in ways.items()
    }
    assert np.abs(found["signal"] - found["signal_sheet"]).max() > tolerance("f32-reorder")
    asked = checkpoint_classifier(mixed, looks_at=Modality.SIGNAL, view=SignalView.WHOLE)
    whole = predict(asked, source=source, condition=Condition.CLEAN, cache=tmp_path / "cache", workers=1)
    np.testing.assert_array_equal(whole.logits, found["signal"])
    assert checkpoint_classifier(mixed).stream == "image"


def test_a_view_is_asked_for_of_signals_alone() -> None:
    with pytest.raises(UsageError, match="--signal-view is for --stream signal"):
        Options(signal_view="sheet").choices()
    with pytest.raises(UsageError, match="unknown --signal-view 'half': expected one of whole, sheet"):
        Options(stream="signal", signal_view="half").view()
    assert Options(stream="signal", signal_view="sheet").view() is SignalView.SHEET
