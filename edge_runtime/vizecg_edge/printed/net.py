"""The letter network: a picture of a line of text -> probabilities of letters per column. numpy only."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

ALPHABET = "0123456789./,mseVcxLibhtpnrHRFBMaz: *"
"""The letters that are told apart, in the network's order after the blank. ``:`` stands for all other punctuation and
``*`` for all other letters; capitals that are only larger (C, P, S, V, X, Z) are the same letter as the small ones."""
BLANK = 0
DIGITS = list(range(1, 11))
COLUMN_PX = 2
"""Pixels of the picture per column of the network's output."""
WEIGHTS = Path(__file__).parent / "letters.npz"
ONE_THREAD = 1 << 18
"""OpenBLAS computes a product of matrices in one thread up to this many multiplications."""


class Letter(NamedTuple):
    """A letter that was read, its probability, and that of all digits but it, in the column where it is surest."""

    letter: str
    sure: float
    digits: float


@lru_cache(maxsize=1)
def _weights() -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Kernels (3 * 3 * in, out), in this order of axes, and biases (out,)."""
    with np.load(WEIGHTS) as stored:
        names = sorted(name[1:] for name in stored.files if name.startswith("w"))
        return tuple((stored[f"w{name}"].astype(np.float32), stored[f"b{name}"].astype(np.float32)) for name in names)


def probabilities(strip: np.ndarray) -> np.ndarray:
    """float32 (2, 24, w) picture, w even -> float32 (w / 2, 1 + letters), the probabilities of blank and letters."""
    weights = _weights()
    x = np.ascontiguousarray(strip.transpose(1, 2, 0))
    x = _halved(_convolved(x, *weights[0]), 2, 2)
    x = _halved(_convolved(x, *weights[1]), 2, 1)
    x = _halved(_convolved(x, *weights[2]), 2, 1)
    x = _convolved(x, *weights[3], pad_rows=0)
    x = _convolved(x, *weights[4], pad_rows=0, rows=1, columns=5)
    kernel, bias = weights[5]
    logits = _product(x[0], kernel) + bias
    logits -= logits.max(axis=1, keepdims=True)
    likely = np.exp(logits)
    return np.asarray(likely / likely.sum(axis=1, keepdims=True))


def _convolved(
    x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, *, pad_rows: int = 1, rows: int = 3, columns: int = 3
) -> np.ndarray:
    """(h, w, in) -> rectified (h, w, out); without ``pad_rows`` the height shrinks by ``rows - 1``."""
    side = columns // 2
    width = x.shape[1]
    padded = np.zeros((x.shape[0] + 2 * pad_rows, width + 2 * side, x.shape[2]), np.float32)
    padded[pad_rows : pad_rows + x.shape[0], side : side + width] = x
    height = padded.shape[0] - rows + 1
    windows = [padded[i : i + height, j : j + width] for i in range(rows) for j in range(columns)]
    flat = np.concatenate(windows, axis=2).reshape(height * width, -1)
    out = _product(flat, kernel)
    out += bias
    return np.asarray(np.maximum(out, 0, out=out).reshape(height, width, -1))


def _product(flat: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """float32 (n, k) times (k, m), so few rows at a time that BLAS does not share them out among its threads: waking
    these takes a hundred times as long as the product itself."""
    rows = max(1, ONE_THREAD // kernel.size)
    out = np.empty((len(flat), kernel.shape[1]), np.float32)
    for top in range(0, len(flat), rows):
        np.matmul(flat[top : top + rows], kernel, out=out[top : top + rows])
    return out


def _halved(x: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The greatest of each ``rows`` x ``columns`` pixels."""
    out = np.maximum(x[0::2], x[1::2]) if rows == 2 else x
    return np.maximum(out[:, 0::2], out[:, 1::2]) if columns == 2 else out


def letters_of(likely: np.ndarray) -> list[Letter]:
    """The most likely letter of each run of columns (n, 1 + letters)."""
    best = likely.argmax(axis=1)
    letters: list[Letter] = []
    start = 0
    for end in range(1, len(best) + 1):
        if end == len(best) or best[end] != best[start]:
            if best[start] != BLANK:
                column = likely[start + int(likely[start:end, best[start]].argmax())]
                others = column[DIGITS].sum() - (column[best[start]] if best[start] in DIGITS else 0.0)
                letters.append(Letter(ALPHABET[best[start] - 1], float(column[best[start]]), float(others)))
            start = end
    return letters
