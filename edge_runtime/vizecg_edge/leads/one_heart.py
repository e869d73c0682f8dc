"""Whether all leads of a page are of one heart: they beat together, and each limb lead is the sum that it must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vizecg_edge.leads.beats import QRS_S, Run, gathered, slopes
from vizecg_edge.leads.signals import Leads, LeadTrace

CLEAR_CREST = 6.0
"""The fastest hundredths of a lead with clear beats, over the usual slope; of noise they are 2.6 times as fast."""
FASTEST = 0.03
LEAST_S = 1.5
LEAST_OTHERS = 2
SUMS: tuple[tuple[tuple[str, float], ...], ...] = (
    (("I", 1.0), ("III", 1.0), ("II", -1.0)),
    (("aVR", 1.0), ("aVL", 1.0), ("aVF", 1.0)),
    (("aVR", 1.0), ("I", 0.5), ("II", 0.5)),
    (("aVL", 1.0), ("I", -0.5), ("III", 0.5)),
    (("aVF", 1.0), ("II", -0.5), ("III", -0.5)),
)
"""Einthoven's and Goldberger's: each is nothing."""
COLUMN_SUMS = SUMS[:2]
"""Those of columns of three."""
PART_S, LEAST_PARTS, LEAST_SHARE = 0.8, 2, 0.7
"""Sums are looked at in parts so long, and told by the middle one of those of which so much is seen."""
LEAST_ALIKE, MOST_STRANGE = 0.25, 1
"""Correlations of how fast they move below the first are those of leads of two hearts; one lead may be misread. Of 38
photographs, 48 printouts and 200 records of PTB-XL's fold 9 the second strangest lead has 0.43 or more, the strangest
strip 0.59; with a row of another record's leads half of them have less than 0."""
SURELY_ALIKE = 0.7
MOST_REST = 0.8
"""Of those photographs and printouts with two triples the largest is 0.54; with all six limb leads one of low waves is
0.85, and the next 0.63."""
LEAST_MV2 = 0.002
"""Less power than this is no wave."""


def apart(runs: Sequence[Run], leads: Leads, *, timed: bool = True) -> str:
    """What of a page is not of the same heart as the rest, in a few words for people; empty where nothing is told.

    Args:
        runs: the beats of the page.
        leads: as they were read.
        timed: whether the speed is known: at another a QRS is no QRS, and only sums of leads are told.
    """
    found = alike(runs if timed else (), leads.sampling_rate)
    strange = dict.fromkeys(trace.lead for trace, told in found.leads if told < LEAST_ALIKE and not trace.strip)
    if len(strange) > MOST_STRANGE:
        return f"{', '.join(strange)} do not beat with the other leads"
    if any(told < LEAST_ALIKE for trace, told in found.leads if trace.strip) or _has_strange_column(found.columns):
        return "a rhythm strip does not beat with the leads above it"
    every = rests(leads)
    wrong = [words for words, rest in every.items() if rest > MOST_REST]
    # Of all six limb leads each is in several sums.
    return f"{wrong[0]} do not add up" if len(wrong) > (len(every) > len(COLUMN_SUMS)) else ""


def _has_strange_column(columns: Sequence[float]) -> bool:
    """Whether some columns do not beat with the strip where all others do; some recorders leave gaps between columns,
    after which each is later than the one before."""
    rest = [told for told in columns if told >= LEAST_ALIKE]
    return len(rest) < len(columns) and min(rest, default=0.0) > SURELY_ALIKE


@dataclass(frozen=True, kw_only=True)
class Alike:
    """How far what is printed moves when the rest of its time does: correlations of how fast both move.

    ``leads``: each stretch with clear beats against all others. ``columns``: each column against the strips.
    """

    leads: tuple[tuple[LeadTrace, float], ...]
    columns: tuple[float, ...]


def alike(runs: Sequence[Run], rate: float) -> Alike:
    """How far the leads of runs beat together; what is seen of too briefly, or beside too few others, is left out."""
    leads: list[tuple[LeadTrace, float]] = []
    columns: list[float] = []
    for run in runs:
        mv = gathered(run.traces, run.start_s, round((run.end_s - run.start_s) * rate))
        known = np.isfinite(mv)
        size = np.abs(slopes(mv, rate))
        moves = np.stack([_moves(row, seen, rate) for row, seen in zip(size, known, strict=True)])
        clear = [bool(seen.any()) and _crest(row[seen]) >= CLEAR_CREST for row, seen in zip(size, known, strict=True)]
        for number, trace in enumerate(run.traces):
            rest = [k for k in range(len(moves)) if k != number and run.traces[k].lead != trace.lead]
            if clear[number] and (told := _alike(moves, known, [number], rest, rate)) is not None:
                leads.append((trace, told))
        strips = [k for k, trace in enumerate(run.traces) if trace.strip and clear[k]]
        for start in dict.fromkeys(trace.start_s for trace in run.traces if not trace.strip):
            column = [
                k for k, trace in enumerate(run.traces) if trace.start_s == start and not trace.strip and clear[k]
            ]
            if len(column) >= LEAST_OTHERS and strips:
                told = _alike(moves, known, column, strips, rate, least=1)
                columns += [] if told is None else [told]
    return Alike(leads=tuple(leads), columns=tuple(columns))


def _alike(
    moves: np.ndarray,
    known: np.ndarray,
    some: Sequence[int],
    others: Sequence[int],
    rate: float,
    *,
    least: int = LEAST_OTHERS,
) -> float | None:
    """Correlation of the mean movements of two groups of rows, where at least so many of the others are seen."""
    if not others:
        return None
    here, there = known[list(some)].sum(axis=0), known[list(others)].sum(axis=0)
    shared = (here > 0) & (there >= least)
    if shared.sum() < LEAST_S * rate:
        return None
    one, other = (
        moves[list(rows)].sum(axis=0)[shared] / count[shared] for rows, count in ((some, here), (others, there))
    )
    return float(np.corrcoef(one, other)[0, 1]) if min(one.std(), other.std()) > 0 else None


def _moves(size: np.ndarray, known: np.ndarray, rate: float) -> np.ndarray:
    """How fast a lead moves, of its own fastest, smoothed by the length of a QRS, (samples,)."""
    width = round(QRS_S * rate)
    window = np.hanning(width + 2)[1:-1]
    fastest = np.sort(size[known])[-max(1, round(FASTEST * known.sum())) :].mean() if known.any() else 1.0
    return np.where(
        known, np.convolve(np.minimum(size / max(float(fastest), 1e-6), 1.5), window / window.sum(), "same"), 0.0
    )


def _crest(size: np.ndarray) -> float:
    own = np.sort(size)
    return float(own[-max(3, round(FASTEST * len(own))) :].mean() / max(float(own[len(own) // 2]), 1e-6))


def rests(leads: Leads) -> dict[str, float]:
    """What is left of each sum of limb leads that begin together, as a share of what they are made of: about 0 where
    the leads are what they are called, 1 for leads that have nothing to do with each other. By its words."""
    told: dict[str, float] = {}
    plain = [trace for trace in leads.traces if not trace.strip]
    for start in dict.fromkeys(trace.start_s for trace in plain):
        here = {trace.lead: trace for trace in plain if trace.start_s == start}
        for terms in SUMS:
            if all(lead in here for lead, _ in terms):
                told[" ".join(lead for lead, _ in terms)] = _rest([(here[lead], factor) for lead, factor in terms])
    return told


def _rest(terms: Sequence[tuple[LeadTrace, float]]) -> float:
    length = min(len(trace.mv) for trace, _ in terms)
    parts = np.stack([factor * trace.mv[:length] for trace, factor in terms])
    rate = terms[0][0].sampling_rate
    told = []
    # A pulse or a rule that was taken for a trace spoils one part of it.
    for part in np.array_split(parts, max(1, round(length / (PART_S * rate))), axis=1):
        known = part[:, np.isfinite(part).all(axis=0)]
        if known.shape[1] >= LEAST_SHARE * part.shape[1]:
            known = known - np.median(known, axis=1, keepdims=True)
            power = float((known**2).mean(axis=1).sum())
            told.append(float((known.sum(axis=0) ** 2).mean()) / (power + LEAST_MV2))
    return float(np.median(told)) if len(told) >= LEAST_PARTS else 0.0
