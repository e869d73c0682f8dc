"""Real photographs of printed records that are at hand as signals: does the photograph change the answer?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from vizecg.spec import UsageError
from vizecg.spec.results import write_result
from vizecg_bench.pack.known_photos import known_photos
from vizecg_lab.rectifier.traces import TraceMatch, match_traces
from vizecg_lab.used import bundle_used


@dataclass(frozen=True, kw_only=True)
class PhotoRow:
    """One photograph. ``largest`` is the largest difference of a probability from the clean rendering's; ``traces``
    is how the record's own traces lie on the rectified sheet."""

    image: str
    ecg_id: int
    status: str
    reasons: tuple[str, ...]
    quality: float | None
    grid_residual_mm: float | None
    px_per_mm: float | None
    photo: dict[str, float] | None
    clean: dict[str, float]
    largest: float | None
    flips: int | None
    traces: TraceMatch | None


def measure_photos(
    *, photos_dir: Path, table: Path, root: Path, bundle: Path | None, sheets: Path | None, out: Path | None
) -> list[PhotoRow]:
    """Answer every photograph of a known record, and a clean rendering of the same record; print and save a table.

    Raises:
        UsageError: the table or a record is missing.
    """
    from vizecg_edge.overlay import overlay, save_image
    from vizecg_edge.pipeline import Pipeline

    known = known_photos(photos_dir, table)
    pipeline = Pipeline(bundle=bundle)
    records = records_of(root, [ecg_id for _, ecg_id in known])
    clean = clean_logits(pipeline, records)
    if sheets is not None:
        sheets.mkdir(parents=True, exist_ok=True)
    rows = []
    for path, ecg_id in known:
        result = pipeline.run(path)
        if sheets is not None:
            save_image(sheets / f"{path.stem}_overlay.jpg", overlay(result, pipeline.bundle.manifest.sheet))
            if result.sheet is not None:
                save_image(sheets / f"{path.stem}_sheet.png", result.sheet)
        rows.append(_row(path, ecg_id, result, records[ecg_id], clean[ecg_id], pipeline))
    figures = _summary(rows)
    _print(rows, figures)
    write_result(
        out,
        kind="photos",
        figures={"bundle": bundle_used(pipeline), "summary": figures, "rows": [asdict(row) for row in rows]},
    )
    return rows


def records_of(root: Path, ids: list[int]) -> dict[int, Any]:
    """PTB-XL's records by id.

    Raises:
        UsageError: one is missing.
    """
    from vizecg.records.ptbxl import Ptbxl

    dataset = Ptbxl(root=root)
    records = {entry.ecg_id: dataset.read(entry) for entry in dataset.select(ids=ids)}
    missing = sorted(set(ids) - set(records))
    if missing:
        raise UsageError(f"{root} has no record {missing[0]}")
    return records


def clean_logits(pipeline: Any, records: dict[int, Any]) -> dict[int, np.ndarray]:
    """Id -> logits (labels,) of the record's default print, exactly placed."""
    from vizecg.render import render_sheet
    from vizecg.spec.preprocess import preprocess

    manifest = pipeline.bundle.manifest
    logits = {}
    for ecg_id, record in records.items():
        sheet = render_sheet(record, spec=manifest.sheet).image
        image = preprocess(sheet, sheet_spec=manifest.sheet, spec=manifest.preprocess)
        logits[ecg_id] = pipeline.backend.logits(image)
    return logits


def _traces(result: Any, record: Any, pipeline: Any) -> TraceMatch | None:
    from vizecg_edge.sheet import rectify

    if result.sheet is None:
        return None
    spec = pipeline.bundle.manifest.sheet
    # The answer does not say where the rows lie.
    found = rectify(result.photo, spec)
    return match_traces(found.sheet, found.rows_mm, record, spec)


def _row(path: Path, ecg_id: int, result: Any, record: Any, clean: np.ndarray, pipeline: Any) -> PhotoRow:
    answer = result.answer
    rule = pipeline.artefact.decision
    reference = dict(zip(pipeline.bundle.manifest.labels.names, map(float, rule.probabilities(clean)), strict=True))
    largest = flips = None
    if answer.probabilities is not None:
        largest = max(abs(answer.probabilities[label] - reference[label]) for label in reference)
        decided = dict(zip(reference, rule.decide(clean), strict=True))
        flips = sum({answer.decisions[label], decided[label]} == {True, False} for label in reference)
    return PhotoRow(
        image=path.name,
        ecg_id=ecg_id,
        status=answer.status,
        reasons=answer.reasons,
        quality=answer.quality.score,
        grid_residual_mm=answer.quality.grid_residual_mm,
        px_per_mm=answer.quality.px_per_mm,
        photo=answer.probabilities,
        clean={label: round(p, 5) for label, p in reference.items()},
        largest=None if largest is None else round(largest, 5),
        flips=flips,
        traces=_traces(result, record, pipeline),
    )


def _summary(rows: list[PhotoRow]) -> dict[str, Any]:
    differences = [row.largest for row in rows if row.largest is not None]
    matches = [row.traces for row in rows if row.traces is not None]
    scales = np.array([abs(match.scale_error) for match in matches] or [np.nan])
    return {
        "photographs": len(rows),
        "scale_error": {"median": round(float(np.median(scales)), 4), "largest": round(float(scales.max()), 4)},
        "median_trace_error_mm": round(float(np.median([m.trace_error_mm for m in matches] or [np.nan])), 3),
        "answered": len(differences),
        "median_largest_difference": round(float(np.median(differences)), 5) if differences else None,
        "flips": sum(row.flips or 0 for row in rows),
        "pairs": sum(len(row.clean) for row in rows if row.largest is not None),
    }


def _print(rows: list[PhotoRow], figures: dict[str, Any]) -> None:
    table = Table("image", "status", "quality", "grid mm", "px/mm", "highest", "largest |dp|", "flips", "scale %", "mm")
    for row in rows:
        highest = "-" if row.photo is None else max(row.photo, key=lambda label: row.photo[label])  # type: ignore[index]
        numbers = (row.quality, row.grid_residual_mm, row.px_per_mm)
        table.add_row(
            row.image, row.status if not row.reasons else ", ".join(row.reasons),
            *("-" if number is None else f"{number:.2f}" for number in numbers),
            highest, "-" if row.largest is None else f"{row.largest:.3f}", "-" if row.flips is None else str(row.flips),
            *(("-", "-") if row.traces is None else
              (f"{100 * row.traces.scale_error:+.2f}", f"{row.traces.trace_error_mm:.2f}")),
        )  # fmt: skip
    console = Console(width=120)
    console.print(table)
    console.print(figures)
