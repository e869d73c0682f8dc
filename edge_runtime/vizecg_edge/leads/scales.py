"""At which paper speed and gains a page is printed: what states it, what contradicts it, and else what is plausible.

Nothing is assumed in silence: where neither print nor pulses state a scale, every plausible one is a candidate, and a
class is decided only where the answers for all of them agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from vizecg.spec import PAPER_SPEED_MM_S
from vizecg_edge.leads.layout import PageLayout
from vizecg_edge.leads.plausible import (
    PulseEvidence,
    TraceSizes,
    gain_likelihoods,
    pulse_speeds,
    speed_likelihoods,
    trusted_pulses,
)
from vizecg_edge.printed.grammar import LeadGroup, Quantity, Setting
from vizecg_edge.rectify.reasons import Reason, refusal

USUAL_SHARE = 0.05
LEAST_LIKELY = 3e-4
"""A speed less likely than this, with everything that is known, or such gains, are no candidate."""


class ScaleSource(str, Enum):
    """What tells the speed or the gain.

    ``printed``: the page's text; ``pulse``: calibration pulses; ``inferred``: nothing states it, but of the usual ones
    only this fits what is printed; ``assumed``: others fit as well.
    """

    PRINTED = "printed"
    PULSE = "pulse"
    INFERRED = "inferred"
    ASSUMED = "assumed"

    @property
    def stated(self) -> bool:
        return self in (ScaleSource.PRINTED, ScaleSource.PULSE)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A speed and gains that a page may be printed at; ``likelihood`` sums to 1 over a page's candidates."""

    speed_mm_s: float
    limb_mm_mv: float
    chest_mm_mv: float
    likelihood: float = 1.0

    @property
    def words(self) -> str:
        """``25 mm/s, 10 mm/mV``; ``25 mm/s, limb 10, chest 5 mm/mV``."""
        limb, chest = self.limb_mm_mv, self.chest_mm_mv
        gains = f"{limb:g} mm/mV" if limb == chest else f"limb {limb:g}, chest {chest:g} mm/mV"
        return f"{self.speed_mm_s:g} mm/s, {gains}"

    def times(self, factor: float) -> Scale:
        """If what was taken for a millimetre is so many."""
        return replace(
            self,
            speed_mm_s=self.speed_mm_s * factor,
            limb_mm_mv=self.limb_mm_mv * factor,
            chest_mm_mv=self.chest_mm_mv * factor,
        )

    def gain_mm_mv(self, lead: str) -> float:
        """Of one lead."""
        return self.chest_mm_mv if lead.startswith("V") else self.limb_mm_mv


@dataclass(frozen=True, kw_only=True)
class PageScales:
    """The scales of a page.

    Attributes:
        candidates: every scale that the page may have, the likeliest first; one only where it is known.
        speed_source, limb_source, chest_source: what tells those of the first candidate.
        printed_rate_bpm: a heart rate in the page's text, to be compared with the measured one; None where none, or
            several that differ, were read.
    """

    candidates: tuple[Scale, ...]
    speed_source: ScaleSource
    limb_source: ScaleSource
    chest_source: ScaleSource
    printed_rate_bpm: float | None = None

    @property
    def best(self) -> Scale:
        return self.candidates[0]

    @property
    def certain(self) -> bool:
        """Whether everything is stated on the page."""
        return self.speed_source.stated and self.limb_source.stated and self.chest_source.stated


def page_scales(*, settings: Sequence[Setting], layout: PageLayout, sizes: TraceSizes | None = None) -> PageScales:
    """The scales of a page from its text, its pulses and, where these leave any open, the sizes of its traces.

    Args:
        settings: what the page states in print, see ``stated.read_page``.
        layout: with the pulses that were found.
        sizes: of the traces, in millimetres; None where they were not measured.

    Raises:
        InputRefusedError: scale_uncertain, where two statements of the page disagree.
    """
    sizes = sizes or TraceSizes()
    pulses = trusted_pulses(layout)
    rates = {setting.value for setting in settings if setting.quantity is Quantity.RATE}
    rate = rates.pop() if len(rates) == 1 else None
    printed_speed = _printed(settings, Quantity.SPEED, LeadGroup.ALL)
    limb, limb_source = _gain(settings, pulses, LeadGroup.LIMB)
    chest, chest_source = _gain(settings, pulses, LeadGroup.CHEST)
    speeds, speed_source = _speeds(printed_speed, pulses, layout, replace(sizes, rate_bpm=rate))
    if speed_source is None:
        # What is measured at the wrong speed is measured badly: the usual one is never ruled out by that alone.
        speeds.setdefault(PAPER_SPEED_MM_S, USUAL_SHARE * max(speeds.values()))
    gains = gain_likelihoods(sizes, limb=limb, chest=chest)
    total = sum(speeds.values()) * sum(gains.values())
    candidates = [
        Scale(speed_mm_s=speed, limb_mm_mv=pair[0], chest_mm_mv=pair[1], likelihood=likely * share / total)
        for speed, likely in speeds.items()
        for pair, share in gains.items()
    ]
    candidates.sort(key=lambda scale: -scale.likelihood)
    # A rare speed with a rare gain is as possible as each is.
    least_gains = LEAST_LIKELY * sum(gains.values())
    kept = tuple(scale for scale in candidates if gains[scale.limb_mm_mv, scale.chest_mm_mv] >= least_gains)
    left = ScaleSource.INFERRED if len({(scale.limb_mm_mv, scale.chest_mm_mv) for scale in kept}) == 1 else None
    if speed_source is None:
        alone = len({scale.speed_mm_s for scale in kept}) == 1
        speed_source = ScaleSource.INFERRED if alone else ScaleSource.ASSUMED
    return PageScales(
        candidates=kept,
        speed_source=speed_source,
        limb_source=limb_source or left or ScaleSource.ASSUMED,
        chest_source=chest_source or left or ScaleSource.ASSUMED,
        printed_rate_bpm=rate,
    )


def _printed(settings: Sequence[Setting], quantity: Quantity, group: LeadGroup) -> float | None:
    """The one value that the text gives for a group of leads."""
    values = {setting.value for setting in settings if setting.quantity is quantity and setting.group is group}
    every, others = (
        {setting.value for setting in settings if setting.quantity is quantity and setting.group in groups}
        for groups in ((LeadGroup.ALL,), tuple(set(LeadGroup) - {LeadGroup.ALL, group}))
    )
    if not values and group is not LeadGroup.ALL:
        # Beside a gain of the one group another without a word is that of the other group.
        apart = len(every) > 1 or len(others) == 1
        values = every - others if apart and every - others else every
    if len(values) > 1:
        unit = "mm/s" if quantity is Quantity.SPEED else "mm/mV"
        both = " and ".join(f"{value:g}" for value in sorted(values))
        raise refusal(Reason.SCALE_UNCERTAIN, f"the page prints {both} {unit}")
    return values.pop() if values else None


def _gain(
    settings: Sequence[Setting], pulses: PulseEvidence, group: LeadGroup
) -> tuple[float | None, ScaleSource | None]:
    """The gain of a group of leads as it is stated, and by what."""
    printed = _printed(settings, Quantity.GAIN, group)
    chest = group is LeadGroup.CHEST
    shown = pulses.heights(chest=chest)
    if len(shown) > 1:
        both = " and ".join(f"{value:g}" for value in sorted(shown))
        raise refusal(Reason.SCALE_UNCERTAIN, f"calibration pulses of {both} mm")
    height = next(iter(shown), None)
    if printed is None:
        # Pulses beside the one group alone do not show that the other's gain is not half or twice as large.
        own = height is not None and (not pulses.shared or height in (pulses.chest_mm if chest else pulses.limb_mm))
        return (height, ScaleSource.PULSE) if own else (None, None)
    # A pulse that stands for all leads is as high as those of one group where the text states two gains.
    stated = {setting.value for setting in settings if setting.quantity is Quantity.GAIN}
    if height is not None and height != printed and not (pulses.shared and height in stated):
        raise refusal(Reason.SCALE_UNCERTAIN, f"{printed:g} mm/mV printed, but a calibration pulse of {height:g} mm")
    return printed, ScaleSource.PRINTED


def _speeds(
    printed: float | None, pulses: PulseEvidence, layout: PageLayout, sizes: TraceSizes
) -> tuple[dict[float, float], ScaleSource | None]:
    """Possible speeds and their likelihoods, and what states the only one; None where nothing does."""
    by_pulse = pulse_speeds(pulses)
    if printed is not None:
        if printed not in by_pulse:
            width = pulses.width_mm or 0.0
            raise refusal(
                Reason.SCALE_UNCERTAIN, f"{printed:g} mm/s printed, but calibration pulses {width:.1f} mm wide"
            )
        return {printed: 1.0}, ScaleSource.PRINTED
    likely = speed_likelihoods(layout, sizes, pulses)
    most = max(likely.values())
    usual = {speed: share for speed, share in likely.items() if share >= LEAST_LIKELY * most}
    stated = len(usual) == 1 and pulses.usual_at(next(iter(usual)))
    return usual, ScaleSource.PULSE if stated else None
