"""Photographed renderings through the whole edge pipeline: how well is the sheet found, and what does it cost?

``vizecg evaluate --condition photo`` registers photographs by their true homography with a stated error. Here the
rectifier does it, so what it refuses and where it errs is in the figures.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from vizecg.spec.results import write_result
from vizecg.spec.sheet import BLOCK_MM
from vizecg_lab.rectifier.poses import PerspectiveCount, TurnCount
from vizecg_lab.used import bundle_used

SEED = 3
PHOTO_WIDTH_PX = (1250, 1900)
SQUARE_MM = 20.0
"""Side of the square in the middle of the block whose size in the photograph gives the true scale."""
FAR_MM = 3.0
"""A sheet with a corner this far off is wrong, and nobody was told."""


def measure_rectify(*, root: Path, fold: int, limit: int, bundle: Path | None, out: Path | None) -> dict[str, Any]:
    """Photograph ``limit`` renderings of a PTB-XL fold, rectify and classify them; print and save the figures.

    Records are drawn so that every class is there: positives first, up to a tenth of ``limit`` per class.

    Raises:
        UsageError: the fold has no records.
    """
    from vizecg.records.ptbxl import Ptbxl, positives_first
    from vizecg.render import condition_rng, photograph, random_layout, random_style, render_sheet
    from vizecg.spec import Condition, InputRefusedError
    from vizecg.spec.preprocess import preprocess
    from vizecg_edge.judge.quality import assess
    from vizecg_edge.pipeline import Pipeline
    from vizecg_edge.sheet import rectify

    dataset = Ptbxl(root=root)
    entries = positives_first(dataset.select(folds=[fold]), limit)
    pipeline = Pipeline(bundle=bundle)
    manifest = pipeline.bundle.manifest
    corners, scales, milliseconds, logits, labels = [], [], [], [], []
    turns = TurnCount()
    perspective = PerspectiveCount()
    reasons: Counter[str] = Counter()
    grids: Counter[str] = Counter()
    for entry in track(entries, description="rectifying"):
        record = dataset.read(entry)
        rng = condition_rng(record.record_id, seed=SEED, condition=Condition.PHOTO)
        layout, style = random_layout(rng), random_style(rng)
        printed = render_sheet(record, spec=manifest.sheet, style=style, layout=layout)
        photo = photograph(printed.image, rng=rng, spec=manifest.sheet, width_px=PHOTO_WIDTH_PX)
        turns.add(photo.image, manifest.sheet, manifest.gate)
        perspective.add(printed, manifest.sheet, manifest.gate)
        start = time.perf_counter()
        try:
            found = rectify(photo.image, manifest.sheet)
            assess(found, manifest.gate)
        except InputRefusedError as error:
            reasons[str(error.reason)] += 1
            grids[style.palette] += 1
            continue
        milliseconds.append(1000 * (time.perf_counter() - start))
        block = printed.block_mm()
        seen = photo.mapping.to_photo(manifest.sheet.mm_to_px(block))
        corners.append(_corner_errors(block, found.to_sheet_mm(seen, manifest.sheet)))
        middle = np.array([manifest.sheet.block_x_mm + BLOCK_MM / 2, manifest.sheet.block_y_mm])
        square = middle + SQUARE_MM * np.array([[0, 0], [1, 0], [0, 1]])
        square = photo.mapping.to_photo(manifest.sheet.mm_to_px(square))
        scales.append(found.px_per_mm * SQUARE_MM / _side(square) - 1)
        image = preprocess(found.sheet, sheet_spec=manifest.sheet, spec=manifest.preprocess)
        logits.append(pipeline.backend.logits(image))
        labels.append(entry.labels)
    figures = _summary(len(entries), corners, milliseconds)
    figures["px_per_mm_relative_error"] = _quantiles(np.abs(np.array(scales or [np.nan])))
    figures.update(turned=turns.figures(), perspective=perspective.figures())
    figures.update(refused=dict(reasons), refused_by_grid_colour=dict(grids))
    figures["accuracy"] = _accuracy(pipeline, logits, labels)
    write_result(
        out,
        kind="rectify",
        figures={"bundle": bundle_used(pipeline), "data": f"PTB-XL fold {fold}, positives first", **figures},
    )
    print({key: value for key, value in figures.items() if key != "accuracy"})
    print("macro AUROC of the answered:", figures["accuracy"]["macro"]["auroc"])
    return figures


def _corner_errors(block: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Distances in mm of the block's corners from where they belong, with and without the shift of the origin."""
    # The origin comes from the traces: rows belong around the middle, whatever the print's own shift.
    error = found - block
    return np.stack([np.linalg.norm(error, axis=1), np.linalg.norm(error - error.mean(axis=0), axis=1)])


def _side(corners: np.ndarray) -> float:
    """(3, 2) corner and its neighbours to the right and below, in pixels -> side of a square of the same area."""
    across, down = corners[1] - corners[0], corners[2] - corners[0]
    return float(np.sqrt(abs(across[0] * down[1] - across[1] * down[0])))


def _summary(n: int, corners: list[np.ndarray], milliseconds: list[float]) -> dict[str, Any]:
    errors = np.array(corners) if corners else np.full((1, 2, 4), np.nan)
    return {
        "photographs": n,
        "answered": len(corners),
        "corner_error_mm": _quantiles(errors[:, 0]),
        f"more_than_{FAR_MM:g}_mm_off": int((errors[:, 0].max(axis=1) > FAR_MM).sum()),
        "farthest_mm": round(float(errors[:, 0].max()), 2),
        "corner_error_mm_without_origin": _quantiles(errors[:, 1]),
        "detect_and_rectify_ms": _quantiles(np.array(milliseconds)),
    }


def _quantiles(values: np.ndarray) -> dict[str, float]:
    return {"median": round(float(np.median(values)), 4), "p95": round(float(np.percentile(values, 95)), 4)}


def _accuracy(pipeline: Any, logits: list[np.ndarray], labels: list[np.ndarray]) -> dict[str, Any]:
    from vizecg.scoring.metrics import evaluate_scores

    rule = pipeline.artefact.decision
    names = pipeline.bundle.manifest.labels.names
    scores = rule.probabilities(np.stack(logits))
    return evaluate_scores(scores, np.stack(labels), thresholds=rule.threshold, names=names)
