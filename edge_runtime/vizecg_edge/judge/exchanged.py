"""What follows where leads seem to be of two hearts, or electrodes, rows or columns of a page to be exchanged."""

from __future__ import annotations

from vizecg.spec import LabelSet
from vizecg.spec.code6 import with_limits
from vizecg.spec.electrodes import OF_PAGES, Exchange
from vizecg.spec.labels import Label
from vizecg_edge.answer import Doubt, Undecided
from vizecg_edge.judge.doubts import hardly_named
from vizecg_edge.leads.layout import PageLayout
from vizecg_edge.leads.measured import Measured
from vizecg_edge.rectify.reasons import Reason, refusal

REVERSED = "electrodes_reversed"


def refuse_exchanged(measured: Measured, layout: PageLayout) -> None:
    """Refuse a page whose leads are of two hearts, or which has no names and whose leads seem to stand in another
    order than they are taken for.

    Raises:
        InputRefusedError: not_one_heart, orientation_uncertain, layout_uncertain.
    """
    if measured.apart:
        raise refusal(Reason.NOT_ONE_HEART, measured.apart)
    if measured.exchanged is None or not hardly_named(layout):
        return
    if measured.exchanged is Exchange.FLIPPED:
        raise refusal(Reason.ORIENTATION_UNCERTAIN, "it seems to be seen in a mirror")
    told = f"no names are read, and the leads look like others: exchanged are {measured.exchanged.words}, or traces"
    raise refusal(Reason.LAYOUT_UNCERTAIN, told)


def exchange_doubts(measured: Measured) -> tuple[Doubt, ...]:
    """What is to be said of an answer about a page whose electrodes seem to be exchanged."""
    if measured.exchanged is None or measured.exchanged in OF_PAGES:
        return ()
    told = f"exchanged seem to be {measured.exchanged.words}: record the ECG anew, or check the electrodes"
    return (Doubt(code=REVERSED, message=told),)


def of_exchanged(labels: LabelSet, measured: Measured) -> dict[str, Undecided]:
    """The labels that are told by which way the leads point; rate, rhythm and PR are the same whatever is exchanged."""
    if not exchange_doubts(measured):
        return {}
    assert measured.exchanged is not None
    why = Undecided(code=REVERSED, message=f"exchanged seem to be {measured.exchanged.words}")
    return {label.name: why for label in with_limits(labels).labels if _of_shape(label)}


def _of_shape(label: Label) -> bool:
    """Whether a label is read from what the QRS looks like in the leads, as blocks are; PR and rate need no lead."""
    quantity = None if label.limits is None else label.limits.quantity
    return quantity in (None, "qrs_ms") and (label.needs_time or label.needs_voltage)
