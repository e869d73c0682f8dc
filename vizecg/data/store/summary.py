"""What is in a store: counts per split and class, and what was skipped and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vizecg.records.packing import UNKNOWN_LABELS
from vizecg.records.splits import SPLIT_NAMES
from vizecg.spec import LABELS

COUNTED: tuple[str, ...] = ("records", *LABELS, "none", "unknown")
"""``none``: without any of the six; ``unknown``: the diagnoses are not known."""

Columns = Mapping[str, Sequence[Any]]


def counts_of(tables: Iterable[Columns]) -> dict[str, dict[str, int]]:
    """Split -> count of each of ``COUNTED``, of records that are told in columns."""
    packed: dict[str, Counter[int]] = {}
    for columns in tables:
        for split, labels in zip(columns["split"], columns["labels"], strict=True):
            packed.setdefault(split, Counter())[labels] += 1
    return {split: _counts(packed[split]) for split in SPLIT_NAMES if split in packed}


def _counts(packed: Counter[int]) -> dict[str, int]:
    counts = dict.fromkeys(COUNTED, 0)
    for labels, count in packed.items():
        counts["records"] += count
        if labels == UNKNOWN_LABELS:
            counts["unknown"] += count
            continue
        counts["none"] += count * (labels == 0)
        for bit, label in enumerate(LABELS):
            counts[label] += count * (labels >> bit & 1)
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


def reasons(skipped: Sequence[dict[str, Any]]) -> list[tuple[str, int, str]]:
    """Kinds of reasons with their counts and one example each, the most frequent first."""
    kinds: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for entry in skipped:
        kind = re.sub(r"^(record|exam) \S+: ", "", entry["reason"])
        kind = re.sub(r"(?<![A-Za-z])-?\d+(\.\d+)?", "#", kind)
        kinds[kind] += 1
        examples.setdefault(kind, str(entry["record"]))
    return [(kind, count, examples[kind]) for kind, count in kinds.most_common()]
