"""Where a point of the sheet is in the picture, and back.

Convention: pixel-centre coordinates (column, row) on both sides, as OpenCV's warps take them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vizecg.spec import SheetSpec

STEPS = 4  # of the fixed-point iterations: bends and lens change slowly, each step gains about a digit


@dataclass(frozen=True, kw_only=True)
class Displacement:
    """How far points of a bent sheet seem to lie from where they would on a flat one, in sheet pixels.

    ``field`` float32 (rows, columns, 2) holds (dx, dy) at nodes ``pitch`` pixels apart; node (0, 0) lies at
    ``origin`` (column, row). Between nodes it is bilinear, beyond them constant.
    """

    field: np.ndarray
    pitch: float
    origin: tuple[float, float]

    def at(self, points: np.ndarray) -> np.ndarray:
        """(h, w, 2) points -> float32 (h, w, 2) displacements; h and w at most 32,767, as OpenCV's maps are."""
        return cv2.remap(self.field, self.nodes(points), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def undo(self, points: np.ndarray) -> np.ndarray:
        """Displaced points (h, w, 2) -> float32 (h, w, 2) where they were."""
        start = at = self.nodes(points)
        field = self.field * np.float32(1 / self.pitch)
        for _ in range(STEPS):
            at = start - cv2.remap(field, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return at * np.float32(self.pitch) + np.array(self.origin, np.float32)

    def nodes(self, points: np.ndarray) -> np.ndarray:
        """Sheet pixels (h, w, 2) -> float32 lattice coordinates (h, w, 2)."""
        nodes = points.astype(np.float32)
        nodes -= np.array(self.origin, np.float32)
        nodes /= np.float32(self.pitch)
        return nodes


@dataclass(frozen=True, kw_only=True)
class SheetToPhoto:
    """Bend of the paper, then homography, then lens.

    Attributes:
        homography: float64 (3, 3), sheet -> picture without lens.
        displacement: of bent paper; None where it lies flat.
        lens: ``k`` of the division-free radial model, undistorted = c + (p - c) (1 + k r^2), r in half diagonals.
        size: (height, width) of the picture, whose middle is c.
    """

    homography: np.ndarray
    displacement: Displacement | None
    lens: float
    size: tuple[int, int]

    @classmethod
    def identity(cls, spec: SheetSpec) -> SheetToPhoto:
        """The sheet itself as its picture."""
        return cls(homography=np.eye(3), displacement=None, lens=0.0, size=(spec.height_px, spec.width_px))

    def to_photo(self, points: np.ndarray) -> np.ndarray:
        """Sheet -> picture, float64 (..., 2)."""
        points = np.asarray(points, np.float64)
        flat = points.reshape(points.shape[0], -1, 2)
        if self.displacement is not None:
            flat = flat + self.displacement.at(flat)
        ideal = cv2.perspectiveTransform(flat, self.homography)
        real = ideal
        for _ in range(STEPS if self.lens else 0):
            real = self._centre + (ideal - self._centre) / self._stretch(real)
        return real.reshape(points.shape)

    def to_sheet(self, points: np.ndarray) -> np.ndarray:
        """Picture -> sheet, float64 (h, w, 2) or (n, 2)."""
        points = np.asarray(points, np.float64)
        flat = points.reshape(points.shape[0], -1, 2)
        ideal = self._centre + (flat - self._centre) * self._stretch(flat) if self.lens else flat
        bent = cv2.perspectiveTransform(ideal, np.linalg.inv(self.homography))
        flat = bent if self.displacement is None else self.displacement.undo(bent)
        return flat.reshape(points.shape)

    @property
    def _centre(self) -> np.ndarray:
        return np.array([self.size[1] - 1, self.size[0] - 1], np.float64) / 2

    def _stretch(self, points: np.ndarray) -> np.ndarray:
        x, y = (points[..., axis] - self._centre[axis] for axis in (0, 1))
        return (1 + self.lens / (np.hypot(*self.size) / 2) ** 2 * (x * x + y * y))[..., None]
