"""A reading held against what is printed: right, refused, or wrong with or without a word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from vizecg_edge.leads.layout import RHYTHM
from vizecg_lab.leads.places import Places, Stretches
from vizecg_lab.leads.reading import SQUARE_MM, Reading
from vizecg_lab.leads.truth import PrintedPage

MOST_SCALE = 0.05
"""A scale that is further off than this is wrong, relative."""
MOST_RATE = (3.0, 0.04)
"""A rate is right within so many beats a minute, or within this share."""
_NAMED = re.compile(r"\b\d{1,2}x\d(?:\+\d?R)?")
_ROWS = re.compile(r"\b(\d+) rows of traces")


class Outcome(str, Enum):
    """``partly``: nothing is wrong, but leads or strips of the page are missing."""

    RIGHT = "right"
    PARTLY = "partly"
    REFUSED = "refused"
    WARNED = "wrong with a word"
    SILENT = "wrong without a word"


class Fault(str, Enum):
    """``missing``: a lead of the page that is not among those read; ``elsewhere``: a piece where no trace is, as of
    another sheet, or a second one on the same trace."""

    NO_PAGE = "no page"
    ORIENTATION = "orientation"
    LEADS = "leads misnamed"
    ELSEWHERE = "elsewhere"
    MISSING = "leads missing"
    SCALE = "scale"
    SPEED = "speed"
    GAIN = "gain"


_WORDS: dict[Fault, tuple[str, ...]] = {
    Fault.SCALE: ("scale", "speed", "gain"),
    Fault.SPEED: ("scale", "speed"),
    Fault.GAIN: ("scale", "gain"),
}
"""How the code of a doubt begins that warns of a fault; of the others, ``_PLACES``."""
_PLACES = ("lead", "layout", "orientation")


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One picture.

    Attributes:
        faults: what is wrong with what was read, and the measure of it.
        places_right: every piece, strips included, is where it is and has its name; None where nothing was placed.
        unnamed: strips whose lead was not said, which is no fault.
        edge_mm: how far the worst of the pieces begins or ends from where its trace does.
        layout_right: the layout's name is the page's.
        timing_right: likewise; None where either tells nothing.
        reason_right: of a refusal that names a layout, whether it names the right one; of a page that cannot be read,
            whether it was refused; None where there is nothing to tell.
        scale_error: across and down, relative; None where either is not known.
        scale_open: whether speed or gains were left open: several were tried, and one of them is right.
        rate_error: beats a minute, from the rate of the beats on the page; ``rate_right``: within ``MOST_RATE``.
        as_printed: likewise, of the rate that is printed or was counted first.
    """

    image: str
    truth: str
    outcome: Outcome
    layout: str | None
    faults: dict[str, str]
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    places_right: bool | None
    unnamed: int
    edge_mm: float | None
    layout_right: bool
    timing_right: bool | None
    reason_right: bool | None
    scale_error: tuple[float, float] | None
    scale_open: bool
    rate_error: float | None
    rate_right: bool | None
    as_printed: bool | None
    total_ms: float | None


def score(reading: Reading, page: PrintedPage) -> Scored:
    """What a reading is worth; a refusal is no fault, whatever was found before."""
    compared = Stretches(page.placed).compare(reading.placed) if reading.placed and page.placed else None
    places = {} if compared is None else _place_faults(compared)
    scale = _scale_error(reading, page)
    unnamed = sum(piece.lead == RHYTHM for piece in reading.placed)
    faults = {**places, **_scale_faults(reading, page, scale)} if reading.answered else {}
    if reading.answered and not page.readable:
        faults = {Fault.NO_PAGE: page.arrangement}
    if not reading.answered:
        outcome = Outcome.REFUSED
    elif not set(faults) - {Fault.MISSING}:
        outcome = Outcome.PARTLY if faults else Outcome.RIGHT
    else:
        told = all(_warned(fault, reading.warnings) for fault in faults if fault is not Fault.MISSING)
        outcome = Outcome.WARNED if told else Outcome.SILENT
    rate, shown = reading.rate_bpm, page.shown_bpm
    return Scored(
        image=page.image,
        truth=page.name,
        outcome=outcome,
        layout=reading.layout,
        faults={fault.value: told for fault, told in faults.items()},
        reasons=reading.reasons,
        warnings=reading.warnings,
        places_right=None if compared is None else not places and not unnamed,
        unnamed=unnamed,
        edge_mm=None if compared is None or page.square_px is None else _mm(compared.edge_px, page.square_px[0]),
        layout_right=reading.layout == page.name,
        timing_right=None if "unknown" in (reading.timing, page.timing) else reading.timing == page.timing,
        reason_right=_reason_right(reading, page),
        scale_error=scale,
        scale_open=len(reading.tried) > 1 and any(not _differing(*one, page) for one in reading.tried),
        rate_error=None if rate is None or shown is None else round(rate - shown, 2),
        rate_right=_near(rate, shown),
        as_printed=_near(rate, page.rate_bpm),
        total_ms=reading.milliseconds.get("total"),
    )


def _mm(pixels: float, square_px: float) -> float:
    return round(pixels / square_px * SQUARE_MM, 2)


def rate_right(error: float, rate_bpm: float) -> bool:
    """Whether a difference of rates is small enough, beats a minute."""
    return abs(error) <= max(MOST_RATE[0], MOST_RATE[1] * rate_bpm)


def _near(rate: float | None, known: float | None) -> bool | None:
    return None if rate is None or known is None else rate_right(rate - known, known)


def _place_faults(places: Places) -> dict[Fault, str]:
    told = {
        Fault.ELSEWHERE: places.elsewhere,
        Fault.ORIENTATION: places.turned,
        Fault.LEADS: places.misnamed,
        Fault.MISSING: places.missing,
    }
    return {fault: ", ".join(dict.fromkeys(names)) for fault, names in told.items() if names}


def _scale_error(reading: Reading, page: PrintedPage) -> tuple[float, float] | None:
    if reading.square_px is None or page.square_px is None:
        return None
    across, down = (seen / true - 1 for seen, true in zip(reading.square_px, page.square_px, strict=True))
    return round(across, 4), round(down, 4)


def _scale_faults(reading: Reading, page: PrintedPage, scale: tuple[float, float] | None) -> dict[Fault, str]:
    faults = {}
    if scale is not None and max(map(abs, scale)) > MOST_SCALE:
        faults[Fault.SCALE] = f"{scale[0]:+.1%} across, {scale[1]:+.1%} down"
    # Where several scales were tried, nothing was decided that is not so at each of them.
    if not any(not _differing(*one, page) for one in reading.tried):
        chest = reading.gain_mm_mv if reading.chest_gain_mm_mv is None else reading.chest_gain_mm_mv
        faults |= _differing(reading.speed_mm_s, reading.gain_mm_mv, chest, page)
    return faults


def _differing(speed: float | None, limb: float | None, chest: float | None, page: PrintedPage) -> dict[Fault, str]:
    """Speed and gains that are not the page's, of the leads that are on it; what is None is not held against it."""
    groups = {piece.lead.startswith("V") for piece in page.placed} or {False, True}
    true_chest = page.gain_mm_mv if page.chest_gain_mm_mv is None else page.chest_gain_mm_mv
    gains = [(chest, true_chest) if group else (limb, page.gain_mm_mv) for group in sorted(groups)]
    faults = {}
    for fault, pairs in ((Fault.SPEED, [(speed, page.speed_mm_s)]), (Fault.GAIN, gains)):
        for seen, true in pairs:
            if seen is not None and true is not None and abs(seen / true - 1) > MOST_SCALE:
                faults[fault] = f"{seen:g} for {true:g}"
    return faults


def _warned(fault: Fault, warnings: tuple[str, ...]) -> bool:
    return any(code.startswith(word) for code in warnings for word in _WORDS.get(fault, _PLACES))


def _reason_right(reading: Reading, page: PrintedPage) -> bool | None:
    if reading.answered:
        return None
    if not page.readable:
        return True
    named = _NAMED.findall(reading.message)
    if named:
        return named[0] == page.name
    rows = _ROWS.findall(reading.message)
    return int(rows[0]) == page.rows if rows else None


def totals(scored: Iterable[Scored]) -> dict[str, Any]:
    """Counts over pictures."""
    every = list(scored)
    rates = [one for one in every if one.rate_right is not None]
    return {
        "pictures": len(every),
        **{outcome.value: sum(one.outcome is outcome for one in every) for outcome in Outcome},
        "layout_right": sum(one.layout_right for one in every),
        "refused_for": dict(Counter(reason for one in every for reason in one.reasons)),
        "faults": dict(Counter(fault for one in every for fault in one.faults)),
        "rates": len(rates),
        "rates_right": sum(bool(one.rate_right) for one in rates),
        "rates_as_printed": sum(bool(one.as_printed) for one in rates),
    }
