"""What came of a page, held against the same page unspoilt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vizecg_lab.attacks.edges import Said


class Outcome(str, Enum):
    """``alike``: decided as the control is. ``undecided``: some class is left open and none is decided otherwise.
    ``warned``: a class is decided otherwise, and a doubt or an open class beside it is told, which leaves that decision
    standing. ``silent``: a class is decided otherwise and nothing is told."""

    REFUSED = "refused"
    ALIKE = "alike"
    UNDECIDED = "undecided"
    WARNED = "warned"
    SILENT = "silent"


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One page.

    Attributes:
        outcome: of the page.
        turned: labels that are decided otherwise, as ``+RBBB`` or ``-AF``.
        told: codes of doubts that the control has not, and of classes that are left open.
    """

    outcome: Outcome
    turned: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


def score(said: Said, control: Said, *, other_heart: bool = False) -> Scored:
    """What came of a page.

    Args:
        control: the answer to the page that nothing was done to, which decides every class.
        other_heart: whether the page shows a heart that has none of the classes.
    """
    if said.decisions is None or control.decisions is None:
        return Scored(outcome=Outcome.REFUSED)
    right = dict.fromkeys(control.decisions, False) if other_heart else control.decisions
    turned = tuple(
        f"{'+' if decision else '-'}{label}"
        for label, decision in said.decisions.items()
        if decision is not None and decision != right[label]
    )
    opened = sorted({said.undecided.get(label, "near") for label, one in said.decisions.items() if one is None})
    told = (*(code for code in said.doubts if code not in control.doubts), *opened)
    if turned:
        outcome = Outcome.WARNED if told else Outcome.SILENT
    else:
        outcome = Outcome.UNDECIDED if opened else Outcome.ALIKE
    return Scored(outcome=outcome, turned=turned, told=told)
