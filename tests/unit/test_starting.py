"""Beginning with another network's weights: what is kept, what is new, what is frozen, and at which rate it learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from training_runs import tiny
from vizecg.models import Modality
from vizecg.models.parts import heads, label_rows
from vizecg.models.peers import PEERS
from vizecg.models.systems import architectures, build_system
from vizecg.spec import CODE6, LabelSet, UsageError
from vizecg.train.checkpoint import Checkpoint
from vizecg.train.module import TrainingModule
from vizecg.train.settings import resolve, to_yaml
from vizecg.train.starting import SHIPPED, find_start, start_from

pytestmark = pytest.mark.unit

LAST = "image_stream.head.4.weight"
OWN = LabelSet.of_names(["VEB", "AF", "LVH"])


def made(
    labels: LabelSet, *, streams: Modality = Modality.BOTH, **changes: object
) -> tuple[TrainingModule, Checkpoint]:
    """A fresh module, and a checkpoint of its network."""
    config = tiny(1, labels=labels.to_dict(), **changes)
    config = config.model_copy(update={"model": {**config.model, "streams": streams.value}})
    module = TrainingModule(config=config.model_dump(mode="json"))
    checkpoint = Checkpoint(
        network=module.network,
        config=config,
        sha256="",
        trained_sha256="",
        path=Path("before.ckpt"),
        training_data=None,
    )
    return module, checkpoint


def test_rows_of_labels_of_the_same_name_are_kept_and_others_begin_anew() -> None:
    _, before = made(CODE6)
    module, _ = made(OWN)
    fresh = module.network.state_dict()[LAST].clone()
    loaded = start_from(module.network, before, config=module.config)
    rows, given = module.network.state_dict()[LAST], before.network.state_dict()[LAST]
    assert torch.equal(rows[1], given[CODE6.names.index("AF")])
    assert torch.equal(rows[[0, 2]], fresh[[0, 2]])
    assert (loaded.kept, loaded.renewed, loaded.fresh) == (("AF",), ("VEB", "LVH"), ())
    assert loaded.tensors == loaded.of
    names = [name for name in module.network.state_dict() if name.startswith("image_encoder.")]
    assert names
    assert all(torch.equal(module.network.state_dict()[name], before.network.state_dict()[name]) for name in names)


def test_as_many_other_labels_are_not_taken_for_the_same() -> None:
    _, before = made(CODE6)
    module, _ = made(LabelSet.of_names([f"L{n}" for n in range(6)]))
    fresh = module.network.state_dict()[LAST].clone()
    start_from(module.network, before, config=module.config)
    assert torch.equal(module.network.state_dict()[LAST], fresh)


def test_an_image_stream_alone_is_taken_and_what_is_not_there_is_told() -> None:
    _, image = made(CODE6, streams=Modality.IMAGE)
    module, _ = made(OWN)
    loaded = start_from(module.network, image, config=module.config)
    assert set(loaded.fresh) == {"signal_encoder", "signal_stream"}
    frozen, _ = made(CODE6, freeze_signal=True)
    with pytest.raises(UsageError, match=r"signal_encoder.* is to be frozen"):
        start_from(frozen.network, image, config=frozen.config)


def test_a_part_that_learns_later_may_begin_anew_but_no_frozen_teacher() -> None:
    """What reads and what answers are learned one after the other, the teacher before both."""
    _, image = made(CODE6, streams=Modality.IMAGE)
    _, signal = made(CODE6, streams=Modality.SIGNAL)
    for learn in ("reading", "answers"):
        options = {**tiny(1).model, "cmam": False, "image_fold": 1, "image_traces": 4}
        module, _ = made(CODE6, model=options, learn=learn, trace_weight=1.0, freeze_signal=True)
        start_from(module.network, signal, config=module.config)
        with pytest.raises(UsageError, match=r"signal_encoder.* is to be frozen"):
            start_from(module.network, image, config=module.config)


def test_a_frozen_trunk_leaves_the_heads_alone() -> None:
    module, _ = made(OWN, freeze="trunk")
    learning = {name for name, one in module.network.named_parameters() if one.requires_grad}
    assert learning
    assert all(".head." in name for name in learning)
    assert not module.network.image_encoder.training
    assert module.network.image_stream.head.training
    assert not module.train().network.image_encoder.training, "its statistics are frozen with it"


def test_the_trunk_learns_at_a_share_of_the_rate() -> None:
    module, _ = made(OWN, optimiser={"learning_rate": 1e-2, "trunk_rate": 0.1})
    groups = module._groups()
    assert [(group["name"], group.get("lr")) for group in groups] == [("head", None), ("trunk", 1e-3)]
    assert sum(len(group["params"]) for group in groups) == len(list(module.network.parameters()))


@pytest.mark.parametrize("name", architectures())
def test_every_network_says_what_gives_its_labels(name: str) -> None:
    options = tiny(1).model if name == "vizecgnet" else dict(PEERS[name].small_options)
    rows = label_rows(name, options)
    network = build_system(name, options)
    assert all(network.state_dict()[row].shape[0] == len(CODE6) for row in rows)
    # MHM follows a tree of the six.
    assert bool(rows) == bool(heads(network, rows)) == (name != "mhm")


def test_the_recipe_begins_with_the_shipped_network_as_it_is() -> None:
    config = resolve(recipe="finetune", options={"labels": OWN})
    assert "trunk_rate: 0.25" in to_yaml(config)
    start = find_start(SHIPPED, both_streams=False)
    checkpoint = start.load()
    network = build_system(config.architecture, config.model, labels=3)
    loaded = start_from(network, checkpoint, config=config)
    assert (loaded.tensors, loaded.fresh) == (loaded.of, ())
    assert (config.sheet_spec(), config.preprocess_spec()) == (
        checkpoint.config.sheet_spec(), checkpoint.config.preprocess_spec()
    )  # fmt: skip
    assert "AF kept; VEB, LVH new" in loaded.words(start)


def test_the_shipped_signal_stream_comes_from_a_checkout_alone() -> None:
    both = find_start(SHIPPED, both_streams=True)
    whole = resolve(recipe="small")
    assert both.rest is not None
    network = build_system(whole.architecture, whole.model)
    assert start_from(network, both.load(), config=whole).fresh == ()
    image = replace(both, rest=None)
    loaded = start_from(network, image.load(), config=whole)
    assert "weights_for_training), begun anew: signal_encoder, signal_stream" in loaded.words(image)
    assert image.sha256 != both.sha256


def test_a_start_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="or shipped"):
        find_start(tmp_path / "none.ckpt", both_streams=False)
