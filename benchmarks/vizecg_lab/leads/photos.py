"""Real photographs of known records: does the photograph change the answer, and how good are the signals?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from vizecg.spec.results import write_result
from vizecg_bench.pack.known_photos import known_photos
from vizecg_lab.leads.reading import Reading, reading_of
from vizecg_lab.leads.signals import SignalMatch, match_leads
from vizecg_lab.rectifier.photos import clean_logits, records_of
from vizecg_lab.used import bundle_used

LAYOUT = "3x4+R"
"""Of all of them, with strip II, 25 mm/s and 10 mm/mV."""


@dataclass(frozen=True, kw_only=True)
class KnownPhoto:
    """One photograph. ``largest``: the largest difference of a probability from the clean rendering's; ``flips``:
    decisions that are the other way; ``undecided``: classes that are decided there and not here."""

    image: str
    ecg_id: int
    answered: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    layout: str | None
    largest: float | None
    flips: int | None
    undecided: int | None
    rate_bpm: float | None
    signals: tuple[SignalMatch, ...]
    total_ms: float | None

    @property
    def snr_db(self) -> float | None:
        """Median over its stretches."""
        return float(np.median([match.snr_db for match in self.signals])) if self.signals else None


def measure_known(
    *, photos_dir: Path, table: Path, root: Path, bundle: Path | None, out: Path | None
) -> list[KnownPhoto]:
    """Read every photograph of a known record, and a clean rendering of the record; print and save a table.

    Raises:
        UsageError: the table or a record is missing.
    """
    from vizecg_edge.pipeline import Pipeline

    known = known_photos(photos_dir, table)
    pipeline = Pipeline(bundle=bundle)
    records = records_of(root, [ecg_id for _, ecg_id in known])
    clean = clean_logits(pipeline, records)
    rows = []
    for path, ecg_id in known:
        reading = reading_of(pipeline.run(path))
        rows.append(_row(path.name, ecg_id, reading, records[ecg_id], clean[ecg_id], pipeline))
    figures = known_figures(rows)
    _print(rows, figures)
    write_result(
        out,
        kind="leads_photos",
        figures={"bundle": bundle_used(pipeline), "summary": figures, "rows": [asdict(row) for row in rows]},
    )
    return rows


def _row(
    image: str, ecg_id: int, reading: Reading, record: Any, clean: np.ndarray, pipeline: Any
) -> KnownPhoto:  # fmt: skip
    rule, names = pipeline.artefact.decision, pipeline.bundle.manifest.labels.names
    largest = flips = undecided = None
    if reading.probabilities is not None and reading.decisions is not None:
        reference = dict(zip(names, map(float, rule.probabilities(clean)), strict=True))
        decided = dict(zip(names, rule.decide(clean), strict=True))
        largest = round(max(abs(reading.probabilities[name] - reference[name]) for name in names), 5)
        flips = sum({reading.decisions[name], decided[name]} == {True, False} for name in names)
        undecided = sum(reading.decisions[name] is None and decided[name] is not None for name in names)
    return KnownPhoto(
        image=image,
        ecg_id=ecg_id,
        answered=reading.answered,
        reasons=reading.reasons,
        warnings=reading.warnings,
        layout=reading.layout,
        largest=largest,
        flips=flips,
        undecided=undecided,
        rate_bpm=reading.rate_bpm,
        signals=tuple(_signals(reading, record)),
        total_ms=reading.milliseconds.get("total"),
    )


def _signals(reading: Reading, record: Any) -> list[SignalMatch]:
    from vizecg.render import Layout

    if reading.leads is None or reading.layout != LAYOUT:
        return []
    boxes = Layout.named(LAYOUT)
    spec = boxes.sheet()
    return match_leads(reading.leads, record, tuple(boxes.boxes(spec, duration_s=record.duration_s)))


def known_figures(rows: list[KnownPhoto]) -> dict[str, Any]:
    """Totals; ``snr_db`` over all stretches of all photographs."""
    differences = [row.largest for row in rows if row.largest is not None]
    ratios = [match.snr_db for row in rows for match in row.signals]
    given = [match.given for row in rows for match in row.signals]
    return {
        "photographs": len(rows),
        "answered": sum(row.answered for row in rows),
        "median_largest_difference": round(float(np.median(differences)), 5) if differences else None,
        "flips": sum(row.flips or 0 for row in rows),
        "undecided": sum(row.undecided or 0 for row in rows),
        "stretches": len(ratios),
        "snr_db": {f"p{q}": round(float(np.percentile(ratios, q)), 2) for q in (10, 50)} if ratios else None,
        "given": round(float(np.mean(given)), 5) if given else None,
    }


def _print(rows: list[KnownPhoto], figures: dict[str, Any]) -> None:
    table = Table("image", "read as", "reasons, doubts", "largest |dp|", "flips", "undecided", "SNR dB", "rate", "ms")
    for row in rows:
        numbers = (row.snr_db, row.rate_bpm, row.total_ms)
        table.add_row(
            row.image, row.layout or "-", ", ".join([*row.reasons, *(f"({code})" for code in row.warnings)]),
            "-" if row.largest is None else f"{row.largest:.3f}",
            *("-" if count is None else str(count) for count in (row.flips, row.undecided)),
            *("-" if number is None else f"{number:.1f}" for number in numbers),
        )  # fmt: skip
    console = Console(width=140)
    console.print(table)
    console.print(figures)
