"""What a rectifier would give: the photographed sheet warped back by its true mapping, with an honest error."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg.render.mapping import SheetToPhoto
from vizecg.render.photo_plan import lattice_points
from vizecg.render.photograph import Photo, warp
from vizecg.spec import SheetSpec


@dataclass(frozen=True, kw_only=True)
class RegistrationError:
    """How far a rectified sheet lies from the truth. Millimetres; standard deviations unless said otherwise.

    ``origin_mm``: uniform shift of the whole sheet (x, y), since the origin comes from the traces.
    ``corner_mm``: independent error of the four corners. ``bend_mm``: smooth error that no homography takes out,
    as on wrinkled paper. ``scale``: relative error of the scale.
    """

    origin_mm: tuple[float, float] = (3.0, 4.0)
    corner_mm: float = 0.7
    bend_mm: float = 0.5
    scale: float = 0.005


NO_ERROR = RegistrationError(origin_mm=(0.0, 0.0), corner_mm=0.0, bend_mm=0.0, scale=0.0)


def register(
    photo: Photo, *, spec: SheetSpec, rng: np.random.Generator, error: RegistrationError = NO_ERROR
) -> np.ndarray:
    """Warp a photograph onto the sheet. uint8 RGB (H, W, 3) of ``spec``'s size; white outside the photograph."""
    return rectified(photo.image, seen_lattice(photo.mapping, spec=spec, rng=rng, error=error), spec=spec)


def seen_lattice(
    mapping: SheetToPhoto, *, spec: SheetSpec, rng: np.random.Generator, error: RegistrationError
) -> np.ndarray:
    """float32 (rows, columns, 2): the picture's pixel that each node of an erring rectifier's sheet sees."""
    size = (spec.height_px, spec.width_px)
    return mapping.to_photo(misplaced(size, spec=spec, rng=rng, error=error)).astype(np.float32)


def rectified(picture: np.ndarray, seen: np.ndarray, *, spec: SheetSpec) -> np.ndarray:
    """The sheet whose lattice sees ``seen`` in a picture: uint8 RGB (H, W, 3), white outside the picture."""
    sheet = np.empty(spec.shape, np.uint8)
    warp(picture, seen, sheet, border=(255, 255, 255))
    return sheet


@dataclass(frozen=True, kw_only=True)
class Misplacement:
    """How an erring rectifier sees a sheet, drawn and not yet worked out.

    ``homography`` float64 (3, 3): pixels of its sheet to those of the true one. ``bends`` float32 (2, 4, 6): knots of
    what no homography takes out, across and down, of any scale; ``bend_px`` the standard deviation it gets.
    """

    homography: np.ndarray
    bends: np.ndarray | None
    bend_px: float


def misplaced(
    size: tuple[int, int], *, spec: SheetSpec, rng: np.random.Generator, error: RegistrationError
) -> np.ndarray:
    """float64 (rows, columns, 2): the true sheet pixel that an erring rectifier puts at each lattice node."""
    return build_misplacement(draft_misplacement(size, spec=spec, rng=rng, error=error), size)


def draft_misplacement(
    size: tuple[int, int], *, spec: SheetSpec, rng: np.random.Generator, error: RegistrationError
) -> Misplacement:
    """Draw the error of a sheet of ``size`` (height, width) in pixels."""
    height, width = size
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    shift = rng.uniform(-1, 1, 2) * error.origin_mm
    moved = corners + (shift + rng.normal(0, 1, (4, 2)) * error.corner_mm) * spec.px_per_mm
    centre = moved.mean(axis=0)
    moved = (moved - centre) * (1 + rng.normal(0, 1) * error.scale) + centre
    bends = rng.normal(0, 1, (2, 4, 6)).astype(np.float32) if error.bend_mm > 0 else None
    return Misplacement(
        homography=cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32)),
        bends=bends,
        bend_px=error.bend_mm * spec.px_per_mm,
    )


def build_misplacement(draft: Misplacement, size: tuple[int, int]) -> np.ndarray:
    """float64 (rows, columns, 2), see ``misplaced``."""
    nodes = lattice_points(size)
    if draft.bends is not None:
        nodes += _bends(draft.bends, draft.bend_px, nodes.shape[:2])
    return cv2.perspectiveTransform(nodes.reshape(1, -1, 2), draft.homography).reshape(nodes.shape)


def placed(draft: Misplacement, points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Where an erring rectifier puts pixels of the true sheet: (n, 2) -> float64 (n, 2), the inverse of ``misplaced``.

    Args:
        draft: of its error.
        points: (x, y) pixel centres of the true sheet.
        size: (height, width) of the sheet.
    """
    unbent = cv2.perspectiveTransform(np.asarray(points, np.float64)[None], np.linalg.inv(draft.homography))[0]
    if draft.bends is None:
        return unbent
    nodes = lattice_points(size)
    field = _bends(draft.bends, draft.bend_px, nodes.shape[:2])
    found = unbent
    # Bends are so smooth that two steps of the fixed point are within a hundredth of a pixel.
    for _ in range(2):
        at = ((found - nodes[0, 0]) / (nodes[1, 1] - nodes[0, 0])).astype(np.float32)
        found = unbent - cv2.remap(field, at[None], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
    return found


def _bends(knots: np.ndarray, bend_px: float, shape: tuple[int, ...]) -> np.ndarray:
    """float32 (rows, columns, 2): pixels by which the nodes of a lattice are moved, across and down."""
    return np.stack([_smooth(of_axis, shape) * bend_px for of_axis in knots], axis=-1)


def _smooth(knots: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A smooth field of unit standard deviation, bending over about a quarter of the sheet."""
    field = cv2.resize(knots, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return field / max(1e-6, float(field.std()))
