"""Pictures without any printed paper: views, noise, patterns, codes. Drawn and seeded."""

from __future__ import annotations

import cv2
import numpy as np

from vizecg_lab.not_ecg.draw import Draw

SHAPE = (1080, 1620)


def noise(rng: np.random.Generator) -> np.ndarray:
    """Grey or coloured, fine or coarse."""
    grain = int(rng.choice([1, 2, 5, 12]))
    small = rng.integers(0, 256, (SHAPE[0] // grain, SHAPE[1] // grain, 3), dtype=np.uint8)
    if rng.random() < 0.5:
        small[:] = small[..., :1]
    return np.asarray(cv2.resize(small, SHAPE[::-1], interpolation=cv2.INTER_LINEAR))


def fractal(rng: np.random.Generator) -> np.ndarray:
    """Clouds: noise of all sizes."""
    total = np.zeros((*SHAPE, 3), np.float32)
    for octave in range(1, 8):
        small = rng.normal(0, 1, (3 * 2**octave // 2, 2**octave * 2, 3)).astype(np.float32)
        total += cv2.resize(small, SHAPE[::-1], interpolation=cv2.INTER_CUBIC) * 1.8**-octave
    return np.clip(128 + 90 * total, 0, 255).astype(np.uint8)


def landscape(rng: np.random.Generator) -> np.ndarray:
    """A sky and hills, one behind the other."""
    height, width = SHAPE
    picture = np.linspace(rng.integers(90, 200, 3), rng.integers(180, 255, 3), height)[:, None].repeat(width, axis=1)
    rows = np.arange(height)[:, None]
    for depth in range(int(rng.integers(2, 6))):
        ridge = cv2.GaussianBlur(rng.normal(0, 1, (1, width)), (0, 0), float(rng.uniform(20, 150)), sigmaY=1e-3)[0]
        top = height * (0.35 + 0.13 * depth) + 70 * ridge / max(1e-6, float(ridge.std()))
        picture[rows > top] = rng.integers(20, 160, 3)
    return np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)


def black(rng: np.random.Generator) -> np.ndarray:
    """The lens cap."""
    return rng.integers(0, 6, (*SHAPE, 3), dtype=np.uint8)


def white(rng: np.random.Generator) -> np.ndarray:
    """An empty page, or a lamp."""
    return rng.integers(int(rng.integers(200, 254)), 256, (*SHAPE, 3), dtype=np.uint8)


def code(rng: np.random.Generator) -> np.ndarray:
    """Squares as of a QR code with its three corners, or bars as of a barcode."""
    picture = np.full((*SHAPE, 3), 245, np.uint8)
    if rng.random() < 0.5:
        n = int(rng.integers(21, 60))
        cells = rng.integers(0, 2, (n, n), dtype=np.uint8)
        for y, x in ((0, 0), (0, n - 7), (n - 7, 0)):
            cells[y : y + 7, x : x + 7] = 1
            cells[y + 1 : y + 6, x + 1 : x + 6] = 0
            cells[y + 2 : y + 5, x + 2 : x + 5] = 1
        side = 900 // n * n
        drawn = cv2.resize(cells, (side, side), interpolation=cv2.INTER_NEAREST)
        picture[60 : 60 + side, 300 : 300 + side][drawn == 1] = 15
    else:
        x = 100
        while x < SHAPE[1] - 120:
            wide = int(rng.integers(3, 16))
            picture[120:-120, x : x + wide] = 10
            x += wide + int(rng.integers(3, 16))
    return picture


def bricks(rng: np.random.Generator) -> np.ndarray:
    """A wall."""
    picture = np.full((*SHAPE, 3), 190, np.uint8)
    high = int(rng.integers(24, 90))
    wide, joint = int(high * rng.uniform(1.8, 3)), max(2, high // 12)
    for row, y in enumerate(range(0, SHAPE[0], high)):
        for x in range(-wide // 2 * (row % 2), SHAPE[1], wide):
            colour = np.clip(np.array([170, 80, 60]) + rng.normal(0, 14, 3), 0, 255)
            cv2.rectangle(picture, (x, y), (x + wide - joint, y + high - joint), colour.tolist(), -1)
    return np.clip(picture + rng.normal(0, 8, picture.shape), 0, 255).astype(np.uint8)


def tiles(rng: np.random.Generator) -> np.ndarray:
    """Square tiles or a checkerboard, turned a little."""
    side, dark = int(rng.integers(14, 120)), int(rng.integers(0, 140))
    picture = np.full((*SHAPE, 3), 230, np.uint8)
    if rng.random() < 0.5:
        y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]] // side
        picture[(x + y) % 2 == 0] = dark
    else:
        line = max(1, side // 20)
        for offset in range(line):
            picture[offset::side] = dark
            picture[:, offset::side] = dark
    turn = cv2.getRotationMatrix2D((SHAPE[1] / 2, SHAPE[0] / 2), float(rng.uniform(-15, 15)), 1.2)
    return np.asarray(cv2.warpAffine(picture, turn, SHAPE[::-1], borderMode=cv2.BORDER_REFLECT))


SCENES: dict[str, Draw] = {
    "noise": noise, "fractal": fractal, "landscape": landscape, "black": black, "white": white, "code": code,
    "bricks": bricks, "tiles": tiles,
}  # fmt: skip
"""Shown as they are."""
