"""What pulses and the sizes of the traces say about speed and gains: what is possible, and how likely it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from vizecg_edge.leads.layout import RHYTHM, CalibrationPulse, PageLayout, Piece, Timing
from vizecg_edge.leads.signals import Leads

SPEED_PRIOR = {12.5: 0.0025, 25.0: 0.95, 50.0: 0.045, 100.0: 0.0025}
GAIN_PRIOR = {2.5: 0.005, 5.0: 0.03, 10.0: 0.93, 20.0: 0.015}
APART_PRIOR = {10.0: 0.02, 20.0: 0.002, 5.0: 0.001}
"""How usual settings are on pages of twelve leads, by judgement; ``APART_PRIOR``: chest leads at half the limb leads'
gain, by this. They weigh what is possible, and rule nothing out but with everything else that is known."""
RATES_BPM, QRS_MS, QTC_MS = (25.0, 250.0), (50.0, 220.0), (290.0, 620.0)
"""Of hearts, the last by Fridericia's rule."""
QRS_OFF_MS, QT_OFF_MS = 12.0, 30.0
"""How far measured durations may be off."""
MISMEASURED, NOT_MEASURED = 0.05, 0.3
"""Rates and durations that no heart has at a speed weigh so much against it, and each that cannot be measured at it so
much: both may be due to how the page is seen."""
BEAT_MEAN = np.array([4.272, 4.527, 5.969])
BEAT_COVARIANCE = np.array([[0.0423, -0.0022, -0.0138], [-0.0022, 0.024, 0.0038], [-0.0138, 0.0038, 0.008]])
"""Of the natural logarithm of rate (a minute), QRS and QT (ms) of 1,499 records of PTB-XL's folds 1 to 8, each as a 3x4
page with a strip shows it; 3 in 100 that are far off are left out."""
BEAT_TAIL = 3.0
"""Degrees of freedom of their Student's t density: the hearts that are left out are as usual as it says."""
MOST_BLOCK_S = 14.0
"""No page of twelve leads shows more time; 10 s is usual."""
USUAL_COLUMNS_S, RARE_COLUMNS_S, COLUMN_OFF = (2.5, 10 / 3, 5.0, 10.0), 1.25, 0.08
RARE, UNUSUAL = 0.1, 0.3
"""Weights of columns that last 1.25 s, and of such as last none of these, against 1 of the usual ones."""
RATE_OFF, OTHER_RATE = 0.15, 0.05
"""Where the measured rate differs by more than a share from the one in print, a speed weighs so much less."""
PULSE_S, USUAL_PULSE_S, PULSE_OFF_MM = (0.085, 0.25), (0.16, 0.24), 0.3
"""Pulses last 0.2 s on most recorders and down to 0.1 s on some; and how far a measured width may be off."""
SHORT_PULSE = 0.1
"""Weight of a speed at which pulses do not last 0.2 s."""
LONE_SCORE = {20.0: 0.85, 10.0: 0.85, 5.0: 0.92}
"""A pulse that stands alone counts from this score on; a lower one never does."""
ALIGNED_MM, END_MM, FOOT_MM, BELOW_MM = 2.0, 6.0, 6.0, 3.0

HEIGHT_MEAN = np.array([-0.238, 0.397])
HEIGHT_COVARIANCE = np.array([[0.1130, 0.0476], [0.0476, 0.1059]])
HEIGHT_BOUNDS_MV = ((0.285, 3.19), (0.516, 5.17))
"""Of the natural logarithm of the heights in mV of limb and chest leads, see ``heights_mv``: mean, covariance, and the
0.05 and 99.95 % quantiles of the heights. Every fourth record of PTB-XL's folds 1 to 8 (4,344), 2.5 s of each lead as a
3x4 page shows them."""
SEEN = 2.5
"""Tall and steep waves are not followed to their ends: leads may be so many times as high as the traces found.

With it the true gain of 5, 10 or 20 mm/mV is among the candidates of those records' pages in 98.3, 100 and 100 %, and
in 100, 100 and 99.8 % if their traces are found at .6 of their height."""


@dataclass(frozen=True, kw_only=True)
class Beats:
    """Beats a minute and the duration of QRS and QT; None where they were not measured."""

    rate_bpm: float | None = None
    qrs_ms: float | None = None
    qt_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class TraceSizes:
    """What was measured in the traces; None where it was not.

    Attributes:
        beats: as they are measured if the paper ran at a speed, by speed in mm/s. They are looked for anew at each:
            what is measured at the wrong speed is measured badly.
        limb_mm, chest_mm: heights of the limb and of the chest leads in millimetres of paper, see ``heights_mv``.
        rate_bpm: a heart rate that the page prints.
    """

    beats: Mapping[float, Beats] = field(default_factory=dict)
    limb_mm: float | None = None
    chest_mm: float | None = None
    rate_bpm: float | None = None


@dataclass(frozen=True, kw_only=True)
class PulseEvidence:
    """What the pulses that can be trusted show: their heights (mm) beside limb and beside chest leads, and their width.

    ``shared``: only one of the two groups has pulses, which stand for the other, too.
    """

    limb_mm: frozenset[float] = frozenset()
    chest_mm: frozenset[float] = frozenset()
    width_mm: float | None = None

    @property
    def shared(self) -> bool:
        return not self.limb_mm or not self.chest_mm

    def usual_at(self, speed_mm_s: float) -> bool:
        """Whether they last 0.2 s at a speed."""
        low, high = USUAL_PULSE_S
        if self.width_mm is None:
            return False
        return low * speed_mm_s <= self.width_mm + PULSE_OFF_MM and self.width_mm - PULSE_OFF_MM <= high * speed_mm_s

    def heights(self, *, chest: bool) -> frozenset[float]:
        """Those that stand for the limb or for the chest leads."""
        return self.limb_mm | self.chest_mm if self.shared else self.chest_mm if chest else self.limb_mm


def heights_mv(leads: Leads) -> tuple[float | None, float | None]:
    """Heights of the limb and of the chest leads: the median over the leads of a group."""
    groups: tuple[list[float], list[float]] = ([], [])
    for name in dict.fromkeys(trace.lead for trace in leads.traces):
        trace = leads.of(name)
        if trace is not None and np.isfinite(trace.mv).sum() >= leads.sampling_rate:
            groups[name.startswith("V")].append(trace.height_mv)
    limb, chest = (median(group) if group else None for group in groups)
    return limb, chest


def trusted_pulses(layout: PageLayout) -> PulseEvidence:
    """Those pulses of a page that stand where pulses stand, and are clear or of one size one above another. Of those of
    one size the page network sees one at least, where it was asked: QRS complexes and names have the form of pulses."""
    placed = [pulse for pulse in layout.pulses if _placed(pulse.box.left, pulse.box.right, pulse.box.bottom, layout)]
    trusted = []
    for pulse in placed:
        height = _nominal(pulse.height_mm)
        alike = [
            other
            for other in placed
            if _nominal(other.height_mm) == height and abs(other.box.right - pulse.box.right) <= ALIGNED_MM
        ]
        if all(other.seen is False for other in alike):
            continue
        enough = len(alike) >= (3 if height not in LONE_SCORE else 2)
        if enough or pulse.score >= LONE_SCORE.get(height, 2.0):
            trusted.append(pulse)
    if not trusted:
        return PulseEvidence()
    groups: dict[bool, set[float]] = {False: set(), True: set()}
    # One that stands on no row is the limb leads', where there are any, and so is one between rows of both.
    alone = {all(piece.lead.startswith("V") for piece in layout.pieces)}
    unnamed: set[float] = set()
    for pulse in trusted:
        height = _nominal(pulse.height_mm)
        row = [piece for piece in layout.pieces if abs(piece.baseline_mm - pulse.box.bottom) <= FOOT_MM]
        if row and all(piece.lead == RHYTHM for piece in row):
            unnamed.add(height)
            continue
        beside = {piece.lead.startswith("V") for piece in row if _touches(pulse.box.left, pulse.box.right, piece)}
        if row and not beside:
            # At the end of a row it is that of the lead that ends there.
            beside = {min(row, key=lambda piece: _gap_mm(pulse, piece)).lead.startswith("V")}
        for chest in beside if len(beside) == 1 else alone:
            groups[chest].add(height)
    if not any(groups.values()):
        # Nothing tells whose the strip is beside which they stand.
        groups[next(iter(alone))] = unnamed
    return PulseEvidence(
        limb_mm=frozenset(groups[False]),
        chest_mm=frozenset(groups[True]),
        width_mm=median(pulse.width_mm for pulse in trusted),
    )


def _gap_mm(pulse: CalibrationPulse, piece: Piece) -> float:
    """How far a pulse stands to the left or to the right of a piece."""
    return max(0.0, piece.left_mm - pulse.box.right, pulse.box.left - piece.right_mm)


def pulse_speeds(pulses: PulseEvidence) -> frozenset[float]:
    """The speeds at which the pulses last as long as pulses do; all of them where there are none."""
    if pulses.width_mm is None:
        return frozenset(SPEED_PRIOR)
    low, high = pulses.width_mm - PULSE_OFF_MM, pulses.width_mm + PULSE_OFF_MM
    return frozenset(speed for speed in SPEED_PRIOR if high / speed >= PULSE_S[0] and low / speed <= PULSE_S[1])


def possible_speeds(layout: PageLayout) -> tuple[float, ...]:
    """The speeds that the length of the page's rows and its pulses allow, however rare they are."""
    return tuple(speed_likelihoods(layout, TraceSizes(), trusted_pulses(layout)))


def speed_likelihoods(layout: PageLayout, sizes: TraceSizes, pulses: PulseEvidence) -> dict[float, float]:
    """The possible speeds and their weights. Where the measurements allow none, they are not believed."""
    possible = pulse_speeds(pulses) or frozenset(SPEED_PRIOR)
    likely = {speed: _speed_weight(speed, layout, sizes, pulses) for speed in sorted(possible)}
    if not any(likely.values()):
        likely = {speed: SPEED_PRIOR[speed] for speed in likely}
    return {speed: weight for speed, weight in likely.items() if weight > 0}


def gain_likelihoods(sizes: TraceSizes, *, limb: float | None, chest: float | None) -> dict[tuple[float, float], float]:
    """Possible gains of limb and chest leads and their weights; those that are known are the only ones."""
    pairs = {
        (first, second): _pair_prior(first, second)
        for first in (GAIN_PRIOR if limb is None else (limb,))
        for second in (GAIN_PRIOR if chest is None else (chest,))
    }
    if len(pairs) == 1:  # stated, however unusual it is
        return dict.fromkeys(pairs, 1.0)
    likely = {pair: prior * _height_weight(pair, sizes) for pair, prior in pairs.items() if prior > 0}
    if not any(likely.values()):
        likely = {pair: prior for pair, prior in pairs.items() if prior > 0}
    return {pair: weight for pair, weight in likely.items() if weight > 0}


def _speed_weight(speed: float, layout: PageLayout, sizes: TraceSizes, pulses: PulseEvidence) -> float:
    columns = [piece.right_mm - piece.left_mm for piece in layout.pieces if not piece.strip]
    together = layout.timing is not Timing.SEQUENTIAL and not layout.strips and bool(columns)
    if (median(columns) if together else layout.block.right - layout.block.left) / speed > MOST_BLOCK_S:
        return 0.0
    weight = SPEED_PRIOR[speed]
    if speed in sizes.beats:
        weight *= _beats_weight(sizes.beats[speed], sizes.rate_bpm)
    if pulses.width_mm is not None:
        weight *= 1.0 if pulses.usual_at(speed) else SHORT_PULSE
    return weight * (_column_weight(median(columns) / speed) if columns else 1.0)


def _beats_weight(beats: Beats, printed_bpm: float | None) -> float:
    """How usual it is that a heart beats like this."""
    # At a wrong speed an end may be found before its beginning.
    measured = [None if value is None or value <= 0 else value for value in (beats.rate_bpm, beats.qrs_ms, beats.qt_ms)]
    known = [k for k, value in enumerate(measured) if value is not None]
    weight = NOT_MEASURED ** (len(measured) - len(known))
    if known:
        off = np.log([float(value) for value in measured if value is not None]) - BEAT_MEAN[known]
        square = float(off @ np.linalg.inv(BEAT_COVARIANCE[np.ix_(known, known)]) @ off)
        weight *= (1 + square / BEAT_TAIL) ** (-(BEAT_TAIL + len(known)) / 2)
    if beats.rate_bpm is not None:
        if not RATES_BPM[0] <= beats.rate_bpm <= RATES_BPM[1]:
            weight *= MISMEASURED
        if printed_bpm is not None and abs(beats.rate_bpm / printed_bpm - 1) > RATE_OFF:
            weight *= OTHER_RATE
    if beats.qrs_ms is not None and not QRS_MS[0] - QRS_OFF_MS <= beats.qrs_ms <= QRS_MS[1] + QRS_OFF_MS:
        weight *= MISMEASURED
    if beats.qt_ms is not None and beats.rate_bpm is not None:
        correct = (60 / beats.rate_bpm) ** (-1 / 3)
        low, high = ((beats.qt_ms + off) * correct for off in (QT_OFF_MS, -QT_OFF_MS))
        if low < QTC_MS[0] or high > QTC_MS[1]:
            weight *= MISMEASURED
    return weight


def _column_weight(seconds: float) -> float:
    if any(abs(seconds / usual - 1) <= COLUMN_OFF for usual in USUAL_COLUMNS_S):
        return 1.0
    return RARE if abs(seconds / RARE_COLUMNS_S - 1) <= COLUMN_OFF else UNUSUAL


def _pair_prior(limb: float, chest: float) -> float:
    if limb == chest:
        return GAIN_PRIOR.get(limb, min(GAIN_PRIOR.values()))
    return APART_PRIOR.get(limb, 0.0) if limb == 2 * chest else 0.0


def _height_weight(gains: tuple[float, float], sizes: TraceSizes) -> float:
    """Density of the heights that the leads would have at least, relative to usual ones; 1 where none were measured."""
    known = [(k, size) for k, size in enumerate((sizes.limb_mm, sizes.chest_mm)) if size is not None and size > 0]
    if not known:
        return 1.0
    heights = {k: size / gains[k] for k, size in known}
    for k, height in heights.items():
        low, high = HEIGHT_BOUNDS_MV[k]
        if not low / SEEN <= height <= high:
            return 0.0
    which = list(heights)
    off = np.log(list(heights.values())) - HEIGHT_MEAN[which]
    off = np.maximum(off, 0.0) + np.minimum(off + np.log(SEEN), 0.0)
    return float(np.exp(-0.5 * off @ np.linalg.inv(HEIGHT_COVARIANCE[np.ix_(which, which)]) @ off))


def _nominal(height_mm: float) -> float:
    return min(GAIN_PRIOR, key=lambda gain: abs(gain - height_mm))


def _placed(left: float, right: float, foot: float, layout: PageLayout) -> bool:
    """Whether a pulse stands beside the block, at an end of a row, or above or below the block."""
    block, middle = layout.block, (left + right) / 2
    if middle < block.left + END_MM or middle > block.right - END_MM:
        return True
    if foot > block.bottom + 4 * BELOW_MM or foot < block.top - 4 * BELOW_MM:
        return True
    return any(_touches(left, right, piece) and abs(piece.baseline_mm - foot) <= FOOT_MM for piece in layout.pieces)


def _touches(left: float, right: float, piece: Piece) -> bool:
    """Whether a pulse ends where a stretch begins, or begins where it ends."""
    before = piece.left_mm - 2 * END_MM <= right <= piece.left_mm + BELOW_MM
    return before or piece.right_mm - BELOW_MM <= left <= piece.right_mm + 2 * END_MM
