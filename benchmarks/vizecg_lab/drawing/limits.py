"""How far the batched drawing path may lie from OpenCV's, in grey levels: for the tests, and for a measurement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DrawingLimit:
    """``name`` is that of the row in the tests' table of tolerances; ``why`` says why so far."""

    name: str
    value: float
    why: str


LEVEL = DrawingLimit(
    name="batch-level",
    value=3.0,
    why="grey levels: a bilinear mean rounds the other way; light and ripples enlarge it",
)
SHARE = DrawingLimit(
    name="batch-share",
    value=1e-3,
    why="of the grey levels that round the other way before JPEG: 4e-4 was measured",
)
JPEG = DrawingLimit(
    name="batch-jpeg",
    value=0.03,
    why="mean grey levels: some coefficients fall into the next step; 0.014 was measured",
)
INK = DrawingLimit(
    name="batch-ink",
    value=0.25,
    why="mean of ink maps: their contrast, a grey level, may move by one; 0.11 was measured",
)
DRAWING_LIMITS = (LEVEL, SHARE, JPEG, INK)
