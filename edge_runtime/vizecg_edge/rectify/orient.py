"""Which way up the sheet lies: decided by the calibration pulses and by what the traces say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from vizecg.spec import InputRefusedError
from vizecg.spec.sheet import BLOCK_MM
from vizecg_edge.rectify.block import Block, find_block
from vizecg_edge.rectify.content import evidence_for, leads_of, trace_signals, turned
from vizecg_edge.rectify.reasons import Reason, refusal
from vizecg_edge.rectify.rows import ink_mask
from vizecg_edge.rectify.scales import PulseScales, read_scales
from vizecg_edge.rectify.traces import PX_PER_MM, TraceView

ENOUGH_PULSES, PULSE_WORTH = 2, 1.6
"""Pulses point upwards. From how many on they count, and what each is worth beside the traces' own evidence."""
WEIGHTS = np.array([0.5, 1.7, 1.0, 1.2, 1.2])
"""Of the differences of ``Evidence``: a logistic regression on photographed renderings, margins in its logits."""
MOST_CONTENT = 6.0
LEAST_DRIFT_MM = 1.5
"""Where a trace stays longest is the best mark of its baseline, unless it lies further than this from its middle."""
LEAST_MARGIN, CLEAR_MARGIN = 1.5, 3.0
"""Below the first the sheet is refused; from the second on the other way up is not looked at."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A block and the way up of the view in which it was found.

    ``to_view``: (3, 3) float64, pixels of the turned view -> pixels of the view. ``quarter_turns``: counterclockwise.
    ``scales``: what the pulses say about speed and gain. ``signals``: see ``trace_signals``.
    """

    block: Block
    to_view: np.ndarray
    quarter_turns: int
    scales: PulseScales
    signals: np.ndarray


def place_block(view: TraceView, sideways: Callable[[], TraceView]) -> Placed:
    """Find the block and settle which way up it lies.

    Args:
        view: the traces that run across.
        sideways: makes the view of the traces that run down; called where those across are no block.

    Raises:
        InputRefusedError: what the traces that run across were refused for, or orientation_uncertain.
    """
    try:
        return _placed(ink_mask(view), view.inside, 0)
    except InputRefusedError as across:
        try:
            return _placed(ink_mask(sideways()), view.inside, 1)
        except InputRefusedError as down:
            # What is amiss upright is what the photographer should hear of, unless only the way up is unclear.
            uncertain = down.reason == Reason.ORIENTATION_UNCERTAIN.value
            raise (down if uncertain else across) from None


def _placed(mask: np.ndarray, inside: np.ndarray, turns: int) -> Placed:
    """The block of traces that run across a mask turned by ``turns``, or by half a turn more."""
    blocks: dict[int, Block] = {}
    signals: dict[int, np.ndarray] = {}
    margin = 0.0
    refused: InputRefusedError | None = None
    for way, sign in ((turns, 1), (turns + 2, -1)):
        view = np.ascontiguousarray(np.rot90(mask, way))
        try:
            block = find_block(view, np.ascontiguousarray(np.rot90(inside, way)))
        except InputRefusedError as error:
            refused = refused or error
            continue
        pulses = PULSE_WORTH * block.pulses if block.pulses >= ENOUGH_PULSES else 0.0
        # Always asked: the QRS complexes of a sheet on its head can stand in line like four pulses.
        if not blocks:
            signals[way] = trace_signals(view, block.rows, block.left)
            margin += sign * _content(signals[way])
        margin += sign * pulses
        blocks[way] = block
        if margin >= CLEAR_MARGIN:
            break
    if not blocks:
        raise refused or refusal(Reason.NOT_AN_ECG)
    if abs(margin) < LEAST_MARGIN:
        raise refusal(Reason.ORIENTATION_UNCERTAIN)
    way = turns if margin > 0 else turns + 2
    view = np.ascontiguousarray(np.rot90(mask, way))
    if way not in blocks:
        block, heights = next(iter(blocks.values())), next(iter(signals.values()))
        blocks[way], signals[way] = _mirrored(block, view.shape), turned(heights)
    elif way not in signals:
        signals[way] = trace_signals(view, blocks[way].rows, blocks[way].left)
    block, heights = _settled(blocks[way], signals[way])
    return Placed(
        block=block,
        to_view=_turn_back(mask.shape, way),
        quarter_turns=way % 4,
        scales=read_scales(view, block),
        signals=heights,
    )


def _settled(block: Block, signals: np.ndarray) -> tuple[Block, np.ndarray]:
    """The block and its signals with the baselines moved to where traces that wander have their middle."""
    above = np.median(leads_of(signals), axis=2).mean(axis=1)
    moved = np.sign(above) * np.maximum(np.abs(above) - LEAST_DRIFT_MM, 0.0)
    rows = tuple(float(y - PX_PER_MM * up) for y, up in zip(block.rows, moved, strict=True))
    return replace(block, rows=rows), signals - moved[:, None].astype(np.float32)


def _content(signals: np.ndarray) -> float:
    """What the traces say for this way up, in logits; negative for half a turn more."""
    differences = evidence_for(signals).against(evidence_for(turned(signals)))
    return float(np.clip(WEIGHTS @ differences, -MOST_CONTENT, MOST_CONTENT))


def _mirrored(block: Block, shape: tuple[int, ...]) -> Block:
    """The block in the view of ``shape`` that is turned by half a turn; its pulses are not known there."""
    left = shape[1] - 1 - (block.left + BLOCK_MM * PX_PER_MM)
    return replace(block, left=left, rows=tuple(shape[0] - 1 - y for y in reversed(block.rows)), pulses=0)


def _turn_back(shape: tuple[int, ...], turns: int) -> np.ndarray:
    """Pixels of ``np.rot90(view, turns)`` -> pixels of the view of ``shape``."""
    height, width = shape[0] - 1, shape[1] - 1
    rows = {
        0: [[1, 0, 0], [0, 1, 0]],
        1: [[0, -1, width], [1, 0, 0]],
        2: [[-1, 0, width], [0, -1, height]],
        3: [[0, 1, 0], [-1, 0, height]],
    }[turns % 4]
    return np.array([*rows, [0, 0, 1]], np.float64)
