"""Everything random about a photograph, decided before any pixel is touched.

``draft_photo`` draws it, a few numbers; ``build_photo`` works them out, still small (lattices of one node per ``CELL``
pixels). ``vizecg.render.photograph`` carries a plan out with OpenCV; ``vizecg.data.batch`` works out and carries out
many drafts on a GPU."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from vizecg.render.effects import Effects
from vizecg.render.finish import stretching
from vizecg.render.light import LightDraft, background, build_light, draft_light
from vizecg.render.mapping import SheetToPhoto
from vizecg.render.pen import Tint, marks_on_paper
from vizecg.render.relief import (
    ReliefDraft,
    SideLight,
    View,
    build_relief,
    draft_relief,
    draft_side_light,
    draft_view,
)
from vizecg.spec import SheetSpec

CELL = 8
"""Pixels of the picture per lattice node. Node j lies at (j - 1) CELL + (CELL - 1) / 2, the first beyond the edge."""
LIGHT_UNIT = 180
"""Value of light 1 in the uint8 light lattice: up to 1.4 times as bright can be said."""
WIDTH_PX = (880, 1150)
"""Least and greatest width of a picture made for training: about 3 px/mm, above the scale of the network's input."""

_ROTATION_DEG, _PERSPECTIVE, _LENS = 18.0, 0.08, 0.06
_MARGIN_MM = (0.0, 25.0)
_BLUR_PX, _MOTION_PX, _NOISE = 1.4, 5.0, 10.0
_JPEG_BEST, _JPEG_WORST, _JPEG_UNSEEN = 95, 40, 80  # better than that is lost in the noise


@dataclass(frozen=True, kw_only=True)
class Ripple:
    """Interference of two rasters: brightness 1 + amplitude cos(kx x + ky y + phase), one phase per channel."""

    kx: float
    ky: float
    phases: tuple[float, float, float]
    amplitude: float


@dataclass(frozen=True, kw_only=True)
class PhotoPlan:
    """One photograph of one sheet.

    Attributes:
        size: (height, width) of the picture.
        mapping: sheet -> picture.
        lattice: float32 (rows, columns, 2), the sheet pixel that each node sees.
        light: uint8 (rows, columns, 3), light at each node in units of ``LIGHT_UNIT``.
        surroundings: uint8 RGB (h, w, 3), what is seen beside the page, many times smaller than the picture.
        outline: int32 (n, 2), the page's edge in the picture, in sixteenths of a pixel.
        marks: handwriting and stains.
        copied: None, or the uint8 (256,) tone curve of a black-and-white copier.
        margin: RGB of the page outside the sheet; None for the colour of its paper.
        blur, motion: standard deviation in pixels; kernel (k, k) or None.
        ripples: moire.
        noise: standard deviation in grey levels; noise_at: where in the noise tile it begins.
        jpeg: quality, or None.
    """

    size: tuple[int, int]
    mapping: SheetToPhoto
    lattice: np.ndarray
    light: np.ndarray
    surroundings: np.ndarray
    outline: np.ndarray
    marks: tuple[Tint, ...]
    copied: np.ndarray | None
    margin: tuple[int, int, int] | None
    blur: float
    motion: np.ndarray | None
    ripples: tuple[Ripple, ...]
    noise: float
    noise_at: tuple[int, int]
    jpeg: int | None


@dataclass(frozen=True, kw_only=True)
class PhotoDraft:
    """One photograph of one sheet, drawn and not yet worked out. What is not said here is as of ``PhotoPlan``.

    Attributes:
        page: float64 (4, 2), the page's corners in sheet pixels: top left, top right, bottom right, bottom left.
        homography: float64 (3, 3), the sheet's pixels to the picture's without bend and lens.
        lens: see ``SheetToPhoto``.
        surface: of the page; view: where the camera is, seen from it.
        scene: the light; side: light on the slopes of the page, None where it is flat.
    """

    size: tuple[int, int]
    page: np.ndarray
    homography: np.ndarray
    lens: float
    surface: ReliefDraft
    view: View
    scene: LightDraft
    side: SideLight | None
    surroundings: np.ndarray
    marks: tuple[Tint, ...]
    copied: np.ndarray | None
    margin: tuple[int, int, int] | None
    blur: float
    motion: np.ndarray | None
    ripples: tuple[Ripple, ...]
    noise: float
    noise_at: tuple[int, int]
    jpeg: int | None


def plan_photo(
    *, spec: SheetSpec, effects: Effects, rng: np.random.Generator, width_px: tuple[int, int] = WIDTH_PX
) -> PhotoPlan:
    """Draw one photograph and work it out; see ``draft_photo``."""
    return build_photo(draft_photo(spec=spec, effects=effects, rng=rng, width_px=width_px), spec=spec)


def draft_photo(
    *, spec: SheetSpec, effects: Effects, rng: np.random.Generator, width_px: tuple[int, int] = WIDTH_PX
) -> PhotoDraft:
    """Draw one photograph. The generator is asked for the same numbers whatever the strengths are, where it can be,
    so that the same seed at another strength is the same scene."""
    posing, paper, lighting, camera = (np.random.default_rng(seed) for seed in rng.integers(1 << 62, size=4))
    margins = posing.uniform(*_MARGIN_MM, size=4) * spec.px_per_mm  # left, top, right, bottom
    left, top, right, bottom = -margins[0], -margins[1], spec.width_px + margins[2], spec.height_px + margins[3]
    page = np.array([[left, top], [right, top], [right, bottom], [left, bottom]]) - 0.5
    width = int(posing.integers(*width_px))
    aspect = (bottom - top) / (right - left) * (1 + posing.uniform(0, 0.25) * (effects.background > 0))
    size = (round(width * aspect), width)
    surface = draft_relief(((bottom - top) / spec.px_per_mm, (right - left) / spec.px_per_mm), effects, paper)
    homography = _pose(page, size, effects, posing)
    view = draft_view(paper)
    lens = _LENS * effects.lens * posing.uniform(-1, 1)
    scene = draft_light(effects, lighting)
    side = None if surface.flat else draft_side_light(lighting)
    draws = camera.uniform(0, 1, 5)
    quality = round(_JPEG_BEST - (_JPEG_BEST - _JPEG_WORST) * effects.jpeg * draws[1])
    return PhotoDraft(
        size=size,
        page=page,
        homography=homography,
        lens=lens,
        surface=surface,
        view=view,
        scene=scene,
        side=side,
        surroundings=background((size[0] // 16, size[1] // 16), effects, lighting),
        marks=marks_on_paper((spec.height_px, spec.width_px), spec.px_per_mm, effects, paper),
        copied=_copier(effects.copy, camera) if effects.copy else None,
        margin=(235, 235, 240) if effects.screen else None,
        blur=_BLUR_PX * effects.defocus * draws[0],
        motion=_motion(effects.motion, camera),
        ripples=_ripples(effects.moire, camera),
        noise=_NOISE * effects.noise * draws[2],
        noise_at=(int(draws[3] * 4096), int(draws[4] * 4096)),
        jpeg=quality if effects.jpeg and quality < _JPEG_UNSEEN else None,
    )


def stretched(draft: PhotoDraft, across: float) -> PhotoDraft:
    """The same photograph, made so many times as wide.

    Raises:
        ValueError: ``across`` is outside 0.5 to 2.
    """
    if not 0.5 <= across <= 2:
        raise ValueError(f"stretch must be between 0.5 and 2, got {across}")
    height, width = draft.size
    wide = round(width * across)
    return replace(draft, size=(height, wide), homography=stretching(wide / width, 1.0) @ draft.homography)


def build_photo(draft: PhotoDraft, *, spec: SheetSpec) -> PhotoPlan:
    """Work out where every node of the picture's lattice looks, and the light there."""
    bend, surface = None, None
    if not draft.surface.flat:
        surface = build_relief(draft.surface)
        origin = (draft.page[0, 0], draft.page[0, 1])
        bend = surface.displacement(px_per_mm=spec.px_per_mm, origin=origin, view=draft.view)
    mapping = SheetToPhoto(homography=draft.homography, displacement=bend, lens=draft.lens, size=draft.size)
    nodes = lattice_points(draft.size)
    sheet_points = mapping.to_sheet(nodes).astype(np.float32)
    light = build_light(draft.scene, nodes.shape[:2])
    if surface is not None and bend is not None and draft.side is not None:
        # Of the page alone: the table under it is not folded.
        shade = surface.shading(draft.side)
        at = bend.nodes(sheet_points)
        shade = cv2.remap(shade, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=1)
        light *= shade[..., None]
    return PhotoPlan(
        size=draft.size,
        mapping=mapping,
        lattice=sheet_points,
        light=cv2.convertScaleAbs(light, alpha=LIGHT_UNIT),
        outline=_outline(draft.page, mapping),
        surroundings=draft.surroundings,
        marks=draft.marks,
        copied=draft.copied,
        margin=draft.margin,
        blur=draft.blur,
        motion=draft.motion,
        ripples=draft.ripples,
        noise=draft.noise,
        noise_at=draft.noise_at,
        jpeg=draft.jpeg,
    )


def lattice_shape(size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the lattice of a picture of (height, width)."""
    return -(-size[0] // CELL) + 2, -(-size[1] // CELL) + 2


def lattice_points(size: tuple[int, int]) -> np.ndarray:
    """float64 (rows, columns, 2): the picture's pixels at which lattice nodes lie."""
    rows, columns = lattice_shape(size)
    first = (CELL - 1) / 2 - CELL
    x, y = np.meshgrid(np.arange(columns) * CELL + first, np.arange(rows) * CELL + first)
    return np.stack([x, y], axis=-1)


def _pose(page: np.ndarray, size: tuple[int, int], effects: Effects, rng: np.random.Generator) -> np.ndarray:
    """(3, 3) sheet -> picture: rotation and perspective, then the page fitted into (or, cropped, over) the frame."""
    extent = page[2] - page[0]
    angle = np.deg2rad(np.clip(rng.normal(0, 0.5), -1, 1) * _ROTATION_DEG * effects.rotation)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    posed = (page - page.mean(axis=0)) @ turn.T
    posed += rng.uniform(-1, 1, (4, 2)) * _PERSPECTIVE * effects.perspective * extent
    low, high = posed.min(axis=0), posed.max(axis=0)
    fill = 1 - effects.background * rng.uniform(0, 0.25) + effects.crop * rng.uniform(0.08, 0.3)
    frame = np.array([size[1], size[0]], np.float64)
    scale = float((frame / (high - low)).min()) * fill
    slack = frame - (high - low) * scale
    # What does not fit is cut from any side; what is left over lies around the page.
    offset = slack * np.where(slack < 0, rng.uniform(0, 1, 2), rng.uniform(0.2, 0.8, 2))
    target = (posed - low) * scale + offset - 0.5
    return cv2.getPerspectiveTransform(page.astype(np.float32), target.astype(np.float32))


def _outline(page: np.ndarray, mapping: SheetToPhoto) -> np.ndarray:
    share = np.linspace(0, 1, 24, endpoint=False)[:, None]
    edge = np.concatenate([page[i] + share * (page[(i + 1) % 4] - page[i]) for i in range(4)])
    return np.round(mapping.to_photo(edge) * 16).astype(np.int32)


def _copier(strength: float, rng: np.random.Generator) -> np.ndarray:
    """Grey in, nearly black or white out: pale grid lines vanish or turn solid, as the copier is set. A weak copy
    keeps the greys."""
    middle, slope = rng.uniform(150, 225), rng.uniform(0.06, 0.2)
    tones = 255 / (1 + np.exp(-slope * (np.arange(256) - middle)))
    hard = 20 + 230 * tones / tones[-1]
    return np.round((1 - strength) * np.arange(256) + strength * hard).astype(np.uint8)


def _motion(strength: float, rng: np.random.Generator) -> np.ndarray | None:
    """Blur along a line: float32 (k, k) of sum 1."""
    length, angle = strength * rng.uniform(0, _MOTION_PX), rng.uniform(0, np.pi)
    if length < 1:
        return None
    side = int(np.ceil(length)) // 2 * 2 + 3
    ends = (side - 1) / 2 + np.outer([-0.5, 0.5], [np.cos(angle), np.sin(angle)]) * length
    kernel = np.zeros((side, side), np.uint8)
    start, end = (tuple(int(value) for value in np.round(point * 16)) for point in ends)
    cv2.line(kernel, start, end, 255, 1, cv2.LINE_AA, 4)
    return (kernel / kernel.sum()).astype(np.float32)


def _ripples(strength: float, rng: np.random.Generator) -> tuple[Ripple, ...]:
    """Screen pixels against sensor pixels: a wide coloured ripple and a narrow one."""
    ripples = []
    for low, high, depth in ((12, 60, 0.10), (2.2, 5, 0.12)):
        period, angle = rng.uniform(low, high), rng.uniform(0, np.pi)
        phases = rng.uniform(0, 2 * np.pi) + rng.uniform(-0.8, 0.8, 3)
        ripples.append(
            Ripple(
                kx=float(2 * np.pi / period * np.cos(angle)),
                ky=float(2 * np.pi / period * np.sin(angle)),
                phases=(float(phases[0]), float(phases[1]), float(phases[2])),
                amplitude=strength * depth * rng.uniform(0.3, 1),
            )
        )
    return tuple(ripples) if strength else ()
