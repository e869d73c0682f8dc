"""All leads of a page on one axis of time, as files hold them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vizecg.spec import LEADS
from vizecg_edge.leads.signals import Leads, LeadTrace

ORDER = (*LEADS, "V3R", "V4R")
STRIP = "_strip"


@dataclass(frozen=True, kw_only=True)
class LeadTable:
    """``names``: of the leads, in their usual order, strips last (``II_strip``). ``mv``: float32 (samples, leads)
    millivolts from the beginning of the page, NaN where a lead is not printed. ``sampling_rate``: samples a second."""

    names: tuple[str, ...]
    mv: np.ndarray
    sampling_rate: float


def table_of(leads: Leads) -> LeadTable:
    """Every stretch at its time; a lead that is printed twice has two columns, ``I`` and ``I_2``."""
    rate = leads.sampling_rate
    traces = sorted(leads.traces, key=_place)
    samples = max((round(trace.start_s * rate) + len(trace.mv) for trace in traces), default=0)
    mv = np.full((samples, len(traces)), np.nan, np.float32)
    names: list[str] = []
    for column, trace in enumerate(traces):
        name = wanted = trace.lead + (STRIP if trace.strip else "")
        number = 1
        while name in names:
            number += 1
            name = f"{wanted}_{number}"
        names.append(name)
        first = round(trace.start_s * rate)
        mv[first : first + len(trace.mv), column] = trace.mv
    return LeadTable(names=tuple(names), mv=mv, sampling_rate=rate)


def _place(trace: LeadTrace) -> tuple[bool, int, float]:
    place = ORDER.index(trace.lead) if trace.lead in ORDER else len(ORDER)
    return trace.strip, place, trace.start_s
