"""Labels are data: what a network answers, in order, with what is known of each. And the twelve leads in theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from vizecg.spec.checks import check_types, printable

LEADS: tuple[str, ...] = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
LIMB_OF_I_II: dict[str, tuple[float, float]] = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}
"""Each limb lead as a sum of I and II (Einthoven 1913, Goldberger 1942)."""
INTENDED_USE = "Decision support for research use. Not a diagnosis; a clinician must read the ECG."

MOST_LABELS = 200
LONGEST_TEXT = 300
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,39}")
"""Names are columns of tables, parts of files' names and of figures' (``RBBB/f1``)."""
RESERVED = frozenset(
    {
        "macro", "none", "unknown", "normal", "record", "records", "patient_id", "split", "exam_id", "trace_file",
        "file", "page", "time", "status", "reasons", "doubts", "sha256", "bundle",
    }
)  # fmt: skip
"""What stands beside labels in tables and figures."""


ABSENT = ("negative", "unknown")
"""What a code may mean that is not there: the source lists every finding, or only some."""
QUANTITIES = ("sinus_rate_bpm", "pr_ms", "qrs_ms")
"""What a label may be held against: beats a minute in sinus rhythm; milliseconds from P to QRS; those of the QRS."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """From which measured value on a label cannot be absent, or cannot be present. None: no value says so.

    Attributes:
        quantity: one of ``QUANTITIES``.
        present_below, present_from: beyond these it cannot be absent.
        absent_below, absent_from: beyond these it cannot be present.
        criterion: from this on it is present by its definition, below it absent: held against networks that are hardly
            clear themselves.
        irregular: whether its beats are never as even as a clock's.

    Raises:
        TypeError, ValueError: another quantity, a limit that is no number, or one value that says both.
    """

    quantity: str
    present_below: float | None = None
    present_from: float | None = None
    absent_below: float | None = None
    absent_from: float | None = None
    criterion: float | None = None
    irregular: bool = False

    def __post_init__(self) -> None:
        check_types(self)
        if self.quantity not in QUANTITIES:
            expected = ", ".join(QUANTITIES)
            raise ValueError(f"limits of {printable(self.quantity)!r}: expected one of {expected}")
        for below, start in ((self.present_below, self.absent_from), (self.absent_below, self.present_from)):
            if below is not None and start is not None and below > start:
                raise ValueError(f"limits of {self.quantity}: below {below:g} and from {start:g} contradict each other")
        if self.criterion is not None and self.says(self.criterion) is not None:
            raise ValueError(f"limits of {self.quantity}: the criterion of {self.criterion:g} lies beyond a limit")

    def says(self, value: float) -> bool | None:
        """Whether a label must be present at a measured value; None where it may be either."""
        if _beyond(value, self.present_below, self.present_from):
            return True
        return False if _beyond(value, self.absent_below, self.absent_from) else None


def _beyond(value: float, below: float | None, start: float | None) -> bool:
    return (below is not None and value < below) or (start is not None and value >= start)


@dataclass(frozen=True, kw_only=True)
class Label:
    """One answer of a network. All but the name may be left out, and what is told of it then leaves it out too.

    Attributes:
        name: how tables, figures and programs call it.
        english, portuguese: words for people.
        criteria: how it is recognised, in a few words.
        leads: those that show it, of ``LEADS``.
        needs_time, needs_rate, needs_voltage: whether it is read from intervals, from the rate, from voltages.
        scp: SCP-ECG statements that stand for it, as PTB-XL uses them.
        snomed: SNOMED CT concepts that stand for it, as the PhysioNet Challenges use them.
        codes: abbreviations that stand for it in tables of one's own.
        limits: which measurements contradict it. They change no network, so labels that differ in them are equal.

    Raises:
        TypeError, ValueError: a field holds something else.
    """

    name: str
    english: str = ""
    portuguese: str = ""
    criteria: str = ""
    leads: tuple[str, ...] = ()
    needs_time: bool = False
    needs_rate: bool = False
    needs_voltage: bool = False
    scp: tuple[str, ...] = ()
    snomed: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    limits: Limits | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        check_types(self)
        if not _NAME.fullmatch(self.name) or self.name.lower() in RESERVED:
            raise ValueError(
                f"label {printable(self.name)!r}: a name has 1 to 40 of A-Z, a-z, 0-9, _ . + -, begins with a letter or"
                f" digit, and is none of {', '.join(sorted(RESERVED))}"
            )
        for text in (self.english, self.portuguese, self.criteria, *self.scp, *self.snomed, *self.codes):
            if len(text) > LONGEST_TEXT:
                raise ValueError(
                    f"label {self.name}: a text of {len(text)} characters, expected at most {LONGEST_TEXT}"
                )
        for lead in self.leads:
            if lead not in LEADS:
                raise ValueError(f"label {self.name}: lead {printable(lead)!r} is none of {', '.join(LEADS)}")

    @property
    def words(self) -> str:
        """What people call it: in English, or its name where no words were given."""
        return self.english or self.name

    @property
    def named(self) -> str:
        """Words and name: ``atrial fibrillation (AF)``; the name alone where there are no words."""
        return f"{self.english} ({self.name})" if self.english else self.name

    @property
    def stands_for(self) -> tuple[str, ...]:
        """Codes of any vocabulary that stand for it; its name where it has none."""
        return (*self.codes, *self.scp, *self.snomed) or (self.name,)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Label:
        """What ``dataclasses.asdict`` gave, as it comes from JSON or YAML; raises as the class."""
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        if isinstance(fields.get("limits"), Mapping):
            fields["limits"] = Limits(**fields["limits"])
        return cls(**fields)


@dataclass(frozen=True, kw_only=True)
class LabelSet:
    """What a network answers; the order is that of every label vector.

    Args:
        name: of the set.
        labels: 1 to 200, of different names: two that differ in capitals only would be one file.
        ignored: columns of tables that look like labels and are none of these.
        column: of tables that tell labels by codes in one cell; empty where every label has a column of its own.
        absent: what it means that a code is not in that cell, or that a label's own cell is empty: ``negative`` or
            ``unknown``. Empty where nobody said it.

    Raises:
        ValueError: other numbers, a name twice, codes of which nobody said what their absence means, or one code for
            two labels.
    """

    name: str
    labels: tuple[Label, ...]
    ignored: tuple[str, ...] = ()
    column: str = ""
    absent: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"label set {printable(self.name)!r}: a name has 1 to 40 of A-Z, a-z, 0-9, _ . + -")
        if not 1 <= len(self.labels) <= MOST_LABELS:
            raise ValueError(f"label set {self.name}: {len(self.labels)} labels, expected 1 to {MOST_LABELS}")
        seen: dict[str, str] = {}
        for label in self.labels:
            if label.name.lower() in seen:
                raise ValueError(f"label set {self.name}: {seen[label.name.lower()]} and {label.name} are one name")
            seen[label.name.lower()] = label.name
        if self.absent not in ("", *ABSENT):
            raise ValueError(
                f"label set {self.name}: absent {printable(self.absent)!r}: expected {' or '.join(ABSENT)}"
            )
        if self.column:
            self._check_codes()

    def _check_codes(self) -> None:
        if not self.absent:
            raise ValueError(
                f"label set {self.name}: column {printable(self.column)} tells which codes are there; say whether the"
                " others are then absent (absent: negative) or not known (absent: unknown)"
            )
        meaning: dict[str, str] = {}
        for label in self.labels:
            for code in label.stands_for:
                if meaning.setdefault(code, label.name) != label.name:
                    raise ValueError(
                        f"label set {self.name}: code {printable(code)} stands for {meaning[code]} and {label.name}"
                    )

    def ignoring(self, columns: Iterable[str]) -> LabelSet:
        """The same with more columns that are none of its labels."""
        return replace(self, ignored=tuple(dict.fromkeys((*self.ignored, *columns))))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    def vector(self, present: Iterable[str] | Mapping[str, object]) -> np.ndarray:
        """Labels by name -> float32 (labels,) of 0 and 1.

        Args:
            present: the names that are present, or a mapping of name to a truth value.

        Raises:
            ValueError: a name is not in the set.
        """
        given = [name for name, value in present.items() if value] if isinstance(present, Mapping) else list(present)
        unknown = [name for name in given if name not in self.names]
        if unknown:
            raise ValueError(f"unknown label {unknown[0]!r}: expected some of {', '.join(self.names)}")
        return np.array([name in given for name in self.names], dtype=np.float32)

    @classmethod
    def of_names(cls, names: Iterable[str], *, name: str = "own") -> LabelSet:
        """Labels of which nothing but the names is known; raises as the class."""
        return cls(name=name, labels=tuple(Label(name=one) for one in names))

    def to_dict(self) -> dict[str, Any]:
        """Plain types, without what was left out."""
        told: dict[str, Any] = {"name": self.name, "labels": [_told(label) for label in self.labels]}
        more = {"ignored": list(self.ignored), "column": self.column, "absent": self.absent}
        return told | {key: value for key, value in more.items() if value}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LabelSet:
        """What ``to_dict`` gave.

        Raises:
            KeyError, TypeError, ValueError: something else.
        """
        if set(data) - {"name", "labels", "ignored", "column", "absent"} or not isinstance(data["labels"], list):
            raise ValueError(
                "a label set has a name, a list of labels, and perhaps a list of ignored columns, a column of codes,"
                " and what an absent one means"
            )
        labels = tuple(Label.from_dict(one) for one in data["labels"])
        more = {key: data[key] for key in ("column", "absent") if key in data}
        found = cls(name=data["name"], labels=labels, ignored=tuple(data.get("ignored", ())), **more)
        check_types(found)
        return found


def _told(label: Label) -> dict[str, Any]:
    told = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(label).items() if v or k == "name"}
    if label.limits is not None:
        told["limits"] = {k: v for k, v in asdict(label.limits).items() if v is not None}
    return told
