"""The plane of a page without a grid: its rows of traces and its lines of text run level, and meet where it tilts."""

from __future__ import annotations

import cv2
import numpy as np

MOST_POINTS = 12000
"""Ink pixels that are looked at: more change no angle by a tenth of a degree."""
BIN_PX = 2.0
TURNS_DEG, FINE_DEG = np.arange(-44.0, 45.0, 1.0), np.arange(-1.2, 1.21, 0.15)
FANS = np.linspace(-0.2, 0.2, 17)
"""By how much the slopes of rows differ between the upper and the lower edge of the ink, per half its height."""
FLAT_LEAD = 1.01
"""A page is taken for tilted where its rows are more even by this factor then."""
LEAST_EDGE, EDGE_RIM_PX = 0.5, 4
"""Share of the page's height over which an edge of the paper is to be seen in the picture; nearer to the picture's
border than the rim it is none."""


def level_rows(mask: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """The homography that lays the rows of an ink mask level and the edges of its paper upright.

    Args:
        mask: uint8 (h, w), not 0 where there is ink of traces or text.
        paper: uint8 (h, w), not 0 where there is paper.

    Returns:
        (3, 3) float64, pixels -> level pixels of about the same size, about the middle of the ink. Pages that lie
        sideways come out with their rows level too.
    """
    points = np.column_stack(np.nonzero(mask)[::-1]).astype(np.float64)
    points = points[:: max(1, len(points) // MOST_POINTS)]
    middle, unit = points.mean(axis=0), max(float(np.abs(points - points.mean(axis=0)).max()), 1.0)
    points = (points - middle) / unit
    to_unit = np.array([[1 / unit, 0, -middle[0] / unit], [0, 1 / unit, -middle[1] / unit], [0, 0, 1]])
    bins = 2 * unit / BIN_PX
    turn = max((_evenness(points @ _down(np.radians(turn)), bins), turn) for turn in (*TURNS_DEG, *(TURNS_DEG + 90)))[1]
    turn = max((_evenness(points @ _down(np.radians(turn + d)), bins), turn + d) for d in FINE_DEG)[1]
    rotation = np.eye(3)
    rotation[:2, :2] = np.stack([[np.cos(np.radians(turn)), np.sin(np.radians(turn))], _down(np.radians(turn))])
    turned = points @ rotation[:2, :2].T
    slope, fan = _fan(turned, bins)
    rows = np.array([[1, 0, 0], [-slope, 1, 0], [fan, 0, 1]], np.float64) @ rotation @ to_unit
    upright = _upright(paper, rows)
    return np.asarray(np.linalg.inv(to_unit) @ upright @ rows)


def _down(angle: float) -> np.ndarray:
    return np.array([-np.sin(angle), np.cos(angle)])


def _evenness(heights: np.ndarray, bins: float) -> float:
    """How much ink shares few heights: the sum of squares of its histogram. ``heights`` in units, about 0."""
    counts = np.bincount(((heights + 1.5) * bins / 2).clip(0).astype(np.int64))
    return float((counts.astype(np.float64) ** 2).sum())


def _fan(points: np.ndarray, bins: float) -> tuple[float, float]:
    """Slope of the level rows through the middle, and how it changes with the height, per unit."""
    height = max(float(np.abs(points[:, 1]).max()), 1e-3)

    def score(slope: float, fan: float) -> float:
        below = 1 + fan * points[:, 0]
        return _evenness((points[:, 1] - slope * points[:, 0]) / np.maximum(below, 0.3), bins)

    best = (FLAT_LEAD * score(0.0, 0.0), 0.0, 0.0)
    for slopes, fans in (
        (np.linspace(-0.04, 0.04, 9), FANS / height / 2),
        (np.linspace(-0.006, 0.006, 7), np.linspace(-0.0125, 0.0125, 5) / height / 2),
    ):
        slope, fan = best[1:]
        best = max(best, max((score(slope + a, fan + b), slope + a, fan + b) for a in slopes for b in fans))
    return best[1], best[2]


def _upright(paper: np.ndarray, level: np.ndarray) -> np.ndarray:
    """(3, 3), level units -> the same with the left and right edge of the paper upright, as far as they are seen."""
    contours, _ = cv2.findContours(paper, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return np.eye(3)
    outline = max(contours, key=cv2.contourArea)[:, 0].astype(np.float64)
    height, width = paper.shape
    inside = (outline > EDGE_RIM_PX).all(axis=1) & (outline < [width - 1 - EDGE_RIM_PX, height - 1 - EDGE_RIM_PX]).all(
        axis=1
    )
    seen = cv2.perspectiveTransform(outline[None], level)[0]
    span = np.ptp(seen[:, 1])
    edges = []
    for side in (-1, 1):
        edge = _edge(seen, inside, side, span)
        if edge is not None:
            edges.append(edge)
    if not edges:
        return np.eye(3)
    # x = c + s y of each edge; upright lines map to x / (1 + q y) where s / c is the same for all: a shear, then a fan.
    if len(edges) == 1:
        return np.array([[1, -edges[0][1], 0], [0, 1, 0], [0, 0, 1]], np.float64)
    (c1, s1), (c2, s2) = edges
    fan = (s2 - s1) / (c2 - c1)
    shear = s1 - fan * c1
    return np.array([[1, -shear, 0], [0, 1, 0], [0, fan, 1]], np.float64)


def _edge(seen: np.ndarray, inside: np.ndarray, side: int, span: float) -> tuple[float, float] | None:
    """(c, s) of the paper's edge x = c + s y on one side; None where too little of it is seen or it is not straight."""
    rows = np.round((seen[:, 1] - seen[:, 1].min()) / max(span, 1e-9) * 60).astype(int)
    ends = np.full(61, -1)
    order = np.argsort(side * seen[:, 0])
    ends[rows[order]] = order
    ends = ends[4:-4]
    ends = ends[(ends >= 0)]
    ends = ends[inside[ends]]
    if len(ends) < LEAST_EDGE * 53:
        return None
    x, y = seen[ends].T
    weight = np.ones(len(x))
    for _ in range(6):
        matrix = np.stack([np.ones_like(y), y], axis=1) * weight[:, None]
        c, s = np.linalg.lstsq(matrix, x * weight, rcond=None)[0]
        rest = np.abs(x - c - s * y)
        weight = 1 / (1 + (rest / max(1.5 * float(np.median(rest)), 1e-4)) ** 2)
    if float(np.median(rest)) > 0.01:
        return None
    return float(c), float(s)
