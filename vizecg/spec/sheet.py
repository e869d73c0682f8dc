"""The sheet: the one image geometry that renderer, trainer and rectifier share.

Convention: sheet millimetres have their origin in the top left corner, x to the right, y down. The centre of
pixel (column i, row j) lies at ((i + 0.5) / px_per_mm, (j + 0.5) / px_per_mm) millimetres. Homographies map
(column, row) pixel-centre coordinates, as OpenCV's warps do.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vizecg.spec.checks import check_types

BLOCK_MM = 250.0
"""Width of the traces of a sheet: 10 s at 25 mm/s."""
MOST_PIXELS = 16_000_000
"""Of a sheet, which takes a tenth of a gigabyte then; the usual one has 0.7 million."""


@dataclass(frozen=True, kw_only=True)
class SheetSpec:
    """Size and scale of a rectified sheet.

    The traces, ``BLOCK_MM`` wide, lie centred in the sheet: ``block_x_mm`` is where the first column of traces begins,
    ``block_y_mm`` is the middle between the uppermost and the lowest baseline.
    """

    width_mm: float = 288.0
    height_mm: float = 160.0
    px_per_mm: float = 4.0
    block_x_mm: float = 19.0
    block_y_mm: float = 80.0

    def __post_init__(self) -> None:
        if not 20 <= self.width_mm <= 1000 or not 20 <= self.height_mm <= 1000:
            raise ValueError(f"sheet size {self.width_mm} x {self.height_mm} mm is outside 20 to 1000 mm")
        if not 1 <= self.px_per_mm <= 40:
            raise ValueError(f"sheet scale {self.px_per_mm} px/mm is outside 1 to 40")
        if self.width_px * self.height_px > MOST_PIXELS:
            raise ValueError(f"a sheet of {self.width_px} x {self.height_px} pixels is larger than {MOST_PIXELS:,}")
        if not (0 <= self.block_x_mm < self.width_mm and 0 <= self.block_y_mm < self.height_mm):
            raise ValueError(f"the block at {self.block_x_mm}, {self.block_y_mm} mm lies outside the sheet")

    @property
    def width_px(self) -> int:
        return round(self.width_mm * self.px_per_mm)

    @property
    def height_px(self) -> int:
        return round(self.height_mm * self.px_per_mm)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, 3), the shape of a sheet image."""
        return self.height_px, self.width_px, 3

    def mm_to_px(self, points: np.ndarray) -> np.ndarray:
        """Millimetres -> pixel-centre coordinates, any shape."""
        return np.asarray(points, dtype=np.float64) * self.px_per_mm - 0.5

    def px_to_mm(self, points: np.ndarray) -> np.ndarray:
        """Pixel-centre coordinates -> millimetres, any shape."""
        return (np.asarray(points, dtype=np.float64) + 0.5) / self.px_per_mm

    @property
    def mm_to_px_matrix(self) -> np.ndarray:
        """(3, 3) float64: homogeneous millimetres -> pixel-centre coordinates."""
        s = self.px_per_mm
        return np.array([[s, 0, -0.5], [0, s, -0.5], [0, 0, 1]], dtype=np.float64)

    def to_dict(self) -> dict[str, float]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SheetSpec:
        """What ``to_dict`` gave.

        Raises:
            TypeError, ValueError: fields are missing or wrong.
        """
        spec = cls(**data)
        check_types(spec)
        return spec


LAYOUT_3X4_R = "3x4+R"
"""Three rows of four leads and a rhythm strip: the layout that is drawn and read."""

PAPER_SPEED_MM_S = 25.0
GAIN_MM_MV = 10.0
