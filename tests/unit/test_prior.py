"""Records without any positive label are shown by turns, and the logits stay those of all records."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tolerances import tolerance
from training_runs import tiny
from vizecg.models import Logits
from vizecg.spec import UsageError
from vizecg.train.losses import training_loss
from vizecg.train.prior import Prior, negatives
from vizecg.train.sampler import EpochBatches, Position
from vizecg.train.settings import resolve

pytestmark = pytest.mark.unit

RECORDS, EVERY = 50, 3


def labels() -> np.ndarray:
    """float32 (50, 2): 40 negatives, 6 with the first label alone, 2 with the second, 2 with both."""
    truth = np.zeros((RECORDS, 2), np.float32)
    truth[3:11, 0] = 1
    truth[9:13, 1] = 1
    return truth


def batches(**changes: object) -> EpochBatches:
    settings = {"records": RECORDS, "batch_size": 6, "seed": 5, "rotating": negatives(labels()), "every": EVERY}
    return EpochBatches(**{**settings, **changes})  # type: ignore[arg-type]


def rows_of(sampler: EpochBatches, epoch: int) -> list[list[int]]:
    sampler.set_epoch(epoch)
    return [[draw.row for draw in batch] for batch in sampler]


def test_every_epoch_shows_all_positives_and_another_share_of_the_negatives() -> None:
    sampler = batches()
    positives = set(range(3, 13))
    shares = [set(sampler.shown(epoch).tolist()) for epoch in range(2 * EVERY)]
    assert all(positives <= share for share in shares)
    assert {len(sampler.shown(epoch)) for epoch in range(2 * EVERY)} == {24} == {sampler.records}
    assert set.union(*shares[:EVERY]) == set(range(RECORDS))
    # 40 negatives in three shares of 14: two are shown twice.
    assert sum(len(share - positives) for share in shares[:EVERY]) == 42
    assert shares[:EVERY] == shares[EVERY:]
    assert {share - positives == shares[0] - positives for share in shares[1:EVERY]} == {False}


def test_epochs_are_as_long_as_what_they_show_and_shuffled() -> None:
    sampler = batches()
    assert len(sampler) == 24 // 6
    first, again = ([row for batch in rows_of(sampler, epoch) for row in batch] for epoch in (0, EVERY))
    assert sorted(first) == sorted(sampler.shown(0).tolist()) == sorted(again)
    assert first != again


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_processes_share_it_and_a_run_goes_on_within_it(processes: int) -> None:
    whole = rows_of(batches(), 1)
    parts = [rows_of(batches(part=(rank, processes)), 1) for rank in range(processes)]
    assert [[row for share in step for row in share] for step in zip(*parts, strict=True)] == whole
    assert rows_of(batches(start=Position(epoch=1, batch=2)), 1) == whole[2:]


def test_showing_all_records_is_what_it_was() -> None:
    plain = rows_of(EpochBatches(records=RECORDS, batch_size=6, seed=5), 2)
    assert rows_of(batches(every=1), 2) == plain
    order = np.random.default_rng((5, 1, 2)).permutation(RECORDS)
    assert plain == order[:48].reshape(8, 6).tolist()


def test_too_few_records_an_epoch_are_refused() -> None:
    with pytest.raises(UsageError, match="24 of 50 training records in an epoch are fewer than one batch of 25"):
        batches(batch_size=25)


def test_the_prior_is_that_of_the_labels() -> None:
    prior = Prior.of(labels(), every=EVERY)
    assert prior.natural == (8 / 50, 4 / 50)
    assert prior.shown == (8 / 24, 4 / 24)
    p, q = np.array(prior.natural), np.array(prior.shown)
    np.testing.assert_allclose(prior.offset, np.log(q / (1 - q)) - np.log(p / (1 - p)))
    with pytest.raises(UsageError, match="expected negatives_every=1"):
        Prior.of(np.ones((4, 2)), every=2)


@pytest.mark.parametrize("way", ["offset", "weights"])
def test_what_is_learned_are_the_natural_odds(way: str) -> None:
    """Of a network that knows how often labels are, and no more: no gradient at the log-odds of all records."""
    prior, truth = Prior.of(labels(), every=EVERY), torch.from_numpy(labels())
    # A share that has none twice, and one batch for the whole epoch.
    shown = truth[torch.from_numpy(batches().shown(0))]
    natural = truth.mean(dim=0).logit().requires_grad_()
    terms = {
        "offset": {"offset": torch.tensor(prior.offset)},
        "weights": {"sample_weight": prior.weights(shown)},
    }
    loss = training_loss(Logits(signal=None, image=natural.expand(len(shown), -1)), shown, **terms[way]).total
    loss.backward()
    assert natural.grad is not None
    assert natural.grad.abs().max() < tolerance("prior-gradient")
    natural.grad = None
    training_loss(Logits(signal=None, image=natural.expand(len(shown), -1)), shown).total.backward()
    assert natural.grad.abs().max() > 0.03
    assert prior.weights(shown).mean() == pytest.approx(1)


def test_weights_and_mixup_do_not_go_together() -> None:
    with pytest.raises(UsageError, match="prior=weights counts whole records"):
        resolve(recipe="small", assignments=["negatives_every=3", "prior=weights", "mixup=0.2"])
    assert tiny(1).negatives_every == 1
