"""Drawn pages of a covering design, read: which are read rightly, refused, or wrong, and how good are the signals?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from rich.progress import track

from vizecg.spec import UsageError
from vizecg.spec.results import write_result
from vizecg_lab.leads.design import Row, design
from vizecg_lab.leads.drawn_figures import drawn_figures, print_drawn
from vizecg_lab.leads.log import DoneLog
from vizecg_lab.leads.pages import FACTORS, SEED, draw_page
from vizecg_lab.leads.rates import reference_rate
from vizecg_lab.leads.reading import reading_of
from vizecg_lab.leads.score import Outcome, score
from vizecg_lab.leads.signals import match_leads
from vizecg_lab.used import bundle_used

if TYPE_CHECKING:
    from vizecg.records import EcgRecord
    from vizecg_edge.pipeline import Pipeline

Entry = TypeVar("Entry")


def measure_drawn(
    *, root: Path, fold: int, count: int, bundle: Path | None, log: Path | None, save: Path | None, out: Path | None
) -> dict[str, Any]:
    """Draw ``count`` pages, one record after the other, and read them; print and save the figures.

    Args:
        root: folder of PTB-XL.
        fold: its records are printed in a drawn order, again where there are fewer than pages.
        count: pages; every pair of values of two factors occurs in the first hundred or so, and anew in each further.
        bundle: None takes the shipped one.
        log: file of what is done; run again with it, the rest is done.
        save: folder for the pictures that were read wrongly without a word.
        out: result file.

    Raises:
        UsageError: the fold has no records, or the log is of another measurement.
    """
    from vizecg.records.ptbxl import Ptbxl
    from vizecg_edge.pipeline import Pipeline

    dataset = Ptbxl(root=root)
    entries = shuffled(dataset.select(folds=[fold]), fold)
    pipeline = Pipeline(bundle=bundle)
    done = DoneLog(
        log, about={"bundle": pipeline.bundle_id.sha256, "fold": fold, "seed": SEED, "factors": len(FACTORS)}
    )
    if save is not None:
        save.mkdir(parents=True, exist_ok=True)
    rows = design(FACTORS, count=count, seed=SEED)
    for number, row in enumerate(track(rows, description="reading")):
        if str(number) not in done.done:
            record = dataset.read(entries[number % len(entries)])
            done.add(str(number), **_read(pipeline, row, record, number=number, save=save))
    read = [done.done[str(number)] for number in range(count)]
    figures = drawn_figures(read)
    write_result(
        out,
        kind="leads_drawn",
        figures={
            "bundle": bundle_used(pipeline), "data": f"PTB-XL fold {fold}", "seed": SEED, "factors": FACTORS,
            **figures,
        },
    )  # fmt: skip
    print_drawn(figures)
    return figures


def shuffled(entries: Sequence[Entry], fold: int) -> list[Entry]:
    """The records of a fold in an order that does not depend on how many are asked for.

    Raises:
        UsageError: there is none.
    """
    if not entries:
        raise UsageError(f"fold {fold} has no records")
    return [entries[k] for k in np.random.default_rng([SEED, fold]).permutation(len(entries))]


def _read(pipeline: Pipeline, row: Row, record: EcgRecord, *, number: int, save: Path | None) -> dict[str, Any]:
    from vizecg_edge.overlay import save_image

    drawn = draw_page(row, record, number=number)
    result = pipeline.run_image(drawn.image, name=f"page {number}")
    reading = reading_of(result)
    scored = score(reading, drawn.page)
    if save is not None and scored.outcome is Outcome.SILENT:
        save_image(save / f"page_{number}.png", drawn.image)
    signals = match_leads(reading.leads, record, drawn.boxes) if reading.placed and reading.leads is not None else []
    measured = None if result.read is None else result.read.measured
    return {
        "row": row,
        "record": record.record_id,
        "outcome": scored.outcome.value,
        "layout": scored.layout,
        "layout_right": scored.layout_right,
        "places_right": scored.places_right,
        "timing_right": scored.timing_right,
        "unnamed": scored.unnamed,
        "edge_mm": scored.edge_mm,
        "faults": scored.faults,
        "reasons": scored.reasons,
        "warnings": scored.warnings,
        "scale_error": scored.scale_error,
        "scale_open": scored.scale_open,
        "scale": [reading.speed_mm_s, reading.gain_mm_mv, reading.chest_gain_mm_mv],
        "sources": [reading.speed_source, reading.gain_source],
        "signals": [asdict(match) for match in signals],
        "rate": reading.rate_bpm,
        "reference_rate": None if reading.rate_bpm is None else reference_rate(record),
        "intervals_ms": {name: getattr(getattr(measured, name, None), "ms", None) for name in ("pr", "qrs", "qt")},
        "milliseconds": reading.milliseconds,
    }
