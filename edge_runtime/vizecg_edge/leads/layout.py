"""What is printed where on a page: the leads' stretches, their arrangement, the calibration pulses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from vizecg_edge.leads.page import Box

RHYTHM = "rhythm"
"""What a strip is called whose lead is not certain."""
NAMED_SHARE = 2 / 3
"""Leads are proven by their names where so many of them, strips included, have theirs beside them."""


class LeadOrder(str, Enum):
    """``cabrera``: the limb leads by their angle, aVL I -aVR II aVF III."""

    STANDARD = "standard"
    CABRERA = "cabrera"


class Timing(str, Enum):
    """``sequential``: a column goes on where the one before it ended; ``simultaneous``: all begin together;
    ``unknown``: nothing tells."""

    SEQUENTIAL = "sequential"
    SIMULTANEOUS = "simultaneous"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of one lead as it is printed. Page millimetres.

    Attributes:
        lead: one of ``LEADS``, or V3R, V4R, or ``RHYTHM``.
        inverted: whether it is drawn upside down (-aVR).
        row, column: from the top and from the left, 0 being the first.
        strip: whether it is a rhythm strip, as long as the block is wide.
        left_mm, right_mm: where its trace begins and ends.
        baseline_mm: y of its 0 mV.
        time_mm: where it begins on the page's axis of time, in millimetres of paper from the beginning of the first
            column: as far as the columns before it are wide where columns are sequential, 0 where they are not.
    """

    lead: str
    row: int
    column: int
    left_mm: float
    right_mm: float
    baseline_mm: float
    time_mm: float = 0.0
    strip: bool = False
    inverted: bool = False

    @property
    def name(self) -> str:
        """What is printed beside it."""
        return f"-{self.lead}" if self.inverted else self.lead


@dataclass(frozen=True, kw_only=True)
class CalibrationPulse:
    """A calibration pulse that was found: its outline on the page, mm; ``box.bottom`` is its foot. ``seen``: whether
    the page network sees one there, too; None where it was not asked."""

    box: Box
    score: float
    seen: bool | None = None

    @property
    def width_mm(self) -> float:
        return self.box.right - self.box.left

    @property
    def height_mm(self) -> float:
        return self.box.bottom - self.box.top


@dataclass(frozen=True, kw_only=True)
class PageLayout:
    """How a page is laid out.

    Attributes:
        arrangement: rows by columns of the block without its strips: ``3x4``, ``6x2``, ``12x1``, ``4x3``, ``6x1``.
        order, timing: of the leads, of the columns.
        pieces: every stretch of a lead, row by row.
        block: around the traces, from their beginning to their end, from the first baseline to the last.
        pulses: the calibration pulses found.
        margin: by how much this reading of the page is ahead of the next one, in logits.
        identities: how well the leads agree with being those that they are called (I + III = II and the like, strips
            that repeat a lead): about 0 for traces that have nothing to do with each other, 9 at best. Chest leads
            alone cannot be held against anything, and count as 9.
        named: how many of the leads have their names beside them, as they are read; None where none were looked for.
    """

    arrangement: str
    order: LeadOrder
    timing: Timing
    pieces: tuple[Piece, ...]
    block: Box
    pulses: tuple[CalibrationPulse, ...] = ()
    margin: float = 0.0
    identities: float = 9.0
    named: int | None = None

    @property
    def strips(self) -> tuple[Piece, ...]:
        return tuple(piece for piece in self.pieces if piece.strip)

    @property
    def is_named(self) -> bool:
        """Whether the names beside them prove the leads."""
        return self.named is not None and self.named >= NAMED_SHARE * len(self.pieces)

    @property
    def name(self) -> str:
        """``3x4``, ``3x4+R``, ``6x2+2R`` ..., as in manifests."""
        count = len(self.strips)
        return self.arrangement + ("" if not count else "+R" if count == 1 else f"+{count}R")
