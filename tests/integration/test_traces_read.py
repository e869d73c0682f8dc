"""Networks that read traces and look at those: their parts are learned apart, from what is drawn, and work together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from training_runs import Records, make_records, tiny
from vizecg.models import ImageOnly
from vizecg.models.trace_fold import UNIT_MM, TraceFold
from vizecg.spec import UsageError
from vizecg.train.checkpoint import load_checkpoint, read_raw
from vizecg.train.module import TrainingModule
from vizecg.train.runs.logs import logged
from vizecg.train.settings import resolve

pytestmark = pytest.mark.integration

SIZE = (96, 192)
ROWS = 4


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return make_records(tmp_path_factory.mktemp("records"))


def reads(learn: str = "all") -> dict[str, Any]:
    """What differs from ``tiny``: a network that reads, of which a part learns."""
    model = {**tiny(1).model, "image_fold": 1, "image_traces": ROWS, "image_strides_across": [2, 1, 2, 2, 2]}
    return {"model": model, "trace_weight": 1.0, "learn": learn}


def weights(path: Path) -> dict[str, Tensor]:
    """Of the network, without its averages."""
    return {name: value for name, value in read_raw(path)["state_dict"].items() if name.startswith("network.")}


def is_reader(name: str) -> bool:
    before = ("stem.", "stages.0.", "stages.1.", "stages.2.reduce", "stages.2.read")
    return name.startswith(tuple(f"network.image_encoder.trunk.{part}" for part in before))


def test_parts_are_learned_apart_and_then_together(records: Records, tmp_path: Path) -> None:
    """What reads learns by the places of the traces, what answers by the true traces, and neither touches the other."""
    runs = {name: tmp_path / name for name in ("reading", "answers", "all")}
    assert records.train(tiny(6, **reads("reading")), runs["reading"]).finished
    assert records.train(
        tiny(6, **reads("answers")), runs["answers"], start_from=runs["reading"] / "last.ckpt"
    ).finished
    before, after = (weights(runs[name] / "last.ckpt") for name in ("reading", "answers"))
    changed = {name for name in after if not torch.equal(before[name], after[name])}
    assert changed
    assert not any(is_reader(name) for name in changed)
    assert changed >= {name for name in after if "image_encoder" in name and "weight" in name and not is_reader(name)}
    read = [value for _, value in sorted(logged(runs["reading"])["loss/trace"].items())]
    assert np.mean(read[-5:]) < 0.9 * np.mean(read[:5])
    assert set(logged(runs["answers"])["loss/trace"].values()) == {0.0}
    assert records.train(tiny(1, **reads()), runs["all"], start_from=runs["answers"] / "last.ckpt").finished
    together = weights(runs["all"] / "last.ckpt")
    moved = {name for name in together if not torch.equal(after[name], together[name])}
    assert any(is_reader(name) for name in moved)
    assert not all(is_reader(name) for name in moved)


def test_who_reads_rightly_answers_as_if_told(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    module = TrainingModule(config=tiny(1, **reads()).model_dump(mode="json")).eval()
    network = module.network
    fold = network.image_encoder.trunk.trace_fold
    truth = torch.stack([torch.randn(2, ROWS, SIZE[1]) * 8, (torch.rand(2, ROWS, SIZE[1]) > 0.3).float()], dim=1)
    truth[:, 0] *= truth[:, 1]
    signal, image = torch.randn(2, 12, 1000), torch.rand(2, 1, *SIZE)
    with torch.inference_mode():
        told = network(signal, image, traces=truth)
        assert not torch.allclose(told.image, network(signal, image).image, atol=1e-3)
        packed = [fold._columns(truth[:, 0] / UNIT_MM), (fold._columns(truth[:, 1]) - 0.5) * 200]
        monkeypatch.setattr(fold, "reading", lambda features: packed)
        np.testing.assert_allclose(network(signal, image).image, told.image, atol=1e-5)


def test_a_column_of_the_map_tells_its_own_columns_of_pixels() -> None:
    fold = TraceFold(inputs=3, outputs=5, rows=6, columns=7, traces=2, stride=4, kernel=3)
    line = torch.arange(2 * 26).reshape(1, 2, 26).float()
    columns = fold._columns(line)
    assert columns.shape == (1, 8, 1, 7)
    assert torch.equal(fold.placed(columns, 26), line)
    assert columns[0, :4, 0, 2].tolist() == line[0, 0, 8:12].tolist()
    assert columns[0, 4:, 0, 2].tolist() == line[0, 1, 8:12].tolist()


def test_it_is_deployed_with_what_reads(records: Records, tmp_path: Path) -> None:
    assert records.train(tiny(1, **reads()), tmp_path).finished
    loaded = load_checkpoint(tmp_path / "last.ckpt").vizecgnet()
    assert not any(name.startswith("trace_head.") for name in read_raw(tmp_path / "last.ckpt")["state_dict"])
    image = torch.rand(2, 1, *SIZE)
    with torch.inference_mode():
        deployed = ImageOnly(network=loaded)(image)
        np.testing.assert_allclose(deployed, loaded.eval().forward_image(image), atol=1e-5)


def test_parts_of_other_networks_are_not_learned_apart() -> None:
    for assignments in (["trace_weight=1"], ["model.image_fold=1", "model.image_traces=4"]):
        with pytest.raises(UsageError, match="learn=reading is for networks that read traces"):
            resolve(recipe="small", assignments=["learn=reading", *assignments])
    unfolded = resolve(recipe="small", assignments=["model.image_traces=4"])
    with pytest.raises(UsageError, match="traces are read where rows fold"):
        TrainingModule(config=unfolded.model_dump(mode="json"))
