"""How one contender changed from one run to another, and what of that is too much."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

from vizecg_bench.compare.ratios import ratio, within
from vizecg_bench.report.select import FLOAT, accuracy_of, headline_sections, named
from vizecg_bench.report.text import percent, percent_interval
from vizecg_bench.run.schema import Accuracy, Contender, Interval, Result

DEFAULT_SLOWER = 0.05
DEFAULT_ACCURACY_DROP = 0.005
_FIGURES = ("auroc", "f1")


@dataclass(frozen=True, kw_only=True)
class ChangeLimits:
    """More than this is a failure: ``slower`` a share, ``accuracy_drop`` of a macro figure."""

    slower: float = DEFAULT_SLOWER
    accuracy_drop: float = DEFAULT_ACCURACY_DROP


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A figure in both runs, and how it changed: time, size and memory as a share, accuracy as a difference."""

    a: Interval
    b: Interval
    change: Interval

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name).model_dump() for name in ("a", "b", "change")}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A contender that both runs have. ``accuracy``: ``<section> <figure>`` -> pair; ``flips``: of the headline
    sections, in both runs."""

    key: str
    time: Pair | None
    size: Pair | None
    memory: Pair | None
    accuracy: dict[str, Pair]
    flips: tuple[int, int] | None

    def to_dict(self) -> dict[str, Any]:
        costs = {"time": self.time, "size": self.size, "memory": self.memory}
        return {
            "contender": self.key,
            **{name: None if pair is None else pair.to_dict() for name, pair in costs.items()},
            "accuracy": {name: pair.to_dict() for name, pair in self.accuracy.items()},
            "flips": self.flips,
        }


def row_of(a: Result, b: Result, key: str, *, baseline: str | None) -> Row:
    """A contender of both runs. ``baseline`` is what ratios of time refer to; None compares milliseconds."""
    before, after = _of(a, key), _of(b, key)
    return Row(
        key=key,
        time=_time_pair(a, b, before, after, baseline),
        size=_share(before.file_bytes, after.file_bytes),
        memory=_share(before.peak_memory_mib, after.peak_memory_mib),
        accuracy=_accuracy(a, b, key),
        flips=_flips(a, b, key),
    )


def _time_pair(a: Result, b: Result, before: Contender, after: Contender, reference: str | None) -> Pair | None:
    if reference is None:
        found = before.latency.p50, after.latency.p50
    else:
        ratios = _over(a, before, reference), _over(b, after, reference)
        if ratios[0] is None or ratios[1] is None:
            return None
        found = ratios[0], ratios[1]
    change = ratio(found[1], found[0], minus=1.0)
    return None if change is None else Pair(a=found[0], b=found[1], change=change)


def _over(result: Result, found: Contender, reference: str) -> Interval | None:
    if found.name == reference:
        return Interval(value=1.0)
    # Paired over turns, where the run has it.
    if reference == FLOAT and found.latency.of_float is not None:
        return found.latency.of_float
    other = named(result.contenders, reference, found.threads)
    return None if other is None else ratio(found.latency.p50, other.latency.p50)


def _share(before: float | None, after: float | None) -> Pair | None:
    if not before or after is None:
        return None
    return Pair(a=Interval(value=before), b=Interval(value=after), change=Interval(value=after / before - 1))


def _accuracy(a: Result, b: Result, key: str) -> dict[str, Pair]:
    before, after = _accuracies(a, b, key)
    if before is None or after is None:
        return {}
    pairs = {}
    for section, figure in product(before.sections, _FIGURES):
        if section in after.sections:
            old, new = (one.sections[section].macro.get(figure) for one in (before, after))
            if old is not None and new is not None and old.value is not None and new.value is not None:
                change = Interval(value=new.value - old.value)
                pairs[f"{section} {figure}"] = Pair(a=old, b=new, change=change)
    return pairs


def _flips(a: Result, b: Result, key: str) -> tuple[int, int] | None:
    before, after = _accuracies(a, b, key)
    return None if before is None or after is None else (_turned(before), _turned(after))


def _turned(accuracy: Accuracy) -> int:
    sections = [accuracy.sections[name] for name in headline_sections(accuracy)]
    return sum(one.lost + one.won for section in sections for one in section.flips.values())


def _accuracies(a: Result, b: Result, key: str) -> tuple[Accuracy | None, Accuracy | None]:
    """None where the packs are others: the figures would be of other pictures."""
    if a.pack is None or b.pack is None or a.pack.sha256 != b.pack.sha256:
        return None, None
    return accuracy_of(a, _of(a, key)), accuracy_of(b, _of(b, key))


def judged(a: Result, b: Result, row: Row, limits: ChangeLimits) -> tuple[list[str], list[str]]:
    """Failures and notes of a contender."""
    failures: list[str] = []
    notes: list[str] = []
    slower = None if row.time is None else row.time.change.value
    if slower is not None and not within(slower, limits.slower):
        failures.append(f"{percent(slower, digits=1)} slower (at most {percent(limits.slower, digits=1)})")
    elif slower is not None and row.time is not None and not within(_unsure(row.time.change), limits.slower):
        notes.append(
            f"{row.key}: too noisy for this limit: the change of {percent_interval(row.time.change)} may hide one of"
            f" {percent(limits.slower, digits=1)}"
        )
    before, _ = _accuracies(a, b, row.key)
    if before is None:
        return failures, notes
    headline = headline_sections(before)
    for section, figure in product(before.sections, _FIGURES):
        known = before.sections[section].macro.get(figure)
        if known is None or known.value is None:
            continue
        pair = row.accuracy.get(f"{section} {figure}")
        if pair is None:
            failures.append(f"no macro {figure} on {section} any more")
            continue
        drop = -(pair.change.value or 0.0)
        if within(drop, limits.accuracy_drop):
            continue
        text = f"macro {figure} on {section} fell by {drop:.4f} (at most {limits.accuracy_drop:g})"
        if section in headline:
            failures.append(text)
        else:
            notes.append(f"{row.key}: {text}; with so few pictures that is no failure")
    return failures, notes


def _unsure(change: Interval) -> float:
    """How much more the change may be than was found."""
    return 0.0 if change.high is None or change.value is None else change.high - change.value


def of_baseline(before: Contender, after: Contender, limits: ChangeLimits) -> list[str]:
    """Ratios hide what happens to what they refer to."""
    change = ratio(after.latency.p50, before.latency.p50, minus=1.0)
    if change is None or change.value is None or within(abs(change.value), limits.slower):
        return []
    size = percent(abs(change.value), digits=1)
    if change.value > 0:
        return [
            f"the baseline {before.key} itself became {size} slower: beside it all others look quicker than they are"
        ]
    return [f"the baseline {before.key} itself became {size} quicker: beside it all others look slower than they are"]


def _of(result: Result, key: str) -> Contender:
    return next(found for found in result.contenders if found.key == key)
