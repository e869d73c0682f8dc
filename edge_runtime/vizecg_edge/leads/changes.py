"""Where the rows of a page change from one lead to another: beats that follow each other in a row are alike within a
lead, and seldom from one to the next."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import cached_property

import cv2
import numpy as np

from vizecg_edge.leads.forwards import forward_logit
from vizecg_edge.leads.layout import Piece
from vizecg_edge.rectify.traces import PX_PER_MM

BEFORE_MM, AFTER_MM = 3.0, 8.0
"""What of a beat is compared, about its steepest place: P is left out, T is in."""
APART_MM = 6.0
LEAST_STEEP = 0.35
LEAST_USUAL = 0.6
"""Of the upper half's median steepness: T waves are less steep than QRS complexes."""
BEAT_PX, LEAST_SLOPE = 4, 0.01
SLACK_PX = 2
"""Beats are compared at their best place within so many pixels."""
ALIKE, UNLIKE = 0.1, 0.5
"""Mean difference of two beats of one lead and of two leads, as a share of their power; exponential both."""
LEAST, MOST = -1.2, 1.6
"""What a pair of beats says at least and at most, in logits: one of them may be an extra beat."""
WEIGHT = 0.6
"""Rows of one page have their extra beats and their wandering baselines in common."""
LEAST_ROW = -3.0
"""What a row says at least, in logits: where no two neighbours are alike its trace could not be followed, or its beats
are each of their own."""
LEAST_POWER = 0.08


class BeatChanges:
    """The beats that the rows of a page have in common, and how alike neighbours are.

    Args:
        heights: (rows, w) float32 mm, ``PX_PER_MM`` samples a millimetre.
        left_mm, right_mm: where the rows begin and end.

    ``forward``: logits that time runs to the right, see ``forward_logit``.
    """

    def __init__(self, heights: np.ndarray, *, left_mm: float, right_mm: float) -> None:
        low, high = max(0, round(left_mm * PX_PER_MM)), min(heights.shape[1], round(right_mm * PX_PER_MM))
        self.width = heights.shape[1]
        self.beats = low + _beats(heights[:, low:high])
        self.differences = _differences(heights, self.beats)
        self.slopes = np.abs(np.gradient(heights, axis=1))
        self.within = np.zeros(self.width, bool)
        self.within[low:high] = True
        self.forward = forward_logit(heights, self.beats, self.within)
        self._known: dict[tuple[float, float], tuple[list[float], list[float]]] = {}

    def turned(self) -> BeatChanges:
        """The same of the page turned by half a turn."""
        other = copy(self)
        vars(other).pop("logits", None)
        other._known = {}
        other.beats = (self.width - 1 - self.beats)[::-1]
        other.forward = -self.forward
        other.differences = self.differences[::-1, ::-1]
        other.slopes, other.within = self.slopes[::-1, ::-1], self.within[::-1]
        return other

    @property
    def beats_mm(self) -> np.ndarray:
        """(n,) where the beats' steepest places are."""
        return np.asarray(self.beats / PX_PER_MM)

    def follows(self, row: int) -> float:
        """How much steeper a row is at the common beats than elsewhere: about 1 for text and edges of the grid."""
        if not len(self.beats):
            return 0.0
        slope = self.slopes[row]
        near = np.zeros(len(slope), bool)
        for beat in self.beats:
            near[max(0, beat - BEAT_PX) : beat + BEAT_PX + 1] = True
        near, far = near & self.within, ~near & self.within
        return float(slope[near].mean() / max(slope[far].mean(), LEAST_SLOPE)) if near.any() and far.any() else 0.0

    def score(self, pieces: Sequence[Piece], *, first: int) -> float:
        """How well pieces, whose row 0 is row ``first``, agree with the changes, in logits."""
        if len(self.beats) < 2:
            return 0.0
        rows: dict[int, float] = {}
        for piece in pieces:
            within, crossing = self._sums(piece.left_mm, piece.right_mm)
            told = within[first + piece.row] - (0.0 if piece.strip else crossing[first + piece.row])
            rows[piece.row] = rows.get(piece.row, 0.0) + told
        return sum(max(WEIGHT * told, LEAST_ROW) for told in rows.values())

    def _sums(self, left_mm: float, right_mm: float) -> tuple[list[float], list[float]]:
        """For every row, the logits of the pairs of beats within a stretch, and of the pair across its end."""
        if (left_mm, right_mm) not in self._known:
            at = self.beats_mm
            inside = (at > left_mm) & (at < right_mm)
            within = inside[:-1] & inside[1:]
            # Unless a beat is cut by the end.
            clear = (right_mm - at[:-1] > BEFORE_MM) & (at[1:] - right_mm > BEFORE_MM)
            crossing = inside[:-1] & ~inside[1:] & clear
            sums = self.logits @ np.stack([within, crossing], axis=1)
            self._known[left_mm, right_mm] = sums[:, 0].tolist(), sums[:, 1].tolist()
        return self._known[left_mm, right_mm]

    @cached_property
    def logits(self) -> np.ndarray:
        """(rows, n - 1) that two neighbours are of one lead."""
        told = np.log(UNLIKE / ALIKE) - self.differences * (1 / ALIKE - 1 / UNLIKE)
        return np.asarray(np.clip(np.nan_to_num(told), LEAST, MOST))


def _beats(heights: np.ndarray) -> np.ndarray:
    """(n,) columns in which most of the rows are steep at once."""
    if heights.shape[1] < 3 * APART_MM * PX_PER_MM:
        return np.zeros(0, int)
    slope = np.abs(np.gradient(heights, axis=1))
    # Each row counts alike, whatever its amplitude.
    scale = np.maximum(np.percentile(slope, 98, axis=1, keepdims=True), 0.15)
    steep = cv2.GaussianBlur(np.minimum(slope / scale, 1.5).mean(axis=0)[None], (0, 0), 2.5)[0]
    wide = 2 * round(APART_MM * PX_PER_MM) + 1
    peaks = (steep == cv2.dilate(steep[None], np.ones((1, wide), np.uint8))[0]) & (steep > LEAST_STEEP * steep.max())
    found = np.flatnonzero(peaks)
    if len(found):
        found = found[steep[found] > LEAST_USUAL * np.median(np.sort(steep[found])[len(found) // 2 :])]
    return found


def _differences(heights: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """(rows, n - 1) how unlike neighbours are, 0 to about 2; NaN where there is nothing to compare.

    Where the next beat but one, or the last but one, is more alike, that counts: a steep T wave may stand between two
    QRS complexes, or an extra beat.
    """
    if len(beats) < 2:
        return np.zeros((len(heights), 0))
    before, after = round(BEFORE_MM * PX_PER_MM), round(AFTER_MM * PX_PER_MM)
    length = before + after
    padded = np.pad(heights, ((0, 0), (before + SLACK_PX, after + SLACK_PX)), mode="edge")
    cuts = padded[:, beats[:, None] + np.arange(length + 2 * SLACK_PX)]
    cuts -= np.median(cuts, axis=2, keepdims=True)
    next_one = _unlike(cuts, 1, length)
    if len(beats) > 2:
        but_one = _unlike(cuts, 2, length)
        next_one[:, :-1] = np.fmin(next_one[:, :-1], but_one)
        next_one[:, 1:] = np.fmin(next_one[:, 1:], but_one)
    return next_one


def _unlike(cuts: np.ndarray, step: int, length: int) -> np.ndarray:
    """(rows, n - step) how unlike each of the cuts (rows, n, samples) is to the one ``step`` further."""
    one = cuts[:, :-step, SLACK_PX : SLACK_PX + length]
    others = np.lib.stride_tricks.sliding_window_view(cuts[:, step:], length, axis=2)
    rest = ((others - one[:, :, None]) ** 2).mean(axis=3)
    best = rest.argmin(axis=2)[..., None]
    power = (one**2).mean(axis=2) + np.take_along_axis((others**2).mean(axis=3), best, axis=2)[..., 0]
    told = np.take_along_axis(rest, best, axis=2)[..., 0] / np.maximum(power, LEAST_POWER)
    return np.asarray(np.where(power > LEAST_POWER, told, np.nan))
