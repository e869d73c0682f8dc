"""Offsets of grid lines are known up to whole cells: made continuous here."""

from __future__ import annotations

import heapq

import cv2
import numpy as np

from vizecg_edge.rectify.phase import Phases

MOST_ISLANDS, LEAST_ISLAND, ISLAND_TRUST = 6, 40, 0.002
"""Parts of the grid that traces or creases cut off: how many, their least size in cells, and their weight."""
EVERY = 2
"""Neighbours this far apart are compared: the phases are smooth over more than that."""
PREDICTION_CELLS = 2.0


def unwrap(phases: Phases) -> Phases:
    """Offsets made continuous from the most coherent cell outwards; cells not connected to it count for little."""
    offsets, weights = phases.offsets.copy(), phases.weights.copy()
    for axis in range(2):
        trust = _trust(weights[..., axis])
        rough = _flooded(offsets[::EVERY, ::EVERY, axis], weights[::EVERY, ::EVERY, axis])
        size = (offsets.shape[1], offsets.shape[0])
        maps = np.stack(np.meshgrid(np.arange(size[0]), np.arange(size[1])), axis=-1).astype(np.float32) / EVERY
        guess = cv2.remap(rough.astype(np.float32), maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        offsets[..., axis] += np.round(guess - offsets[..., axis])
        weights[..., axis] *= trust
    return Phases(centres=phases.centres, offsets=offsets, weights=weights)


def unwrap_near(phases: Phases, expected: Phases) -> Phases:
    """Offsets made continuous by what was ``expected`` of the same cells; cells apart count for little."""
    offsets, weights = phases.offsets.copy(), phases.weights.copy()
    for axis in range(2):
        weight = expected.weights[..., axis].astype(np.float32)
        value = weight * expected.offsets[..., axis].astype(np.float32)
        over = cv2.GaussianBlur(value, (0, 0), PREDICTION_CELLS, borderType=cv2.BORDER_CONSTANT)
        under = cv2.GaussianBlur(weight, (0, 0), PREDICTION_CELLS, borderType=cv2.BORDER_CONSTANT)
        offsets[..., axis] += np.round(over / (under + 1e-4) - offsets[..., axis])
        weights[..., axis] *= _trust(weights[..., axis])
    return Phases(centres=phases.centres, offsets=offsets, weights=weights)


def _trust(weights: np.ndarray) -> np.ndarray:
    """A factor for the weights (rows, columns): 1 on the mainland, little on islands, which may be off by a whole
    cell, and 0 elsewhere."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((weights > 0).astype(np.uint8), connectivity=4)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    trust = np.zeros(count)
    order = np.argsort(-areas)[:MOST_ISLANDS]
    trust[order[areas[order] >= LEAST_ISLAND]] = ISLAND_TRUST
    trust[order[0]] = float(areas[order[0]] > 0)
    return np.asarray(trust[labels])


def _flooded(offsets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Quality-guided flood fill: the best cell next to those done is done next, on every island from its best."""
    rows, columns = offsets.shape
    wide = columns + 2
    # A border of useless cells spares the bounds.
    quality = np.pad(weights, 1).ravel().tolist()
    values = np.pad(offsets, 1).ravel().tolist()
    waiting = np.argsort(-np.pad(cv2.GaussianBlur(weights, (0, 0), 2.0), 1).ravel()).tolist()
    done = [q <= 0 for q in quality]
    for start in waiting:
        if done[start]:
            continue
        heap = [(0.0, start, values[start])]
        while heap:
            _, cell, guess = heapq.heappop(heap)
            if done[cell]:
                continue
            done[cell] = True
            value = values[cell]
            values[cell] = value = value + round(guess - value)
            for near in (cell - 1, cell + 1, cell - wide, cell + wide):
                if not done[near]:
                    heapq.heappush(heap, (-quality[near], near, value))
    return np.array(values).reshape(rows + 2, wide)[1:-1, 1:-1]
