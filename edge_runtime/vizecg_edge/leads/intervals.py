"""Where P, QRS and T of the usual beat begin and end, over all leads together, as electrocardiographs state it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg_edge.leads.averaged import BEFORE_S, FINE_HZ, MeanBeats
from vizecg_edge.leads.beats import slopes

SLOPE_SD_S, P_SLOPE_SD_S = 0.006, 0.012
"""Smoothing of the slopes in which the QRS and P are followed."""
ONSET_SHARE, OFFSET_SHARE, P_SHARE = 0.05, 0.08, 0.30
"""Of the steepest slope over the resting one, what is still QRS, or P."""
CERTAIN_SHARE, LATE_SHARE, BREAK_S = 0.40, 0.25, 0.030
"""Slopes that are surely QRS, and those of its slow end, if no longer break lies before them."""
QRS_BEFORE_S, QRS_AFTER_S = 0.10, 0.18
QRS_BIAS_S, PR_BIAS_S, QT_BIAS_S = 0.0035, 0.002, -0.017
"""By how much they come out too long: half way between 95 synthetic records, whose intervals are known, and 150 of
PTB-XL against neurokit2's delineation."""
P_LOBE_S, T_LOBE_S = 0.016, 0.040
"""Standard deviations of the bends that P and T waves are."""
LONGEST_PR_S, SHORTEST_P_PEAK_S = 0.34, 0.024
P_OF_LARGEST = 0.35
"""A bend this large of the largest before the QRS may be the P wave."""


@dataclass(frozen=True, kw_only=True)
class Marks:
    """Samples of a mean beat (at ``FINE_HZ``); None where a wave is not seen.

    ``p_others``: where else the P wave may be, the latest first.
    """

    qrs_on: float
    qrs_off: float
    p_on: float | None = None
    p_peak: int | None = None
    p_others: tuple[int, ...] = ()
    t_peak: int | None = None
    t_off: float | None = None

    @property
    def qrs_ms(self) -> float:
        return 1000 * ((self.qrs_off - self.qrs_on) / FINE_HZ - QRS_BIAS_S)

    @property
    def pr_ms(self) -> float | None:
        return None if self.p_on is None else 1000 * ((self.qrs_on - self.p_on) / FINE_HZ - PR_BIAS_S)

    @property
    def qt_ms(self) -> float | None:
        return None if self.t_off is None else 1000 * ((self.t_off - self.qrs_on) / FINE_HZ - QT_BIAS_S)


def marks_of(
    beats: MeanBeats, rr_s: float, *, rows: np.ndarray | None = None, p_peak: int | None = None
) -> Marks | None:
    """The bounds of the waves; None where no QRS stands out.

    Args:
        beats: mean beats.
        rr_s: the usual interval between beats.
        rows: of ``beats``, those to use; None takes all.
        p_peak: where the P wave is, if that is known; None looks for it.
    """
    chosen = slice(None) if rows is None else rows
    mv, known, counts = beats.mv[chosen], beats.known[chosen], beats.counts[chosen]
    weight = counts[:, None] * known
    share = weight / np.maximum(weight.sum(axis=0), 1e-9)
    holed = np.where(known, mv, np.nan)
    qrs = _qrs(_together(slopes(holed, FINE_HZ, sd_s=SLOPE_SD_S), share))
    if qrs is None:
        return None
    on, off = qrs
    t_peak, t_off = _t_wave(mv, holed, share, on=on, off=off, rr_s=rr_s)
    marks = Marks(qrs_on=on, qrs_off=off, t_peak=t_peak, t_off=t_off)
    return _with_p(marks, mv, holed, share, rr_s=rr_s, known=p_peak)


def _together(values: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Root mean square over leads, (samples,)."""
    return np.asarray(np.sqrt((share * values * values).sum(axis=0)))


def _qrs(steep: np.ndarray) -> tuple[float, float] | None:
    middle = round(BEFORE_S * FINE_HZ)
    first, last = middle - round(QRS_BEFORE_S * FINE_HZ), middle + round(QRS_AFTER_S * FINE_HZ)
    rest = float(np.percentile(steep, 20))
    peak = float(steep[middle - 40 : middle + 41].max())
    if peak < 3 * rest or peak <= 0:
        return None
    certain = np.flatnonzero(steep[first : middle + 61] > CERTAIN_SHARE * peak) + first
    fast = np.flatnonzero(steep[first:last] > LATE_SHARE * peak) + first
    fast = fast[fast >= certain[0]]
    breaks = np.flatnonzero(np.diff(fast) > BREAK_S * FINE_HZ)
    end = int(fast[breaks[0]] if len(breaks) else fast[-1])
    return (
        _below(steep, int(certain[0]), -1, rest + ONSET_SHARE * (peak - rest)),
        _below(steep, end, 1, rest + OFFSET_SHARE * (peak - rest)),
    )


def _below(values: np.ndarray, start: int, step: int, limit: float) -> float:
    """Where ``values`` first fall below ``limit``, to a fraction of a sample; the end where they never do."""
    at = start
    while 0 < at < len(values) - 1 and values[at] > limit:
        at += step
    inner = values[at - step]
    if values[at] > limit or inner <= values[at]:
        return float(at)
    return at - step * float((limit - values[at]) / (inner - values[at]))


def _bends(mv: np.ndarray, share: np.ndarray, sd_s: float) -> tuple[np.ndarray, np.ndarray]:
    """How much each lead bends at a scale (rows, samples), positive where it has a top; and over all leads."""
    reach = round(3 * sd_s * FINE_HZ)
    at = np.arange(-reach, reach + 1) / FINE_HZ / sd_s
    kernel = (1 - at**2) * np.exp(-0.5 * at**2)
    kernel -= kernel.mean()
    kernel /= np.abs(kernel).sum()
    bent = cv2.filter2D(mv, cv2.CV_32F, kernel[None].astype(np.float32), borderType=cv2.BORDER_REPLICATE)
    return bent, _together(bent, share)


def _t_wave(
    mv: np.ndarray, holed: np.ndarray, share: np.ndarray, *, on: float, off: float, rr_s: float
) -> tuple[int | None, float | None]:
    """Peak and end of T. The end is where the tangent to its steepest end meets the level after it."""
    first = round(off + 0.04 * FINE_HZ)
    last = min(round(off + 0.40 * FINE_HZ), round(on + min(0.70 * rr_s, 0.56) * FINE_HZ), mv.shape[1] - 8)
    if last - first < 0.06 * FINE_HZ:
        return None, None
    # As before the QRS: the leads begin level where it ends.
    after = mv.copy()
    start = min(round(off) + 4, mv.shape[1] - 1)
    after[:, :start] = after[:, start, None]
    _, size = _bends(after, share, T_LOBE_S)
    peak = first + int(np.argmax(size[first:last]))
    # All leads as one, seen along the direction of the T wave.
    level = mv[:, max(0, int(on) - 6) : max(1, int(on) - 1)].mean(axis=1)
    along = (mv[:, peak] - level) * share[:, peak]
    wave = cv2.GaussianBlur(((mv - level[:, None]) * along[:, None]).sum(axis=0)[None], (0, 0), 4.0)[0]
    end = min(peak + round(0.16 * FINE_HZ), len(wave) - 2)
    if end - peak < 10:
        return peak, None
    slope = np.diff(wave[peak : end + 1])
    steepest = int(np.argmin(slope))
    if slope[steepest] >= 0:
        return peak, None
    at = peak + steepest
    later = wave[min(at + 20, len(wave) - 1) : min(at + 60, len(wave))]
    rest = float(np.min(later)) if len(later) else 0.0
    meets = at + (rest - float(wave[at])) / float(slope[steepest])
    return peak, float(meets) if meets < mv.shape[1] else None


def _with_p(
    marks: Marks, mv: np.ndarray, holed: np.ndarray, share: np.ndarray, *, rr_s: float, known: int | None
) -> Marks:
    on = int(marks.qrs_on)
    # The QRS bends more than any P wave: the leads go on level where it begins.
    before = mv.copy()
    before[:, on - 4 :] = before[:, on - 4, None]
    bent, size = _bends(before, share, P_LOBE_S)
    first = max(8, on - round(LONGEST_PR_S * FINE_HZ))
    if marks.t_peak is not None:  # of the beat before
        first = max(first, marks.t_peak - round(rr_s * FINE_HZ) + round(0.05 * FINE_HZ))
    last = on - round(SHORTEST_P_PEAK_S * FINE_HZ)
    if last - first < 15:
        return marks
    peak, others = known, tuple[int, ...]()
    if peak is None:
        found = _bent_before(bent[:, first:last], size[first:last], share[:, first:last])
        if not found:
            return marks
        peak, *rest_of_them = (first + at for at in found)
        others = tuple(rest_of_them)
    steep = _together(slopes(holed, FINE_HZ, sd_s=P_SLOPE_SD_S), share)
    rise = max(0, peak - round(0.056 * FINE_HZ))
    rise += int(np.argmax(steep[rise : peak + 1]))
    rest = float(steep[max(0, rise - round(0.09 * FINE_HZ)) : rise + 1].min())
    p_on = _below(steep, rise, -1, rest + P_SHARE * (float(steep[rise]) - rest))
    return Marks(
        qrs_on=marks.qrs_on, qrs_off=marks.qrs_off, t_peak=marks.t_peak, t_off=marks.t_off,
        p_on=p_on if p_on > 0 else None, p_peak=peak, p_others=others,
    )  # fmt: skip


def _bent_before(bent: np.ndarray, size: np.ndarray, share: np.ndarray) -> list[int]:
    """The large bends that are not the undershoot beside a larger one, the latest first."""
    tops = np.flatnonzero((size[1:-1] >= size[:-2]) & (size[1:-1] > size[2:])) + 1
    chosen: list[int] = []
    for at in tops[np.argsort(-size[tops])]:
        if chosen and size[at] < P_OF_LARGEST * size[chosen[0]]:
            break
        near = [other for other in chosen if abs(at - other) < 0.07 * FINE_HZ]
        if any(float((bent[:, at] * bent[:, other] * share[:, at]).sum()) < 0 for other in near):
            continue
        chosen.append(int(at))
    return sorted(chosen, reverse=True)
