"""A photographed sheet: background, perspective, light, colour, blur, noise, JPEG; with the true homography."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg.render.surface import light_field, table_top
from vizecg.spec import SheetSpec
from vizecg.spec.preprocess import check_sheet

PHOTOGRAPHER_VERSION = "1"


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A photograph and the truth about it.

    Attributes:
        image: uint8 RGB (height, width, 3).
        homography: float64 (3, 3), sheet pixel centres -> photo pixel centres.
    """

    image: np.ndarray
    homography: np.ndarray


@dataclass(frozen=True, kw_only=True)
class PhotoCondition:
    """Upper ends of the effects at strength 1; each photograph draws its own below them."""

    width_px: tuple[int, int] = (1250, 1900)
    page_margin_mm: tuple[float, float] = (3.0, 25.0)
    fill: tuple[float, float] = (0.78, 1.0)
    rotation_deg: float = 18.0
    perspective: float = 0.08
    blur_px: float = 1.3
    noise: float = 9.0
    shadow: float = 0.45
    creases: int = 5
    colour: float = 0.14
    jpeg_quality: tuple[int, int] = (45, 95)


def photograph(
    sheet: np.ndarray,
    *,
    rng: np.random.Generator,
    spec: SheetSpec | None = None,
    condition: PhotoCondition | None = None,
    strength: float = 1.0,
) -> Photo:
    """Photograph a sheet that lies on a table.

    Args:
        sheet: uint8 RGB sheet of ``spec``'s size.
        rng: decides everything that is random.
        spec: the sheet's size and scale.
        condition: the effects' upper ends.
        strength: 0 (an even, straight, sharp picture) to 1.

    Returns:
        The photograph and the homography from sheet to photo pixels.

    Raises:
        ValueError: the sheet does not fit ``spec``, or strength is outside 0 to 1.
    """
    spec = spec or SheetSpec()
    condition = condition or PhotoCondition()
    check_sheet(sheet, spec)
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must be between 0 and 1, got {strength}")
    margins = np.round(rng.uniform(*condition.page_margin_mm, size=4) * spec.px_per_mm).astype(int)
    page = _page(sheet, margins)
    height, width = _frame_size(page.shape, rng, condition)
    page_to_photo = _pose(page.shape, (height, width), rng, condition, strength)
    left, top = int(margins[0]), int(margins[1])
    sheet_to_page = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], np.float64)

    light = light_field(
        page.shape[:2], rng, shadow=condition.shadow * strength, creases=condition.creases, strength=strength
    )
    lit = cv2.convertScaleAbs(cv2.multiply(page, cv2.merge([light] * 3), dtype=cv2.CV_32F))
    image = cv2.warpPerspective(
        lit, page_to_photo, (width, height), dst=table_top((height, width), rng), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )  # fmt: skip
    image = _camera(image, rng, condition, strength)
    homography = page_to_photo @ sheet_to_page
    return Photo(image=image, homography=homography / homography[2, 2])


def _page(sheet: np.ndarray, margins: np.ndarray) -> np.ndarray:
    """The sheet with blank paper around it; its grid ends at the sheet's edge."""
    left, top, right, bottom = (int(margin) for margin in margins)
    paper = np.percentile(sheet[::8, ::8].reshape(-1, 3), 95, axis=0)
    colour = tuple(float(value) for value in paper)
    return cv2.copyMakeBorder(sheet, top, bottom, left, right, cv2.BORDER_CONSTANT, value=colour)


def _frame_size(page_shape: tuple[int, ...], rng: np.random.Generator, condition: PhotoCondition) -> tuple[int, int]:
    width = int(rng.integers(*condition.width_px))
    return round(width * page_shape[0] / page_shape[1] * rng.uniform(1.0, 1.25)), width


def _pose(
    page_shape: tuple[int, ...],
    frame: tuple[int, int],
    rng: np.random.Generator,
    condition: PhotoCondition,
    strength: float,
) -> np.ndarray:
    """(3, 3) page pixels -> photo pixels: rotation, perspective, then the largest fit into the frame."""
    height, width = page_shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) - 0.5
    angle = np.deg2rad(np.clip(rng.normal(0, 0.4), -1, 1) * condition.rotation_deg * strength)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    posed = (corners - corners.mean(axis=0)) @ turn.T
    posed += rng.uniform(-1, 1, (4, 2)) * condition.perspective * strength * np.array([width, height])
    low, high = posed.min(axis=0), posed.max(axis=0)
    available = np.array([frame[1], frame[0]]) * (rng.uniform(*condition.fill) if strength else 1.0)
    scale = float((available / (high - low)).min())
    size = (high - low) * scale
    slack = np.array([frame[1], frame[0]]) - size
    offset = slack * (rng.uniform(0.2, 0.8, 2) if strength else 0.5)
    target = (posed - low) * scale + offset - 0.5
    return cv2.getPerspectiveTransform(corners.astype(np.float32), target.astype(np.float32))


def _camera(image: np.ndarray, rng: np.random.Generator, condition: PhotoCondition, strength: float) -> np.ndarray:
    """Defocus, white balance, exposure, sensor noise, JPEG."""
    sigma = rng.uniform(0, condition.blur_px) * strength
    if sigma > 0.2:
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    gains = (
        rng.uniform(0.8, 1.05) * (1 + rng.uniform(-1, 1, 3) * condition.colour * strength) if strength else np.ones(3)
    )
    table = np.clip(np.arange(256)[:, None] * gains, 0, 255).astype(np.uint8)
    image = cv2.LUT(image, table[:, None, :])
    level = rng.uniform(0, condition.noise) * strength
    if level > 0.5:
        noise = np.empty(image.shape[:2], np.int16)
        cv2.setRNGSeed(int(rng.integers(1 << 31)))
        cv2.randn(noise, 0, level)
        image = cv2.add(image, cv2.merge([noise] * 3), dtype=cv2.CV_8U)
    if strength:
        quality = int(rng.integers(*condition.jpeg_quality))
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if not done:
            raise RuntimeError("OpenCV could not encode the photograph as JPEG")
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    return image
