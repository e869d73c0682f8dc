"""The photograph and the sheet, with what was found on them drawn in."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from PIL import Image

from vizecg.spec import LAYOUT_3X4_R, SheetSpec
from vizecg.spec.sheet import BLOCK_MM
from vizecg_edge.rectify import Rectified
from vizecg_edge.report.explain import Explanation
from vizecg_edge.report.pen import BLUE, GREEN, SMALL, Pen, font
from vizecg_edge.report.reading import Reading

LEADS = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"), ("II",))
LESS, MORE = np.array([255.0, 140.0, 0.0]), np.array([50.0, 110.0, 230.0])
STRONGEST = 0.6
"""Share of the colour where a patch matters most; the traces must stay readable under it."""
_STEPS = 24


def photo_picture(reading: Reading, box: tuple[int, int]) -> Image.Image | None:
    """The photograph in no more than ``box`` pixels, with the sheet outlined."""
    photo = reading.result.photo
    if photo is None:
        return None
    scale = min(box[0] / photo.shape[1], box[1] / photo.shape[0])
    size = max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale))
    picture = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    rectified = reading.result.rectified
    if rectified is not None:
        # Homographies are in pixels of the whole picture, of which `photo` may be a reduced reading.
        scale = size[0] / (reading.answer.input.width or photo.shape[1])
        spec = reading.spec
        _polygon(picture, rectified, spec, (0.0, 0.0, spec.width_mm, spec.height_mm), scale, GREEN, 3)
        for _, mm in lead_boxes(reading):
            _polygon(picture, rectified, spec, mm, scale, BLUE, 1)
    return Image.fromarray(picture)


def sheet_picture(reading: Reading, width: int) -> Image.Image | None:
    """The rectified sheet, ``width`` pixels wide, with the leads' boxes and the explanation's shading."""
    sheet, spec = reading.result.sheet, reading.spec
    if sheet is None:
        return None
    pixels = sheet if reading.explanation is None else shade(sheet, reading.explanation)
    scale = width / pixels.shape[1]
    size = width, round(pixels.shape[0] * scale)
    image = Image.fromarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC))
    pen = Pen(image=image)
    for name, mm in lead_boxes(reading):
        left, top, right, bottom = (round(value * spec.px_per_mm * scale) for value in mm)
        pen.draw.rectangle((left, top, right, bottom), outline=BLUE, width=1)
        # In the corner across from the one where printers put theirs.
        x = right - pen.width(name, SMALL) - 8
        pen.draw.rectangle((x - 4, top + 2, right - 2, top + SMALL + 7), fill=(255, 255, 255))
        pen.draw.text((x, top + 3), name, font=font(SMALL), fill=BLUE)
    return image


def lead_boxes(reading: Reading) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Lead and (left, top, right, bottom) in sheet millimetres; none where the layout is not known."""
    rectified = reading.result.rectified
    if rectified is None or rectified.layout != LAYOUT_3X4_R or len(rectified.rows_mm) != len(LEADS):
        return []
    rows, left = rectified.rows_mm, reading.spec.block_x_mm
    between = [(a + b) / 2 for a, b in pairwise(rows)]
    edges = [2 * rows[0] - between[0], *between, 2 * rows[-1] - between[-1]]
    boxes = []
    for row, names in enumerate(LEADS):
        wide = BLOCK_MM / len(names)
        top, bottom = max(edges[row], 0.0), min(edges[row + 1], reading.spec.height_mm)
        for column, name in enumerate(names):
            boxes.append((name, (left + column * wide, top, left + (column + 1) * wide, bottom)))
    return boxes


def shade(sheet: np.ndarray, explanation: Explanation) -> np.ndarray:
    """uint8 RGB sheet (H, W, 3) -> the same, coloured patch by patch."""
    shown = explanation.shown
    strength = cv2.resize(np.abs(shown), sheet.shape[1::-1], interpolation=cv2.INTER_NEAREST)[..., None] * STRONGEST
    colour = np.where(shown[..., None] >= 0, LESS, MORE) / 255
    colour = cv2.resize(colour, sheet.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    # Multiplying tints the paper and leaves ink dark.
    return np.asarray(np.clip(sheet * (1 - strength * (1 - colour)), 0, 255).astype(np.uint8))


def _polygon(
    picture: np.ndarray,
    rectified: Rectified,
    spec: SheetSpec,
    box: tuple[float, float, float, float],
    scale: float,
    colour: tuple[int, int, int],
    thickness: int,
) -> None:
    """Outline a rectangle of the sheet (left, top, right, bottom in mm) where the photograph shows it."""
    left, top, right, bottom = box
    along = np.linspace(0, 1, _STEPS, endpoint=False)[:, None]
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    outline = np.concatenate([a + (b - a) * along for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)])
    nodes = outline * (np.array(rectified.bend_mm.shape[1::-1]) - 1) / (spec.width_mm, spec.height_mm)
    bend = cv2.remap(
        rectified.bend_mm.astype(np.float32), nodes[None].astype(np.float32), None, cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )[0]  # fmt: skip
    shown = cv2.perspectiveTransform(spec.mm_to_px(outline + bend)[None], np.linalg.inv(rectified.homography))[0]
    places = np.clip(shown * scale, -30000, 30000)
    cv2.polylines(picture, [np.round(places * 8).astype(np.int32)], True, colour, thickness, cv2.LINE_AA, shift=3)
