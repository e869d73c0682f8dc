"""What is in a store: counts per split and class, and what was skipped and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vizecg.records.packing import UNKNOWN_LABELS
from vizecg.records.splits import SPLIT_NAMES

Columns = Mapping[str, Sequence[Any]]


def counted(labels: Sequence[str]) -> tuple[str, ...]:
    """What is counted of every split. ``none``: without any of the labels; ``unknown``: the diagnoses are not known."""
    return ("records", *labels, "none", "unknown")


def counts_of(tables: Iterable[Columns], labels: Sequence[str]) -> dict[str, dict[str, int]]:
    """Split -> count of each of ``counted``, of records that are told in columns."""
    packed: dict[str, Counter[int]] = {}
    for columns in tables:
        for split, bits in zip(columns["split"], columns["labels"], strict=True):
            packed.setdefault(split, Counter())[bits] += 1
    return {split: _counts(packed[split], labels) for split in SPLIT_NAMES if split in packed}


def _counts(packed: Counter[int], labels: Sequence[str]) -> dict[str, int]:
    counts = dict.fromkeys(counted(labels), 0)
    for bits, count in packed.items():
        counts["records"] += count
        if bits == UNKNOWN_LABELS:
            counts["unknown"] += count
            continue
        counts["none"] += count * (bits == 0)
        for bit, label in enumerate(labels):
            counts[label] += count * (bits >> bit & 1)
    return counts


def patients_in_two_splits(tables: Iterable[Columns]) -> int:
    """How many patients a table of splits has put into more than one; 0 for every split of ours."""
    first: dict[str, str] = {}
    torn: set[str] = set()
    for columns in tables:
        for patient, split in zip(columns["patient_id"], columns["split"], strict=True):
            if patient is not None and first.setdefault(patient, split) != split:
                torn.add(patient)
    return len(torn)
