"""Classes that are left undecided whatever the network says: what they are read from is not certain, or not printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vizecg.spec import LabelSet
from vizecg_edge.leads.layout import PageLayout

LEAST_LEADS = 0.5
"""A class is decided where at least this share of the leads that show it is printed."""

Decisions = dict[str, bool | None]


def agreed(decisions: Mapping[str, bool | None], others: Sequence[Sequence[bool | None]]) -> Decisions:
    """The decisions that are the same at every scale that a page may have.

    Args:
        decisions: by label, at the likeliest scale.
        others: the same in their order, at each of the others.
    """
    return {
        name: decision if all(other[place] == decision for other in others) else None
        for place, (name, decision) in enumerate(decisions.items())
    }


def without_leads(decisions: Mapping[str, bool | None], labels: LabelSet, layout: PageLayout) -> Decisions:
    """The decisions of classes that the printed leads can show."""
    printed = {piece.lead for piece in layout.pieces}
    return {
        label.name: decisions[label.name]
        if not label.leads or sum(lead in printed for lead in label.leads) >= LEAST_LEADS * len(label.leads)
        else None
        for label in labels.labels
    }
