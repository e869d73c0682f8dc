"""What the page network learns from: squares of pages with their targets, in files of a few hundred."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track

from vizecg.records import EcgRecord
from vizecg.records.ptbxl import SPLITS, Ptbxl, PtbxlEntry
from vizecg.spec import InputRefusedError
from vizecg_edge.printed.names import NAMES
from vizecg_edge.printed.page_ink import page_ink
from vizecg_edge.printed.page_net import PX_PER_MM
from vizecg_lab.page_net.faces import installed_faces
from vizecg_lab.page_net.page import random_page
from vizecg_lab.page_net.spoil import SeenPage, seen

TILE_PX = 256
PAGES_A_FILE = 24
NEAR_MM, ABOUT_MM = 1.0, 2.1
"""A cell this near a name's middle is that name; one further off, up to the second distance, is not counted."""
UNCOUNTED = 255
TURNED = 0.12
"""Share of tiles that are turned or mirrored: no name is to be found there, but for I, II and III, which look alike."""
ALIKE = ("I", "II", "III")


@dataclass(frozen=True, kw_only=True)
class Tiles:
    """Squares of pages.

    Attributes:
        ink: uint8 (n, 2, 256, 256), see ``page_ink``.
        names: uint8 (n, 64, 64), per millimetre: 0 no name, 1 + place in ``NAMES``, or ``UNCOUNTED``.
        height: float32 (n, 64, 64), logarithm of the letters' height, where there is a name.
        masks: uint8 (n, 4, 128, 128), share of the pixel that traces, pulses and rules cover; last, where rules are
            not counted.
    """

    ink: np.ndarray
    names: np.ndarray
    height: np.ndarray
    masks: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence[Tiles]) -> Tiles:
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in cls.__annotations__})

    @classmethod
    def read(cls, path: Path) -> Tiles:
        with np.load(path) as stored:
            return cls(**{name: stored[name] for name in cls.__annotations__})

    def write(self, path: Path) -> None:
        """In one step, so that a reader finds whole files only."""
        partial = path.with_suffix(".part")
        with partial.open("wb") as file:
            np.savez(file, **{name: getattr(self, name) for name in self.__annotations__})
        partial.replace(path)

    def __len__(self) -> int:
        return len(self.ink)


def draw_tiles(*, ptbxl: Path, out: Path, files: int, seed: int) -> None:
    """Draw and spoil pages of PTB-XL's folds 1 to 8, and write their tiles; files that are there are kept.

    Raises:
        UsageError: there is no PTB-XL.
        MissingToolError: too few faces of type are installed.
    """
    source = Ptbxl(root=ptbxl)
    entries = source.select(folds=SPLITS["train"])
    faces = installed_faces()
    out.mkdir(parents=True, exist_ok=True)
    for number in track(range(files), description="Drawing pages"):
        path = out / f"tiles_{seed}_{number:04d}.npz"
        if path.is_file():
            continue
        rng = np.random.default_rng([seed, number])
        records = random_records(source, entries, rng)
        parts = [tiles_of(seen(random_page(next(records), rng, faces), rng), rng) for _ in range(PAGES_A_FILE)]
        Tiles.joined(parts).write(path)


def random_records(source: Ptbxl, entries: Sequence[PtbxlEntry], rng: np.random.Generator) -> Iterator[EcgRecord]:
    """Without end; the few that the checks refuse are passed over."""
    while True:
        try:
            yield source.read(entries[int(rng.integers(len(entries)))])
        except InputRefusedError:
            continue


def tiles_of(page: SeenPage, rng: np.random.Generator) -> Tiles:
    """All squares that fit on a page, from a place drawn at random."""
    height, width = page.picture.shape[:2]
    ink = page_ink(page.picture, px_per_mm=PX_PER_MM)
    layers = np.concatenate([page.masks, page.ignored[..., None]], axis=2)
    rows, columns = height // TILE_PX, width // TILE_PX
    step = 4  # so that the targets' pixels begin where the tile's do
    top = step * int(rng.integers((height - rows * TILE_PX) // step + 1))
    left = step * int(rng.integers((width - columns * TILE_PX) // step + 1))
    tiles = []
    for row in range(rows):
        for column in range(columns):
            y, x = top + row * TILE_PX, left + column * TILE_PX
            part = np.ascontiguousarray(ink[:, y : y + TILE_PX, x : x + TILE_PX])
            masks = cv2.resize(
                layers[y : y + TILE_PX, x : x + TILE_PX], (TILE_PX // 2,) * 2, interpolation=cv2.INTER_AREA
            )
            names, heights = _names(page, (x / PX_PER_MM, y / PX_PER_MM))
            tiles.append((part, names, heights, masks.transpose(2, 0, 1)))
    turned = [_turned(tile, rng) if rng.random() < TURNED else tile for tile in tiles]
    ink_, names_, heights_, masks_ = (np.stack(values) for values in zip(*turned, strict=True))
    return Tiles(ink=ink_, names=names_, height=heights_, masks=masks_)


Tile = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _names(page: SeenPage, corner: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    side = round(TILE_PX / PX_PER_MM)
    names, heights = np.zeros((side, side), np.uint8), np.zeros((side, side), np.float32)
    y, x = np.mgrid[:side, :side] + 0.5
    away = [(name, np.hypot(x - name.x_mm + corner[0], y - name.y_mm + corner[1])) for name in page.names]
    for _, distance in away:
        names[distance < ABOUT_MM] = UNCOUNTED
    for name, distance in away:
        near = distance < NEAR_MM
        at = name.x_mm - corner[0], name.y_mm - corner[1]
        if name.counts and min(at) > 1 and max(at) < side - 1:
            names[near] = 1 + NAMES.index(name.name)
            heights[near] = np.log(name.height_mm)
    return names, heights


def _turned(tile: Tile, rng: np.random.Generator) -> Tile:
    ink, names, heights, masks = tile
    turn = int(rng.integers(4))
    counted = np.isin(names, [1 + NAMES.index(name) for name in ALIKE])
    names = np.where(counted, UNCOUNTED, 0).astype(np.uint8)
    if turn == 0:
        return tuple(np.ascontiguousarray(layer[..., ::-1, ::-1]) for layer in (ink, names, heights, masks))  # type: ignore[return-value]
    if turn == 1:
        return tuple(np.ascontiguousarray(layer[..., ::-1]) for layer in (ink, names, heights, masks))  # type: ignore[return-value]
    times = 1 if turn == 2 else 3
    names[names == UNCOUNTED] = 0
    return tuple(np.ascontiguousarray(np.rot90(layer, times, (-2, -1))) for layer in (ink, names, heights, masks))  # type: ignore[return-value]
