"""Runs that are stopped, and disks and files that fail."""

from __future__ import annotations

import errno
import io
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from training_runs import RECORDS, STEPS, Records, differences, make_records, signal_at_step, state_of, tiny
from vizecg.data.cache import build_cache
from vizecg.data.source import synthetic_source
from vizecg.spec import CheckpointError, ExitCode, StoreError, UsageError
from vizecg.train.averaging import MovingAverage
from vizecg.train.checkpoint import load_checkpoint
from vizecg.train.module import TrainingModule
from vizecg.train.storage import save_atomically

pytestmark = pytest.mark.integration

EPOCHS = 3


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return make_records(tmp_path_factory.mktemp("records"))


@pytest.fixture(scope="module")
def whole(records: Records, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing stopped."""
    out = tmp_path_factory.mktemp("whole")
    result = records.train(tiny(EPOCHS), out)
    assert (result.finished, result.epochs, result.steps) == (True, EPOCHS, EPOCHS * STEPS)
    return out


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("step", "stopped_after"),
    [(1, 2), (STEPS + 2, STEPS + 3), (2 * STEPS - 1, 2 * STEPS)],
    ids=["first epoch", "mid-epoch", "last batch of an epoch"],
)
def test_a_stopped_and_resumed_run_ends_with_the_same_bits(
    records: Records,
    whole: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    workers: int,
    step: int,
    stopped_after: int,
) -> None:
    with monkeypatch.context() as patch:
        signal_at_step(patch, step)
        stopped = records.train(tiny(EPOCHS), tmp_path, workers=workers)
    assert (stopped.finished, stopped.stopped, stopped.steps) == (False, signal.SIGTERM, stopped_after)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    resumed = records.train(tiny(EPOCHS), tmp_path, workers=workers, resume=True)
    assert resumed.finished
    for name in ("last.ckpt", "best.ckpt"):
        assert differences(state_of(whole / name), state_of(tmp_path / name)) == []


def test_a_run_that_draws_anew_is_resumed_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pictures of torch, planned by a worker; few, for a CPU is slow at them: two steps an epoch, and one left over."""
    few = Records(
        cache=tmp_path / "cache", training=synthetic_source(5, seed=1), validation=synthetic_source(3, seed=2)
    )
    config = tiny(2, pictures="device", batch_size=2)
    few.train(config, tmp_path / "whole", workers=1)
    assert "many times slower" in capsys.readouterr().err
    with monkeypatch.context() as patch:
        signal_at_step(patch, 2)
        stopped = few.train(config, tmp_path / "stopped", workers=1)
    assert (stopped.finished, stopped.steps) == (False, 3)
    assert few.train(config, tmp_path / "stopped", workers=1, resume=True).finished
    whole, resumed = (state_of(tmp_path / name / "last.ckpt") for name in ("whole", "stopped"))
    assert differences(whole, resumed) == []


def test_time_that_is_up_stops_after_a_step_and_never_loses_it(records: Records, whole: Path, tmp_path: Path) -> None:
    for start in range(STEPS + 2):
        result = records.train(tiny(EPOCHS), tmp_path, stop_after=0.0, resume=start > 0)
        assert (result.finished, result.stopped, result.steps) == (False, 0, start + 1)
    records.train(tiny(EPOCHS), tmp_path, resume=True)
    assert differences(state_of(whole / "last.ckpt"), state_of(tmp_path / "last.ckpt")) == []


def test_a_second_interrupt_stops_at_once(records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = TrainingModule.training_step

    def twice(module: TrainingModule, batch: Any, batch_index: int) -> torch.Tensor:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        return step(module, batch, batch_index)

    monkeypatch.setattr(TrainingModule, "training_step", twice)
    with pytest.raises(SystemExit):
        records.train(tiny(1), tmp_path)
    assert not (tmp_path / "last.ckpt").exists()


def test_the_best_checkpoint_holds_the_weights_that_were_validated(
    records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, torch.Tensor]] = []
    validated = TrainingModule.on_validation_epoch_end

    def watched(module: TrainingModule) -> None:
        seen.append({name: value.clone() for name, value in module.network.state_dict().items()})
        validated(module)

    monkeypatch.setattr(TrainingModule, "on_validation_epoch_end", watched)
    # Lightning's callbacks go first, and the average gives the weights back in this very hook.
    monkeypatch.setattr(MovingAverage, "on_validation_epoch_end", lambda self, trainer, module: None)
    monkeypatch.setattr(
        MovingAverage, "on_validation_end", lambda self, trainer, module: self._swap_models(module), raising=False
    )
    result = records.train(tiny(2), tmp_path)
    assert result.best is not None
    assert result.best_epoch is not None
    kept = load_checkpoint(result.best).network.state_dict()
    assert differences(seen[result.best_epoch - 1], dict(kept)) == []
    raw = torch.load(result.best, weights_only=True)
    assert differences(raw["state_dict"], raw["current_model_state"]) != []


class _FullDisk(io.FileIO):
    """A file on a disk with room for 20,000 bytes."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > 20_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


def _fill_disk(patch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def opening(path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if path.name.endswith(".ckpt.partial"):
            return _FullDisk(path, mode.replace("b", ""))
        return opened(path, mode, *rest, **named)

    patch.setattr(Path, "open", opening)


def test_a_full_disk_leaves_the_last_good_checkpoint(
    records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert records.train(tiny(2), tmp_path, stop_after=0.0).steps == 1
    before = (tmp_path / "last.ckpt").read_bytes()
    with monkeypatch.context() as patch:
        _fill_disk(patch)
        with pytest.raises(CheckpointError, match=r"last.ckpt could not be written: No space left on device") as caught:
            records.train(tiny(2), tmp_path, resume=True, checkpoint_every=0.0)
    assert caught.value.exit_code == ExitCode.ENVIRONMENT
    assert len(str(caught.value).splitlines()) == 1
    assert (tmp_path / "last.ckpt").read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))
    assert records.train(tiny(2), tmp_path, resume=True).finished


def test_a_folder_that_cannot_be_written_to_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="could not be written"):
        save_atomically({}, tmp_path / "file" / "last.ckpt")


def test_a_cache_without_room_is_refused_before_it_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, offset: int, length: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    spec = tiny(1).cache_spec(tiny(1).conditions)
    with pytest.raises(StoreError, match=r"GiB: No space left on device"):
        build_cache(tmp_path, source=synthetic_source(2, seed=1), spec=spec)
    assert not list(tmp_path.glob("*.npy"))


def test_a_damaged_last_checkpoint_names_one_that_is_whole(records: Records, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(whole, out)
    data = (out / "last.ckpt").read_bytes()
    (out / "last.ckpt").write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointError, match=r"last.ckpt is damaged.*best.ckpt is whole, of epoch \d: copy it"):
        records.train(tiny(EPOCHS), out, resume=True)
    # What the message advises does work, and leads to the same end.
    shutil.copy(out / "best.ckpt", out / "last.ckpt")
    records.train(tiny(EPOCHS), out, resume=True)
    assert differences(state_of(whole / "last.ckpt"), state_of(out / "last.ckpt")) == []
    for name, content in (("last.ckpt", b""), ("best.ckpt", b"no checkpoint")):
        (out / name).write_bytes(content)
    with pytest.raises(CheckpointError, match="no other checkpoint of this run can be read"):
        records.train(tiny(EPOCHS), out, resume=True)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"batch_size": 4}, "batch_size = 8, now 4"),
        ({"epochs": 2}, "epochs = 3, now 2"),
        ({"optimiser": {"learning_rate": 1e-3}}, r"optimiser.learning_rate = 0.003, now 0.001"),
        ({"model": {**tiny(1).model, "dropout": 0.3}}, r"model.dropout = 0.1, now 0.3"),
    ],
)
def test_a_run_of_other_settings_is_not_resumed_and_nothing_changes(
    records: Records, whole: Path, changes: dict[str, Any], named: str
) -> None:
    before = {path: path.stat().st_mtime_ns for path in sorted(whole.rglob("*"))}
    with pytest.raises(UsageError, match=named):
        records.train(tiny(**{"epochs": EPOCHS, **changes}), whole, resume=True)
    assert {path: path.stat().st_mtime_ns for path in sorted(whole.rglob("*"))} == before


def test_a_run_on_other_records_is_not_resumed(records: Records, whole: Path, tmp_path: Path) -> None:
    other = Records(cache=tmp_path, training=synthetic_source(8, seed=3), validation=records.validation.limited(4))
    with pytest.raises(UsageError, match=f"other records: training_data.records {RECORDS}, now 8"):
        other.train(tiny(EPOCHS), whole, resume=True)


def test_a_frozen_signal_stream_keeps_weights_and_statistics(records: Records, whole: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name a checkpoint to start from"):
        records.train(tiny(1, freeze_signal=True), tmp_path)
    records.train(tiny(1, freeze_signal=True), tmp_path, start_from=whole / "best.ckpt")
    before = load_checkpoint(whole / "best.ckpt").network.state_dict()
    after = torch.load(tmp_path / "last.ckpt", weights_only=True)["current_model_state"]
    moved = {name for name, value in before.items() if not torch.equal(value, after[f"network.{name}"])}
    assert any(name.startswith("image_encoder") for name in moved)
    assert not [name for name in moved if name.startswith(("signal_encoder", "signal_stream"))]


def test_a_run_from_other_weights_with_a_frozen_trunk_is_stopped_and_resumed(
    records: Records, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = whole / "best.ckpt"
    config = tiny(2, freeze="trunk", optimiser={"learning_rate": 3e-3, "trunk_rate": 0.5, "warmup_steps": 2})
    with pytest.raises(UsageError, match="name a checkpoint to start from"):
        records.train(config, tmp_path / "none")
    records.train(config, tmp_path / "once", start_from=start)
    with monkeypatch.context() as patch:
        signal_at_step(patch, STEPS + 1)
        assert not records.train(config, tmp_path / "run", start_from=start).finished
    with pytest.raises(UsageError, match=r"did not start from .*last\.ckpt"):
        records.train(config, tmp_path / "run", start_from=tmp_path / "once" / "last.ckpt", resume=True)
    assert records.train(config, tmp_path / "run", start_from=start, resume=True).finished
    assert differences(state_of(tmp_path / "once" / "last.ckpt"), state_of(tmp_path / "run" / "last.ckpt")) == []
    before = load_checkpoint(start).network.state_dict()
    after = torch.load(tmp_path / "run" / "last.ckpt", weights_only=True)["current_model_state"]
    moved = {name for name, value in before.items() if not torch.equal(value, after[f"network.{name}"])}
    assert moved
    assert all(".head." in name for name in moved)
