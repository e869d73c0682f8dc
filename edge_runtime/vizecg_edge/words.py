"""An answer in words: what text, reports, overlay and table say alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from vizecg.spec import CODE6, Label, LabelSet
from vizecg.spec.checks import printable

WORDS = {True: "PRESENT", False: "absent", None: "undecided"}
UNDECIDED = "Undecided: too near to the threshold to say; take another photograph, or judge it by eye."
CAUTION = "Check before you rely on this"
LONGEST_NAME = 300
_COUNTS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SHOWN_SHA = 12


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A label as people read it: the decision first, then the probability and where it counts as present.

    ``why``: of an undecided one, where it is not its probability; else empty.
    """

    label: Label
    decision: bool | None
    probability: float
    threshold: float
    why: str = ""

    @property
    def word(self) -> str:
        return WORDS[self.decision]

    @property
    def likely(self) -> str:
        return percent(self.probability)

    @property
    def limit(self) -> str:
        return f"present from {percent(self.threshold)}"


def findings(
    labels: LabelSet,
    decisions: Mapping[str, bool | None],
    probabilities: Mapping[str, float],
    thresholds: Mapping[str, float],
    why: Mapping[str, str],
) -> list[Finding]:
    """All labels, in their order; ``why`` tells of those that are undecided the reason."""
    return [
        Finding(
            label=label,
            decision=decisions[label.name],
            probability=probabilities[label.name],
            threshold=thresholds[label.name],
            why=why.get(label.name, ""),
        )
        for label in labels.labels
    ]


def undecided_notes(found: Sequence[Finding]) -> list[str]:
    """What is to be said of the undecided ones, a sentence each."""
    unsure = [one for one in found if one.decision is None]
    contradicted = [one for one in unsure if one.why]
    notes = [f"{one.label.name} undecided: {one.why}. Judge it by eye." for one in contradicted]
    return [UNDECIDED, *notes] if len(unsure) > len(contradicted) else notes


def headline(labels: LabelSet, decisions: Mapping[str, bool | None]) -> str:
    """The decision in one line. Where nothing was found it says in the same breath what was not looked for."""
    present = [label.named for label in labels.labels if decisions[label.name]]
    unsure = [label.named for label in labels.labels if decisions[label.name] is None]
    others = len(labels) - len(unsure)
    parts = [f"found: {', '.join(present)}"] if present else []
    parts += [f"undecided: {', '.join(unsure)}"] if unsure else []
    if unsure and not present and others:
        parts.append(f"none of the other {_count(others)}" if others > 1 else "the other one is absent")
    if not parts:
        none = f"none of these {_count(len(labels))} findings" if len(labels) > 1 else f"no {labels.labels[0].named}"
        told = scope(labels)
        parts += [none, told[0].lower() + told[1:-1]]
    told = "; ".join(parts)
    return told[0].upper() + told[1:]


def scope(labels: LabelSet) -> str:
    """What is not looked for, in a sentence; an example where it is known to be one."""
    example = ", such as infarction," if labels.names == CODE6.names else ""
    return f"Others{example} are not checked."


def _count(number: int) -> str:
    return _COUNTS[number] if number < len(_COUNTS) else str(number)


def percent(share: float) -> str:
    """With one decimal, and never 0 or 100 % of what is only near it."""
    if share < 0.001:
        return "under 0.1 %"
    return "over 99.9 %" if share > 0.999 else f"{share:.1%}".replace("%", " %")


def short_name(path: str) -> str:
    """The file's name and that of its folder, in characters that can be printed."""
    return printable("/".join(PurePath(path).parts[-2:]) or path, LONGEST_NAME)


def source_line(name: str, *, sha256: str | None, read_at: datetime) -> str:
    """Which picture it was, and when it was read. Files of one name differ in the fingerprint."""
    told = f" (sha256 {sha256[:_SHOWN_SHA]})" if sha256 else ""
    return f"{name}{told}, read {read_at:%Y-%m-%d %H:%M %Z}".rstrip()
