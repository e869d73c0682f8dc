"""Picture files of sheets, and many small pictures on one."""

from __future__ import annotations

import contextlib
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from vizecg.spec import InputRefusedError, SheetSpec, UsageError
from vizecg.spec.files import write_atomically

_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".pdf": "PDF"}
_MM_PER_INCH = 25.4
_CAPTION_PX = 26
_SPEC_KEY = "vizecg-sheet"
"""Of the text in a PNG file that says how large its sheet is."""


def save_picture(path: Path, image: np.ndarray, *, spec: SheetSpec | None = None) -> None:
    """Write a uint8 RGB picture; the ending of ``path`` decides the format.

    The scale of a sheet's ``spec`` is written into the file, so that one printed at 100 % has millimetres of one
    millimetre; a PNG file tells all of it.

    Raises:
        UsageError: the ending is none of .png, .jpg and .pdf.
    """
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise UsageError(f"{path}: expected a name that ends in {', '.join(_FORMATS)}")
    dpi = 100.0 if spec is None else spec.px_per_mm * _MM_PER_INCH
    told = PngImagePlugin.PngInfo()
    if spec is not None:
        told.add_text(_SPEC_KEY, json.dumps(spec.to_dict()))
    options: dict[str, dict[str, Any]] = {
        "PNG": {"dpi": (dpi, dpi), "pnginfo": told},
        "JPEG": {"dpi": (round(dpi), round(dpi)), "quality": 85},
        "PDF": {"resolution": dpi, "quality": 95},
    }
    data = io.BytesIO()
    Image.fromarray(image).save(data, format=kind, **options[kind])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, data.getvalue())


def load_sheet(path: Path) -> tuple[np.ndarray, SheetSpec]:
    """A sheet that ``save_picture`` wrote as PNG: uint8 RGB, and its size and scale.

    Raises:
        InputRefusedError: no such file, no picture, or not of a sheet's proportions.
    """
    try:
        with Image.open(path, formats=("PNG",)) as file:
            image = np.asarray(file.convert("RGB"))
            told = file.info.get(_SPEC_KEY)
    except FileNotFoundError as error:
        raise InputRefusedError(f"{path}: no such file", reason="file_not_found") from error
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise InputRefusedError(f"{path}: not a readable PNG picture", reason="unreadable") from error
    if isinstance(told, str):
        with contextlib.suppress(ValueError, TypeError):
            if (spec := SheetSpec.from_dict(json.loads(told))).shape == image.shape:
                return image, spec
    plain = SheetSpec()
    scale = round(image.shape[1] / plain.width_mm, 3)
    if not 1 <= scale <= 40 or (spec := SheetSpec(px_per_mm=scale)).shape != image.shape:
        height, width = image.shape[:2]
        raise InputRefusedError(
            f"{path}: expected a sheet of {plain.width_mm:g} x {plain.height_mm:g} mm, as vizecg render writes it, "
            f"got {width} x {height} pixels",
            reason="bad_sheet",
        )
    return image, spec


def contact_sheet(
    pictures: Sequence[tuple[str, np.ndarray]], *, columns: int, tile: tuple[int, int] = (240, 420)
) -> np.ndarray:
    """Pictures with captions under them, row by row.

    Args:
        pictures: caption and uint8 RGB picture.
        columns: pictures per row.
        tile: (height, width) in pixels that each is fitted into.

    Returns:
        uint8 RGB.
    """
    height, width = tile
    rows = math.ceil(len(pictures) / columns)
    sheet = np.full((rows * (height + _CAPTION_PX), columns * (width + 8), 3), 255, np.uint8)
    for place, (caption, picture) in enumerate(pictures):
        scale = min(height / picture.shape[0], width / picture.shape[1])
        size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        top, left = place // columns * (height + _CAPTION_PX), place % columns * (width + 8)
        sheet[top : top + size[1], left : left + size[0]] = small
        at = (left + 4, top + height + _CAPTION_PX - 8)
        cv2.putText(sheet, caption, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return sheet
