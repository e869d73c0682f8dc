"""The same record in ten layouts: does the answer depend on how the page is laid out?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from vizecg.spec.results import write_result
from vizecg_lab.leads.drawn import shuffled
from vizecg_lab.leads.intervals import exact
from vizecg_lab.leads.log import DoneLog
from vizecg_lab.leads.reading import reading_of

if TYPE_CHECKING:
    from vizecg.records import EcgRecord
    from vizecg.render import Layout
    from vizecg_edge.pipeline import Pipeline

REFERENCE = "3x4+R"
NAMES = (REFERENCE, "3x4+3R", "6x2+R", "12x1", "4x3+R", "3x4+R cabrera", "6x2+R cabrera", "3x4", "6x2", "4x3")
"""The last three hold no lead for 10 s."""
PX_PER_MM = 6.0


def measure_layouts(
    *, root: Path, fold: int, count: int, bundle: Path | None, log: Path | None, out: Path | None
) -> dict[str, Any]:
    """Print ``count`` records in every layout, straight from the printer, and read all; print and save the figures.

    Args:
        root: folder of PTB-XL.
        fold: of the records.
        count: records.
        bundle: None takes the shipped one.
        log: file of what is done; run again with it, the rest is done.
        out: result file.

    Raises:
        UsageError: the fold has no records, or the log is of another measurement.
    """
    from vizecg.records.ptbxl import Ptbxl
    from vizecg_edge.pipeline import Pipeline

    dataset = Ptbxl(root=root)
    entries = shuffled(dataset.select(folds=[fold]), fold)[:count]
    pipeline = Pipeline(bundle=bundle)
    done = DoneLog(log, about={"bundle": pipeline.bundle_id.sha256, "fold": fold, "layouts": list(NAMES)})
    for entry in track(entries, description="reading"):
        if entry.record_id not in done.done:
            done.add(entry.record_id, answers=_answers(pipeline, dataset.read(entry)))
    answers = [done.done[entry.record_id]["answers"] for entry in entries]
    labels = np.stack([entry.labels for entry in entries])
    figures = layout_figures(answers, labels, pipeline)
    write_result(
        out,
        kind="leads_layouts",
        figures={"bundle": asdict(pipeline.bundle_id), "data": f"PTB-XL fold {fold}", "records": count, **figures},
    )
    _print(figures)
    return figures


def drawn_layouts() -> dict[str, Layout]:
    """What ``NAMES`` names."""
    from vizecg.render import Layout, LeadOrder

    found = {}
    for name in NAMES:
        layout, _, order = name.partition(" ")
        found[name] = Layout.named(layout, order=LeadOrder(order or "standard"))
    return found


def _answers(pipeline: Pipeline, record: EcgRecord) -> dict[str, Any]:
    """Layout -> probabilities, decisions and rate; nulls where it was refused."""
    from vizecg.render import render_sheet

    answers = {}
    for name, layout in drawn_layouts().items():
        page = layout.fitting(record.duration_s)
        printed = render_sheet(record, spec=page.sheet(px_per_mm=PX_PER_MM), layout=page)
        reading = reading_of(pipeline.run_image(printed.image, name=name))
        answers[name] = {
            "reasons": reading.reasons,
            "layout": reading.layout,
            "probabilities": None if reading.probabilities is None else list(reading.probabilities.values()),
            "decisions": None if reading.decisions is None else list(reading.decisions.values()),
            "rate": reading.rate_bpm,
        }
    return answers


def layout_figures(answers: list[dict[str, Any]], labels: np.ndarray, pipeline: Pipeline) -> dict[str, Any]:
    """Of each layout: answered share, distance from the same record's 3x4 page, AUROC and AUPRC with intervals."""
    names = pipeline.bundle.manifest.labels.names
    return {"layouts": {name: _figures(answers, name, labels, names, pipeline) for name in NAMES}}


def _figures(
    answers: list[dict[str, Any]], name: str, labels: np.ndarray, names: tuple[str, ...], pipeline: Pipeline
) -> dict[str, Any]:
    from vizecg.scoring.metrics import evaluate_scores

    answered = [k for k, one in enumerate(answers) if one[name]["probabilities"] is not None]
    both = [k for k in answered if answers[k][REFERENCE]["probabilities"] is not None]
    scores = np.array([answers[k][name]["probabilities"] for k in answered])
    apart = [_largest(answers[k][name], answers[k][REFERENCE]) for k in both]
    pairs = [
        pair
        for k in both
        for pair in zip(answers[k][name]["decisions"], answers[k][REFERENCE]["decisions"], strict=True)
    ]
    accuracy = None
    if answered:
        every = evaluate_scores(scores, labels[answered], names=names, thresholds=pipeline.artefact.decision.threshold)
        accuracy = {key: every["macro"][key] for key in ("auroc", "auprc", "f1")}
    return {
        "named_right": exact(sum(one[name]["layout"] == name.partition(" ")[0] for one in answers), len(answers)),
        "answered": exact(len(answered), len(answers)),
        "median_largest_difference": round(float(np.median(apart)), 5) if apart else None,
        "decisions_changed": exact(sum({one, other} == {True, False} for one, other in pairs), len(pairs)),
        "undecided": exact(sum(one is None and other is not None for one, other in pairs), len(pairs)),
        "macro": accuracy,
    }


def _largest(one: dict[str, Any], other: dict[str, Any]) -> float:
    return max(abs(a - b) for a, b in zip(one["probabilities"], other["probabilities"], strict=True))


def _print(figures: dict[str, Any]) -> None:
    table = Table("layout", "named right", "answered", "largest |dp|", "changed", "undecided", "AUROC", "AUPRC")
    for name, own in figures["layouts"].items():
        macro = own["macro"] or {}
        table.add_row(
            name, *(_share(own[key]) for key in ("named_right", "answered")),
            "-" if own["median_largest_difference"] is None else f"{own['median_largest_difference']:.4f}",
            *(_share(own[key]) for key in ("decisions_changed", "undecided")),
            *(_interval(macro.get(key)) for key in ("auroc", "auprc")),
        )  # fmt: skip
    Console(width=130).print(table)


def _share(share: dict[str, Any]) -> str:
    return "-" if share["share"] is None else f"{share['share']:.1%}"


def _interval(value: dict[str, Any] | None) -> str:
    if value is None or value["value"] is None:
        return "-"
    return f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f})"
