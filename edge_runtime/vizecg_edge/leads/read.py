"""The leads of a page that was found: at which scale it is printed, every trace, and what a reader would measure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from vizecg.spec import GAIN_MM_MV, PAPER_SPEED_MM_S
from vizecg_edge.leads.find import FoundPage
from vizecg_edge.leads.layout import PageLayout
from vizecg_edge.leads.measure import measure, measure_all
from vizecg_edge.leads.measured import Measured, not_measured
from vizecg_edge.leads.plausible import Beats, TraceSizes, heights_mv, possible_speeds
from vizecg_edge.leads.scales import PageScales, Scale, ScaleSource, page_scales
from vizecg_edge.leads.signals import Leads
from vizecg_edge.leads.stated import read_page
from vizecg_edge.leads.trace import PX_PER_MM, PieceTrace, read_traces, signals_of, traced_box

MOST_SCALES = 20
"""Where nothing states the scale of a page, so many of those that it may have are tried."""


@dataclass(frozen=True, kw_only=True)
class ReadLeads:
    """What is read on a page. ``traces``: of its pieces, in their order, millimetres; ``scales``: it may have;
    ``tried_sd``: of its ruler."""

    layout: PageLayout
    traces: tuple[PieceTrace, ...]
    scales: PageScales
    tried_sd: float = 0.0

    @property
    def tried(self) -> tuple[Scale, ...]:
        """The scales at which the page is answered, the likeliest first: those that it may be printed at, and where a
        millimetre of it is not certain the likeliest one at both ends of that."""
        ends = (1 - self.tried_sd, 1 + self.tried_sd) if self.tried_sd else ()
        return (*self.scales.candidates[:MOST_SCALES], *(self.scales.best.times(factor) for factor in ends))

    def at(self, scale: Scale) -> Leads:
        """The leads in millivolts, if the page is printed at this scale."""
        return _leads(self.layout, self.traces, scale)

    @cached_property
    def leads(self) -> Leads:
        """At the likeliest scale."""
        return self.at(self.scales.best)

    @cached_property
    def measured(self) -> Measured:
        """At the likeliest scale; nothing, where that is an unusual speed that nothing states."""
        scales = self.scales
        if scales.speed_source is ScaleSource.ASSUMED and scales.best.speed_mm_s != PAPER_SPEED_MM_S:
            return not_measured("the paper speed is not known")
        return measure(self.leads, timed=scales.speed_source.stated)


def read_leads(found: FoundPage) -> ReadLeads:
    """Read the traces of a page and its scale.

    Raises:
        InputRefusedError: scale_uncertain, where two statements of the page disagree.
    """
    page, layout = found.page, found.layout
    box = traced_box(layout, found.ink)
    picture = page.picture(box, px_per_mm=PX_PER_MM)
    traces = tuple(read_traces(picture, (box.left, box.top), PX_PER_MM, layout))
    settings = read_page(page, found.flat)
    scales = page_scales(settings=settings, layout=layout)
    if not scales.certain:
        # Where the speed is known there is no need to look at the beats; else at every speed, the rarest too, since one
        # that they are not held against would gain by what they say against the others.
        speeds = () if scales.speed_source.stated else possible_speeds(layout)
        sizes = _sizes(layout, traces, speeds if len(speeds) > 1 else ())
        scales = page_scales(settings=settings, layout=layout, sizes=sizes)
    return ReadLeads(layout=layout, traces=traces, scales=scales, tried_sd=found.ruler.tried_sd)


def _leads(layout: PageLayout, traces: tuple[PieceTrace, ...], scale: Scale) -> Leads:
    return signals_of(
        traces,
        layout,
        speed_mm_s=scale.speed_mm_s,
        limb_gain=scale.limb_mm_mv,
        chest_gain=scale.chest_mm_mv,
    )


def _sizes(layout: PageLayout, traces: tuple[PieceTrace, ...], speeds: Iterable[float]) -> TraceSizes:
    """Heights in millimetres, and the beats that are found if the paper ran at each of the speeds."""
    beats = {}
    for speed in speeds:
        at_speed = _leads(layout, traces, Scale(speed_mm_s=speed, limb_mm_mv=GAIN_MM_MV, chest_mm_mv=GAIN_MM_MV))
        measured = measure_all(at_speed)
        beats[speed] = Beats(rate_bpm=measured.rate_bpm, qrs_ms=measured.qrs.ms, qt_ms=measured.qt.ms)
    usual = Scale(speed_mm_s=PAPER_SPEED_MM_S, limb_mm_mv=1.0, chest_mm_mv=1.0)
    limb_mm, chest_mm = heights_mv(_leads(layout, traces, usual))
    return TraceSizes(beats=beats, limb_mm=limb_mm, chest_mm=chest_mm)
