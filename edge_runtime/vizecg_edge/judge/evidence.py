"""Where what was measured contradicts what the network decided. The limits are the labels' own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vizecg.spec import LabelSet
from vizecg.spec.code6 import with_limits
from vizecg_edge.leads.measured import Measured

LEAST_INTERVALS = 4
"""Fewer intervals between beats do not show a rhythm well enough to contradict."""
LEAST_P_SHARE = 0.9
LARGEST_PR_UNCERTAINTY_MS = 25.0
"""Where the leads differ by more about PR, it contradicts nothing."""


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
        if self.quantity == "pr_ms":
            return f'the model says "{told}", but PR measures {self.value:.0f} ms'
        return (
            f'the model says "{told}", but the rhythm measures {self.value:.0f} beats a minute,'
            " with a P wave before every QRS"
        )


def contradictions(
    measured: Measured, decisions: Mapping[str, bool | None], labels: LabelSet
) -> tuple[Contradiction, ...]:
    """Every decision that a certain measurement contradicts, in the order of the labels.

    Args:
        measured: of the page. What is not certain contradicts nothing: nothing but sinus rhythm, regular, with one P
            wave before every QRS, is held against anything.
        decisions: present or absent, by label; what is undecided already is left alone.
        labels: with their limits; of ``CODE6`` as it was before it had limits, those of today.
    """
    found = []
    for label in with_limits(labels).labels:
        decision = decisions[label.name]
        value = None if label.limits is None else _certain(measured, label.limits.quantity)
        if label.limits is None or value is None or decision is None:
            continue
        says = label.limits.says(value)
        if says is not None and says != decision:
            found.append(
                Contradiction(label=label.name, decision=decision, quantity=label.limits.quantity, value=value)
            )
    return tuple(found)


def _certain(measured: Measured, quantity: str) -> float | None:
    """The value where it can be relied on."""
    if not (measured.sinus and measured.regular) or len(measured.rr_s) < LEAST_INTERVALS:
        return None
    if measured.p_share is None or measured.p_share < LEAST_P_SHARE:
        return None
    if quantity == "sinus_rate_bpm":
        return measured.rate_bpm
    uncertain = measured.pr.uncertainty_ms
    return measured.pr.ms if uncertain is not None and uncertain <= LARGEST_PR_UNCERTAINTY_MS else None
