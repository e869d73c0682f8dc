"""Where a page lies in its photograph, and how it is printed: what an answer tells of that."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from vizecg_edge.answer import Geometry, PrintedPiece
from vizecg_edge.capture import Picture
from vizecg_edge.leads.read import MOST_SCALES, ReadLeads
from vizecg_edge.sheet import Rectified


def in_whole(rectified: Rectified, picture: Picture) -> Rectified:
    """With scale, homography and outlines in pixels of the whole picture."""
    to_whole = np.linalg.inv(picture.to_pixels)
    return replace(
        rectified,
        homography=None if rectified.homography is None else rectified.homography @ picture.to_pixels,
        px_per_mm=rectified.px_per_mm * picture.reduced,
        px_per_mm_sd=rectified.px_per_mm_sd * picture.reduced,
        on_photo=tuple(
            (name, cv2.perspectiveTransform(points[None], to_whole)[0]) for name, points in rectified.on_photo
        ),
    )


def geometry_of(rectified: Rectified | None, read: ReadLeads | None) -> Geometry:
    """Where the page lies in the whole picture, and how it is printed."""
    if rectified is None or read is None:
        return Geometry()
    scales = read.scales
    limb, chest = scales.best.limb_mm_mv, scales.best.chest_mm_mv
    gain_source = scales.limb_source if limb == chest else scales.chest_source
    return Geometry(
        homography=None if rectified.homography is None else rectified.homography.tolist(),
        rotation_deg=round(rectified.rotation_deg, 3),
        layout=rectified.layout.name,
        speed_mm_s=scales.best.speed_mm_s,
        gain_mm_mv=limb,
        chest_gain_mm_mv=chest,
        speed_source=scales.speed_source.value,
        gain_source=gain_source.value,
        scales_tried=tuple(scale.words for scale in scales.candidates[:MOST_SCALES]),
        pieces=pieces_of(rectified),
    )


def pieces_of(rectified: Rectified, *, page: int | None = None) -> tuple[PrintedPiece, ...]:
    """Every piece of a page, with the corners of its frame in the photograph."""
    return tuple(
        PrintedPiece(
            name=piece.name,
            row=piece.row,
            column=piece.column,
            strip=piece.strip,
            corners=tuple((round(float(x)), round(float(y))) for x, y in outline[:: len(outline) // 4]),
            page=page,
        )
        for piece, (_, outline) in zip(rectified.layout.pieces, rectified.on_photo, strict=True)
    )
