"""What a rectifier would give: the photographed sheet warped back by its true homography, with an honest error."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg.render.photograph import Photo
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
    height, width = spec.height_px, spec.width_px
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    shift = rng.uniform(-1, 1, 2) * error.origin_mm
    moved = corners + (shift + rng.normal(0, 1, (4, 2)) * error.corner_mm) * spec.px_per_mm
    centre = moved.mean(axis=0)
    moved = (moved - centre) * (1 + rng.normal(0, 1) * error.scale) + centre
    wrong = cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32))
    to_photo = photo.homography @ wrong
    # The map is evaluated on a coarse lattice and enlarged: bends are smooth, and so is a homography over 8 px.
    step = 8
    columns = np.arange(0, width + step, step, dtype=np.float32)
    rows = np.arange(0, height + step, step, dtype=np.float32)
    x: np.ndarray
    y: np.ndarray
    x, y = np.meshgrid(columns, rows)
    if error.bend_mm > 0:
        x = x + _smooth(x.shape, rng) * error.bend_mm * spec.px_per_mm
        y = y + _smooth(y.shape, rng) * error.bend_mm * spec.px_per_mm
    lattice = np.stack([x, y], axis=-1).reshape(1, -1, 2).astype(np.float64)
    coarse = cv2.perspectiveTransform(lattice, to_photo).reshape(*x.shape, 2).astype(np.float32)
    scale = np.array([[step, 0, 0], [0, step, 0]], np.float32)
    fine = cv2.warpAffine(coarse, scale, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.remap(
        photo.image, fine, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(255, 255, 255)
    )


def _smooth(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A smooth random field of unit standard deviation, bending over about a quarter of the sheet."""
    field = cv2.resize(rng.normal(0, 1, (4, 6)).astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
    return field / max(1e-6, float(field.std()))
