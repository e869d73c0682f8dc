"""Few records of a fold in which every label occurs often enough, and how many each of them stands for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from vizecg_lab.leads.drawn import shuffled

Entry = TypeVar("Entry", bound=Any)

LABELLED = 0.5
"""Of the records that are chosen, those with a label; the strata share these alike."""


@dataclass(frozen=True, kw_only=True)
class Chosen(Generic[Entry]):
    """Records of a fold.

    Attributes:
        entries: in an order in which any beginning has all strata.
        weights: float64 (n,), how many records of the fold each stands for.
    """

    entries: tuple[Entry, ...]
    weights: np.ndarray


def choose(entries: Sequence[Entry], count: int, *, fold: int) -> Chosen[Entry]:
    """``count`` records, or all where there are fewer; a stratum is the rarest of a record's labels, or that it has
    none. Fewer are a part of more, up to rounding.

    Raises:
        UsageError: the fold has no records.
    """
    strata = by_rarest_label(shuffled(entries, fold))
    shares = _shares({key: len(found) for key, found in strata.items()}, min(count, len(entries)))
    ranked = [
        ((rank + 0.5) / shares[key], len(found) / shares[key], entry)
        for key, found in strata.items()
        for rank, entry in enumerate(found[: shares[key]])
    ]
    ranked.sort(key=lambda one: one[0])
    return Chosen(entries=tuple(one[2] for one in ranked), weights=np.array([one[1] for one in ranked]))


def by_rarest_label(entries: Sequence[Entry]) -> dict[int | None, list[Entry]]:
    """The entries, in their order, by that of their labels which the fewest of them have; None for those without."""
    frequent = np.sum([entry.labels for entry in entries], axis=0)
    strata: dict[int | None, list[Entry]] = {}
    for entry in entries:
        own = np.flatnonzero(entry.labels)
        strata.setdefault(int(own[np.argmin(frequent[own])]) if len(own) else None, []).append(entry)
    return strata


def _shares(sizes: dict[int | None, int], count: int) -> dict[int | None, int]:
    """How many of each stratum: one after the other the one that is farthest behind, and has more."""
    labelled = max(1, len(sizes) - (None in sizes))
    wanted = {key: 1 - LABELLED if key is None else LABELLED / labelled for key in sizes}
    taken: Counter[int | None] = Counter()
    for _ in range(count):
        open_ones = [key for key, size in sizes.items() if taken[key] < size]
        taken[min(open_ones, key=lambda key: (taken[key] + 1) / wanted[key])] += 1
    return {key: taken[key] for key in sizes}
