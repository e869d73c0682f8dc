"""What follows for the logits where records without any positive label are shown less often than they come.

Convention: probabilities are per label, in the order of the label set. A record is negative where it has no label at
all; with ``negatives_every`` k, an epoch shows a k-th of them (``vizecg.train.sampler``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vizecg.data.cache import InkCache
from vizecg.spec import UsageError
from vizecg.train.config import TrainConfig
from vizecg.train.sampler import shown_records


def negatives(labels: np.ndarray) -> np.ndarray:
    """bool (n,) of labels (n, labels): the records without any positive label."""
    return np.asarray(np.max(labels, axis=1) <= 0)


@dataclass(frozen=True, kw_only=True)
class Prior:
    """How often labels are there, and how often a run shows them.

    Attributes:
        natural, shown: share of the records with each label, among all and among those of an epoch.
        offset: per label, by how much the log-odds of what is shown are above the natural ones. Added to the logits
            before the loss, it leaves the network itself the natural log-odds (logit adjustment, Menon et al., ICLR
            2021). It is right for each label as a whole; that of the records without it those with another label are
            shown more often than negatives, only weights put right.
        negative, other: by how much a negative record, and any other, counts in the loss in place of that: as often as
            it comes over as often as it is shown, 1 in the mean of what is shown.
    """

    natural: tuple[float, ...]
    shown: tuple[float, ...]
    offset: tuple[float, ...]
    negative: float
    other: float

    @classmethod
    def of(cls, labels: np.ndarray, *, every: int) -> Prior:
        """Of training labels (n, labels), where an epoch shows every ``every``-th negative.

        Raises:
            UsageError: there is no negative, which an epoch could leave out.
        """
        truth = np.asarray(labels) > 0
        n, rotating = len(truth), int(negatives(truth).sum())
        if not rotating:
            raise UsageError("no training record is without a positive label: expected negatives_every=1")
        epoch = shown_records(n, rotating=rotating, every=every)
        positives = truth.sum(axis=0)
        # The positives of a label are all shown: what is left of the odds' ratio are those without it, of which the
        # negatives shown make at least one.
        offset = np.log((n - positives) / (epoch - positives))
        fewer = epoch / n
        return cls(
            natural=_plain(positives / n),
            shown=_plain(positives / epoch),
            offset=_plain(offset),
            negative=fewer * rotating / (epoch - n + rotating),
            other=fewer,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain types, for checkpoints."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def weights(self, labels: Tensor) -> Tensor:
        """(B,) of labels (B, labels): by how much each sample counts."""
        negative = ~(labels > 0).any(dim=1)
        return torch.where(negative, self.negative, self.other).to(labels.dtype)


def prior_of(config: TrainConfig, cache: InkCache) -> Prior | None:
    """Of the training records in a cache; None where every epoch shows all of them."""
    if config.negatives_every == 1:
        return None
    return Prior.of(np.array(cache.labels[cache.rows]), every=config.negatives_every)


def _plain(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
