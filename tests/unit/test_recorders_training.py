"""Recorders in training: for a share of pictures and signals, never for what is validated."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tolerances import tolerance
from training_runs import tiny
from vizecg.data.cache import CacheSpec, InkCache
from vizecg.data.dataset import Draw, TrainingSet
from vizecg.data.fresh import FreshTrainingSet, pack_samples, samples_on_device, signals_on_device
from vizecg.data.recorders import epoch_signal, variant_record
from vizecg.data.signal_changes import SignalChanges
from vizecg.data.source import RecordSource, synthetic_source
from vizecg.render import PHOTOGRAPHER_VERSION, RENDERER_VERSION
from vizecg.spec import Condition, UsageError
from vizecg.spec.fingerprint import sha256_bytes
from vizecg.train.config import TrainConfig
from vizecg.train.loaders import training_loader
from vizecg.train.seen import open_cache

pytestmark = pytest.mark.unit

N = 4
CONDITIONS = (Condition.PRINT, Condition.PHOTO)


@pytest.fixture(scope="module")
def source() -> RecordSource:
    return synthetic_source(N, seed=4)


def config_of(recorders: float, **changes: object) -> TrainConfig:
    return tiny(1, recorders=recorders, conditions=CONDITIONS, **changes)


def cache_of(folder: Path, source: RecordSource, config: TrainConfig) -> InkCache:
    return open_cache(folder, "train", source=source, config=config, workers=1)


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory, source: RecordSource) -> dict[float, InkCache]:
    folder = tmp_path_factory.mktemp("recorders")
    return {share: cache_of(folder / str(share), source, config_of(share)) for share in (0.0, 0.5, 1.0)}


def key_before(spec: CacheSpec, records: list[str]) -> str:
    """What a cache without recorders was known by before there were any."""
    content = {
        "conditions": [condition.value for condition in spec.conditions],
        "sheet": spec.sheet.to_dict(),
        "preprocess": spec.preprocess.to_dict(),
        "signal": spec.signal.to_dict(),
        "seed": spec.seed,
        "renderer": RENDERER_VERSION,
        "photographer": PHOTOGRAPHER_VERSION,
        "records": records,
    }
    return sha256_bytes(json.dumps(content, sort_keys=True).encode())


def test_caches_of_before_keep_their_key_and_others_have_their_own() -> None:
    plain = config_of(0.0).cache_spec(CONDITIONS)
    assert plain.key(["a", "b"]) == key_before(plain, ["a", "b"])
    keys = {config_of(1.0).cache_spec(CONDITIONS, recorders=share).key(["a"]) for share in (0.0, 0.3, 0.5)}
    assert len(keys) == 3
    signals = config_of(0.5, model={**tiny(1).model, "streams": "signal"})
    assert signals.cache_spec(CONDITIONS, recorders=0.5) == signals.cache_spec(CONDITIONS)


def test_a_share_of_the_pictures_is_of_other_recorders(caches: dict[float, InkCache]) -> None:
    plain, half, every = (np.array(caches[share].inks).astype(int) for share in (0.0, 0.5, 1.0))
    changed = {share: (inks != plain).any((2, 3)) for share, inks in ((0.5, half), (1.0, every))}
    assert changed[0.5].sum() < changed[1.0].sum()
    assert changed[1.0].mean() >= 0.6, "some recorders change nothing"
    assert not (changed[0.5] & ~changed[1.0]).any()
    np.testing.assert_array_equal(half[changed[0.5]], every[changed[0.5]])
    for share in (0.5, 1.0):
        np.testing.assert_array_equal(caches[share].signals, caches[0.0].signals)


def test_a_variant_has_one_recorder_for_ever(source: RecordSource) -> None:
    record = source.read(source.items[0])
    assert variant_record(record, share=0.0, seed=1, variant=0) is record
    signals = [variant_record(record, share=1.0, seed=1, variant=variant).signal for variant in (0, 1, 1)]
    np.testing.assert_array_equal(signals[1], signals[2])
    assert signals[0].shape != signals[1].shape or not np.array_equal(signals[0], signals[1])


def test_what_is_validated_is_as_it_was_recorded(tmp_path: Path, source: RecordSource) -> None:
    found = [
        open_cache(tmp_path / str(share), "val", source=source, config=config_of(share), conditions=(Condition.CLEAN,),
                   workers=1)
        for share in (0.0, 1.0)
    ]  # fmt: skip
    assert found[0].spec == found[1].spec
    np.testing.assert_array_equal(found[0].inks, found[1].inks)


def test_pictures_drawn_anew_show_the_recorders_of_the_cache(
    tmp_path: Path, source: RecordSource, caches: dict[float, InkCache]
) -> None:
    """In the first epoch; one version of the traces for each condition, which every epoch shows again."""
    config = config_of(1.0, pictures="device")
    stored = cache_of(tmp_path, source, config)
    assert stored.drawn is not None
    assert stored.drawn.signals.shape[:2] == (N * len(CONDITIONS), 12)
    assert cache_of(tmp_path, source, config).drawn is not None, "what is there is taken"
    kept = TrainingSet(cache=caches[1.0], seed=7, recorders=1.0)
    fresh = FreshTrainingSet(cache=stored, conditions=CONDITIONS, seed=7, recorders=1.0)
    draws = [Draw(0, row) for row in range(N)]
    samples = [fresh[draw] for draw in draws]
    assert len({sample.row for sample in samples}) == N
    found = samples_on_device(
        pack_samples(samples, chunk=2), signals_on_device(stored, torch.device("cpu")), config.preprocess_spec()
    )
    expected = [kept[draw] for draw in draws]
    assert torch.equal(found.signal, torch.stack([one.signal for one in expected]))
    spec = config.preprocess_spec()
    apart = (found.image - torch.stack([one.image for one in expected])).abs().mean() * spec.std * 255
    assert apart < tolerance("batch-ink")
    plain = cache_of(tmp_path / "plain", source, config_of(0.0, pictures="device"))
    assert plain.drawn is not None
    assert plain.drawn.signals.shape[0] == N


def test_signals_go_through_another_recorder_in_every_epoch(caches: dict[float, InkCache]) -> None:
    signal = np.array(caches[0.0].signals[0])
    signal[:, 900:] = 0
    changes = SignalChanges(sampling_rate=100.0, seed=3, recorders=1.0)
    heard = [changes._through_recorder(signal, epoch=epoch, row=0) for epoch in (0, 1, 1)]
    np.testing.assert_array_equal(heard[1], heard[2])
    assert np.abs(heard[0] - heard[1]).max() > 0.01
    for one in heard:
        assert not one[:, 900:].any()
        np.testing.assert_allclose(one[:, :900].mean(axis=1), 0, atol=tolerance("limb-identity-mv"))
        np.testing.assert_allclose(one[2], one[1] - one[0], atol=2 * tolerance("limb-identity-mv"))
    same = sum(
        epoch_signal(signal, sampling_rate=100.0, share=0.5, seed=3, epoch=0, row=row) is signal for row in range(200)
    )
    assert 70 < same < 130


def test_without_the_option_samples_are_as_before(caches: dict[float, InkCache]) -> None:
    plain, none = TrainingSet(cache=caches[0.0], seed=7), TrainingSet(cache=caches[0.0], seed=7, recorders=1e-12)
    for draw in (Draw(0, 0), Draw(3, 2)):
        for one, other in zip(plain[draw], none[draw], strict=True):
            assert torch.equal(one, other)


@pytest.mark.parametrize("pictures", ["cached", "device"])
def test_a_run_shows_its_loader_what_it_was_told(tmp_path: Path, source: RecordSource, pictures: str) -> None:
    config = config_of(0.5, pictures=pictures, batch_size=2)
    loader = training_loader(cache_of(tmp_path, source, config), config, part=(0, 1), start=None, workers=0)
    assert loader.dataset.signals.recorders == 0.5  # type: ignore[attr-defined]
    next(iter(loader))


def test_photographs_were_recorded_once(source: RecordSource) -> None:
    photographs = replace(source, read_sheet=lambda item: item)
    photographs.check_seen(signal=False)
    with pytest.raises(UsageError, match="expected recorders=0"):
        photographs.check_seen(signal=False, recorders=0.5)
