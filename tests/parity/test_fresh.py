"""Pictures that are drawn anew by torch begin with those that a cache holds, and follow the same sequence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tolerances import tolerance
from vizecg.data.augment import change_ink, draw_ink_change
from vizecg.data.batch.augment import change_inks, pack_changes
from vizecg.data.cache import CacheSpec, InkCache, build_cache
from vizecg.data.dataset import Draw, EvaluationSet, Sample, TrainingSet
from vizecg.data.emptiness import draw_emptiness
from vizecg.data.fresh import (
    FreshEvaluationSet,
    FreshSample,
    FreshTrainingSet,
    pack_samples,
    samples_on_device,
    signals_on_device,
)
from vizecg.data.misread import draw_misread
from vizecg.data.row_signals import open_rows
from vizecg.data.signal import SignalSpec
from vizecg.data.source import RecordSource, synthetic_source
from vizecg.render import draft_under
from vizecg.spec import Condition, SheetSpec
from vizecg.spec.preprocess import PreprocessSpec

pytestmark = pytest.mark.parity

CONDITIONS = (Condition.PRINT, Condition.PHOTO, Condition.PHOTO)
INPUT = PreprocessSpec(height=160, width=288)
DRAWS = [Draw(0, row) for row in range(6)]


@pytest.fixture(scope="module")
def source() -> RecordSource:
    return synthetic_source(6, seed=4)


def cache_of(folder: Path, source: RecordSource, conditions: tuple[Condition, ...]) -> InkCache:
    spec = CacheSpec(
        conditions=conditions,
        sheet=SheetSpec(),
        preprocess=INPUT,
        signal=SignalSpec(sampling_rate=100.0, samples=1000),
        seed=5,
        printable=not conditions,
    )
    return build_cache(folder, source=source, spec=spec)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory, source: RecordSource) -> InkCache:
    return cache_of(tmp_path_factory.mktemp("drawn"), source, CONDITIONS)


@pytest.fixture(scope="module")
def signals(tmp_path_factory: pytest.TempPathFactory, source: RecordSource) -> InkCache:
    return cache_of(tmp_path_factory.mktemp("signals"), source, ())


def levels(images: Tensor) -> Tensor:
    """Preprocessed (B, 1, H, W) -> grey levels of the ink maps."""
    return (images * INPUT.std + INPUT.mean) * 255


def drawn_here(samples: list[FreshSample], cache: InkCache, *, chunk: int) -> Sample:
    return samples_on_device(pack_samples(samples, chunk=chunk), signals_on_device(cache, torch.device("cpu")), INPUT)


def stacked(samples: list[Sample]) -> Sample:
    return Sample(*(torch.stack(parts) for parts in zip(*samples, strict=True)))


@pytest.mark.parametrize(("emptiness", "misread"), [(0.0, 0.0), (0.7, 0.5)])
def test_the_first_epoch_is_that_of_the_cache(
    drawn: InkCache, signals: InkCache, source: RecordSource, emptiness: float, misread: float
) -> None:
    rows = open_rows(drawn, source)
    kept = TrainingSet(cache=drawn, seed=7, emptiness=emptiness, misread=misread, rows=rows)
    fresh = FreshTrainingSet(
        cache=signals, conditions=CONDITIONS, seed=7, emptiness=emptiness, misread=misread, traces=True
    )
    expected = stacked([kept[draw] for draw in DRAWS])
    found = drawn_here([fresh[draw] for draw in DRAWS], signals, chunk=4)
    assert torch.equal(found.signal, expected.signal)
    assert torch.equal(found.labels, expected.labels)
    assert torch.equal(found.trace, expected.trace)
    assert found.trace.shape == (6, 2, 4, 288)
    assert (levels(found.image) - levels(expected.image)).abs().mean() < tolerance("batch-ink")


def test_every_later_epoch_has_other_pictures(signals: InkCache) -> None:
    fresh = FreshTrainingSet(cache=signals, conditions=(Condition.PRINT,), seed=7)
    epochs = [drawn_here([fresh[Draw(epoch, row)] for row in range(3)], signals, chunk=3) for epoch in (0, 1, 1)]
    assert torch.equal(epochs[1].image, epochs[2].image)
    assert (levels(epochs[0].image) - levels(epochs[1].image)).abs().mean() > 1
    assert torch.equal(epochs[0].labels, epochs[1].labels)


def test_evaluation_sees_the_cached_pictures(drawn: InkCache, signals: InkCache) -> None:
    for variant in (0, 2):
        kept = EvaluationSet(cache=drawn, variant=variant, part=(1, 2))
        fresh = FreshEvaluationSet(cache=signals, condition=CONDITIONS[variant], variant=variant, part=(1, 2))
        assert len(fresh) == len(kept) == 3
        expected = stacked([kept[i] for i in range(3)])
        found = drawn_here([fresh[i] for i in range(3)], signals, chunk=2)
        assert torch.equal(found.signal, expected.signal)
        assert (levels(found.image) - levels(expected.image)).abs().mean() < tolerance("batch-ink")


def test_ink_maps_are_changed_alike() -> None:
    rng = np.random.default_rng(3)
    inks = rng.integers(0, 256, (40, 60, 120), dtype=np.uint8)
    changes = [draw_ink_change(rng, size=(60, 120)) for _ in inks]
    assert {len(change.patches) for change in changes} == {0, 1, 2}
    for place in range(0, len(changes), 3):
        draft = draft_under(Condition.PHOTO, place, duration_s=10.0, seed=1)
        changes[place] = draw_emptiness(rng, draft, size=(60, 120)).added_to(changes[place])
    for place in range(0, len(changes), 2):
        draft = draft_under(Condition.PHOTO, place, duration_s=10.0, seed=2)
        changes[place] = replace(changes[place], moves=draw_misread(rng, draft, size=(60, 120)))
    assert {change.thick for change in changes} == {(False, False), (True, False), (False, True)}
    found = change_inks(torch.from_numpy(inks), pack_changes(changes))
    np.testing.assert_array_equal(found, [change_ink(ink, change) for ink, change in zip(inks, changes, strict=True)])


def test_only_the_pictures_of_its_share_are_emptied(drawn: InkCache) -> None:
    """What they lack is paper; a share of 0 leaves every sample as it is."""
    whole, emptied, none = (TrainingSet(cache=drawn, seed=7, emptiness=share) for share in (0.0, 0.5, 1e-9))
    draws = [Draw(epoch, row) for epoch in range(4) for row in range(6)]
    before, after, same = (levels(torch.stack([kept[draw].image for draw in draws])) for kept in (whole, emptied, none))
    assert torch.equal(before, same)
    changed = (before != after).flatten(1).any(1)
    assert 4 <= changed.sum() <= 20
    blank = ((after < 1) & (before > 20))[changed].flatten(1).sum(1)
    assert (blank > 100).float().mean() > 0.7


def test_only_the_pictures_of_its_share_are_misread(drawn: InkCache) -> None:
    """Their leads are moved by half a pixel or so, and what is no lead stays."""
    right, misread, none = (TrainingSet(cache=drawn, seed=7, misread=share) for share in (0.0, 0.5, 1e-9))
    draws = [Draw(epoch, row) for epoch in range(4) for row in range(6)]
    before, after, same = (levels(torch.stack([kept[draw].image for draw in draws])) for kept in (right, misread, none))
    assert torch.equal(before, same)
    changed = (before != after).flatten(1).any(1)
    assert 4 <= changed.sum() <= 20
    # The names and pulses beside the traces are none of theirs.
    assert torch.equal(before[..., :12], after[..., :12])
    assert 1 < (before - after)[changed].abs().mean() < 15


def test_samples_are_changed_all_or_none(signals: InkCache) -> None:
    fresh = FreshTrainingSet(cache=signals, conditions=(Condition.PRINT,))
    one, two = fresh[Draw(0, 0)], fresh[Draw(0, 1)]
    with pytest.raises(ValueError, match="changes of all 2 samples or of none, got 1"):
        pack_samples([one, two._replace(change=None)], chunk=2)
