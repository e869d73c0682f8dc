"""The names of leads as they are printed, and how they are read off the page network's map."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg.spec import LEADS

NAMES = (*LEADS, "-aVR", "V3R", "V4R")
"""What the page network tells apart, in its order after "no name"."""
LEAST = 0.3
"""Probability that a name is there, whichever, from which on it is reported."""
APART_MM = 1.8
"""Two names are further apart than this."""


@dataclass(frozen=True, kw_only=True)
class PrintedName:
    """A lead's name on a page.

    Attributes:
        name: the likeliest of ``NAMES``.
        x_mm, y_mm: its middle.
        height_mm: of its capitals.
        probability: that it is this name.
        probabilities: of no name, then of each of ``NAMES``; their sum is 1.
    """

    name: str
    x_mm: float
    y_mm: float
    height_mm: float
    probability: float
    probabilities: tuple[float, ...]


def names_of(likely: np.ndarray, heights_mm: np.ndarray, *, cell_mm: float) -> tuple[PrintedName, ...]:
    """float32 (1 + names, h, w) probabilities and (h, w) heights per cell -> the names, the surest first."""
    some = 1 - likely[0]
    peaks = (some >= LEAST) & (some >= cv2.dilate(some, np.ones((3, 3), np.uint8)))
    rows, columns = np.nonzero(peaks)
    order = np.argsort(-some[rows, columns], kind="stable")
    found: list[PrintedName] = []
    for row, column in zip(rows[order], columns[order], strict=True):
        name = _at(likely, heights_mm, some, int(row), int(column), cell_mm)
        if all(abs(name.x_mm - other.x_mm) + abs(name.y_mm - other.y_mm) > APART_MM for other in found):
            found.append(name)
    return tuple(sorted(found, key=lambda name: -name.probability))


def _at(
    likely: np.ndarray, heights_mm: np.ndarray, some: np.ndarray, row: int, column: int, cell_mm: float
) -> PrintedName:
    """The name around a peak: all cells of it are asked, each as much as it is sure that there is one."""
    rows, columns = slice(max(0, row - 1), row + 2), slice(max(0, column - 1), column + 2)
    weights = some[rows, columns]
    weights = weights * (weights >= 0.5 * some[row, column])
    total = float(weights.sum())
    shares = (likely[:, rows, columns] * weights).sum(axis=(1, 2)) / total
    y, x = np.mgrid[: weights.shape[0], : weights.shape[1]]
    best = int(shares[1:].argmax())
    return PrintedName(
        name=NAMES[best],
        x_mm=(columns.start + 0.5 + float((x * weights).sum()) / total) * cell_mm,
        y_mm=(rows.start + 0.5 + float((y * weights).sum()) / total) * cell_mm,
        height_mm=float(heights_mm[row, column]) * cell_mm,
        probability=float(shares[1 + best]),
        probabilities=tuple(float(share) for share in shares),
    )
