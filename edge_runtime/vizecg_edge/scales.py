"""At which paper speed and gain a sheet was printed, how that is known, and whether it can be read at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vizecg.spec import GAIN_MM_MV, PAPER_SPEED_MM_S, SheetSpec
from vizecg_edge.leads.scales import ScaleSource
from vizecg_edge.printed import Printed, read_photo
from vizecg_edge.rectify import Rectified
from vizecg_edge.rectify.reasons import Reason, refusal


@dataclass(frozen=True, kw_only=True)
class SheetScales:
    """The speed and the gain that the sheet is read at."""

    speed_mm_s: float = PAPER_SPEED_MM_S
    gain_mm_mv: float = GAIN_MM_MV
    speed_source: ScaleSource = ScaleSource.ASSUMED
    gain_source: ScaleSource = ScaleSource.ASSUMED


def scales_of(photo: np.ndarray, rectified: Rectified, spec: SheetSpec) -> SheetScales:
    """Speed and gain from the calibration pulses or, where these do not show both, from the printed text.

    Args:
        photo: uint8 RGB (H, W, 3), the picture whose pixels ``rectified.homography`` maps.
        rectified: where the sheet lies in it.
        spec: the sheet.

    Raises:
        InputRefusedError: unsupported_speed or unsupported_gain.
    """
    known = rectified.speed_mm_s is not None and rectified.gain_mm_mv is not None
    printed = Printed() if known else read_photo(photo, rectified, spec)
    if printed.mixed:
        raise refusal(Reason.UNSUPPORTED_GAIN if printed.gain_mm_mv is None else Reason.UNSUPPORTED_SPEED, "several")
    for value in (printed.speed_mm_s, rectified.speed_mm_s):
        if value not in (None, PAPER_SPEED_MM_S):
            raise refusal(Reason.UNSUPPORTED_SPEED, f"{value:g} mm/s")
    for value in (printed.gain_mm_mv, rectified.gain_mm_mv):
        if value not in (None, GAIN_MM_MV):
            raise refusal(Reason.UNSUPPORTED_GAIN, f"{value:g} mm/mV")
    return SheetScales(
        speed_source=_source(printed.speed_mm_s, rectified.speed_mm_s),
        gain_source=_source(printed.gain_mm_mv, rectified.gain_mm_mv),
    )


def _source(printed: float | None, pulse: float | None) -> ScaleSource:
    if printed is not None:
        return ScaleSource.PRINTED
    return ScaleSource.ASSUMED if pulse is None else ScaleSource.PULSE
