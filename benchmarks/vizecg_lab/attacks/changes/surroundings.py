"""What lies around the page, and on its blank margin."""

from __future__ import annotations

import cv2
import numpy as np

from vizecg_lab.attacks.kinds import Family, Kind, named, numbered
from vizecg_lab.attacks.studio import Page, Studio, sheet_of

DESK_MM = 45.0
SKIN = (214, 165, 136)


def desk(kind: str, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """A table top: uint8 RGB."""
    y, x = (axis.astype(np.float32) for axis in np.mgrid[0:height, 0:width])
    base = {
        "wood": (146, 104, 66), "dark": (42, 42, 46), "cloth": (120, 142, 165), "marble": (212, 208, 204),
        "newspaper": (224, 220, 212),
    }[kind]  # fmt: skip
    if kind == "newspaper":
        sheet = np.full((height, width, 3), base, np.uint8)
        for top in range(10, height, 14):
            for left in range(0, width, 90):
                cv2.line(sheet, (left, top), (left + int(rng.integers(40, 84)), top), (90, 90, 92), 4)
        return sheet
    rough = cv2.resize(rng.normal(0, 1, (9, 16)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    grain = {
        "wood": 14 * np.sin(0.09 * y + 2.5 * rough) + 6 * rough,
        "dark": 3 * rough,
        "cloth": 10 * np.sign(np.sin(0.25 * x)) + 8 * np.sign(np.sin(0.25 * y)),
        "marble": -26 * np.exp(-np.abs(np.sin(0.004 * (x + y) + 1.6 * rough)) * 9),
    }[kind]
    return np.clip(np.array(base, np.float32) + grain[..., None], 0, 255).astype(np.uint8)


def _on_desk(studio: Studio, kind: str) -> Page:
    """The page with so much table around it."""
    page = studio.printed()
    rim = round(DESK_MM * page.spec.px_per_mm)
    height, width = page.image.shape[:2]
    table = desk(kind, height + 2 * rim, width + 2 * rim, studio.rng)
    table[rim : rim + height, rim : rim + width] = page.image
    return sheet_of(table, page)


def _desk(studio: Studio, kind: str) -> np.ndarray:
    return studio.show(_on_desk(studio, kind))


def _pen(studio: Studio, where: str) -> np.ndarray:
    """A pen lies beside the page."""
    page = _on_desk(studio, "wood" if where != "left" else "dark")
    height, width = page.image.shape[:2]
    rim = DESK_MM * page.spec.px_per_mm
    along = np.array([0.3, 0.75])
    ends = {
        "below": np.column_stack([along * width, [height - 0.55 * rim, height - 0.3 * rim]]),
        "left": np.column_stack([[0.4 * rim, 0.6 * rim], along * height]),
        "above": np.column_stack([along * width, [0.35 * rim, 0.6 * rim]]),
    }[where]
    start, end = (tuple(int(value) for value in point) for point in ends)
    thick = round(8 * page.spec.px_per_mm)
    cv2.line(page.image, start, end, (25, 45, 120), thick, cv2.LINE_AA)
    cv2.line(page.image, start, end, (70, 95, 170), thick // 4, cv2.LINE_AA)
    return studio.show(page)


def _margin(studio: Studio, millimetres: float) -> np.ndarray:
    """White paper around the grid."""
    return studio.show(_with_margin(studio.printed(), millimetres))


def _with_margin(page: Page, millimetres: float) -> Page:
    rim = round(millimetres * page.spec.px_per_mm)
    return sheet_of(np.pad(page.image, ((rim, rim), (rim, rim), (0, 0)), constant_values=252), page)


def _finger(studio: Studio, corner: str) -> np.ndarray:
    """A thumb holds the page by its blank margin."""
    page = _with_margin(studio.printed(), 32.0)
    height, width = page.image.shape[:2]
    scale = page.spec.px_per_mm
    x = 14 * scale if "left" in corner else width - 14 * scale
    y, root = (16 * scale, -40 * scale) if "top" in corner else (height - 16 * scale, height + 40 * scale)
    for share, shade in ((1.0, 0.8), (0.8, 0.95), (0.45, 1.05)):
        colour = tuple(int(min(255, level * shade)) for level in SKIN)
        cv2.line(
            page.image, (round(x), round(y)), (round(x), round(root)), colour, round(17 * share * scale), cv2.LINE_AA
        )
    return studio.show(page)


SURROUNDINGS = (
    Kind(
        name="desk", family=Family.SURROUNDINGS, ways=named("wood", "dark", "cloth", "marble", "newspaper"), draw=_desk
    ),
    Kind(name="pen_beside", family=Family.SURROUNDINGS, ways=named("below", "left", "above"), draw=_pen),
    Kind(name="margin", family=Family.SURROUNDINGS, ways=numbered((10, 25, 45), "mm"), draw=_margin),
    Kind(
        name="thumb_on_margin", family=Family.SURROUNDINGS, ways=named("bottom right", "bottom left", "top right"),
        draw=_finger,
    ),
)  # fmt: skip
