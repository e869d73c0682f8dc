"""Names that are printed beside traces, held against the leads that a form puts there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

import numpy as np

from vizecg.spec import LEADS
from vizecg_edge.leads.layout import Piece

BEFORE_MM, AFTER = 13.0, 0.65
"""How far before the beginning of a trace its name may stand, and after it, as a share of the trace: the middle of it.
Some recorders print names at distances of their own, not those of the columns."""
USUAL_MM, RARER_MM = 20.0, 15.0
"""Further after the beginning than the first, names get rarer by a factor of e with every so many millimetres."""
ABOVE, BELOW = 0.75, 0.6
"""And how far above and below the baseline, in row spacings, but at most ``FAR_MM``."""
FAR_MM = 30.0
STRIP_AFTER_MM = 25.0
UNEVEN = 0.3
"""Names of one page stand as far from their baselines as each other, to within so many row spacings."""
LEAST_CHANCE = 0.004
"""A name is misread, or belongs to something else, this often."""
ELSEWHERE, STROKE = -1.0, "I"
"""For a clear name where no trace begins; but many a QRS complex looks like a stroke."""
UNLIKE_MM = 3.0
"""Names of one column are of different widths, which moves their middles."""
STRIPS, OTHER_STRIP = {"II": 0.31, "V1": 0.19, "V5": 0.11, "III": 0.07}, 0.04
"""How often a rhythm strip shows a lead."""
CLEAR, LEAST_READ = 0.5, 0.2
IMPOSSIBLE = 0.03
UNTURNED = -2.0
"""For each name with a V that is read the other way up."""
LEAST_LEGIBLE, LEAST_TURNED = 3, 0.3
NEARLY_ALL, MANY_ROWS = 0.65, 8
"""Pages of fewer rows whose second names cannot be read are common: 3 of 54 printouts of other origin."""
LEAST_BESIDE, MOSTLY, BARE_ROWS = 5, 0.7, 0.25
"""Names that stand beside their leads prove a layout where they are so many, and this share of all that are clear;
some stand beside strips. Of the rows so many may have none."""
LEAST_MIRRORED = 5
"""Names that are read in a mirror prove it. Some letters of handwriting look like a few."""
FAR_APART, MOVED = 1.6, 0.5
"""Rows so many times as far apart as the nearest ones may have another between them; and by how much of the latter
distance names then stand elsewhere. Of 60 drawn pages and 98 real ones only that has both whose third row was left
out; where names stand elsewhere by 0.38 or less the rows are even."""


@dataclass(frozen=True, kw_only=True)
class SeenName:
    """A lead's name read on the page. ``x_mm``, ``y_mm``: its middle; ``chances``: of each name, by name."""

    name: str
    x_mm: float
    y_mm: float
    chances: dict[str, float] = field(repr=False)

    @property
    def chance(self) -> float:
        return self.chances.get(self.name, 0.0)


def _reach(spacing_mm: float) -> tuple[float, float]:
    """How far (mm) above and below a baseline its name may stand, where rows are so far apart."""
    return min(ABOVE * spacing_mm, FAR_MM), min(BELOW * spacing_mm, FAR_MM)


def contradicted(pieces: Sequence[Piece], seen: Sequence[SeenName], *, spacing_mm: float) -> tuple[int, int]:
    """How many clear names stand beside a piece that is called otherwise, and how many beside one that is not; many
    a wave looks like a stroke."""
    against = agreeing = 0
    above, below = _reach(spacing_mm)
    for name in seen:
        if name.chance < CLEAR:
            continue
        near = [
            (abs(name.y_mm - piece.baseline_mm + 0.15 * spacing_mm), piece)
            for piece in pieces
            if -BEFORE_MM < name.x_mm - piece.left_mm < USUAL_MM and -above < name.y_mm - piece.baseline_mm < below
        ]
        if near:
            own = min(near, key=lambda one: one[0])[1]
            same = name.chances.get(own.name, 0.0) >= IMPOSSIBLE or own.strip
            agreeing, against = agreeing + same, against + (not same and name.name != STROKE)
    return against, agreeing


def mostly_beside(pieces: Sequence[Piece], seen: Sequence[SeenName], *, spacing_mm: float) -> bool:
    """Whether nearly all names that are clear stand beside the leads that they name, and so many that this is no
    chance, in nearly all rows."""
    leads = [piece for piece in pieces if not piece.strip]
    clear = [name for name in seen if name.chance >= CLEAR and name.name != STROKE]
    _, agreeing = contradicted(leads, clear, spacing_mm=spacing_mm)
    rows = [[piece for piece in leads if piece.row == row] for row in {piece.row for piece in leads}]
    bare = sum(contradicted(row, clear, spacing_mm=spacing_mm)[1] == 0 for row in rows)
    return agreeing >= LEAST_BESIDE and agreeing >= MOSTLY * len(clear) and bare <= BARE_ROWS * len(rows)


def between_rows(pieces: Sequence[Piece], seen: Sequence[SeenName]) -> bool:
    """Whether the names of a row that stands far from the next one stand where another row would be, which was left
    out: names of one page stand as far from their baselines as each other."""
    rows = {row: _median([p.baseline_mm for p in pieces if p.row == row]) for row in sorted({p.row for p in pieces})}
    if len(rows) < 2:
        return False
    least = min(after - before for before, after in pairwise(rows.values()))
    offsets = {row: _offsets([p for p in pieces if p.row == row], seen, y, reach=least) for row, y in rows.items()}
    usual = _median([offset for some in offsets.values() for offset in some])
    for (before, y), (after, other) in pairwise(rows.items()):
        if other - y >= FAR_APART * least:
            if offsets[after] and _median(offsets[after]) < usual - MOVED * least:
                return True
            if offsets[before] and _median(offsets[before]) > usual + MOVED * least:
                return True
    return False


def beyond_rows(pieces: Sequence[Piece], seen: Sequence[SeenName], *, spacing_mm: float) -> tuple[str, ...]:
    """The leads without a piece, of the twelve, whose names stand clearly above the first row or below the last one,
    where a column begins: rows that were left out."""
    rows = [piece.baseline_mm for piece in pieces]
    above, below = _reach(spacing_mm)
    starts, shown = {piece.left_mm for piece in pieces}, {piece.lead for piece in pieces}
    found = (
        name.name.lstrip("-")
        for name in seen
        if name.chance > CLEAR
        and not min(rows) - above <= name.y_mm <= max(rows) + below
        and any(-BEFORE_MM < name.x_mm - start < USUAL_MM for start in starts)
    )
    return tuple(dict.fromkeys(lead for lead in found if lead in LEADS and lead not in shown))


def _offsets(row: Sequence[Piece], seen: Sequence[SeenName], y_mm: float, *, reach: float) -> list[float]:
    """How far below a row the names of its leads stand."""
    return [
        name.y_mm - y_mm
        for piece in row
        for name in seen
        if name.chances.get(piece.name, 0.0) > CLEAR
        and -BEFORE_MM < name.x_mm - piece.left_mm < USUAL_MM
        and abs(name.y_mm - y_mm) < FAR_APART * reach
    ]


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if len(values) else 0.0


def unnamed_column(
    pieces: Sequence[Piece], seen: Sequence[SeenName], *, spacing_mm: float, least_rows: int = MANY_ROWS
) -> bool:
    """Whether, of so many rows, one column has no name at all beside its leads and another nearly all: rows of one lead
    each may have been taken for them."""
    if len({piece.row for piece in pieces}) < least_rows:
        return False
    above, below = _reach(spacing_mm)
    columns: dict[int, list[bool]] = {}
    for piece in pieces:
        if not piece.strip:
            read = any(
                name.chances.get(piece.name, 0.0) > LEAST_READ
                and -BEFORE_MM < name.x_mm - piece.left_mm < AFTER * (piece.right_mm - piece.left_mm)
                and -above < name.y_mm - piece.baseline_mm < below
                for name in seen
            )
            columns.setdefault(piece.column, []).append(read)
    shares = [sum(some) / len(some) for some in columns.values() if len(some) >= LEAST_LEGIBLE]
    return bool(shares) and min(shares) == 0.0 and max(shares) >= NEARLY_ALL


def unexplained(seen: Sequence[SeenName]) -> float:
    """What clear names cost, in logits, where none can be read."""
    return sum(map(_elsewhere, seen))


def _elsewhere(name: SeenName) -> float:
    return ELSEWHERE if name.chance > CLEAR and name.name != STROKE else 0.0


def upside_down(seen: Sequence[SeenName]) -> float:
    """What names that can be read the other way up cost, in logits; I, II and III are read either way."""
    return UNTURNED * sum(name.chance for name in seen if name.chance > LEAST_TURNED and "V" in name.name)


def legible(seen: Sequence[SeenName], *, least: int = LEAST_LEGIBLE) -> bool:
    """Whether so many names are clear that the page can lie no other way up: I, II and III are not told apart from
    themselves on their heads."""
    return len({name.name for name in seen if name.chance > CLEAR and "V" in name.name}) >= least


class NameScores:
    """How well names agree with pieces, in logits; some hundred forms are tried on a page, with the same names."""

    def __init__(self, seen: Sequence[SeenName]) -> None:
        self._some = bool(seen)
        self._read = [name for name in seen if name.chance >= LEAST_READ]
        self._places = np.array([[name.x_mm, name.y_mm] for name in self._read]).reshape(-1, 2)
        self._elsewhere = np.array([_elsewhere(name) for name in self._read])
        # A strip may be any lead.
        self._of_strips = [
            sum(chance * STRIPS.get(lead, OTHER_STRIP) for lead, chance in name.chances.items()) for name in self._read
        ]

    def of(self, pieces: Sequence[Piece], *, spacing_mm: float) -> float:
        """Of pieces whose rows are so far apart."""
        if not self._some or not pieces:
            return 0.0
        starts = np.array([[piece.left_mm, piece.baseline_mm] for piece in pieces])
        after = np.array([max(17.0, AFTER * (piece.right_mm - piece.left_mm)) for piece in pieces])
        across = self._places[:, None, 0] - starts[None, :, 0]
        down = self._places[:, None, 1] - starts[None, :, 1]
        above, below = _reach(spacing_mm)
        near = (across > -BEFORE_MM) & (across < after) & (down > -above) & (down < below)
        # Of two rows a name stands nearer to its own, and rather above it than below.
        cost = np.where(near, np.abs(across - 3) / 40 + np.abs(down + 0.15 * spacing_mm) / spacing_mm, np.inf)
        beside = near.any(axis=1)
        score = float(self._elsewhere[~beside].sum())
        best: dict[int, float] = {}
        for index in np.flatnonzero(beside):
            name, place = self._read[index], int(np.argmin(cost[index]))
            piece = pieces[place]
            if name.name == STROKE != piece.name:
                continue
            chance = self._of_strips[index] if piece.strip else name.chances.get(piece.name, 0.0)
            logit = math.log((chance + LEAST_CHANCE) / (1 / 12))
            logit -= max(0.0, float(across[index, place]) - USUAL_MM) / RARER_MM
            if place in best:
                # A piece has one name.
                score += float(self._elsewhere[index])
                logit = max(best[place], logit)
            best[place] = logit
        # Where most traces have their names beside them, one without is no trace.
        count, found = len(pieces), len(best)
        share = (found + 0.5) / (count + 1)
        return score + sum(best.values()) + found * math.log(share) + (count - found) * math.log(1 - share)


def name_offset_mm(pieces: Sequence[Piece], seen: Sequence[SeenName], *, spacing_mm: float) -> float | None:
    """How far below the baselines of their leads most names stand; None where fewer than three do."""
    above, below = _reach(spacing_mm)
    offsets = [
        name.y_mm - piece.baseline_mm
        for piece in pieces
        for name in seen
        if name.chances.get(piece.name, 0.0) > CLEAR
        and -BEFORE_MM < name.x_mm - piece.left_mm < STRIP_AFTER_MM
        and -above < name.y_mm - piece.baseline_mm < below
    ]
    return float(np.median(offsets)) if len(offsets) >= LEAST_LEGIBLE else None


def names_apart_mm(pieces: Sequence[Piece], seen: Sequence[SeenName], *, spacing_mm: float) -> float | None:
    """How far apart the names of neighbouring columns stand; None where they do not tell, or not all alike."""
    above, below = _reach(spacing_mm)
    places: dict[int, dict[int, float]] = {}
    for piece in pieces:
        near = [
            name.x_mm
            for name in seen
            if name.chances.get(piece.name, 0.0) > CLEAR
            and -BEFORE_MM < name.x_mm - piece.left_mm < AFTER * (piece.right_mm - piece.left_mm)
            and -above < name.y_mm - piece.baseline_mm < below
        ]
        # Before the first column stand pulses, and names keep off them.
        if len(near) == 1 and piece.column and not piece.strip:
            places.setdefault(piece.row, {})[piece.column] = near[0]
    apart = [
        (row[second] - row[first]) / (second - first)
        for row in places.values()
        for first, second in combinations(sorted(row), 2)
    ]
    if len(apart) < LEAST_LEGIBLE or max(apart) - min(apart) > UNLIKE_MM:
        return None
    return float(np.median(apart))


def chances_beside(
    piece: Piece, seen: Sequence[SeenName], *, spacing_mm: float, usual_mm: float | None = None
) -> dict[str, float]:
    """The chances of the name that stands beside a piece, where names stand ``usual_mm`` below the baselines; empty
    where none does. A stroke is none, since many a wave looks like one."""
    reach_above, below = _reach(spacing_mm)
    above = -reach_above
    if usual_mm is not None:
        above, below = usual_mm - UNEVEN * spacing_mm, usual_mm + UNEVEN * spacing_mm
    near = [
        name
        for name in seen
        if name.name != STROKE
        and -BEFORE_MM < name.x_mm - piece.left_mm < STRIP_AFTER_MM
        and above < name.y_mm - piece.baseline_mm < below
    ]
    best = max(near, key=lambda name: name.chance, default=None)
    return best.chances if best is not None else {}
