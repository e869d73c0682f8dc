"""The golden photograph of a bundle on the sheet, for those who write a rectifier of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from vizecg.spec import BundleError, InputRefusedError, SheetSpec
from vizecg.spec.fingerprint import sha256_file
from vizecg.spec.manifest import Manifest
from vizecg.spec.preprocess import ink_map
from vizecg_edge.capture import decode
from vizecg_edge.selftest import EXPECTED, PHOTO
from vizecg_edge.sheet import Rectified, rectify

VECTOR = "contract_photo.json"
SHEET, INK = "contract_photo.jpg", "contract_photo_ink.png"
JPEG_QUALITY = 95
"""Of the sheet: as PNG it would be four times the size, and no two rectifiers agree to the last bit."""
SHARES = (0.2, 0.5, 0.8)
"""Where in the photograph points are told with their places on the sheet."""


def write_photo(folder: Path, manifest: Manifest) -> None:
    """Rectify the photograph of a bundle's folder, unless that was done before; nothing where it has none.

    Raises:
        BundleError: the photograph cannot be rectified.
    """
    photo = folder / PHOTO
    if not photo.is_file():
        for name in (VECTOR, SHEET, INK):
            (folder / name).unlink(missing_ok=True)
        return
    sha256 = sha256_file(photo)
    if _rectified_before(folder, sha256):
        return
    try:
        pixels = decode(photo.read_bytes())
        rectified = rectify(pixels, manifest.sheet)
    except InputRefusedError as error:
        raise BundleError(f"{folder}: {PHOTO} cannot be rectified: {error}") from error
    if rectified.homography is None or rectified.bend_mm is None:
        raise BundleError(
            f"{folder}: {PHOTO} is laid on lead by lead; take one of a page that is printed like the sheet"
        )
    ink = ink_map(rectified.sheet, sheet_spec=manifest.sheet, spec=manifest.preprocess)
    Image.fromarray(ink).save(folder / INK, optimize=True)
    Image.fromarray(rectified.sheet).save(folder / SHEET, quality=JPEG_QUALITY, subsampling=0)
    told = {"photo": PHOTO, "photo_sha256": sha256, "expected": EXPECTED, "sheet": SHEET, "ink": INK}
    vector = {**told, **_geometry(rectified, pixels.shape[:2], manifest.sheet)}
    (folder / VECTOR).write_text(json.dumps(vector) + "\n")


def _rectified_before(folder: Path, sha256: str) -> bool:
    path = folder / VECTOR
    if not all((folder / name).is_file() for name in (VECTOR, SHEET, INK)):
        return False
    try:
        return bool(json.loads(path.read_text())["photo_sha256"] == sha256)
    except (ValueError, KeyError, TypeError):
        return False


def _geometry(rectified: Rectified, size: tuple[int, ...], spec: SheetSpec) -> dict[str, Any]:
    """``size`` is the photograph's (height, width)."""
    height, width = size
    points = np.array([[(width - 1) * x, (height - 1) * y] for y in SHARES for x in SHARES])
    assert rectified.homography is not None
    assert rectified.bend_mm is not None
    flat = spec.px_to_mm(cv2.perspectiveTransform(points[None], rectified.homography)[0])
    return {
        "homography": rectified.homography.tolist(),
        "homography_maps": "centres of the photograph's pixels (column, row, 1) to those of the sheet's, on the plane"
        " that fits best",
        "bend_mm": np.round(rectified.bend_mm.astype(np.float64), 4).tolist(),
        "bend_means": "rows of columns of (x, y) at regular places of the sheet, from edge to edge, bilinear between:"
        " at sheet millimetres q the sheet shows what the homography puts at q + bend(q)",
        "px_per_mm": rectified.px_per_mm,
        "rotation_deg": rectified.rotation_deg,
        "rows_mm": list(rectified.rows_mm),
        "points": [
            {"photo_px": photo.tolist(), "plane_mm": plane.tolist(), "shown_at_mm": shown.tolist()}
            for photo, plane, shown in zip(points, flat, rectified.to_sheet_mm(points, spec), strict=True)
        ],
    }
