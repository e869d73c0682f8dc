"""Covering designs: few pages in which every pair of values of two factors occurs together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

TRIES = 12
"""Rows that are made up for each one that is taken."""

Row = dict[str, str]
Pair = tuple[str, str, str, str]


def covering(factors: Mapping[str, Sequence[str]], *, seed: int) -> list[Row]:
    """Rows of one value a factor, in which every pair of values of two factors occurs at least once.

    Greedy: of some rows that each begin with a missing pair, the one with most missing pairs is taken.

    Args:
        factors: their values, by name.
        seed: of the rows that are made up.
    """
    rng = np.random.default_rng([seed, len(factors)])
    names = list(factors)
    missing: set[Pair] = {
        (a, x, b, y) for a, b in combinations(names, 2) for x in factors[a] for y in factors[b]
    }  # fmt: skip
    order = sorted(missing)
    rng.shuffle(order)
    rows = []
    while missing:
        starts = [pair for pair in order if pair in missing][:TRIES]
        tried = [_row(factors, pair, missing, rng) for pair in starts]
        row = max(tried, key=lambda one: len(pairs_of(one, names) & missing))
        rows.append(row)
        missing -= pairs_of(row, names)
    return rows


def design(factors: Mapping[str, Sequence[str]], *, count: int, seed: int) -> list[Row]:
    """``count`` rows: one covering design after the other, each with a seed of its own."""
    rows: list[Row] = []
    while len(rows) < count:
        rows += covering(factors, seed=seed + len(rows))
    return rows[:count]


def pairs_of(row: Row, names: Sequence[str]) -> set[Pair]:
    """All pairs of a row, factors in the order of ``names``."""
    return {(a, row[a], b, row[b]) for a, b in combinations(names, 2)}


def _row(factors: Mapping[str, Sequence[str]], pair: Pair, missing: set[Pair], rng: np.random.Generator) -> Row:
    """A row with a pair in it, the other factors one after the other as they bring most missing pairs."""
    names = list(factors)
    row = {pair[0]: pair[1], pair[2]: pair[3]}
    for index in rng.permutation(len(names)):
        name = names[index]
        if name in row:
            continue
        values = [factors[name][k] for k in rng.permutation(len(factors[name]))]
        row[name] = max(values, key=lambda value: _gain(name, value, row, names, missing))
    return {name: row[name] for name in names}


def _gain(name: str, value: str, row: Row, names: list[str], missing: set[Pair]) -> int:
    at = names.index(name)
    return sum(
        ((name, value, other, chosen) if at < names.index(other) else (other, chosen, name, value)) in missing
        for other, chosen in row.items()
    )
