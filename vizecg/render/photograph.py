"""A sheet becomes a photograph: a ``PhotoPlan`` carried out with OpenCV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from vizecg.render.effects import CONDITIONS, Effects
from vizecg.render.finish import finished
from vizecg.render.mapping import SheetToPhoto
from vizecg.render.pen import tint
from vizecg.render.photo_plan import (
    CELL,
    LIGHT_UNIT,
    WIDTH_PX,
    PhotoPlan,
    Ripple,
    build_photo,
    draft_photo,
    stretched,
)
from vizecg.spec import Condition, SheetSpec
from vizecg.spec.condition import Finish
from vizecg.spec.preprocess import check_sheet

PHOTOGRAPHER_VERSION = "2"
"""Written into manifests; raised when the same sheet is photographed differently."""

_STRIP = 8 * CELL

NOISE_SIDE, NOISE_UNIT = 1024, 32.0
"""Side and standard deviation (grey levels) of the noise tile, which repeats."""


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A photograph and the truth about it.

    Attributes:
        image: uint8 RGB (height, width, 3).
        mapping: sheet pixel centres -> photo pixel centres, with the bend of the paper and the lens.
    """

    image: np.ndarray
    mapping: SheetToPhoto

    @property
    def homography(self) -> np.ndarray:
        """float64 (3, 3): the mapping of a flat sheet through a lens without distortion."""
        return self.mapping.homography


def photograph(
    sheet: np.ndarray,
    *,
    rng: np.random.Generator,
    spec: SheetSpec | None = None,
    condition: Condition | Effects = Condition.PHOTO,
    strength: float = 1.0,
    width_px: tuple[int, int] = WIDTH_PX,
    stretch: float = 1.0,
    finish: Finish | None = None,
) -> Photo:
    """Photograph (or scan, or copy) a sheet.

    Args:
        sheet: uint8 RGB sheet of ``spec``'s size.
        rng: decides everything that is random.
        spec: the sheet's size and scale.
        condition: a named condition, or the strengths themselves.
        strength: factor on all strengths, 0 (an even, straight, sharp picture) to 1.
        width_px: least and greatest width of the picture.
        stretch: how many times as wide as it should be the picture is shown, as some viewers do.
        finish: what becomes of the picture afterwards.

    Raises:
        ValueError: the sheet does not fit ``spec``, strength is outside 0 to 1, or stretch outside 0.5 to 2.
    """
    spec = spec or SheetSpec()
    check_sheet(sheet, spec)
    effects = condition if isinstance(condition, Effects) else CONDITIONS[condition]
    draft = draft_photo(spec=spec, effects=effects.scaled(strength), rng=rng, width_px=width_px)
    plan = build_photo(draft if stretch == 1 else stretched(draft, stretch), spec=spec)
    image, mapping = take_photo(sheet, plan), plan.mapping
    if finish is not None:
        image, mapping = finished(image, mapping, finish, rng, strength=strength)
    return Photo(image=image, mapping=mapping)


def take_photo(sheet: np.ndarray, plan: PhotoPlan) -> np.ndarray:
    """The picture that a plan describes: uint8 RGB (height, width, 3)."""
    height, width = plan.size
    page = _page(sheet, plan)
    margin = plan.margin or paper_colour(page)
    image = np.empty((height, width, 3), np.uint8)
    warp(page, plan.lattice, image, border=margin)
    if not _covers(plan):
        inside = np.zeros((height, width), np.uint8)
        cv2.fillPoly(inside, [plan.outline], 255, cv2.LINE_8, 4)
        cv2.copyTo(cv2.resize(plan.surroundings, (width, height)), cv2.bitwise_not(inside), image)
    if (plan.light != LIGHT_UNIT).any():
        for first, strip in strips(image):
            light = enlarge(plan.light, plan.size, first=first, rows=len(strip))
            cv2.multiply(strip, light, dst=strip, scale=1 / LIGHT_UNIT)
    for ripple in plan.ripples:
        cv2.multiply(image, ripple_field(ripple, plan.size), dst=image, dtype=cv2.CV_8U)
    if plan.blur > 0.2:
        cv2.GaussianBlur(image, (0, 0), plan.blur, dst=image)
    if plan.motion is not None:
        image = cv2.filter2D(image, -1, plan.motion)
    if plan.noise > 0.5:
        share = plan.noise / NOISE_UNIT
        cv2.addWeighted(image, 1.0, noise_crop(plan.noise_at, plan.size), share, -128.0 * share, dst=image)
    if plan.jpeg is not None:
        image = _through_jpeg(image, plan.jpeg)
    return image


def _through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise RuntimeError("OpenCV could not encode the photograph as JPEG")
    return np.asarray(cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))


def warp(source: np.ndarray, lattice: np.ndarray, target: np.ndarray, *, border: tuple[int, int, int]) -> None:
    """Fill ``target`` with what its lattice sees in ``source``, bilinear, and with ``border`` beyond its edges.

    Args:
        source: uint8 RGB.
        lattice: float32 (rows, columns, 2), the source pixel of each node.
        target: uint8 RGB (height, width, 3), written to.
        border: RGB.
    """
    size = (target.shape[0], target.shape[1])
    four = cv2.cvtColor(source, cv2.COLOR_RGB2RGBA)  # OpenCV warps four channels in half the time of three
    for first, strip in strips(target):
        seen = enlarge(lattice, size, first=first, rows=len(strip))
        warped = cv2.remap(
            four, seen, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(*border, 255)
        )
        cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB, dst=strip)


def strips(image: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """First row and view of one strip after the other: the per-pixel maps of a strip fit into the processor's cache,
    those of a whole picture do not."""
    for first in range(0, len(image), _STRIP):
        yield first, image[first : first + _STRIP]


def enlarge(lattice: np.ndarray, size: tuple[int, int], *, first: int = 0, rows: int | None = None) -> np.ndarray:
    """Values of every pixel from those of the lattice's nodes, bilinear.

    Args:
        lattice: (node rows, node columns, c), as ``lattice_points`` places them.
        size: (height, width) of the picture.
        first: row of pixels to begin with, a multiple of ``CELL``.
        rows: how many rows of pixels; None for the rest.

    Returns:
        (rows, width, c).
    """
    rows = size[0] - first if rows is None else rows
    start = first // CELL
    nodes = lattice[start : start + -(-rows // CELL) + 2]
    full = cv2.resize(nodes, (nodes.shape[1] * CELL, len(nodes) * CELL), interpolation=cv2.INTER_LINEAR)
    return full[CELL : CELL + rows, CELL : CELL + size[1]]


def paper_colour(sheet: np.ndarray) -> tuple[int, int, int]:
    """The paper between the grid lines: RGB."""
    some = np.sort(sheet[::17, ::17].reshape(-1, 3), axis=0)
    red, green, blue = (int(value) for value in some[int(0.9 * len(some))])
    return red, green, blue


def ripple_field(ripple: Ripple, size: tuple[int, int]) -> np.ndarray:
    """Brightness factors of moire: float32 (height, width, 3)."""
    x = ripple.kx * np.arange(size[1], dtype=np.float32)
    y = ripple.ky * np.arange(size[0], dtype=np.float32)[:, None]
    # cos(a + b) from the cosines of rows and columns, since those of every pixel cost a hundred times as much.
    waves = [
        np.cos(x + phase) * np.cos(y) - np.sin(x + phase) * np.sin(y) for phase in np.array(ripple.phases, np.float32)
    ]
    return cv2.merge([1 + np.float32(ripple.amplitude) * wave for wave in waves])


@lru_cache(maxsize=1)
def noise_tile() -> np.ndarray:
    """Sensor noise about 128: uint8 (NOISE_SIDE, NOISE_SIDE, 3), the same everywhere; most of it is common to the
    channels."""
    rng = np.random.default_rng(20240802)
    grey = rng.normal(0, 0.9, (NOISE_SIDE, NOISE_SIDE, 1))
    colour = rng.normal(0, 0.44, (NOISE_SIDE, NOISE_SIDE, 3))
    return np.clip(np.round(128 + NOISE_UNIT * (grey + colour)), 0, 255).astype(np.uint8)


@lru_cache(maxsize=4)
def _tiled_noise(repeats: tuple[int, int]) -> np.ndarray:
    return np.tile(noise_tile(), (*repeats, 1))


def noise_crop(at: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """uint8 (height, width, 3) of the repeated tile from ``at`` on."""
    row, column = at[0] % NOISE_SIDE, at[1] % NOISE_SIDE
    repeats = (-(-size[0] // NOISE_SIDE) + 1, -(-size[1] // NOISE_SIDE) + 1)
    return _tiled_noise(repeats)[row : row + size[0], column : column + size[1]]


def _page(sheet: np.ndarray, plan: PhotoPlan) -> np.ndarray:
    """The sheet after the copier and after people's pens; the sheet itself where there was neither."""
    page = sheet
    if plan.copied is not None:
        page = cv2.cvtColor(cv2.LUT(cv2.cvtColor(sheet, cv2.COLOR_RGB2GRAY), plan.copied), cv2.COLOR_GRAY2RGB)
    if plan.marks:
        page = page.copy() if page is sheet else page
        for mark in plan.marks:
            tint(page, mark)
    return page


def _covers(plan: PhotoPlan) -> bool:
    """Whether the page fills the whole picture."""
    height, width = plan.size
    corners = ((0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1))
    outline = plan.outline.reshape(-1, 1, 2)
    return all(cv2.pointPolygonTest(outline, (float(x * 16), float(y * 16)), False) >= 0 for x, y in corners)
