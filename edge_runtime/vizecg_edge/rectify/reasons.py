"""Why a photograph is refused, and what the person holding the camera can do about it."""

from __future__ import annotations

from enum import Enum

from vizecg.spec import InputRefusedError


class Reason(str, Enum):
    """Short code of a refusal; ``sentence`` is what people read."""

    INVALID_IMAGE = "invalid_image"
    TOO_SMALL = "too_small"
    TOO_DARK = "too_dark"
    TOO_BLURRED = "too_blurred"
    GLARE = "glare"
    NO_GRID = "no_grid"
    NOT_AN_ECG = "not_an_ecg"
    SCALE_UNCERTAIN = "scale_uncertain"
    UNSUPPORTED_LAYOUT = "unsupported_layout"
    UNSUPPORTED_SPEED = "unsupported_speed"
    UNSUPPORTED_GAIN = "unsupported_gain"
    ORIENTATION_UNCERTAIN = "orientation_uncertain"
    CUT_OFF = "cut_off"
    DISTORTED = "distorted"
    LOW_QUALITY = "low_quality"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Reason.INVALID_IMAGE: "This is not an image that can be read; take the photograph again.",
    Reason.TOO_SMALL: "The printout is too small in the picture; move closer or use a larger picture size.",
    Reason.TOO_DARK: "The picture is too dark; put the printout under a light and take it again.",
    Reason.TOO_BLURRED: "The picture is blurred; hold the camera still and wait for it to focus.",
    Reason.GLARE: "Light is reflected by the paper; tilt it or move the lamp, and take the picture again.",
    Reason.NO_GRID: "No ECG grid paper was found; photograph the printout from above, flat and filling the picture.",
    Reason.NOT_AN_ECG: "The paper has a grid, but no ECG traces were found on it.",
    Reason.SCALE_UNCERTAIN: "The size of the grid squares is not certain; photograph the whole printout from above.",
    Reason.UNSUPPORTED_LAYOUT: "Only printouts with three rows of four leads and one rhythm strip below can be read.",
    Reason.UNSUPPORTED_SPEED: "Only printouts at 25 mm/s can be read; print this one anew at that speed.",
    Reason.UNSUPPORTED_GAIN: "Only printouts at 10 mm/mV can be read; print this one anew at that gain.",
    Reason.ORIENTATION_UNCERTAIN: (
        "It is not certain which way up the printout lies; "
        "hold the camera upright over it and take in the calibration pulses."
    ),
    Reason.CUT_OFF: "Part of the traces lies outside the picture; take in the whole printout.",
    Reason.DISTORTED: "The paper is bent or creased too much; lay it flat and photograph it from above.",
    Reason.LOW_QUALITY: "The picture is not good enough; lay the paper flat, in even light, and take it again.",
}


def refusal(reason: Reason, detail: str = "") -> InputRefusedError:
    """The error to raise: the sentence of ``reason``, followed by what was measured, if anything."""
    message = f"{reason.sentence} ({detail})" if detail else reason.sentence
    return InputRefusedError(message, reason=reason.value)
