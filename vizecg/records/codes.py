"""Which diagnosis codes of which vocabulary stand for the labels of a set."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from enum import Enum

import numpy as np

from vizecg.spec import LabelSet, UsageError


class Vocabulary(str, Enum):
    """What codes are: SCP-ECG statements, as PTB-XL uses them, or SNOMED CT concepts, as the PhysioNet Challenges write
    them into their headers. The values are the fields of ``vizecg.spec.Label`` that hold them."""

    SCP = "scp"
    SNOMED = "snomed"


def check_coded(labels: LabelSet, vocabulary: Vocabulary, *, source: str) -> None:
    """Refuse a set that cannot be read from codes: a label without one would be absent everywhere.

    Raises:
        UsageError: naming the first such label; or the set says that an absent code is not known, and the source is
            read as one that lists every finding.
    """
    if labels.absent == "unknown":
        raise UsageError(
            f"{source} is read as one that lists every finding, and the label set {labels.name} says that an absent one"
            " is not known (absent: unknown): leave that out, or name a table of the labels of its own"
        )
    for label in labels.labels:
        if not getattr(label, vocabulary.value):
            raise UsageError(
                f"{source} tells labels by codes, and {label.name} of the label set {labels.name} has no"
                f" {vocabulary.value} code: give it one in a YAML file of labels"
            )


def codes_in(cell: str) -> frozenset[str]:
    """The codes of one cell of a table: with blanks, commas, semicolons or bars between, or as PTB-XL writes them,
    ``{'NORM': 100.0, 'SR': 0.0}``, whatever their likelihoods.

    Raises:
        ValueError: a list or mapping that is none.
    """
    text = cell.strip()
    if text[:1] in ("{", "["):
        try:
            return frozenset(map(str, ast.literal_eval(text)))
        except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
            raise ValueError(f"{text[:40]!r} is no list of codes") from error
    return frozenset(filter(None, re.split(r"[\s,;|]+", text)))


def labels_of(codes: Iterable[str], labels: LabelSet, vocabulary: Vocabulary) -> np.ndarray:
    """float32 (labels,): a label is present when one of its codes is, whatever else is said about the code."""
    present = set(codes)
    return np.array([bool(present & {*getattr(label, vocabulary.value)}) for label in labels.labels], dtype=np.float32)
