"""The photograph and the sheet, with what was found on them drawn in."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from vizecg_edge.report.explain import Explanation
from vizecg_edge.report.pen import BLUE, SMALL, Pen, font
from vizecg_edge.report.reading import Reading

LESS, MORE = np.array([255.0, 140.0, 0.0]), np.array([50.0, 110.0, 230.0])
STRONGEST = 0.6
"""Share of the colour where a patch matters most; the traces must stay readable under it."""


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
        # Places are in pixels of the whole picture, of which `photo` may be a reduced reading.
        scale = size[0] / (reading.answer.input.width or photo.shape[1])
        for name, outline in rectified.on_photo:
            _polygon(picture, outline * scale, BLUE, 1)
            at = np.clip(outline[0] * scale, -30000, 30000)
            place = round(float(at[0])) + 4, round(float(at[1])) + 14
            cv2.putText(picture, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, BLUE, 1, cv2.LINE_AA)
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


def lead_boxes(reading: Reading) -> tuple[tuple[str, tuple[float, float, float, float]], ...]:
    """Lead and (left, top, right, bottom) in sheet millimetres; none where no leads were found."""
    rectified = reading.result.rectified
    return () if rectified is None else rectified.on_sheet


def shade(sheet: np.ndarray, explanation: Explanation) -> np.ndarray:
    """uint8 RGB sheet (H, W, 3) -> the same, coloured patch by patch."""
    shown = explanation.shown
    strength = cv2.resize(np.abs(shown), sheet.shape[1::-1], interpolation=cv2.INTER_NEAREST)[..., None] * STRONGEST
    colour = np.where(shown[..., None] >= 0, LESS, MORE) / 255
    colour = cv2.resize(colour, sheet.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    # Multiplying tints the paper and leaves ink dark.
    return np.asarray(np.clip(sheet * (1 - strength * (1 - colour)), 0, 255).astype(np.uint8))


def _polygon(picture: np.ndarray, outline: np.ndarray, colour: tuple[int, int, int], thickness: int) -> None:
    """Draw a closed line through pixels (n, 2)."""
    places = np.clip(outline, -30000, 30000)
    cv2.polylines(picture, [np.round(places * 8).astype(np.int32)], True, colour, thickness, cv2.LINE_AA, shift=3)
