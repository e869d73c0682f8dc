"""One picture for people: the photograph with the found sheet, the rectified sheet, the answer."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from vizecg.spec import INTENDED_USE, Label, MissingToolError, SheetSpec, UsageError
from vizecg.spec.files import write_atomically
from vizecg_edge.answer import Answer
from vizecg_edge.pipeline import Result

PANEL_HEIGHT = 640
ANSWER_WIDTH = 460
_INK = (30, 30, 30)
_BAR = {True: (200, 40, 40), False: (120, 150, 190), None: (210, 160, 60)}
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def overlay(result: Result, spec: SheetSpec) -> np.ndarray:
    """Photograph, sheet and answer side by side: uint8 RGB."""
    panels = [_photo_panel(result, spec), _sheet_panel(result), _answer_panel(result.answer)]
    return np.hstack([panel for panel in panels if panel is not None])


def save_image(path: Path, image: np.ndarray) -> None:
    """Write uint8 RGB to a file by its ending, whole or not at all.

    Raises:
        UsageError: the ending is not an image format, or the folder does not exist.
    """
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} does not exist")
    try:
        done, data = cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    except cv2.error as error:
        raise UsageError(f"{path}: {path.suffix or 'no ending'} is not an image format; use .png or .jpg") from error
    if not done:
        raise MissingToolError(f"OpenCV cannot write {path.suffix} here; use .png")
    write_atomically(path, data.tobytes())


def _fit(image: np.ndarray) -> np.ndarray:
    scale = PANEL_HEIGHT / image.shape[0]
    return cv2.resize(image, (round(image.shape[1] * scale), PANEL_HEIGHT), interpolation=cv2.INTER_AREA)


def _photo_panel(result: Result, spec: SheetSpec) -> np.ndarray | None:
    if result.photo is None:
        return None
    panel = _fit(result.photo)
    homography = result.answer.geometry.homography
    if homography is not None:
        corners = spec.mm_to_px(
            np.array([[[0, 0], [spec.width_mm, 0], [spec.width_mm, spec.height_mm], [0, spec.height_mm]]])
        )
        outline = cv2.perspectiveTransform(corners, np.linalg.inv(np.array(homography)))
        outline *= PANEL_HEIGHT / result.photo.shape[0]
        cv2.polylines(panel, [np.round(outline).astype(np.int32)], True, (0, 170, 60), 3, cv2.LINE_AA)
    return panel


def _sheet_panel(result: Result) -> np.ndarray | None:
    return None if result.sheet is None else _fit(result.sheet)


def _answer_panel(answer: Answer) -> np.ndarray:
    panel = np.full((PANEL_HEIGHT, ANSWER_WIDTH, 3), 255, np.uint8)
    title = "answered" if answer.answered else "refused: " + ", ".join(answer.reasons)
    cv2.putText(panel, title, (20, 40), _FONT, 0.8, _INK, 2, cv2.LINE_AA)
    if answer.probabilities is not None and answer.decisions is not None:
        for row, label in enumerate(Label):
            _bar(panel, 90 + 70 * row, label, answer.probabilities[label.value], answer.decisions[label.value])
    if answer.quality.score is not None:
        text = f"quality {answer.quality.score:.2f}   {answer.timings_ms.total:.0f} ms"
        cv2.putText(panel, text, (20, PANEL_HEIGHT - 60), _FONT, 0.55, _INK, 1, cv2.LINE_AA)
    for line, text in enumerate(INTENDED_USE.split(". ", 1)):
        cv2.putText(panel, text, (20, PANEL_HEIGHT - 34 + 18 * line), _FONT, 0.42, _INK, 1, cv2.LINE_AA)
    return panel


def _bar(panel: np.ndarray, y: int, label: Label, probability: float, decision: bool | None) -> None:
    words = {True: "PRESENT", False: "absent", None: "undecided"}
    text = f"{label.value}  {probability:.1%}  {words[decision]}"
    cv2.putText(panel, text, (20, y), _FONT, 0.6, _INK, 2 if decision else 1, cv2.LINE_AA)
    width = ANSWER_WIDTH - 40
    cv2.rectangle(panel, (20, y + 10), (20 + width, y + 28), (235, 235, 235), -1)
    cv2.rectangle(panel, (20, y + 10), (20 + round(width * probability), y + 28), _BAR[decision], -1)
