"""Pictures of other origin, whose truth was read off them by eye: what is read rightly, refused, or wrong?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from vizecg.spec.results import write_result
from vizecg_lab.leads.contact import ContactSheets
from vizecg_lab.leads.intervals import exact
from vizecg_lab.leads.reading import reading_of
from vizecg_lab.leads.score import Outcome, Scored, score, totals
from vizecg_lab.leads.truth import pictures_of
from vizecg_lab.used import bundle_used


def measure_wild(*, folder: Path, bundle: Path | None, save: Path | None, out: Path | None) -> list[Scored]:
    """Read every picture that a table tells of and hold it against its truth; print and save one line each, and totals.

    Args:
        folder: of the pictures; that table is taken which names them.
        bundle: None takes the shipped one.
        save: folder for contact sheets with the leads drawn on the pictures.
        out: result file.

    Raises:
        UsageError: none of the pictures is there.
    """
    from vizecg_edge.pipeline import Pipeline

    pictures = pictures_of(folder)
    pipeline = Pipeline(bundle=bundle)
    sheets = None if save is None else ContactSheets(save)
    every = []
    for path, page in track(pictures, description="reading"):
        result = pipeline.run(path)
        reading = reading_of(result)
        scored = score(reading, page)
        every.append(scored)
        if sheets is not None:
            source = result.answer.input
            whole = None if source.width is None or source.height is None else (source.width, source.height)
            sheets.add(result.photo, whole, reading, scored)
    if sheets is not None:
        sheets.close()
    figures = summary(every)
    rows = [asdict(one) for one in every]
    write_result(
        out,
        kind="leads_wild",
        figures={"bundle": bundle_used(pipeline), "summary": figures, "rows": rows},
    )
    _print(every, figures)
    return every


def summary(every: list[Scored]) -> dict[str, Any]:
    """The totals, and the upper limit of what is wrong without a word."""
    silent = sum(one.outcome is Outcome.SILENT for one in every)
    return {**totals(every), "wrong_without_a_word": exact(silent, len(every))}


def _print(every: list[Scored], figures: dict[str, Any]) -> None:
    table = Table("picture", "layout", "read as", "outcome", "scale %", "rate", "why")
    for one in every:
        scale = "-" if one.scale_error is None else " ".join(f"{100 * error:+.1f}" for error in one.scale_error)
        rate = "-" if one.rate_error is None else f"{one.rate_error:+.1f}{'' if one.rate_right else ' !'}"
        faults = [f"{fault}: {told}" for fault, told in one.faults.items()]
        named = None if one.reason_right is None else "rightly" if one.reason_right else "names another layout"
        why = ", ".join([*one.reasons, *([named] if named else []), *faults, *(f"({code})" for code in one.warnings)])
        table.add_row(one.image, one.truth, one.layout or "-", one.outcome.value, scale, rate, why)
    console = Console(width=150)
    console.print(table)
    console.print(figures)
