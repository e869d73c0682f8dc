"""How far one tensor of an artefact is from the float network's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

NO_NOISE_DB = 200.0


@dataclass(frozen=True, kw_only=True)
class TensorGap:
    """One tensor over all sheets. ``reach`` is its largest magnitude in the float network."""

    name: str
    operation: str
    sqnr_db: float
    max_abs: float
    reach: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class GapMeter:
    """Gathers the differences of one tensor, sheet by sheet."""

    def __init__(self, *, name: str, operation: str) -> None:
        self.name, self.operation = name, operation
        self._signal = self._noise = self._largest = self._reach = 0.0

    def add(self, floating: np.ndarray, found: np.ndarray) -> None:
        """Both of one shape.

        Raises:
            ValueError: they are not.
        """
        if floating.shape != found.shape:
            raise ValueError(f"{self.name}: {found.shape} against {floating.shape} of the float network")
        a, b = floating.astype(np.float64), found.astype(np.float64)
        self._signal += float((a**2).sum())
        self._noise += float(((a - b) ** 2).sum())
        self._largest = max(self._largest, float(np.abs(a - b).max(initial=0.0)))
        self._reach = max(self._reach, float(np.abs(a).max(initial=0.0)))

    def gap(self) -> TensorGap:
        if not self._noise:
            sqnr = NO_NOISE_DB
        elif not self._signal:
            sqnr = -NO_NOISE_DB
        else:
            sqnr = 10 * float(np.log10(self._signal / self._noise))
        return TensorGap(
            name=self.name, operation=self.operation, sqnr_db=sqnr, max_abs=self._largest, reach=self._reach
        )


def first_below(gaps: Sequence[TensorGap], limit_db: float) -> TensorGap | None:
    """The first tensor with an SQNR under ``limit_db`` or without a number; None if there is none."""
    return next((gap for gap in gaps if not gap.sqnr_db >= limit_db), None)
