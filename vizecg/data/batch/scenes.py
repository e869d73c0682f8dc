"""Drafts of photographs and of rectifiers' errors, as tensors; ``vizecg.data.batch.geometry`` works them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor

from vizecg.data.batch.transfer import TensorBatch
from vizecg.render.light import Shadow
from vizecg.render.photo_plan import PhotoDraft, lattice_points
from vizecg.render.register import Misplacement
from vizecg.render.relief import CURL_MM, PITCH_MM
from vizecg.spec import SheetSpec

_FOLDS, _LINES, _SHADOWS = 3, 20, 2  # at most, of a page
_NO_SHADOW = (0.0, 0.0, 1.0, 0.0, 1.0, -1.0, 1.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Scenes(TensorBatch):
    """N ``PhotoDraft``s' geometry and light. What a scene lacks has no height, weight or depth.

    Attributes:
        px_per_mm: of the sheets; pitch: sheet pixels from node to node of a page's surface.
        sizes: int64 (N, 2) of the pictures; shape: int64 (N, 2) of the pages' surfaces, rows and columns.
        page: float32 (N, 4) left, top, right, bottom of the page in sheet pixels, half a pixel of the picture further
            out: a filled outline has the pixels that it touches.
        origin: float32 (N, 2, 1, 1) of the page; centre: float64 (N, 2, 1, 1) of the picture.
        to_photo, to_sheet: float64 (N, 3, 3).
        lens: float64 (N,), by the square of the distance from the centre in pixels.
        curl: float32 (N, 5) cosine, sine, radians a millimetre, phase, height.
        folds: float32 (N, 3, 6), see ``relief.Fold``.
        knots: float32 (N, 2, 4, 6); lines: float32 (N, 20, 4), see ``relief.Crumple``, weights scaled.
        weights_down, weights_across: float32 (N, rows, 4) and (N, columns, 6) of ``cubic_weights``.
        view: float32 (N, 3) distance and tilts; side: float32 (N, 3) cosine, sine, slant.
        light: float32 (N, 7) cosine, sine, slope, fall-off, three gains.
        shadows: float32 (N, 2, 8) x, y, cosine, sine, softness, radius (-1: straight), squeeze, depth.
    """

    px_per_mm: float
    pitch: float
    sizes: Tensor
    shape: Tensor
    page: Tensor
    origin: Tensor
    centre: Tensor
    to_photo: Tensor
    to_sheet: Tensor
    lens: Tensor
    curl: Tensor
    folds: Tensor
    knots: Tensor
    lines: Tensor
    weights_down: Tensor
    weights_across: Tensor
    view: Tensor
    side: Tensor
    light: Tensor
    shadows: Tensor


@dataclass(frozen=True, kw_only=True)
class Misplacements(TensorBatch):
    """N ``Misplacement``s: homography float64 (N, 3, 3), bends float32 (N, 2, 4, 6), bend_px float64 (N, 1, 1, 1), and
    the weights of the sheet's lattice, float32 (1, rows, 4) and (1, columns, 6)."""

    homography: Tensor
    bends: Tensor
    bend_px: Tensor
    weights_down: Tensor
    weights_across: Tensor


def pack_scenes(drafts: Sequence[PhotoDraft], *, spec: SheetSpec) -> Scenes:
    """Drafts as tensors in this process's memory; at least one."""
    sizes = np.array([draft.size for draft in drafts])
    pages = np.stack([draft.page for draft in drafts])
    homographies = np.stack([draft.homography for draft in drafts])
    rows, columns = np.max([draft.surface.shape for draft in drafts], axis=0)
    half_diagonal = np.hypot(sizes[:, 0], sizes[:, 1]) / 2
    return Scenes(
        px_per_mm=spec.px_per_mm,
        pitch=PITCH_MM * spec.px_per_mm,
        sizes=torch.from_numpy(sizes),
        shape=torch.tensor([draft.surface.shape for draft in drafts]),
        page=_floats([_edges(draft) for draft in drafts]),
        origin=_floats(pages[:, 0])[:, :, None, None],
        centre=torch.from_numpy((sizes[:, ::-1] - 1) / 2)[:, :, None, None],
        to_photo=torch.from_numpy(homographies),
        to_sheet=torch.from_numpy(np.linalg.inv(homographies)),
        lens=torch.from_numpy(np.array([draft.lens for draft in drafts]) / half_diagonal**2),
        curl=_floats([_curl(draft) for draft in drafts]),
        folds=_padded([draft.surface.folds for draft in drafts], (_FOLDS, 6)),
        knots=_floats([_knots(draft) for draft in drafts]),
        lines=_padded([_lines(draft) for draft in drafts], (_LINES, 4)),
        weights_down=torch.from_numpy(
            np.stack([cubic_weights(4, draft.surface.shape[0], room=int(rows)) for draft in drafts])
        ),
        weights_across=torch.from_numpy(
            np.stack([cubic_weights(6, draft.surface.shape[1], room=int(columns)) for draft in drafts])
        ),
        view=_floats([(draft.view.distance, *draft.view.tilt) for draft in drafts]),
        side=_floats([_side(draft) for draft in drafts]),
        light=_floats([_light(draft) for draft in drafts]),
        shadows=_padded(
            [[_shadow(shadow) for shadow in draft.scene.shadows] for draft in drafts], (_SHADOWS, 8), empty=_NO_SHADOW
        ),
    )


def pack_misplacements(drafts: Sequence[Misplacement], *, spec: SheetSpec) -> Misplacements:
    """Drafts as tensors in this process's memory."""
    rows, columns = lattice_points((spec.height_px, spec.width_px)).shape[:2]
    flat = np.zeros((2, 4, 6), np.float32)
    return Misplacements(
        homography=torch.from_numpy(np.reshape([draft.homography for draft in drafts], (-1, 3, 3))),
        bends=_floats([flat if draft.bends is None else draft.bends for draft in drafts]).view(-1, 2, 4, 6),
        bend_px=torch.tensor([draft.bend_px for draft in drafts], dtype=torch.float64)[:, None, None, None],
        weights_down=torch.from_numpy(cubic_weights(4, rows, room=rows)[None]),
        weights_across=torch.from_numpy(cubic_weights(6, columns, room=columns)[None]),
    )


@lru_cache(maxsize=4096)
def cubic_weights(knots: int, length: int, *, room: int) -> np.ndarray:
    """float32 (room, knots): how much of each knot every node takes in ``cv2.resize`` with ``INTER_CUBIC`` to
    ``length`` nodes; none beyond them."""
    at = (np.arange(length) + 0.5) * (knots / length) - 0.5
    first = np.floor(at).astype(int)
    x, a = at - first, -0.75
    outer = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a
    near, far = (((a + 2) * t - (a + 3)) * t * t + 1 for t in (x, 1 - x))
    weights = np.zeros((room, knots), np.float32)
    for step, weight in enumerate((outer, near, far, 1 - outer - near - far)):
        np.add.at(weights, (np.arange(length), np.clip(first - 1 + step, 0, knots - 1)), weight)
    return weights


def _edges(draft: PhotoDraft) -> np.ndarray:
    taken = cv2.perspectiveTransform(draft.page[None], draft.homography)[0]
    across, down = (
        np.ptp(draft.page[:, axis]) * 2 / (np.linalg.norm(taken[a] - taken[b]) + np.linalg.norm(taken[c] - taken[d]))
        for axis, (a, b, c, d) in ((0, (0, 1, 3, 2)), (1, (0, 3, 1, 2)))
    )
    return np.concatenate([draft.page[0] - (across / 2, down / 2), draft.page[2] + (across / 2, down / 2)])


def _curl(draft: PhotoDraft) -> tuple[float, ...]:
    curl = draft.surface.curl
    if curl is None:
        return (0.0,) * 5
    height = curl.amplitude * CURL_MM * curl.strength
    return curl.cos, curl.sin, 2 * np.pi / curl.wavelength, curl.phase, height


def _knots(draft: PhotoDraft) -> np.ndarray:
    crumple = draft.surface.crumple
    return np.zeros((2, 4, 6), np.float32) if crumple is None else crumple.knots


def _lines(draft: PhotoDraft) -> np.ndarray:
    crumple = draft.surface.crumple
    if crumple is None:
        return np.zeros((0, 4))
    return crumple.lines * (1, 1, 1, float(crumple.scales[0]) * float(crumple.scales[1]))


def _side(draft: PhotoDraft) -> tuple[float, float, float]:
    side = draft.side
    return (0.0, 0.0, 0.0) if side is None else (float(np.cos(side.angle)), float(np.sin(side.angle)), side.slant)


def _light(draft: PhotoDraft) -> tuple[float, ...]:
    light = draft.scene
    direction = (float(np.cos(light.direction)), float(np.sin(light.direction)))
    return *direction, light.slope, light.falloff, *map(float, light.gains)


def _shadow(shadow: Shadow) -> tuple[float, ...]:
    radius = -1.0 if shadow.radius is None else shadow.radius
    angle = (float(np.cos(shadow.angle)), float(np.sin(shadow.angle)))
    return *shadow.at, *angle, shadow.softness, radius, shadow.squeeze, shadow.depth


def _padded(
    tables: Sequence[Sequence[Sequence[float]] | np.ndarray], shape: tuple[int, int], *, empty: Sequence[float] = (0.0,)
) -> Tensor:
    """float32 (N, *shape); rows that a table lacks are ``empty``."""
    out = np.empty((len(tables), *shape), np.float32)
    out[:] = np.array(empty, np.float32)
    for target, table in zip(out, tables, strict=True):
        if len(table):
            target[: len(table)] = table
    return torch.from_numpy(out)


def _floats(values: Sequence[object] | np.ndarray) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))
