"""Which way up a block of traces is, by what they say: the leads obey identities, and time runs one way.

Turned by half a turn, traces are read backwards and upside down, and the rhythm strip becomes the first row. What then
no longer holds: lead II is the sum of I and III, and the augmented leads add up to nothing; the strip repeats lead II
and has the same beats all along, while the other rows change their lead three times; after each QRS complex follows
its T wave.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import cv2
import numpy as np

from vizecg.spec.sheet import BLOCK_MM
from vizecg_edge.rectify.traces import PX_PER_MM

COLUMNS = 4
NAME_MM = 9.0
"""A lead's name stands above the beginning of its trace."""
LEAST_INK_MM = 4.2
"""Connected ink smaller than this is a letter or a speck."""
APART_MM, WORD_MM = 2.0, 5.5
"""Ink this far from the baseline and no higher than a word is left out."""
BRIDGE = (5, 7)
"""Gaps in the ink up to this many pixels (down, across) are bridged."""
LEAST_REST, LEAST_POWER = 0.05, 0.05
"""Smaller rests than the first are the width of the pen; less power (mm^2) than the second is no wave."""
SMOOTH_PX = 1.6
BEAT_MM, SEARCH_MM = 9.0, 4.0
"""Length of the stretch around a QRS complex that is sought in other columns, and how far from a column's end."""
WAVE_MM = (2.5, 10.0)
"""Where the T wave lies after the QRS complex: 100 to 400 ms."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What speaks for a way up. ``waves`` lies between -1 and 1, the others between about -1 (little) and 3 (all).

    ``limb``: I + III = II. ``augmented``: aVR + aVL + aVF = 0. ``strip``: the last row repeats the second. ``rhythm``:
    the last row has the same beats in all columns. ``waves``: more happens after the QRS complexes than before.
    """

    limb: float
    augmented: float
    strip: float
    rhythm: float
    waves: float

    def against(self, other: Evidence) -> np.ndarray:
        """(5,) differences from the evidence for another way up."""
        return np.array(astuple(self)) - np.array(astuple(other))


def trace_signals(mask: np.ndarray, rows: tuple[float, ...], left: float) -> np.ndarray:
    """Ink mask (h, w), baselines and beginning of the traces -> (rows, samples) float32 heights in mm, up positive.

    One sample per view pixel; 0 on the baseline and where there is no ink.
    """
    samples = round(BLOCK_MM * PX_PER_MM)
    start = round(left)
    signals = np.zeros((len(rows), samples), np.float32)
    low, high = max(0, start), min(mask.shape[1], start + samples)
    if high - low < samples // 2:
        return signals
    baselines = np.array(rows)
    spacing = float(np.min(np.diff(baselines)))
    # Nothing further away belongs to the rows.
    above, beside = max(0, round(rows[0] - spacing)), max(0, low - round(LEAST_INK_MM * PX_PER_MM))
    mask = mask[above : round(rows[-1] + spacing) + 1, beside : high + round(LEAST_INK_MM * PX_PER_MM)]
    baselines, low, high, start = baselines - above, low - beside, high - beside, start - beside
    # Grid lines that were taken out have cut the traces into dashes.
    _, labels, stats, centres = cv2.connectedComponentsWithStats(cv2.dilate(mask, np.ones(BRIDGE, np.uint8)))
    large = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) >= LEAST_INK_MM * PX_PER_MM
    large[0] = False
    distance = np.abs(centres[:, 1][:, None] - baselines[None])
    tall = large & (stats[:, cv2.CC_STAT_HEIGHT] > spacing)
    for index, y in enumerate(baselines.tolist()):
        # A tall wave may reach into the next row's band, but its middle is nearer its own.
        # Words, and what is left of grid lines, are low and stand away from the baseline.
        upper, lower = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT]
        apart = np.maximum(upper - y, y - lower) > APART_MM * PX_PER_MM
        low_ink = apart & (stats[:, cv2.CC_STAT_HEIGHT] < WORD_MM * PX_PER_MM)
        own = large & ~tall & ~low_ink & (distance.argmin(axis=1) == index) & (distance[:, index] < 0.5 * spacing)
        top, bottom = max(0, round(y - 0.9 * spacing)), min(mask.shape[0], round(y + 0.9 * spacing) + 1)
        part = np.s_[top:bottom, low:high]
        band = own.view(np.uint8)[labels[part]]
        # What joins two rows is divided half way between them.
        near = np.s_[max(0, round(y - spacing / 2)) - top : round(y + spacing / 2) - top]
        band[near] |= tall.view(np.uint8)[labels[part][near]]
        band = (band & mask[part]).astype(np.float32)
        ink = band.sum(axis=0)
        middle = ((y - np.arange(top, bottom, dtype=np.float32)) @ band) / np.maximum(ink, 1)
        seen = np.flatnonzero(ink > 0)
        if len(seen) > 10:
            signals[index, low - start : high - start] = np.interp(np.arange(high - low), seen, middle[seen])
    return cv2.GaussianBlur(signals / PX_PER_MM, (0, 0), SMOOTH_PX, sigmaY=1e-3, borderType=cv2.BORDER_REPLICATE)


def turned(signals: np.ndarray) -> np.ndarray:
    """The signals (rows, samples) of the same paper turned by half a turn."""
    return np.ascontiguousarray(-signals[::-1, ::-1])


def leads_of(signals: np.ndarray) -> np.ndarray:
    """(rows, samples) -> (rows, 4, samples of one column)."""
    width = signals.shape[1] // COLUMNS
    return signals[:, : COLUMNS * width].reshape(len(signals), COLUMNS, width)


def centred_leads(signals: np.ndarray) -> np.ndarray:
    """The leads about their own medians, without the stretch in which their names stand."""
    leads = leads_of(signals)[:, :, round(NAME_MM * PX_PER_MM) : -3]
    return np.asarray(leads - np.median(leads, axis=2, keepdims=True))


def evidence_for(signals: np.ndarray) -> Evidence:
    """(4, samples) heights in mm -> what speaks for this way up."""
    columns = centred_leads(signals)
    first, second = columns[:, 0], columns[:, 1]
    return Evidence(
        limb=cancels(first[0], -first[1], first[2]),
        augmented=cancels(second[0], second[1], second[2]),
        strip=max(0.0, cancels(first[3], -first[1])),
        rhythm=_surprise(1 - _same_beats(columns[3])),
        waves=_waves(columns),
    )


def cancels(*parts: np.ndarray) -> float:
    """How nearly signals add up to nothing: 0 as little as unrelated ones, more than 2 within a few hundredths, below 0
    where they strengthen each other."""
    single = sum(float(np.mean(part**2)) for part in parts)
    together = float(np.mean(np.sum(parts, axis=0) ** 2))
    return _surprise(together / max(single, LEAST_POWER))


def _surprise(rest: float) -> float:
    """The logarithm that makes 0.02 of a rest as much better than 0.1 as that is than 0.3."""
    return float(-np.log(max(rest, 0.0) + LEAST_REST))


def _same_beats(columns: np.ndarray) -> float:
    """(4, samples) -> mean over pairs of columns of how well the beat of one is found in the other, -1..1."""
    half, edge = round(BEAT_MM * PX_PER_MM / 2), round(SEARCH_MM * PX_PER_MM)
    likeness = []
    for i, column in enumerate(columns):
        inner = np.abs(column[edge + half : -edge - half])
        middle = int(np.argmax(inner)) + edge + half
        beat = column[middle - half : middle + half + 1][None]
        if float(beat.std()) < 0.1:
            continue
        for j, other in enumerate(columns):
            if i != j:
                likeness.append(float(cv2.matchTemplate(other[None], beat, cv2.TM_CCOEFF_NORMED).max()))
    return float(np.mean(likeness)) if likeness else 0.0


def _waves(columns: np.ndarray) -> float:
    """(rows, 4, samples) -> -1..1, how much more lies after the QRS complexes than before them."""
    near, far = (round(mm * PX_PER_MM) for mm in WAVE_MM)
    after = before = 1e-3
    for column in columns.reshape(-1, columns.shape[-1]):
        slope = np.abs(np.gradient(column))
        steep = cv2.blur(slope[None], (7, 1))[0]
        limit = 0.6 * float(steep.max())
        peaks = np.flatnonzero((steep == cv2.dilate(steep[None], np.ones((1, 31), np.uint8))[0]) & (steep > limit))
        height = max(float(np.abs(column).max()), 1.0)
        for peak in peaks:
            if peak - far < 0 or peak + far >= len(column):
                continue
            after += float(np.var(column[peak + near : peak + far])) / height**2
            before += float(np.var(column[peak - far : peak - near])) / height**2
    return float((after - before) / (after + before))
