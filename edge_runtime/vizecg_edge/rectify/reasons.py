"""Why a photograph is refused, and what the person holding the camera can do about it."""

from __future__ import annotations

from enum import Enum

from vizecg.spec import InputRefusedError


class Reason(str, Enum):
    """Short code of a refusal; ``sentence`` is what people read: what is wrong, then ``advice``."""

    INVALID_IMAGE = "invalid_image"
    TOO_SMALL = "too_small"
    TOO_DARK = "too_dark"
    TOO_BLURRED = "too_blurred"
    GLARE = "glare"
    NO_GRID = "no_grid"
    NOT_AN_ECG = "not_an_ecg"
    SCALE_UNCERTAIN = "scale_uncertain"
    UNSUPPORTED_LAYOUT = "unsupported_layout"
    LAYOUT_UNCERTAIN = "layout_uncertain"
    ORIENTATION_UNCERTAIN = "orientation_uncertain"
    CUT_OFF = "cut_off"
    DISTORTED = "distorted"
    NO_HEARTBEAT = "no_heartbeat"
    LEADS_MISSING = "leads_missing"
    NOT_ONE_HEART = "not_one_heart"
    SEVERAL_SHEETS = "several_sheets"
    NO_SUCH_SHEET = "no_such_sheet"
    COVERED = "covered"
    FADED = "faded"
    PAGES_DIFFER = "pages_differ"
    LOW_QUALITY = "low_quality"

    @property
    def words(self) -> str:
        """What is wrong, without a full stop."""
        return _TOLD[self][0]

    @property
    def advice(self) -> str:
        """What to do, one sentence."""
        return _TOLD[self][1]

    @property
    def sentence(self) -> str:
        return f"{self.words}; {self.advice[0].lower()}{self.advice[1:]}"


COARSE = frozenset(
    reason.value
    for reason in (
        Reason.NO_GRID,
        Reason.NOT_AN_ECG,
        Reason.SCALE_UNCERTAIN,
        Reason.UNSUPPORTED_LAYOUT,
        Reason.LAYOUT_UNCERTAIN,
        Reason.ORIENTATION_UNCERTAIN,
    )
)
"""What a picture may be refused for that shows it all, but coarsely."""

_TOLD = {
    Reason.INVALID_IMAGE: ("This is not an image that can be read", "Take the photograph again."),
    Reason.TOO_SMALL: ("The printout is too small in the picture", "Move closer or use a larger picture size."),
    Reason.TOO_DARK: ("The picture is too dark", "Put the printout under a light and take it again."),
    Reason.TOO_BLURRED: ("The picture is blurred", "Hold the camera still and wait for it to focus."),
    Reason.GLARE: ("Light is reflected by the paper", "Tilt it or move the lamp, and take the picture again."),
    Reason.NO_GRID: (
        "No ECG grid paper was found",
        "Photograph the printout from above, flat and filling the picture.",
    ),
    Reason.NOT_AN_ECG: (
        "The paper has a grid, but no ECG traces were found on it",
        "Photograph the page that shows the twelve leads.",
    ),
    Reason.SCALE_UNCERTAIN: (
        "The scale of the printout is not certain",
        "Photograph all of it from above, with what is printed around the traces.",
    ),
    Reason.UNSUPPORTED_LAYOUT: (
        "The leads are printed in a layout that cannot be read",
        "Print this one anew as 3x4, 6x2, 12x1 or 4x3.",
    ),
    Reason.LAYOUT_UNCERTAIN: (
        "It is not certain which lead is printed where",
        "Take in the whole printout, with the names of the leads, sharp.",
    ),
    Reason.ORIENTATION_UNCERTAIN: (
        "It is not certain which way up the printout lies",
        "Hold the camera upright over it and take in the calibration pulses.",
    ),
    Reason.CUT_OFF: ("Part of the traces lies outside the picture", "Take in the whole printout."),
    Reason.DISTORTED: ("The paper is bent or creased too much", "Lay it flat and photograph it from above."),
    Reason.NO_HEARTBEAT: ("The leads show no heartbeat", "Record the ECG anew, with its electrodes in place."),
    Reason.LEADS_MISSING: (
        "Leads are flat or covered",
        "Uncover the printout, or record it anew with all electrodes in place.",
    ),
    Reason.NOT_ONE_HEART: (
        "The leads are not all of one heart",
        "Photograph one printout alone, as it was printed.",
    ),
    Reason.SEVERAL_SHEETS: (
        "The picture shows more than one ECG",
        "Photograph one printout alone, or choose one with --sheet.",
    ),
    Reason.NO_SUCH_SHEET: ("The picture shows fewer sheets", "Give --sheet the number of one that it shows."),
    Reason.FADED: ("The traces are too pale", "Print the page anew, with more ink or toner."),
    Reason.COVERED: ("Parts of leads are covered or erased", "Take away what lies on them, or print the page anew."),
    Reason.PAGES_DIFFER: (
        "The pages do not complete one another to one record",
        "Give the pages of one record, each of them once.",
    ),
    Reason.LOW_QUALITY: ("The picture is not good enough", "Lay the paper flat, in even light, and take it again."),
}

MISSING_TOOL = "missing_tool"
"""Reason of a file whose format wants an extra that is not installed."""
DAMAGED = "damaged"
"""Reason of a file that is damaged where the leads are."""
_ADVICE = {
    "file_not_found": "Check the name of the file and of its folder.",
    "unreadable": "Take the photograph again, or save it anew as JPEG or PNG.",
    DAMAGED: "Copy the file anew from where it was made, or take the photograph again.",
    "failed": "Save it anew as JPEG or PNG, and report the error.",
    "no_camera": "Check that the camera is plugged in and that no other program uses it.",
    "no_frames": "Check the camera, or the video, and try again.",
    MISSING_TOOL: "Run the command that the message names.",
}
"""Of the codes that are no ``Reason``: what is wrong differs from case to case, and stands in the refusal itself."""
_ANY_ADVICE = "Take the photograph again."


def advice_of(code: str) -> str:
    """What to do about a refusal, by its code, one sentence; of any code that this version does not know, too."""
    if code in {reason.value for reason in Reason}:
        return Reason(code).advice
    return _ADVICE.get(code, _ANY_ADVICE)


def refusal(reason: Reason, detail: str = "") -> InputRefusedError:
    """The error to raise: the sentence of ``reason``, followed by what was measured, if anything."""
    message = f"{reason.sentence} ({detail})" if detail else reason.sentence
    return InputRefusedError(message, reason=reason.value)
