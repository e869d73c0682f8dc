"""Where what was measured contradicts what the network decided. The limits are the labels' own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vizecg.spec import LabelSet
from vizecg.spec.code6 import with_limits
from vizecg.spec.labels import Limits
from vizecg_edge.leads.measured import Interval, Measured

LEAST_INTERVALS = 4
"""Fewer intervals between beats do not show a rhythm well enough to contradict."""
LEAST_P_SHARE = 0.9
LARGEST_UNCERTAINTY_MS = 25.0
"""Where the leads differ by more about PR or QRS, it contradicts nothing."""
HARDLY_CLEAR = 1.0
"""Decisions nearer to their threshold, in units of the calibrated logit, are held against the criterion too. On clean
sheets of PTB-XL's fold 9, 2,170 records, that opens 22 about 1dAVb, 11 of them wrong, and 11 about ST, 6 of them."""
EVEN, EVEN_SHARE, LEAST_EVEN = 0.05, 0.7, 4
"""Intervals this near to the usual one are even; of so many, at least this share. Of the same records that is so of 10
that are decided to be AF, and 9 of these decisions are wrong."""


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """``label`` was decided as ``decision``, and ``value`` of what ``quantity`` names says the other."""

    label: str
    decision: bool
    quantity: str
    value: float

    @property
    def message(self) -> str:
        """In one line, for people."""
        told = "present" if self.decision else "absent"
        if self.quantity == "even_rr_share":
            return f'the model says "{told}", but {self.value:.0%} of the intervals between beats are alike'
        if self.quantity == "qrs_ms":
            return f'the model says "{told}", but QRS measures {self.value:.0f} ms'
        if self.quantity == "pr_ms":
            return f'the model says "{told}", but PR measures {self.value:.0f} ms'
        return (
            f'the model says "{told}", but the rhythm measures {self.value:.0f} beats a minute,'
            " with a P wave before every QRS"
        )


def contradictions(
    measured: Measured, decisions: Mapping[str, bool | None], labels: LabelSet, distances: Mapping[str, float]
) -> tuple[Contradiction, ...]:
    """Every decision that a certain measurement contradicts, in the order of the labels.

    Args:
        measured: of the page. What is not certain contradicts nothing: nothing but sinus rhythm, regular, with one P
            wave before every QRS, is held against a network that is clear; but the QRS of any rhythm is, and beats as
            even as a clock's against rhythms that are irregular always.
        decisions: present or absent, by label; what is undecided already is left alone.
        labels: with their limits; of ``CODE6`` as it was before it had limits, those of today.
        distances: by label, how far the calibrated logit lies from that of the threshold.
    """
    found = []
    for label in with_limits(labels).labels:
        decision = decisions[label.name]
        if label.limits is None or decision is None:
            continue
        against = _against(label.limits, decision, measured, hardly_clear=abs(distances[label.name]) < HARDLY_CLEAR)
        if against is not None:
            quantity, value = against
            found.append(Contradiction(label=label.name, decision=decision, quantity=quantity, value=value))
    return tuple(found)


def _against(limits: Limits, decision: bool, measured: Measured, *, hardly_clear: bool) -> tuple[str, float] | None:
    """What contradicts a decision: its quantity and value."""
    value = _certain(measured, limits.quantity)
    if value is not None and limits.says(value) == (not decision):
        return limits.quantity, value
    if hardly_clear and limits.criterion is not None:
        # A PR that is certain is given of other rhythms too, if most beats have a P wave.
        value = _certain_ms(measured.pr) if limits.quantity == "pr_ms" else value
        if value is not None and (value >= limits.criterion) != decision:
            return limits.quantity, value
    if limits.irregular and decision and len(measured.rr_s) >= LEAST_EVEN:
        intervals = np.array(measured.rr_s)
        share = float((np.abs(intervals / np.median(intervals) - 1) <= EVEN).mean())
        if share >= EVEN_SHARE:
            return "even_rr_share", share
    return None


def _certain(measured: Measured, quantity: str) -> float | None:
    """The value where it can be relied on."""
    if quantity == "qrs_ms":
        return _certain_ms(measured.qrs)
    rate = certain_sinus_rate(measured)
    if rate is None or quantity == "sinus_rate_bpm":
        return rate
    return _certain_ms(measured.pr)


def certain_sinus_rate(measured: Measured) -> float | None:
    """Beats a minute, where it is certain that the rhythm is regular, with a P wave before every QRS; else None."""
    if not (measured.sinus and measured.regular) or len(measured.rr_s) < LEAST_INTERVALS:
        return None
    if measured.p_share is None or measured.p_share < LEAST_P_SHARE:
        return None
    return measured.rate_bpm


def _certain_ms(interval: Interval) -> float | None:
    uncertain = interval.uncertainty_ms
    return interval.ms if uncertain is not None and uncertain <= LARGEST_UNCERTAINTY_MS else None
