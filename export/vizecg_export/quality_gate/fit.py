"""The choice of a gate and of the bands of undecided answers, by rules that are stated and monotone."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import isotonic_regression

from vizecg.render.spoil import Kind
from vizecg.spec import DecisionRule, UsageError
from vizecg.spec.gate import FIGURES, LESS_IS_BETTER, MeritRange, QualityGate
from vizecg_edge.judge.quality import score_of
from vizecg_export.quality_gate.rows import GateRow

WRONG_MM = 2.0
"""A sheet this far off is read wrongly, whatever the answer."""
POOL = 8
"""Photographs that go together when the risk along a figure of merit is reckoned."""
HOPELESS = 0.65
"""Risk at which a figure of merit refuses by itself: then a refusal is right more often than wrong."""
EVERYDAY = (Kind.MODERATE.value, Kind.PHOTO.value)
EVERYDAY_LOST, EVERYDAY_KEPT = 0.005, 0.98
"""Most of the everyday photographs that the limit of one figure may refuse; least of those that pass all limits that
``least_score`` must keep."""
USUAL = 1.5
"""Times the risk of all: below, a figure of merit is as good as it need be."""
SPARE = 0.25
"""How much farther from the median than the worst real photograph a limit must lie, and below its score
``least_score``."""
NARROWEST = 0.05
"""Least distance between a figure's two limits, as a share of the spread of what was seen."""

FIXED = ("identities", "layout", "px_per_mm")
"""Taken as they are: the first two tell ECGs from other pictures (``vizecg_lab not-ecg``), not good photographs from
bad ones; the third was measured on pages made smaller, of which there are few here."""
NO_WIDER = ("scale_spread",)
"""Limits that everyday photographs do not widen beyond those set by hand: where the length of the rows is the only
ruler, they are taken for 10 s, which nothing confirms."""

RULE = (
    f"Chosen on half of the records. Wrong: a decision differs from that of the clean rendering, or the corners are"
    f" more than {WRONG_MM:g} mm off. Per figure of merit, isotonic regression of wrong over pools of {POOL}"
    f" photographs: the worst limit is where the risk exceeds {HOPELESS:g}, or the one set by hand where it never does,"
    f" and refuses at most {EVERYDAY_LOST:.1%} of the everyday photographs; the best limit is where the risk falls to"
    f" {USUAL:g} times that of all. least_score: the greatest coverage at which the risk of the answered is at most the"
    f" target, and at least {EVERYDAY_KEPT:.0%} of the everyday photographs that pass the limits are answered. None of"
    f" the real photographs that were given is refused, with a quarter of the way to spare. Limits are chosen on spoilt"
    f" pages too where such are given, least_score is not, since most of them are no worse photographs;"
    f" {' and '.join(NO_WIDER)} never lies beyond the limit set by hand. Not chosen here:"
    f" {', '.join(FIXED)}."
)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Photographs that the rectifier gave a sheet for, n in all, beside their clean renderings.

    Attributes:
        records: (n,) record ids. everyday: (n,) bool.
        merits: figure -> (n,) float64.
        distances, clean: float64 (n, labels), calibrated logits above the thresholds.
        numeric: (labels,) float64, half width of the band that the artefact's numerical error leaves undecided.
        error_mm: (n,) float64, NaN where it is not known.
    """

    records: np.ndarray
    everyday: np.ndarray
    merits: dict[str, np.ndarray]
    distances: np.ndarray
    clean: np.ndarray
    numeric: np.ndarray
    error_mm: np.ndarray

    @classmethod
    def of(cls, rows: list[GateRow], artefact: str, rule: DecisionRule) -> Judged:
        """The rows that have a sheet, with the logits of one artefact."""
        sheets = [row for row in rows if row.reason is None]
        if not sheets:
            raise UsageError("the rectifier refused every photograph: there is nothing to choose a gate on")
        return cls(
            records=np.array([row.record for row in sheets]),
            everyday=np.array([row.kind in EVERYDAY for row in sheets]),
            merits={figure: np.array([row.merits[figure] for row in sheets]) for figure in FIGURES},
            distances=rule.distances(np.array([row.logits[artefact] for row in sheets])),
            clean=rule.distances(np.array([row.clean[artefact] for row in sheets])),
            numeric=rule.margin * np.array(rule.scale),
            # A page whose truth is not known cannot be misplaced.
            error_mm=np.array([np.nan if row.error_mm is None else row.error_mm for row in sheets], np.float64),
        )

    def part(self, use: np.ndarray) -> Judged:
        """Those that (n,) bool ``use`` says."""
        return replace(
            self,
            records=self.records[use],
            everyday=self.everyday[use],
            merits={figure: values[use] for figure, values in self.merits.items()},
            distances=self.distances[use],
            clean=self.clean[use],
            error_mm=self.error_mm[use],
        )

    def beside(self, other: Judged) -> Judged:
        """These, then ``other``'s."""
        return replace(
            self,
            records=np.concatenate([self.records, other.records]),
            everyday=np.concatenate([self.everyday, other.everyday]),
            merits={figure: np.concatenate([own, other.merits[figure]]) for figure, own in self.merits.items()},
            distances=np.concatenate([self.distances, other.distances]),
            clean=np.concatenate([self.clean, other.clean]),
            error_mm=np.concatenate([self.error_mm, other.error_mm]),
        )

    def flips(self, band: np.ndarray | None = None) -> np.ndarray:
        """(n, labels) bool: decided, and other than the clean rendering. ``band``: (labels,) undecided margins."""
        certain = np.abs(self.clean) >= self.numeric
        return np.asarray(self.decided(band) & certain & ((self.distances >= 0) != (self.clean >= 0)))

    def decided(self, band: np.ndarray | None = None) -> np.ndarray:
        """(n, labels) bool."""
        return np.asarray(np.abs(self.distances) >= (self.numeric if band is None else np.maximum(band, self.numeric)))

    @property
    def misplaced(self) -> np.ndarray:
        """(n,) bool: more than ``WRONG_MM`` off."""
        return np.asarray(self.error_mm > WRONG_MM)

    @property
    def wrong(self) -> np.ndarray:
        """(n,) bool."""
        return np.asarray(self.flips().any(axis=1) | self.misplaced)

    def scores(self, gate: QualityGate) -> np.ndarray:
        """(n,) quality scores; 0 where a figure fails. Below ``gate.least_score`` nothing is answered."""
        figures = list(self.merits)
        columns = zip(*self.merits.values(), strict=True)
        return np.array([score_of(dict(zip(figures, values, strict=True)), gate) for values in columns])

    def answered(self, gate: QualityGate) -> np.ndarray:
        """(n,) bool."""
        scores = self.scores(gate)
        return np.asarray((scores > 0) & (scores >= gate.least_score))


def halves(records: np.ndarray) -> np.ndarray:
    """(n,) record ids -> (n,) bool, True for the half that is chosen on. By the id alone, so that it never changes."""
    return np.array([zlib.crc32(str(record).encode()) % 2 == 0 for record in records], bool)


def fit_gate(
    judged: Judged, *, risk: float, real: list[dict[str, float]] | None = None, spoilt: Judged | None = None
) -> QualityGate:
    """Limits by ``RULE``, for at most ``risk`` of the answered wrong.

    Args:
        judged: photographs to choose on.
        risk: most of the answered that may be wrong.
        real: figures of merit of real photographs that must go on being answered.
        spoilt: pages whose limits are chosen on too.

    Raises:
        UsageError: too few photographs.
    """
    if len(judged.error_mm) < 4 * POOL or not judged.everyday.any():
        raise UsageError(f"{len(judged.error_mm)} photographs are too few: take at least {4 * POOL}, some everyday")
    known = real or []
    every = judged if spoilt is None else judged.beside(spoilt)
    limits = {
        figure: _limits(every, figure, [merits[figure] for merits in known])
        for figure in FIGURES
        if figure not in FIXED
    }
    gate = replace(QualityGate(), **limits, least_score=0.0)
    return replace(gate, least_score=_least_score(judged, gate, risk, known))


def _limits(judged: Judged, figure: str, real: list[float]) -> MeritRange:
    sign = -1.0 if figure in LESS_IS_BETTER else 1.0
    values = sign * judged.merits[figure]
    levels, risks = _risk_along(values, judged.wrong)
    hopeless = levels[risks > HOPELESS]
    by_hand = sign * getattr(QualityGate(), figure)[0]
    worst = float(hopeless.max()) if len(hopeless) else by_hand
    worst = min(worst, float(np.quantile(values[judged.everyday], EVERYDAY_LOST)))
    middle = float(np.median(values))
    worst = min([worst, *(middle - (1 + SPARE) * (middle - sign * value) for value in real)])
    if figure in NO_WIDER:
        worst = max(worst, by_hand)
    fine = levels[risks <= USUAL * float(judged.wrong.mean()) + 1e-9]
    best = float(fine.min()) if len(fine) else middle
    spread = float(np.quantile(values, 0.99) - np.quantile(values, 0.01))
    # The limit itself is refused.
    worst -= 1e-6 * max(1.0, abs(worst))
    best = max(min(best, middle), worst + max(NARROWEST * spread, 1e-3))
    return round(sign * worst, 6), round(sign * best, 6)


def _risk_along(values: np.ndarray, wrong: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Upper end of each pool of photographs in the order of ``values``, and a risk that never grows with them."""
    order = np.argsort(values, kind="stable")
    pools = np.array_split(order, max(2, len(order) // POOL))
    levels = np.array([values[pool].max() for pool in pools])
    shares = np.array([wrong[pool].mean() for pool in pools])
    risks = isotonic_regression(shares, weights=[len(pool) for pool in pools], increasing=False).x
    return levels, np.asarray(risks)


def _least_score(judged: Judged, gate: QualityGate, risk: float, real: list[dict[str, float]]) -> float:
    scores = judged.scores(gate)
    passing = np.sort(np.unique(scores[scores > 0]))
    everyday = np.sort(scores[judged.everyday & (scores > 0)])
    kept = [float(everyday[int((1 - EVERYDAY_KEPT) * len(everyday))])] if len(everyday) else [0.0]
    # What is no ECG by the limits that are not chosen here says nothing of the score.
    kept += [(1 - SPARE) * score for merits in real if (score := score_of(merits, gate)) > 0]
    most = min(kept)
    for least in passing:
        if least > most:
            break
        if judged.wrong[scores >= least].mean() <= risk:
            return _below(float(least))
    return _below(most)


def _below(score: float) -> float:
    """Rounded, and not above."""
    return float(np.floor(score * 1e4) / 1e4)


def fit_bands(judged: Judged, *, flips: float, undecided: float) -> np.ndarray:
    """(labels,) undecided margins in calibrated logits: the narrowest with which at most ``flips`` of a class's decided
    pairs are decided the other way than the clean rendering, but with at most ``undecided`` of its pairs undecided."""
    bands = np.zeros(len(judged.numeric))
    for column in range(len(bands)):
        distance = np.abs(judged.distances[:, column])
        most = float(np.quantile(distance, undecided, method="lower"))
        turned = judged.flips()[:, column]
        # Just beyond each pair that was turned over, from the nearest on.
        for band in [0.0, *np.sort(distance[turned] * (1 + 1e-6) + 1e-6)]:
            kept = distance >= band
            if band > most:
                bands[column] = most
                break
            bands[column] = band
            if turned[kept].sum() <= flips * kept.sum():
                break
    return np.round(bands, 4)
