"""Where leads are said to be, against where they are: which stretch of the page each piece lies on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vizecg_edge.leads.layout import RHYTHM
from vizecg_lab.leads.truth import PlacedLead

_BEYOND = 0.15
"""How far, in its own lengths, a stretch counts beyond its ends."""
_NEAR = 0.6
"""A piece further from every trace than this many distances of rows lies on none."""
_OVER = 0.3
"""Stretches whose middles are less than this share of one apart lie over each other."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """What is wrong with where leads are said to be; names of leads, each empty where nothing is.

    ``elsewhere``: pieces where no trace is, or a second one on a trace; ``turned``: stretches that are read backwards;
    ``misnamed``: ``III as II``; ``missing``: stretches on which nothing was found; ``edge_px``: how far the worst piece
    begins or ends from where its trace does.
    """

    elsewhere: tuple[str, ...]
    turned: tuple[str, ...]
    misnamed: tuple[str, ...]
    missing: tuple[str, ...]
    edge_px: float


class Stretches:
    """What is printed on a page, at least one stretch."""

    def __init__(self, printed: tuple[PlacedLead, ...]) -> None:
        self.printed = printed
        self.start = np.array([piece.start for piece in printed], np.float64)
        self.end = np.array([piece.end for piece in printed], np.float64)
        self.length = np.linalg.norm(self.end - self.start, axis=1)
        self.along = (self.end - self.start) / self.length[:, None]

    @cached_property
    def row_px(self) -> float:
        """Median distance of the stretches from their next neighbour above or below."""
        centre = (self.start + self.end) / 2
        apart = centre[None] - centre[:, None]
        share = np.abs((apart * self.along[:, None]).sum(axis=-1)) / self.length[:, None]
        distance = np.linalg.norm(apart, axis=-1)
        distance[(share >= _OVER) | np.eye(len(centre), dtype=bool)] = np.inf
        nearest = distance.min(axis=1)
        known = nearest[np.isfinite(nearest)]
        return float(np.median(known)) if len(known) else float(self.length[0])

    def nearest(self, point: np.ndarray) -> tuple[int, float]:
        """The stretch beside which a point lies, and its distance from it."""
        from_start = point - self.start
        share = (from_start * self.along).sum(axis=1) / self.length
        beyond = np.maximum(0, np.maximum(-share, share - 1) - _BEYOND) * self.length
        across = self.along[:, 0] * from_start[:, 1] - self.along[:, 1] * from_start[:, 0]
        # Where columns meet a point is beside both: the one that holds it counts.
        distance = np.hypot(beyond, across) + 1e-3 * ((share < 0) | (share > 1))
        index = int(distance.argmin())
        return index, float(distance[index])

    def compare(self, placed: tuple[PlacedLead, ...]) -> Places:
        """Pieces as a reader placed them."""
        elsewhere, turned, misnamed, seen, edge = [], [], [], set(), 0.0
        for piece in placed:
            index, distance = self.nearest(piece.centre)
            truth = self.printed[index]
            if distance > _NEAR * self.row_px:
                elsewhere.append(piece.lead)
                continue
            if float(piece.along @ self.along[index]) <= 0:
                turned.append(truth.lead)
            ends = np.array([piece.start, piece.end]) - np.array([truth.start, truth.end])
            edge = max(edge, float(np.abs(ends @ self.along[index]).max()))
            if index in seen:
                elsewhere.append(f"{piece.lead} on {truth.lead} again")
            elif (piece.lead, piece.inverted) == (truth.lead, truth.inverted) or (piece.lead == RHYTHM and truth.strip):
                seen.add(index)
            else:
                misnamed.append(f"{truth.lead} as {'-' * piece.inverted}{piece.lead}")
        missing = [] if misnamed else [piece.lead for k, piece in enumerate(self.printed) if k not in seen]
        return Places(
            elsewhere=tuple(elsewhere),
            turned=tuple(turned),
            misnamed=tuple(misnamed),
            missing=tuple(missing),
            edge_px=edge,
        )
