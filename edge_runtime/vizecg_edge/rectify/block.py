"""The block of traces: which four rows belong together, where they begin and end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import cv2
import numpy as np

from vizecg.spec.sheet import BLOCK_MM
from vizecg_edge.rectify.pulses import Pulse, aligned_pulses, row_pulses
from vizecg_edge.rectify.reasons import Reason, refusal
from vizecg_edge.rectify.rows import Row, find_rows
from vizecg_edge.rectify.traces import PX_PER_MM

ROWS = 4
BAND_MM = 10.0
"""A row's ink is looked for this far above and below its baseline."""
GAP_MM = 4.0
SPACING_MM = (14.0, 72.0)
LEAST_FIT = 2.5
"""Mean over the rows of how well ink agrees with traces 250 mm long (3.5 at best, more with pulses; 2 by chance)."""
LEAST_COVER, LEAST_LIVELY = 0.5, 5
LIKE_LIVELY, STRAIGHT = 0.55, 1.25
PULSE_SEARCH_MM = (-12.0, 14.0)
"""Where right edges of pulses are looked for, relative to a first estimate of the beginning."""
WIDE_PULSE_MM = 4.0
PULSE_WEIGHT, PULSE_FIT = 10.0, 3.0
"""Pulses that stand in line outweigh the ends of the traces, which may be cut; their part in the fit of the block."""
RIGHT_PULSE_MM = (-5.0, 13.0)
"""Where pulses on the right have their inner edge, inwards from where the traces seem to end."""
CHANCE_WIDTH_MM = 3.3
"""QRS complexes above one another look like narrow pulses; wide ones are hardly ever seen by chance."""
LEAST_PULSES = {True: (2, 0.8), False: (3, 1.8)}
"""Least number of wide, and of narrow, pulses that count, and the least sum of their scores."""
PULSE_FOOT_MM, PULSE_GAP_RIGHT_MM = 1.4, (0.3, 5.0)
"""The flat line before a pulse on the right, and the distance of its edge from the end of the traces."""
SAME_BEGINNING = 0.15
CLEAR_ENDS, LARGEST_LOSS = 3.2, 0.5
"""Fit of the traces' ends (3.5 at best) from which they are clear, and what pulses may then cost of it."""
PULSE_GAP_WIDE_MM, PULSE_GAP_NARROW_MM = (-0.7, 4.5), (1.3, 6.5)
"""Distance from the pulse to the beginning of the traces: wide pulses touch the traces, narrow ones stand apart."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """One row with what is known of its ink.

    ``occupied``: (w,) float32, 1 where a column has ink near the baseline, small gaps closed. ``cover``: largest share
    of a 250 mm window that is occupied. ``lively``: number of 5 mm stretches with ink more than 2 mm high;
    ``steep``: more than 4.5 mm, which text never is.
    """

    row: Row
    occupied: np.ndarray
    cover: float
    lively: int
    steep: int


@dataclass(frozen=True, kw_only=True)
class Block:
    """The block found, in view pixels. ``left``: where the traces begin; ``score``: how well all fits.

    ``pulses``: number of calibration pulses 10 mm high that stand in line; ``pulse_width_mm``: their width.
    """

    left: float
    rows: tuple[float, ...]
    pulses: int
    pulse_width_mm: float
    score: float
    visible: float


def find_block(mask: np.ndarray, inside: np.ndarray) -> Block:
    """Ink mask (h, w) and mask of the photograph's inside -> the block of 3 x 4 leads and a rhythm strip.

    Raises:
        InputRefusedError: not_an_ecg, unsupported_layout or scale_uncertain.
    """
    bands = [band for band in (_band(mask, row) for row in find_rows(mask)) if band.cover >= LEAST_COVER]
    bands = [band for band in bands if band.lively >= LEAST_LIVELY]
    # The edge of a blank page's grid can pass for a row, but nothing on it is as high as an R wave.
    if not any(band.steep for band in bands):
        raise refusal(Reason.NOT_AN_ECG, "no rows of traces")
    pulses = [row_pulses(mask, band.row.y) for band in bands]
    chosen = _choose(bands, pulses)
    if chosen is None:
        raise refusal(Reason.UNSUPPORTED_LAYOUT, f"{len(bands)} rows of traces")
    four = [bands[i] for i in chosen]
    on_left = [pulses[i] for i in chosen]
    left, score, seen = _left_edge(four, on_left, inside)
    # A printout has pulses at one end.
    on_right = [] if len(seen) >= ROWS - 1 and _wide(seen) else _pulses_on_the_right(mask, four, left)
    if on_right:
        # Whatever lies beside the traces is no part of them.
        inner = float(np.median([pulse.left for pulse in on_right]))
        cut = [_ending(band, inner - PULSE_FOOT_MM * PX_PER_MM) for band in four]
        again = _left_edge(cut, on_left, inside, inner=inner)
        if _begins(cut, again[0]) >= _begins(four, left) - SAME_BEGINNING:
            four, (left, score, seen) = cut, again
            seen = max(seen, on_right, key=len)
    others = [band for i, band in enumerate(bands) if i not in chosen and _belongs(band, four, left)]
    if others:
        raise refusal(Reason.UNSUPPORTED_LAYOUT, f"{ROWS + len(others)} rows of traces")
    if score < LEAST_FIT:
        raise refusal(Reason.SCALE_UNCERTAIN, f"the traces are not {BLOCK_MM:.0f} mm long")
    return Block(
        left=left,
        rows=tuple(band.row.y for band in four),
        pulses=len(seen),
        pulse_width_mm=float(np.median([pulse.width_mm for pulse in seen])) if seen else 0.0,
        score=score,
        visible=_visible(inside, left, round(four[0].row.y), round(four[-1].row.y)),
    )


def _band(mask: np.ndarray, row: Row) -> Band:
    reach = round(BAND_MM * PX_PER_MM)
    y = round(row.y)
    part = mask[max(0, y - reach) : y + reach + 1]
    gap = np.ones((1, round(GAP_MM * PX_PER_MM)), np.uint8)
    columns = part.max(axis=0)[None]
    closed = cv2.morphologyEx(cv2.copyMakeBorder(columns, 0, 0, 20, 20, cv2.BORDER_CONSTANT), cv2.MORPH_CLOSE, gap)
    occupied = closed[0, 20:-20].astype(np.float32)
    window = min(round(BLOCK_MM * PX_PER_MM), len(occupied))
    sums = np.cumsum(np.pad(occupied, (1, 0)))
    cover = float((sums[window:] - sums[:-window]).max()) / (BLOCK_MM * PX_PER_MM)
    lively, steep = _lively(part, (2.0, 4.5))
    return Band(row=row, occupied=occupied, cover=cover, lively=lively, steep=steep)


def _lively(part: np.ndarray, highs_mm: tuple[float, ...]) -> tuple[int, ...]:
    """Number of 5 mm stretches of a band in which some connected ink is more than so high, for each of the heights."""
    _, _, stats, centres = cv2.connectedComponentsWithStats(part, connectivity=8)
    # A long trace is one component: its columns are judged by their own extent.
    heights = part.sum(axis=0)
    numbers = []
    for high_mm in highs_mm:
        tall = stats[1:, cv2.CC_STAT_HEIGHT] > high_mm * PX_PER_MM
        steep = np.flatnonzero(heights >= 0.65 * high_mm * PX_PER_MM)
        places = np.concatenate([centres[1:][tall, 0], steep]) // (5 * PX_PER_MM)
        numbers.append(len(np.unique(places.astype(int))))
    return tuple(numbers)


def _choose(bands: list[Band], pulses: list[list[Pulse]]) -> tuple[int, ...] | None:
    """The four rows that fit together best; None if no four do."""
    best, best_score = None, -np.inf
    strongest = sorted(sorted(range(len(bands)), key=lambda i: -bands[i].row.strength)[:9])
    for four in combinations(strongest, ROWS):
        spacing = np.diff([bands[i].row.y for i in four]) / PX_PER_MM
        if spacing.min() < SPACING_MM[0] or spacing.max() > SPACING_MM[1]:
            continue
        # Rows of one block begin and end together.
        common = np.min([bands[i].occupied for i in four], axis=0)
        total = np.max([bands[i].occupied for i in four], axis=0)
        together = float(common.sum() / max(total.sum(), 1.0))
        aligned = aligned_pulses([pulses[i] for i in four], low_px=0.0, high_px=0.4 * len(common))
        score = 4 * together + sum(bands[i].cover for i in four) + 0.5 * sum(p.score for p in aligned)
        score -= float(spacing.max() - spacing.min()) / 40
        if score > best_score:
            best, best_score = four, score
    return best


def _left_edge(
    four: list[Band], pulses: list[list[Pulse]], inside: np.ndarray, *, inner: float | None = None
) -> tuple[float, float, list[Pulse]]:
    """Where the traces begin (view pixels), a score, and the pulses used.

    The right ends of the traces are the sharpest mark: nothing follows them but pulses, whose ``inner`` edge limits
    them where it is known. Pulses near the beginning found that way then limit it, and decide when the right ends lie
    outside the photograph.
    """
    width = len(four[0].occupied)
    span = round(BLOCK_MM * PX_PER_MM)
    starts = np.arange(-(span // 2), width - span // 2)
    ends = np.zeros(len(starts))
    for band in four:
        reach = round(BAND_MM * PX_PER_MM)
        known = inside[max(0, round(band.row.y) - reach) : round(band.row.y) + reach].max(axis=0) > 0
        ends += _fit_of_starts(band.occupied * known, known, starts)
    if inner is not None:
        gap = (inner - starts - span) / PX_PER_MM
        nearest, farthest = PULSE_GAP_RIGHT_MM
        ends += np.where((gap >= nearest) & (gap <= farthest), 1.0, 0.0)
    by_ends = int(np.argmax(ends))
    low, high = (float(starts[by_ends]) + offset * PX_PER_MM for offset in PULSE_SEARCH_MM)
    aligned = aligned_pulses(pulses, low_px=low, high_px=high)
    total, fit = ends.copy(), ends.copy()
    if _believed(aligned):
        wide = float(np.median([p.width_mm for p in aligned])) >= WIDE_PULSE_MM
        nearest, farthest = PULSE_GAP_WIDE_MM if wide else PULSE_GAP_NARROW_MM
        gap = (starts - float(np.median([p.right for p in aligned]))) / PX_PER_MM
        total += np.where((gap >= nearest) & (gap <= farthest), PULSE_WEIGHT, 0.0)
        fit += PULSE_FIT
        total -= 0.03 * np.abs(np.clip(gap, -10, 10) - (0.5 if wide else 3.0))
    else:
        aligned = []
    best = int(np.argmax(total))
    if ends[by_ends] >= CLEAR_ENDS * ROWS and ends[best] < ends[by_ends] - LARGEST_LOSS * ROWS:
        # Broad QRS complexes that stand in line look like pulses, but the traces would then end where none ends.
        best, fit, aligned = by_ends, ends, []
    return float(starts[best]), float(fit[best]) / ROWS, aligned


def _pulses_on_the_right(mask: np.ndarray, four: list[Band], left: float) -> list[Pulse]:
    """Pulses that stand in line where the traces seem to end; they would be taken for their last millimetres, and
    the whole sheet be read from too far to the right. Empty where there are none."""
    width = mask.shape[1]
    mirrored = [row_pulses(mask[:, ::-1], band.row.y) for band in four]
    end = width - (left + BLOCK_MM * PX_PER_MM)
    low, high = (end + offset * PX_PER_MM for offset in RIGHT_PULSE_MM)
    aligned = aligned_pulses(mirrored, low_px=low, high_px=high)
    if not _believed(aligned):
        return []
    return [Pulse(left=width - 1 - p.right, right=width - 1 - p.left, score=p.score) for p in aligned]


def _believed(pulses: list[Pulse]) -> bool:
    """Whether pulses in line are no chance."""
    if not pulses:
        return False
    least, least_score = LEAST_PULSES[_wide(pulses)]
    return len(pulses) >= least and sum(pulse.score for pulse in pulses) >= least_score


def _wide(pulses: list[Pulse]) -> bool:
    return float(np.median([pulse.width_mm for pulse in pulses])) >= CHANCE_WIDTH_MM


def _ending(band: Band, end: float) -> Band:
    """The band without its ink right of ``end``."""
    occupied = band.occupied.copy()
    occupied[max(0, round(end)) :] = 0
    return replace(band, occupied=occupied)


def _begins(four: list[Band], left: float) -> float:
    """How clearly the rows begin at ``left``: share of ink in the 3 mm after it less that in the 6 mm before."""
    total = 0.0
    for band in four:
        padded = np.pad(band.occupied, 30)
        x = round(left) + 30
        after, before = padded[x : x + round(3 * PX_PER_MM)], padded[max(0, x - round(7 * PX_PER_MM)) : max(0, x - 2)]
        total += float(after.mean() if after.size else 0.0) - float(before.mean() if before.size else 0.0)
    return total / len(four)


def _fit_of_starts(occupied: np.ndarray, known: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """How well one row's ink (w,) agrees with traces that begin at each of ``starts`` (n,) and are 250 mm long."""
    pad = round(BLOCK_MM * PX_PER_MM)
    ink = np.cumsum(np.pad(occupied, (pad + 1, pad)).astype(np.float64))
    seen = np.cumsum(np.pad(known, (pad + 1, pad)).astype(np.float64))

    def stretch(low_mm: float, high_mm: float) -> tuple[np.ndarray, np.ndarray]:
        """Occupied share (0.5 where nothing is known) and known share of a stretch that lies relative to each start."""
        low = starts + pad + round(low_mm * PX_PER_MM)
        high = starts + pad + round(high_mm * PX_PER_MM)
        visible = seen[high] - seen[low]
        return (ink[high] - ink[low] + 1) / (visible + 2), visible / (high - low)

    whole, visible = stretch(0, BLOCK_MM)
    right = stretch(BLOCK_MM - 8, BLOCK_MM)[0] - stretch(BLOCK_MM + 0.7, BLOCK_MM + 8.7)[0]
    left = stretch(0, 8)[0] - stretch(-18, -10)[0]
    return np.asarray(2 * whole * visible + right + 0.5 * left)


def _belongs(band: Band, four: list[Band], left: float) -> bool:
    """Whether a further row is like the four of the block and near them: then the printout has another layout."""
    rows = [other.row.y for other in four]
    spacing = np.diff(rows)
    away = min(abs(band.row.y - y) for y in rows)
    if away > 1.45 * spacing.max():
        return False
    low, high = max(0, round(left)), round(left + BLOCK_MM * PX_PER_MM)
    cover = band.occupied[low:high].mean() / max(1e-6, min(b.occupied[low:high].mean() for b in four))
    lively = band.steep / max(1.0, float(np.median([b.steep for b in four])))
    strengths = [b.row.strength for b in four]
    like = 0.4 * float(np.median(strengths)) < band.row.strength < STRAIGHT * max(strengths)
    # The edge of the page or of its grid is as long as a row, but nearly straight.
    return bool(cover > 0.9 and lively > LIKE_LIVELY and like)


def _visible(inside: np.ndarray, left: float, top: int, bottom: int) -> float:
    """Share of the block, from 8 mm above the first baseline to 5 mm below the last, that the photograph shows."""
    low, high = round(left), round(left + BLOCK_MM * PX_PER_MM)
    above, below = top - round(8 * PX_PER_MM), bottom + round(5 * PX_PER_MM)
    part = inside[max(0, above) : below, max(0, low) : max(0, high)]
    return float((part > 0).sum()) / max(1, (high - low) * (below - above))
