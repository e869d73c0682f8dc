"""Labels that are left undecided whatever the network says: what they are read from is not certain, or not printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vizecg.spec import LabelSet
from vizecg_edge.answer import Undecided
from vizecg_edge.leads.layout import PageLayout

LEAST_LEADS = 0.5
"""A label is decided where at least this share of the leads that show it is printed."""


def changed_by_scale(
    decisions: Mapping[str, bool | None], others: Sequence[Sequence[bool | None]]
) -> dict[str, Undecided]:
    """The labels that are not decided alike at every scale that a page may have.

    Args:
        decisions: by label, at the likeliest scale.
        others: the same in their order, at each of the others.
    """
    why = Undecided(code="scale_not_stated", message="decided otherwise at another scale that the page may have")
    return {
        name: why
        for place, (name, decision) in enumerate(decisions.items())
        if decision is not None and any(other[place] != decision for other in others)
    }


def not_printed(labels: LabelSet, layout: PageLayout | None) -> dict[str, Undecided]:
    """The labels that the printed leads cannot show."""
    if layout is None:
        return {}
    printed = {piece.lead for piece in layout.pieces}
    missing = {
        label.name: [lead for lead in label.leads if lead not in printed]
        for label in labels.labels
        if label.leads and sum(lead in printed for lead in label.leads) < LEAST_LEADS * len(label.leads)
    }
    return {
        name: Undecided(code="leads_missing", message=f"{', '.join(leads)} not on this page")
        for name, leads in missing.items()
    }
