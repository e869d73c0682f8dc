"""Which part of a sheet belongs to which lead, and how weights are spread over the leads.

A lead's region is its stretch of the row, half a row up and half a row down: regions share nothing and have nearly
equal areas, which the drawn boxes, tall for a tall QRS and flat for a flat lead, have not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import jensenshannon

from vizecg.render import LeadBox
from vizecg.spec import LEADS, SheetSpec
from vizecg.spec.preprocess import INK_UNIT
from vizecg.train.saliency import EXPECTED


@dataclass(frozen=True, kw_only=True)
class Regions:
    """Where the leads lie in the network's input.

    Attributes:
        names: of the places, row by row: ``I`` ... ``V6``, and ``II strip`` for what stands in a rhythm strip.
        leads: (places,), the lead of each.
        place: (H, W), index into ``names``; ``len(names)`` outside of all.
    """

    names: tuple[str, ...]
    leads: tuple[str, ...]
    place: np.ndarray

    def shares(self, mass: np.ndarray) -> np.ndarray:
        """Weights (H, W), not negative -> their shares of the places and, last, outside; NaN where there is none."""
        sums = np.bincount(self.place.ravel(), weights=mass.ravel().astype(np.float64), minlength=len(self.names) + 1)
        return sums / sums.sum() if sums.sum() > 0 else np.full_like(sums, np.nan)

    @property
    def area(self) -> np.ndarray:
        """The shares of the sheet itself."""
        return self.shares(np.ones(self.place.shape))

    def expected(self, label: str) -> np.ndarray:
        """bool (places + 1,): where a cardiologist would read ``label``."""
        wanted = EXPECTED[label]
        pairs = zip(self.names, self.leads, strict=True)
        return np.array(
            [lead in wanted.leads and (name == lead or wanted.rhythm_strip) for name, lead in pairs] + [False]
        )

    def by_lead(self, shares: np.ndarray) -> np.ndarray:
        """Shares of the places -> (12,), the spread over the leads of what lies in any; NaN where nothing does."""
        sums = np.array([sum(shares[i] for i, lead in enumerate(self.leads) if lead == name) for name in LEADS])
        return sums / sums.sum() if sums.sum() > 0 else np.full(len(LEADS), np.nan)


def lead_regions(boxes: Sequence[LeadBox], *, sheet: SheetSpec, height: int, width: int) -> Regions:
    """The regions of a sheet that the network sees as ``height`` by ``width`` pixels.

    The first box of a lead is its place among the twelve, a later one its rhythm strip.
    """
    baselines = sorted({box.baseline_mm for box in boxes})
    half = min(np.diff(baselines)) / 2 if len(baselines) > 1 else sheet.height_mm
    x = (np.arange(width) + 0.5) * sheet.width_mm / width
    y = (np.arange(height) + 0.5) * sheet.height_mm / height
    place = np.full((height, width), len(boxes), np.int64)
    for index, box in enumerate(boxes):
        rows = np.abs(y - box.baseline_mm) <= half
        columns = (x >= box.x_mm) & (x < box.x_mm + box.width_mm)
        place[np.ix_(rows, columns)] = index
    leads = tuple(box.lead for box in boxes)
    names = tuple(lead if lead not in leads[:index] else f"{lead} strip" for index, lead in enumerate(leads))
    return Regions(names=names, leads=leads, place=place)


def over_leads(saliency: np.ndarray, boxes: Sequence[LeadBox], *, rate: float) -> np.ndarray:
    """The teacher's map (12, T) over the leads (12,), of the stretches of time alone in which the sheet shows each."""
    seen = np.zeros(saliency.shape, bool)
    for box in boxes:
        seen[LEADS.index(box.lead), round(box.start_s * rate) : round(box.end_s * rate)] = True
    sums = np.where(seen, saliency, 0).sum(axis=1)
    return sums / sums.sum() if sums.sum() > 0 else np.full(len(LEADS), np.nan)


def ink_weights(ink: np.ndarray) -> np.ndarray:
    """Ink map -> 1 where it is as dark as the pen's, which no line of the grid is."""
    return (ink >= INK_UNIT / 2).astype(np.float64)


def divergence(one: np.ndarray, other: np.ndarray) -> float:
    """Jensen-Shannon distance of two spreads over the same places, 0 to 1 (base 2); NaN where one of them is empty."""
    if not (np.isfinite(one).all() and np.isfinite(other).all() and one.sum() > 0 and other.sum() > 0):
        return float("nan")
    # The square root of a rounding error below zero is NaN.
    return float(np.nan_to_num(jensenshannon(one, other, base=2)))
