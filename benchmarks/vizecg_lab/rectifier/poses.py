"""Photographs in unusual poses: turned by quarter turns, and from one side."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import cv2
import numpy as np

from vizecg.spec import InputRefusedError, SheetSpec
from vizecg.spec.gate import QualityGate

SAME_DEG = 15.0
"""A sheet turned wrongly is off by 90 or 180 degrees."""
TILTS_DEG = (15.0, 30.0, 45.0)
DISTANCE = 1.3
"""Of the camera from the middle of the sheet, in widths of the sheet."""
PICTURE_PX = (2000, 1500)
EVERY = 6
"""Of the sheets this one in so many is photographed from one side."""


class TurnCount:
    """Photographs turned by 0, 90, 180 and 270 degrees: how many are answered, and how many the right way up.

    The photograph itself has the sheet upright within 15 degrees.
    """

    def __init__(self) -> None:
        self.counts: dict[int, Counter[str]] = {turns: Counter() for turns in range(4)}

    def add(self, image: np.ndarray, spec: SheetSpec, gate: QualityGate) -> None:
        """Rectify ``image`` (uint8 RGB, the sheet upright) in all four turns."""
        from vizecg_edge.judge.quality import assess
        from vizecg_edge.sheet import rectify

        for turns, count in self.counts.items():
            try:
                found = rectify(np.ascontiguousarray(np.rot90(image, turns)), spec)
                assess(found, gate)
            except InputRefusedError as error:
                count[str(error.reason)] += 1
                continue
            off = abs((found.rotation_deg + 90 * turns + 180) % 360 - 180)
            count["right" if off < 2 * SAME_DEG else "wrong"] += 1

    def figures(self) -> dict[str, Any]:
        """Per turn, and the share of the right ones among the answered."""
        right, wrong = (sum(count[key] for count in self.counts.values()) for key in ("right", "wrong"))
        share = round(right / max(1, right + wrong), 4)
        return {"right_of_answered": share, **{str(90 * k): dict(count) for k, count in self.counts.items()}}


class PerspectiveCount:
    """Sheets seen by a camera that looks at them from below at growing angles: answered share and corner errors."""

    def __init__(self) -> None:
        self.seen = 0
        self.answered: Counter[float] = Counter()
        self.tried: Counter[float] = Counter()
        self.errors: dict[float, list[float]] = defaultdict(list)

    def add(self, printed: Any, spec: SheetSpec, gate: QualityGate) -> None:
        """Look at one sheet of the renderer, uint8 RGB of ``spec``, if it is its turn."""
        from vizecg_edge.judge.quality import assess
        from vizecg_edge.sheet import rectify

        self.seen += 1
        if self.seen % EVERY != 1:
            return
        block = printed.block_mm()
        for tilt in TILTS_DEG:
            matrix = camera(tilt, spec)
            image = cv2.warpPerspective(
                printed.image, matrix, PICTURE_PX, flags=cv2.INTER_AREA, borderValue=(90, 75, 60)
            )
            self.tried[tilt] += 1
            try:
                found = rectify(cv2.GaussianBlur(image, (0, 0), 0.7), spec)
                assess(found, gate)
            except InputRefusedError:
                continue
            self.answered[tilt] += 1
            seen = cv2.perspectiveTransform(spec.mm_to_px(block)[None], matrix)[0]
            self.errors[tilt].extend(np.linalg.norm(found.to_sheet_mm(seen, spec) - block, axis=1).tolist())

    def figures(self) -> dict[str, Any]:
        """Per angle: photographs, answered ones, median and 95th percentile of the corner errors in mm."""
        return {
            f"{tilt:.0f}": {
                "photographs": self.tried[tilt],
                "answered": self.answered[tilt],
                "corner_error_mm": [round(float(np.percentile(self.errors[tilt] or [np.nan], q)), 3) for q in (50, 95)],
            }
            for tilt in TILTS_DEG
        }


def camera(tilt_deg: float, spec: SheetSpec) -> np.ndarray:
    """(3, 3) sheet pixels -> picture pixels of a camera whose axis is ``tilt_deg`` from the sheet's normal."""
    tilt = np.radians(tilt_deg)
    corners = np.array([[0, 0], [spec.width_px, 0], [spec.width_px, spec.height_px], [0, spec.height_px]], np.float64)
    flat = corners - corners.mean(axis=0)
    depth = DISTANCE * spec.width_px - flat[:, 1] * np.sin(tilt)
    seen = np.stack([flat[:, 0], flat[:, 1] * np.cos(tilt)], axis=1) / depth[:, None]
    size = np.array(PICTURE_PX)
    seen = (seen - (seen.max(axis=0) + seen.min(axis=0)) / 2) * float((0.95 * size / np.ptp(seen, axis=0)).min())
    return cv2.getPerspectiveTransform(corners.astype(np.float32), (seen + size / 2).astype(np.float32))
