"""A head that learns where the traces lie: in training alone, from cached pictures and from those drawn anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from training_runs import Records, differences, make_records, signal_at_step, state_of, tiny
from vizecg.data.source import synthetic_source
from vizecg.models import ImageOnly
from vizecg.models.resnet import ResNetTrunk
from vizecg.models.trace_head import TraceHead
from vizecg.spec import UsageError
from vizecg.train.checkpoint import load_checkpoint, read_raw
from vizecg.train.losses import trace_loss
from vizecg.train.module import TrainingModule
from vizecg.train.runs.logs import logged
from vizecg.train.settings import resolve
from vizecg.train.slim import slim_checkpoint

pytestmark = pytest.mark.integration

ON = {"trace_weight": 0.5, "trace_stage": 3, "emptiness": 0.5, "misread": 0.5}


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return make_records(tmp_path_factory.mktemp("records"))


@pytest.fixture(scope="module")
def whole(records: Records, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    assert records.train(tiny(6, **ON), out).finished
    return out


def test_every_column_of_features_learns_its_own_columns() -> None:
    """Of a line in each of two rows, which jumps by 16 mm: told eight columns of pixels late, it would be wrong by more
    than a millimetre in the mean."""
    torch.manual_seed(0)
    trunk = ResNetTrunk(dims=2, inputs=1, widths=(8, 16, 16, 16), size=(64, 100))
    head = TraceHead(trunk=trunk, stage=2, rows=2)
    assert head.stride == 8
    optimiser = torch.optim.AdamW([*trunk.parameters(), *head.parameters()], lr=1e-2)
    for _ in range(150):
        image, truth = lines(16)
        optimiser.zero_grad()
        loss = trace_loss(head(trunk.features(image, 2)[0]), truth)
        loss.backward()
        optimiser.step()
    assert loss < 1.0


def lines(batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures (B, 1, 64, 100) of two curves, one in each half, which jump somewhere, and what is to be learned of
    them."""
    at = torch.arange(100)
    jump = torch.randint(10, 90, (batch, 2, 1))
    height = torch.where(at < jump, -8.0, 8.0) * torch.randint(0, 2, (batch, 2, 1)).mul(2).sub(1)
    image = torch.zeros(batch, 1, 64, 100)
    for row in range(2):
        line = (16 + 32 * row - height[:, row]).long()
        image[:, 0].scatter_(1, line[:, None], 3.0)
    return image, torch.stack([height, torch.ones_like(height)], dim=1)


def test_it_is_learned_beside_the_labels(whole: Path) -> None:
    values = [value for _, value in sorted(logged(whole)["loss/trace"].items())]
    assert len(values) == 30
    assert np.mean(values[-5:]) < 0.9 * np.mean(values[:5])


def test_a_run_with_it_is_resumed_to_the_same_bits(
    records: Records, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        signal_at_step(patch, 7)
        assert not records.train(tiny(6, **ON), tmp_path, workers=2).finished
    assert records.train(tiny(6, **ON), tmp_path, workers=2, resume=True).finished
    assert differences(state_of(whole / "last.ckpt"), state_of(tmp_path / "last.ckpt")) == []


def test_what_is_deployed_does_not_know_of_it(whole: Path, tmp_path: Path) -> None:
    raw = read_raw(whole / "best.ckpt")
    assert any(name.startswith("trace_head.") for name in raw["state_dict"])
    loaded = load_checkpoint(whole / "best.ckpt")
    assert not any("trace" in name for name in loaded.network.state_dict())
    slim_checkpoint(whole / "best.ckpt", tmp_path / "slim.ckpt")
    assert not any("trace" in name for name in read_raw(tmp_path / "slim.ckpt")["state_dict"])
    image = torch.rand(2, 1, 96, 192)
    with torch.inference_mode():
        slim = load_checkpoint(tmp_path / "slim.ckpt").vizecgnet()
        assert torch.equal(ImageOnly(network=slim)(image), ImageOnly(network=loaded.vizecgnet())(image))


def test_without_it_nothing_is_built_and_the_first_weights_are_the_same() -> None:
    weights = []
    for changes in ({}, ON):
        torch.manual_seed(3)
        module = TrainingModule(config=tiny(1, **changes).model_dump(mode="json"))
        assert (module.trace_head is None) == (not changes)
        weights.append({name: value.clone() for name, value in module.network.state_dict().items()})
    assert differences(*weights) == []


def test_the_map_that_was_asked_for_comes_beside_the_same_logits() -> None:
    torch.manual_seed(3)
    module = TrainingModule(config=tiny(1).model_dump(mode="json")).eval()
    signal, image = torch.randn(2, 12, 1000), torch.rand(2, 1, 96, 192)
    plain = module.network(signal, image)
    assert plain.features is None
    for stage, (channels, stride) in enumerate(((4, 4), (8, 8), (8, 16), (16, 32)), start=1):
        found = module.network(signal, image, stage=stage)
        assert torch.equal(found.image, plain.image)
        assert torch.equal(found.signal, plain.signal)
        assert found.features.shape == (2, channels, 96 // stride, 192 // stride)


@pytest.mark.parametrize("streams", ["both", "image"])
def test_pictures_that_are_drawn_anew_teach_it_too(tmp_path: Path, streams: str) -> None:
    few = Records(
        cache=tmp_path / "cache", training=synthetic_source(5, seed=1), validation=synthetic_source(3, seed=2)
    )
    model = {**tiny(1).model, "streams": streams}
    result = few.train(tiny(1, pictures="device", batch_size=2, model=model, **ON), tmp_path / "run", workers=1)
    assert (result.finished, result.steps) == (True, 2)
    assert not (tmp_path / "cache" / "train" / "rows.npy").exists()


def test_where_there_are_no_traces_it_is_refused(records: Records, tmp_path: Path) -> None:
    for assignments, message in (
        (["model.streams=signal"], "is for the image stream of vizecgnet"),
        (["architecture=ranet"], "is for the image stream of vizecgnet"),
        (["mixup=0.2"], "have two traces in a row"),
        (["freeze=trunk"], "a frozen trunk learns nothing of traces"),
    ):
        with pytest.raises(UsageError, match=message):
            resolve(recipe="small", assignments=["trace_weight=1", *assignments])
    photographs = replace(records.training, read_sheet=lambda item: item)
    with pytest.raises(UsageError, match="whose traces nobody knows: expected trace_weight=0"):
        photographs.check_seen(signal=False, traces=True)
    with pytest.raises(UsageError, match="photographs as they were read: expected misread=0"):
        photographs.check_seen(signal=False, misread=0.5)
