"""Which way up the sheet lies: decided by the rows of traces and by the calibration pulses at their left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vizecg.spec import InputRefusedError
from vizecg_edge.rectify.block import Block, find_block
from vizecg_edge.rectify.rows import ink_mask
from vizecg_edge.rectify.traces import TraceView

ENOUGH_PULSES = 2


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A block and the way up of the view in which it was found.

    ``to_view``: (3, 3) float64, pixels of the turned view -> pixels of the view. ``quarter_turns``: counterclockwise.
    """

    block: Block
    to_view: np.ndarray
    quarter_turns: int


def place_block(view: TraceView, sideways: Callable[[], TraceView]) -> Placed:
    """Find the block, upright if it can be. Turned sheets are accepted only where pulses prove the turn.

    Args:
        view: the traces that run across.
        sideways: makes the view of the traces that run down; called where those across make no block.

    Raises:
        InputRefusedError: what the upright view was refused for.
    """
    mask = ink_mask(view)
    blocks: dict[int, Block] = {}
    refused: InputRefusedError | None = None
    try:
        blocks[0] = find_block(mask, view.inside)
    except InputRefusedError as error:
        refused = error
    if 0 in blocks and blocks[0].pulses >= ENOUGH_PULSES:
        return Placed(block=blocks[0], to_view=np.eye(3), quarter_turns=0)
    down = None if 0 in blocks else ink_mask(sideways())
    for turns in (2,) if 0 in blocks else (2, 1, 3):
        turned = mask if down is None or turns == 2 else down
        try:
            block = find_block(np.rot90(turned, turns).copy(), np.rot90(view.inside, turns).copy())
        except InputRefusedError:
            # What is amiss upright is what the photographer should hear of.
            continue
        if block.pulses >= ENOUGH_PULSES:
            blocks[turns] = block
    if refused is not None and not blocks:
        raise refused
    best = max(blocks, key=lambda turns: (blocks[turns].pulses, -turns))
    return Placed(block=blocks[best], to_view=_turn_back(mask.shape, best), quarter_turns=best)


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
