"""Slow and fast by limits of one's own: what a rate is called depends on who labelled the records behind a network.

PTB-XL calls it sinus bradycardia below about 50 beats a minute, guidelines below 60. Where limits are asked for, the
rate that is measured decides the labels of a sinus rhythm's rate. The network stands back, but it is not overruled
where its own limits would have been reason to doubt it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vizecg.spec import LabelSet, UsageError
from vizecg.spec.code6 import with_limits
from vizecg.spec.labels import Label, Limits
from vizecg_edge.answer import Answer, Undecided
from vizecg_edge.judge.evidence import certain_sinus_rate

LOWEST_BPM, HIGHEST_BPM = 20.0, 250.0
UNCERTAIN_BPM = 2.0
"""Rates are measured to this: nearer to a limit nothing is decided."""
OF_THE_NETWORK = ("near_threshold", "contradicted")
"""Why a label is undecided that a measured rate may decide nevertheless; other reasons concern the rate as well."""


@dataclass(frozen=True, kw_only=True)
class RateLimits:
    """Sinus rhythm is slow below ``slow_bpm`` and fast above ``fast_bpm`` beats a minute.

    Raises:
        UsageError: they are no rates, or the first is not below the second.
    """

    slow_bpm: float
    fast_bpm: float

    def __post_init__(self) -> None:
        numbers = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in self.both)
        if not numbers or not LOWEST_BPM <= self.slow_bpm < self.fast_bpm <= HIGHEST_BPM:
            raise UsageError(
                f"rate limits {self.slow_bpm!r} and {self.fast_bpm!r}: expected two rates of {LOWEST_BPM:g} to"
                f" {HIGHEST_BPM:g} beats a minute, the lower one first, such as 50 and 100"
            )

    @property
    def both(self) -> tuple[float, float]:
        """Slow, fast."""
        return self.slow_bpm, self.fast_bpm

    @classmethod
    def parse(cls, text: str) -> RateLimits:
        """``50,100``; raises as the class."""
        try:
            slow, fast = (float(part) for part in text.split(","))
        except ValueError:
            raise UsageError(f"rate limits {text!r}: expected two rates, such as 50,100") from None
        return cls(slow_bpm=slow, fast_bpm=fast)

    def check(self, labels: LabelSet) -> None:
        """Raise UsageError where a network has no label that a rate decides."""
        if not _of_rate(labels):
            raise UsageError(f"rate limits: none of {', '.join(labels.names)} is a label of a sinus rhythm's rate")


@dataclass(frozen=True, kw_only=True)
class _Side:
    """A label that means slow, or fast; ``limit`` is the one that was asked for."""

    label: Label
    slow: bool
    limit: float

    def beyond(self, rate: float) -> bool:
        return rate < self.limit if self.slow else rate > self.limit

    def told(self, rate: float) -> str:
        """For people: which rate decided."""
        side = "below" if rate < self.limit else "above"
        return f"by the measured rate: {rate:.0f} beats a minute, {side} the limit of {self.limit:g}"


def with_rate_limits(answer: Answer, labels: LabelSet, limits: RateLimits) -> Answer:
    """``answer`` with the labels of a sinus rhythm's rate decided by limits, and with what is told of that.

    Args:
        answer: with what was measured, and as it is decided without limits.
        labels: of the network.
        limits: that were asked for.
    """
    assert answer.decisions is not None
    decisions, undecided, by_rate = dict(answer.decisions), dict(answer.undecided), {}
    rate = None if answer.measured is None else certain_sinus_rate(answer.measured)
    for label, slow in _of_rate(labels):
        side = _Side(label=label, slow=slow, limit=limits.slow_bpm if slow else limits.fast_bpm)
        why = undecided.get(label.name)
        if why is not None and why.code not in OF_THE_NETWORK:
            continue
        if rate is None:
            why = _unmeasured(side, answer, labels) or why
        elif _doubted(label, rate, answer):
            continue
        elif abs(rate - side.limit) < UNCERTAIN_BPM:
            why = Undecided(
                code="near_rate_limit", message=f"{rate:.0f} beats a minute are too near to the limit of {side.limit:g}"
            )
        else:
            why = None
            decisions[label.name] = side.beyond(rate)
            by_rate[label.name] = side.told(rate)
        undecided.pop(label.name, None)
        if why is not None:
            undecided[label.name], decisions[label.name] = why, None
    in_order = {name: undecided[name] for name in labels.names if name in undecided}
    return replace(
        answer,
        decisions=decisions,
        undecided=in_order,
        by_rate=by_rate,
        rate_limits_bpm=limits.both,
    )


def _of_rate(labels: LabelSet) -> list[tuple[Label, bool]]:
    """The labels of a sinus rhythm's rate, and whether it is a slow one."""
    return [
        (label, label.limits.present_below is not None)
        for label in with_limits(labels).labels
        if label.needs_rate and label.limits is not None and _has_side(label.limits)
    ]


def _has_side(limits: Limits) -> bool:
    one_side = (limits.present_below is None) != (limits.present_from is None)
    return limits.quantity == "sinus_rate_bpm" and one_side


def _doubted(label: Label, rate: float, answer: Answer) -> bool:
    """Whether the network says what at this rate cannot be by the label's own limits: one of both is wrong."""
    assert label.limits is not None
    assert answer.probabilities is not None
    assert answer.thresholds is not None
    says = answer.probabilities[label.name] >= answer.thresholds[label.name]
    return label.limits.says(rate) is (not says)


def _unmeasured(side: _Side, answer: Answer, labels: LabelSet) -> Undecided | None:
    """Why a label stays open where no rate of sinus rhythm is certain; None where it is decided all the same.

    A rate on the other side of the limit leaves it absent in any rhythm, and so does another rhythm that was found. The
    network says "present" of rates beyond its own limit only: that stands where the rate is beyond this one.
    """
    assert answer.decisions is not None
    decision = answer.decisions[side.label.name]
    rate = None if answer.measured is None else answer.measured.rate_bpm
    if rate is not None and decision is not None:
        beyond = side.beyond(rate)
        clearly = abs(rate - side.limit) >= UNCERTAIN_BPM
        if clearly and beyond == decision:
            return None
    every = with_limits(labels).labels
    others = [label.name for label in every if label.limits is not None and label.limits.irregular]
    if decision is False and any(answer.decisions[name] for name in others):
        return None
    return Undecided(
        code="rate_not_measured",
        message=f"whether sinus rhythm is {'slower' if side.slow else 'faster'} than {side.limit:g} a minute could not"
        " be measured",
    )
