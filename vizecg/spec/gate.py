"""Which photographs a bundle answers: limits of every figure of merit, fitted on data and kept in the manifest."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

MeritRange = tuple[float, float]
"""(worst that passes, from here on nothing better matters), whichever way the figure runs."""


@dataclass(frozen=True, kw_only=True)
class QualityGate:
    """Limits of the figures of merit of a rectified photograph. Those that are missing in a manifest are not assumed.

    Attributes:
        px_per_mm: photograph pixels per millimetre of paper.
        scale_spread: relative standard uncertainty of that scale.
        bend_residual_mm: what is left of the grid's misfit on the sheet.
        grid_residual_mm: how far the paper departs from a plane.
        sharpness: slope of the steepest edges, 0 to 1.
        coverage: share of the block of traces in the photograph.
        grid_share: share of the block's squares with a readable grid.
        exposure: brightness of the paper on the sheet, 0 to 255.
        glare: share of the block of traces that light has washed out.
        identities: how well the leads agree with each other (I + III = II, aVR + aVL + aVF = 0, the strip repeats II);
            about 0 for traces that have nothing to do with each other, 9 at best.
        layout: how much better they agree in the places of the layout that is read than in those of others.
        least_score: lowest product of all marks that passes, 0 to 1.

    The defaults are set by hand, but for three: ``identities`` and ``layout`` lie half way between ECGs and pictures
    that are none, ``px_per_mm`` was measured: of 131 drawn pages of 1.4 to 2 none was decided otherwise than when
    large.
    ``vizecg-export fit-gate`` begins with them, and a bundle's manifest says what its own were fitted on.
    """

    px_per_mm: MeritRange = (1.4, 2.0)
    scale_spread: MeritRange = (0.05, 0.02)
    bend_residual_mm: MeritRange = (1.0, 0.2)
    grid_residual_mm: MeritRange = (3.0, 0.8)
    sharpness: MeritRange = (0.3, 0.75)
    coverage: MeritRange = (0.94, 0.995)
    grid_share: MeritRange = (0.15, 0.6)
    exposure: MeritRange = (50.0, 110.0)
    glare: MeritRange = (0.25, 0.02)
    identities: MeritRange = (1.0, 2.0)
    layout: MeritRange = (-1.0, -0.5)
    least_score: float = 0.1

    def __post_init__(self) -> None:
        for name in FIGURES:
            limits = getattr(self, name)
            if not isinstance(limits, tuple) or len(limits) != 2 or not all(_is_number(value) for value in limits):
                raise ValueError(f"{name} needs two finite numbers (worst, best), got {limits!r}")
            worst, best = limits
            if (worst < best) is (name in LESS_IS_BETTER) or worst == best:
                wanted = "below" if name in LESS_IS_BETTER else "above"
                raise ValueError(f"{name}: the best {best:g} must lie {wanted} the worst {worst:g}")
        if not (_is_number(self.least_score) and 0 <= self.least_score <= 1):
            raise ValueError(f"least_score must lie between 0 and 1, got {self.least_score!r}")

    def mark(self, figure: str, value: float) -> float:
        """0 at and beyond the worst limit, 1 from the best on, linear between; 0 for what is no finite number."""
        worst, best = getattr(self, figure)
        if not math.isfinite(value):
            return 0.0
        return min(1.0, max(0.0, (value - worst) / (best - worst)))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> QualityGate:
        """The gate that ``to_dict`` gave, from JSON or not.

        Raises:
            ValueError: a figure is missing, unknown, not a finite number or in the wrong order.
        """
        known = {field.name for field in fields(cls)}
        if not isinstance(data, dict) or set(data) != known:
            given = sorted(data) if isinstance(data, dict) else type(data).__name__
            raise ValueError(f"a gate has {', '.join(sorted(known))}; got {given}")
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in data.items()}
        return cls(**values)


FIGURES: tuple[str, ...] = tuple(field.name for field in fields(QualityGate) if field.name != "least_score")
LESS_IS_BETTER = frozenset({"scale_spread", "bend_residual_mm", "grid_residual_mm", "glare"})


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
