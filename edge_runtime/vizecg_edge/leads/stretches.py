"""What stretches of the traces say of one another, each reckoned once for all the forms that are tried on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vizecg_edge.leads.identities import LEAST_POWER, Products, surprise
from vizecg_edge.leads.layout import Piece
from vizecg_edge.rectify.traces import PX_PER_MM

SLACK_PX = 3
"""Columns that begin together are laid on a strip's beginning within so much."""
NAME_MM = 9.0
"""A lead's name stands above the beginning of its trace; that stretch is not compared."""


class Signals:
    """Heights (rows, w) in mm, and what stretches of them say, each reckoned once; less ``name_mm`` at the beginning
    of each, where names stand."""

    def __init__(self, heights: np.ndarray, name_mm: float = NAME_MM) -> None:
        self.heights = heights
        self.name_mm = name_mm
        self._known: dict[tuple[float, float], Products] = {}
        self._begun: dict[tuple[int, int, float, float], float] = {}
        self._most_like: dict[tuple[int, int, int, int], float] = {}
        self._slides: dict[tuple[int, int, int], tuple[np.ndarray, np.ndarray] | None] = {}
        self._stretches: dict[tuple[int, int, int], tuple[np.ndarray, float]] = {}

    def stretch(self, left_mm: float, right_mm: float) -> Products:
        """All rows from ``left_mm`` to ``right_mm``, less where names stand."""
        if (left_mm, right_mm) not in self._known:
            low, high = round((left_mm + self.name_mm) * PX_PER_MM), round(right_mm * PX_PER_MM) - 3
            low, high = max(0, low), min(self.heights.shape[1], high)
            some = self.heights[:, low:high] if high > low + 10 else np.zeros((len(self.heights), 1), np.float32)
            self._known[left_mm, right_mm] = Products(some)
        return self._known[left_mm, right_mm]

    def began_with(self, strip: int, left_mm: float, row: int, piece: Piece) -> float:
        """How nearly a piece in ``row`` is what a strip shows from its own beginning on, ``left_mm``: that of columns
        that begin together. As ``Products.same``."""
        key = (strip, row, left_mm, piece.left_mm)
        if key not in self._begun:
            self._begun[key] = self._began_with(strip, left_mm, row, piece)
        return self._begun[key]

    def _began_with(self, strip: int, left_mm: float, row: int, piece: Piece) -> float:
        start, low, high = (
            round(x * PX_PER_MM) for x in (left_mm + self.name_mm, piece.left_mm + self.name_mm, piece.right_mm)
        )
        length = min(high - 3, self.heights.shape[1]) - low
        if length <= 10 or low < 0 or start < SLACK_PX:
            return 0.0
        slid = self._slid(strip, start, length)
        if slid is None:
            return 0.0
        others, power = slid
        one, own = self._centred(row, low, length)
        single = own + power
        rest = single - 2 * others @ one
        return surprise(float((rest / np.maximum(single, LEAST_POWER * length)).min()))

    def most_like(self, strip: Piece, columns: Mapping[int, Sequence[Piece]], first: int) -> float:
        """How nearly a strip is the one of the pieces in ``columns`` that it is most like, as ``Products.same``; row 0
        of all is ``first``."""
        row, some = first + strip.row, columns[0]
        # Where a page has so many columns in such rows is the same whatever leads they show.
        key = (row, len(columns), first + some[0].row, len(some))
        if key not in self._most_like:
            self._most_like[key] = max(
                max(
                    self.stretch(here[0].left_mm, here[0].right_mm).same(row, first + p.row),
                    self.began_with(row, strip.left_mm, first + p.row, p),
                )
                for here in columns.values()
                for p in here
            )
        return self._most_like[key]

    def _slid(self, strip: int, start: int, length: int) -> tuple[np.ndarray, np.ndarray] | None:
        """A strip's stretches (2 * SLACK_PX + 1, length) about ``start``, and the power of each; None where it ends
        before."""
        key = (strip, start, length)
        if key not in self._slides:
            wide = self.heights[strip, start - SLACK_PX : start + length + SLACK_PX]
            if len(wide) < length + 2 * SLACK_PX:
                self._slides[key] = None
            else:
                others = np.lib.stride_tricks.sliding_window_view(wide - np.median(wide), length)
                self._slides[key] = others, (others**2).sum(axis=1)
        return self._slides[key]

    def _centred(self, row: int, low: int, length: int) -> tuple[np.ndarray, float]:
        """A row's stretch less its median, and its power."""
        key = (row, low, length)
        if key not in self._stretches:
            one = self.heights[row, low : low + length]
            one = one - np.median(one)
            self._stretches[key] = one, float(one @ one)
        return self._stretches[key]
