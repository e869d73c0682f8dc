"""Training end to end on synthetic records: cache, run, resume, checkpoint, evaluation."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tolerances import tolerance
from training_runs import TINY_INPUT, Records, differences, make_records, signal_at_step, state_of, tiny
from vizecg.data.cache import CacheSpec, build_cache
from vizecg.data.signal import SignalSpec
from vizecg.data.source import synthetic_source
from vizecg.models import ImageOnly
from vizecg.models.deploy import deployed_weights
from vizecg.spec import CheckpointError, Condition, InputRefusedError, SheetSpec, UsageError
from vizecg.train.checkpoint import load_checkpoint, read_raw
from vizecg.train.evaluation.predict import checkpoint_classifier, evaluate
from vizecg.train.module import TrainingModule
from vizecg.train.slim import slim_checkpoint

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    records = make_records(out)
    records.train(tiny(2), out)
    records.train(tiny(3), out, resume=True)
    return out


def test_a_resumed_run_goes_on_where_it_stopped(run: Path) -> None:
    raw = torch.load(run / "last.ckpt", map_location="cpu", weights_only=True)
    assert raw["global_step"] == 15
    # Resumed for three epochs in place of two: the rate has come down by the end of the third.
    final = raw["optimizer_states"][0]["param_groups"][0]["lr"]
    assert final == pytest.approx(tiny(3).optimiser.final_learning_rate, rel=0.01)


def test_a_run_is_replaced_by_force_only(run: Path, tmp_path: Path) -> None:
    kept = Path(shutil.copytree(run, tmp_path / "run"))
    before = (kept / "best.ckpt").read_bytes()
    records = make_records(run)
    with pytest.raises(UsageError, match="holds a run already: --resume goes on with it, --force replaces it"):
        records.train(tiny(1), kept)
    assert (kept / "best.ckpt").read_bytes() == before
    records.train(tiny(1), kept, force=True)
    assert load_checkpoint(kept / "best.ckpt").config == tiny(1)


def test_the_checkpoint_carries_its_configuration(run: Path) -> None:
    checkpoint = load_checkpoint(run / "last.ckpt")
    assert checkpoint.config == tiny(3)
    assert not checkpoint.network.training
    assert checkpoint.training_data is not None
    assert checkpoint.training_data["source"] == "synthetic seed 1"
    assert (checkpoint.training_data["records"], checkpoint.training_data["left_out"]) == (42, 0)


def test_a_run_with_recorders_and_a_view_of_its_own_goes_on_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorders and views depend on epoch and record alone; validation is as in any run."""
    records, config = make_records(tmp_path), tiny(2, recorders=0.6, signal_view="mixed")
    records.train(config, tmp_path / "whole")
    with monkeypatch.context() as stopped:
        signal_at_step(stopped, 7)
        assert not records.train(config, tmp_path / "cut").finished
    assert records.train(config, tmp_path / "cut", resume=True).finished
    whole, cut = (state_of(tmp_path / name / "last.ckpt") for name in ("whole", "cut"))
    assert differences(whole, cut) == []
    assert load_checkpoint(tmp_path / "cut" / "last.ckpt").config.recorders == 0.6


def test_in_the_last_epochs_no_streams_see_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[int, list[bool]] = {}
    whole = TrainingModule._cross

    def watched(module: TrainingModule, samples: int) -> torch.Tensor:
        cross = whole(module, samples)
        seen.setdefault(module.current_epoch, []).extend(cross.tolist())
        return cross

    monkeypatch.setattr(TrainingModule, "_cross", watched)
    make_records(tmp_path).train(tiny(3, modality_dropout=0.0, alone_epochs=1), tmp_path / "run")
    assert {epoch: set(crosses) for epoch, crosses in seen.items()} == {0: {True}, 1: {True}, 2: {False}}


def test_slimming_keeps_what_is_exported_to_the_bit(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "slim.ckpt"
    slimmed = slim_checkpoint(run / "last.ckpt", path)
    slim, whole = load_checkpoint(path), load_checkpoint(run / "last.ckpt")
    assert slimmed.bytes_after == path.stat().st_size < 0.5 * (run / "last.ckpt").stat().st_size
    assert (slim.trained_sha256, slim.config) == (whole.sha256, whole.config)
    assert slim.sha256 != whole.sha256 == whole.trained_sha256
    exact = deployed_weights(whole.vizecgnet())
    for name, value in whole.network.state_dict().items():
        found = slim.network.state_dict()[name]
        assert found.dtype is value.dtype
        if name in exact:
            assert torch.equal(value, found), name
        else:
            torch.testing.assert_close(found, value, rtol=tolerance("half-weights"), atol=1e-7)
    with torch.inference_mode():
        image = torch.rand(2, 1, TINY_INPUT.height, TINY_INPUT.width)
        assert torch.equal(*(ImageOnly(network=one.vizecgnet())(image) for one in (slim, whole)))
    again = tmp_path / "again.ckpt"
    slim_checkpoint(path, again)
    assert again.read_bytes() == path.read_bytes()
    with pytest.raises(UsageError, match="is the checkpoint itself"):
        slim_checkpoint(path, path)


def test_a_slimmed_checkpoint_that_was_changed_is_refused(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "slim.ckpt"
    slim_checkpoint(run / "last.ckpt", path)
    raw = read_raw(path)
    name = next(name for name in raw["state_dict"] if name.startswith("network.image_encoder"))
    raw["state_dict"][name] += 1e-3
    torch.save(raw, path)
    with pytest.raises(CheckpointError, match="was changed since it was slimmed"):
        load_checkpoint(path)


def test_bad_checkpoints_are_refused(run: Path, tmp_path: Path) -> None:
    data = (run / "last.ckpt").read_bytes()
    (tmp_path / "cut.ckpt").write_bytes(data[: len(data) // 2])
    (tmp_path / "text.ckpt").write_text("hello")
    (tmp_path / "empty.ckpt").touch()
    for name in ("cut.ckpt", "text.ckpt", "empty.ckpt"):
        with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
            load_checkpoint(tmp_path / name)
    with pytest.raises(UsageError, match="does not exist"):
        load_checkpoint(tmp_path / "absent.ckpt")
    raw = torch.load(run / "last.ckpt", map_location="cpu", weights_only=True)
    raw["hyper_parameters"]["labels"] = list(reversed(raw["hyper_parameters"]["labels"]))
    torch.save(raw, tmp_path / "labels.ckpt")
    with pytest.raises(CheckpointError, match="was trained for labels"):
        load_checkpoint(tmp_path / "labels.ckpt")
    raw["hyper_parameters"]["labels"].reverse()
    raw["hyper_parameters"]["config"]["model"]["width"] = 24
    torch.save(raw, tmp_path / "width.ckpt")
    with pytest.raises(CheckpointError, match="not a checkpoint of this network"):
        load_checkpoint(tmp_path / "width.ckpt")


def test_nothing_to_resume_is_an_error(tmp_path: Path) -> None:
    source = synthetic_source(8, seed=1)
    with pytest.raises(UsageError, match="nothing to resume"):
        Records(cache=tmp_path / "cache", training=source, validation=source).train(tiny(1), tmp_path, resume=True)
    assert not list(tmp_path.iterdir())


def test_evaluation_writes_every_figure(run: Path, tmp_path: Path) -> None:
    result = evaluate(
        checkpoint_classifier(run / "last.ckpt"),
        source=synthetic_source(42, seed=3),
        condition=Condition.CLEAN,
        cache=tmp_path / "cache",
        workers=1,
        bootstraps=10,
    )
    assert result["n"] == 42
    assert min(result["positives"].values()) > 0
    assert 0 <= result["macro"]["auroc"]["low"] <= result["macro"]["auroc"]["high"] <= 1
    json.dumps(result, allow_nan=False)


SPEC = CacheSpec(
    conditions=(Condition.PRINT,), sheet=SheetSpec(), preprocess=TINY_INPUT, signal=SignalSpec(), seed=0
)  # fmt: skip


def test_an_interrupted_cache_is_completed_to_the_same_content(tmp_path: Path) -> None:
    source = synthetic_source(6, seed=9)
    whole = build_cache(tmp_path / "whole", source=source, spec=SPEC)
    drawn = 0

    def failing(index: int) -> object:
        nonlocal drawn
        drawn += 1
        if drawn > 3:
            raise KeyboardInterrupt
        return source.read(index)

    with pytest.raises(KeyboardInterrupt):
        build_cache(tmp_path / "cut", source=replace(source, read=failing), spec=SPEC)  # type: ignore[arg-type]
    completed = build_cache(tmp_path / "cut", source=source, spec=SPEC, workers=2)
    np.testing.assert_array_equal(whole.inks, completed.inks)
    np.testing.assert_array_equal(whole.labels, completed.labels)


def test_refused_records_are_listed_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = synthetic_source(4, seed=9)

    def read(index: int) -> object:
        if index == 2:
            raise InputRefusedError("record x2: every lead is flat", reason="bad_record")
        return source.read(index)

    cache = build_cache(tmp_path, source=replace(source, read=read), spec=SPEC)  # type: ignore[arg-type]
    assert cache.rows.tolist() == [0, 1, 3]
    assert list(cache.refused.values()) == ["record x2: every lead is flat"]
    told = " ".join(capsys.readouterr().err.split())
    assert "1 left out" in told
    assert "every lead is flat" in told
    rows = (tmp_path / "left_out.csv").read_text().splitlines()
    assert rows[1:] == ["synthetic-9-2,,no,every lead is flat,every lead is flat"]


def test_a_cache_is_pickled_by_its_folder(tmp_path: Path) -> None:
    source = synthetic_source(3, seed=9)
    cache = build_cache(tmp_path, source=source, spec=SPEC)
    data = pickle.dumps(cache)
    assert len(data) < cache.signals.nbytes / 10
    again = pickle.loads(data)
    assert (again.spec, again.record_ids) == (cache.spec, cache.record_ids)
    np.testing.assert_array_equal(again.inks, cache.inks)


def test_records_too_short_to_print_are_refused_before_they_are_drawn(tmp_path: Path) -> None:
    source = synthetic_source(3, seed=9)

    def read(index: int) -> object:
        record = source.read(index)
        return replace(record, signal=record.signal[:, : int(2 * record.sampling_rate)]) if index == 1 else record

    spec = replace(SPEC, conditions=(), printable=True)
    cache = build_cache(tmp_path, source=replace(source, read=read), spec=spec)  # type: ignore[arg-type]
    assert cache.rows.tolist() == [0, 2]
    assert "2.0 s are less than" in next(iter(cache.refused.values()))


def test_a_cache_of_other_settings_is_not_reused(tmp_path: Path) -> None:
    source = synthetic_source(1, seed=9)
    build_cache(tmp_path, source=source, spec=SPEC)
    other = CacheSpec(
        conditions=(Condition.PHOTO,), sheet=SheetSpec(), preprocess=TINY_INPUT, signal=SignalSpec(), seed=0
    )
    with pytest.raises(UsageError, match="cache of other records or settings"):
        build_cache(tmp_path, source=source, spec=other)
