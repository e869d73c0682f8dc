"""Training, validation and test: by a hash of the patient, so that no patient is in two of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from vizecg.spec import UsageError

SPLIT_NAMES: tuple[str, ...] = ("train", "val", "test")


@dataclass(frozen=True, kw_only=True)
class SplitRule:
    """A split that depends on a seed and a patient only: not on the order or the number of the records.

    Args:
        seed: another seed is another split.
        val: the fraction of the patients in validation.
        test: the fraction of the patients in the test set; the rest are for training.

    Raises:
        UsageError: the fractions are no fractions.
    """

    seed: int = 0
    val: float = 0.1
    test: float = 0.1

    def __post_init__(self) -> None:
        if min(self.val, self.test) < 0 or self.val + self.test > 1:
            raise UsageError(f"fractions of val and test must be 0 to 1 together, got {self.val} and {self.test}")

    def split_of(self, *, patient_id: str | None, record_id: str) -> str:
        """``train``, ``val`` or ``test``; a record of an unknown patient goes by its own id."""
        key = f"record:{record_id}" if patient_id is None else f"patient:{patient_id}"
        digest = hashlib.sha256(f"{self.seed}:{key}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") / 2**64
        if place < self.test:
            return "test"
        return "val" if place < self.test + self.val else "train"

    def stated_or(self, stated: str | None, *, patient_id: str | None, record_id: str) -> str:
        """The split that a table states, else that of the rule."""
        return stated or self.split_of(patient_id=patient_id, record_id=record_id)


def check_split(name: str) -> str:
    """``name``, when it is one of the three.

    Raises:
        UsageError: it is not.
    """
    if name not in SPLIT_NAMES:
        raise UsageError(f"unknown split {name!r}: expected one of {', '.join(SPLIT_NAMES)}")
    return name
