"""Folds for cross-fitting: positives spread evenly, and never one patient in two folds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vizecg.spec import UsageError


def patient_groups(patient_ids: Sequence[str | None], record_ids: Sequence[str]) -> tuple[str, ...]:
    """One name per record, the same for records of one patient; a record of an unknown patient is alone."""
    return tuple(
        f"patient:{patient.strip()}" if patient and patient.strip() else f"record:{record}"
        for patient, record in zip(patient_ids, record_ids, strict=True)
    )


def grouped_folds(
    labels: np.ndarray, groups: Sequence[str] | np.ndarray, *, folds: int, seed: int, name: str = "this class"
) -> np.ndarray:
    """The fold of every record, for one class: int (n,), numbers from 0.

    Groups with positives are dealt first, the richest first, each to the fold that has fewest positives so far; the
    others fill up the smallest folds. There are as many folds as asked for, or as there are groups with positives.

    Args:
        labels: (n,) of 0 and 1.
        groups: the patient of each record; a blank one is alone.
        folds: how many are wanted.
        seed: of the order among equals.
        name: of the class, for messages.

    Raises:
        UsageError: fewer than two groups have positives, or fewer than two folds are wanted.
    """
    if folds < 2:
        raise UsageError(f"cross-fitting needs at least 2 folds, got {folds}")
    unique = [str(group) if str(group).strip() else f"\0{row}" for row, group in enumerate(groups)]
    _, member = np.unique(unique, return_inverse=True)
    sizes = np.bincount(member)
    positives = np.bincount(member, weights=np.asarray(labels, dtype=np.float64))
    holders = int((positives > 0).sum())
    if holders < 2:
        raise UsageError(
            f"cross-fitting {name} needs positive records of at least 2 patients, "
            f"got {int(positives.sum())} of {holders} among {len(labels)} records"
        )
    count = min(folds, holders)
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-positives[order], kind="stable")]
    rows, held = np.zeros(count), np.zeros(count)
    fold_of = np.zeros(len(sizes), dtype=np.int64)
    for group in order:
        # Ties in positives, and groups without any, go by size.
        crowded = held if positives[group] > 0 else np.zeros(count)
        fold = int(np.lexsort((rows, crowded))[0])
        fold_of[group] = fold
        rows[fold] += sizes[group]
        held[fold] += positives[group]
    return fold_of[member]
