"""What an answer depends on: parts of the sheet are covered with blank paper in turn, and it is read again."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vizecg.spec.preprocess import normalise, preprocess
from vizecg_edge.answer import Answer
from vizecg_edge.pipeline import Pipeline, Result

ROWS, COLUMNS = 6, 12
LEAST_SCALE = 0.5
"""Changes of the logit below this are the noise of int8 kernels, and are drawn faintly."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """``change`` float64 (rows, columns, labels): how far each label's logit falls when a patch is covered.

    ``label``, in the last axis at ``place``, is the one to show: the most probable of those found, else of those left
    undecided.
    """

    change: np.ndarray
    label: str
    place: int

    @property
    def shown(self) -> np.ndarray:
        """(rows, columns) of ``label``, -1..1: positive where covering the patch makes it less likely."""
        values = self.change[..., self.place]
        return np.asarray(values / max(float(np.abs(values).max()), LEAST_SCALE))

    @property
    def text(self) -> str:
        """What the colours mean, and what they do not."""
        rows, columns = self.change.shape[:2]
        return (
            f"Shading: each of {rows * columns} patches was covered with blank paper in turn and the sheet read again."
            f" Orange: {self.label} becomes less likely without that patch; blue: more likely. It shows what this model"
            " reacted to, not why, and is no evidence for or against a diagnosis."
        )


def explain(pipeline: Pipeline, result: Result, *, rows: int = ROWS, columns: int = COLUMNS) -> Explanation | None:
    """Cover ``rows`` x ``columns`` patches of the sheet, one run each.

    None where nothing was found or left undecided: a map would look as if there were something to see.
    """
    answer, sheet = result.answer, result.sheet
    label = _label(answer)
    if sheet is None or label is None:
        return None
    manifest = pipeline.bundle.manifest
    image = preprocess(sheet, sheet_spec=manifest.sheet, spec=manifest.preprocess)
    height, width = image.shape[2:]
    paper = float(normalise(np.zeros((1, height, width), np.uint8), manifest.preprocess)[0, 0, 0, 0])
    whole = pipeline.backend.logits(image).astype(np.float64)
    change = np.zeros((rows, columns, len(manifest.labels)))
    for row, (top, bottom) in enumerate(_edges(height, rows)):
        for column, (left, right) in enumerate(_edges(width, columns)):
            covered = image.copy()
            covered[..., top:bottom, left:right] = paper
            change[row, column] = whole - pipeline.backend.logits(covered)
    scale = np.array(pipeline.artefact.decision.scale)
    return Explanation(change=change * scale, label=label, place=manifest.labels.names.index(label))


def _edges(size: int, parts: int) -> list[tuple[int, int]]:
    places = np.round(np.linspace(0, size, parts + 1)).astype(int)
    return [(int(a), int(b)) for a, b in pairwise(places)]


def _label(answer: Answer) -> str | None:
    findings = [one for one in answer.findings if one.decision] or [
        one for one in answer.findings if one.decision is None
    ]
    return max(findings, key=lambda one: one.probability).label.name if findings else None
