"""One picture for people: the photograph with the found sheet, the answer, the sheet with its leads."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from vizecg.spec import DecisionRule, MissingToolError, SheetSpec, UsageError
from vizecg.spec.files import write_atomically
from vizecg_edge.pipeline import Result
from vizecg_edge.report.explain import Explanation
from vizecg_edge.report.page import draw_overlay
from vizecg_edge.report.reading import Reading


def overlay(
    result: Result, spec: SheetSpec, *, rule: DecisionRule | None = None, explanation: Explanation | None = None
) -> np.ndarray:
    """Photograph, answer and sheet in one picture: uint8 RGB (H, 1240, 3).

    Args:
        result: of the pipeline.
        spec: the sheet.
        rule: the artefact's; with it the thresholds are drawn.
        explanation: shaded on the sheet.
    """
    return draw_reading(Reading(result=result, spec=spec, rule=rule, explanation=explanation))


def draw_reading(reading: Reading) -> np.ndarray:
    """The same of a reading."""
    return np.asarray(draw_overlay(reading))


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
