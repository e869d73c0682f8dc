"""The same record in ten layouts: does the answer depend on how the page is laid out?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from vizecg.scoring.metrics import Bootstrap, bootstrap_figures, decide, positives
from vizecg.spec.results import write_result
from vizecg_lab.leads.intervals import exact
from vizecg_lab.leads.log import DoneLog
from vizecg_lab.leads.reading import reading_of
from vizecg_lab.leads.strata import choose
from vizecg_lab.used import bundle_used

if TYPE_CHECKING:
    from vizecg.records import EcgRecord
    from vizecg.render import Layout
    from vizecg_edge.pipeline import Pipeline

REFERENCE = "3x4+R"
NAMES = (REFERENCE, "3x4+3R", "6x2+R", "12x1", "4x3+R", "3x4+R cabrera", "6x2+R cabrera", "3x4", "6x2", "4x3")
"""The last three hold no lead for 10 s."""
PX_PER_MM = 6.0
MACRO = ("auroc", "auprc", "f1")
BOOTSTRAPS = 1000


def measure_layouts(
    *, root: Path, fold: int, count: int, bundle: Path | None, log: Path | None, out: Path | None
) -> dict[str, Any]:
    """Print ``count`` records in every layout, straight from the printer, and read all; print and save the figures.

    Records with a label are chosen more often than they occur (see ``strata``): accuracies are weighted back to the
    fold, shares of records and of decisions are not.

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
    chosen = choose(dataset.select(folds=[fold]), count, fold=fold)
    pipeline = Pipeline(bundle=bundle)
    done = DoneLog(log, about={"bundle": pipeline.bundle_id.sha256, "fold": fold, "layouts": list(NAMES)})
    for entry in track(chosen.entries, description="reading"):
        if entry.record_id not in done.done:
            done.add(entry.record_id, answers=_answers(pipeline, dataset.read(entry)))
    answers = [done.done[entry.record_id]["answers"] for entry in chosen.entries]
    labels = np.stack([entry.labels for entry in chosen.entries])
    rule, names = pipeline.artefact.decision, pipeline.bundle.manifest.labels.names
    figures = layout_figures(answers, labels, chosen.weights, names=names, thresholds=rule.threshold)
    write_result(
        out,
        kind="leads_layouts",
        figures={
            "bundle": bundle_used(pipeline), "data": f"PTB-XL fold {fold}", "records": len(answers),
            "positives": positives(labels, names=names), "stands_for": round(float(chosen.weights.sum())), **figures,
        },
    )  # fmt: skip
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


def layout_figures(
    answers: Sequence[dict[str, Any]],
    labels: np.ndarray,
    weights: np.ndarray,
    *,
    names: Sequence[str],
    thresholds: tuple[float, ...],
) -> dict[str, Any]:
    """Of each layout: answered share, distance from the same record's 3x4 page, accuracies with 95 % intervals.

    ``macro``: of the records that are answered; ``macro_minus_reference``: paired, of those that are answered on the
    reference's page, too.

    Args:
        answers: of each record by layout.
        labels: (n, classes) of 0 and 1.
        weights: (n,) how many records each stands for in the accuracies.
        names, thresholds: of the classes.
    """

    def accuracy(name: str, kept: list[int]) -> Bootstrap:
        scores = np.array([answers[k][name]["probabilities"] for k in kept])
        return bootstrap_figures(
            scores, labels[kept], decisions=decide(scores, thresholds), bootstraps=BOOTSTRAPS, names=names,
            counts=weights[kept],
        )  # fmt: skip

    def figures(name: str) -> dict[str, Any]:
        answered = [k for k, one in enumerate(answers) if one[name]["probabilities"] is not None]
        both = [k for k in answered if answers[k][REFERENCE]["probabilities"] is not None]
        told = _compared([(answers[k][name], answers[k][REFERENCE]) for k in both])
        own = accuracy(name, answered) if answered else None
        apart = accuracy(name, both).minus(accuracy(REFERENCE, both)) if both else {}
        return {
            "named_right": exact(sum(one[name]["layout"] == name.partition(" ")[0] for one in answers), len(answers)),
            "answered": exact(len(answered), len(answers)),
            "refused_for": dict(Counter(reason for one in answers for reason in one[name]["reasons"])),
            **told,
            "macro": None if own is None else {key: own.interval(f"macro/{key}") for key in MACRO},
            "macro_minus_reference": {key: apart[f"macro/{key}"] for key in MACRO} if both else None,
        }

    return {"layouts": {name: figures(name) for name in NAMES}}


def _compared(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
    """Answers to a page, each beside that to the reference's page."""
    apart = [_largest(one, other) for one, other in pairs]
    decided = [both for one, other in pairs for both in zip(one["decisions"], other["decisions"], strict=True)]
    return {
        "median_largest_difference": round(float(np.median(apart)), 5) if apart else None,
        "p90_largest_difference": round(float(np.percentile(apart, 90)), 5) if apart else None,
        "decisions_changed": exact(sum({one, other} == {True, False} for one, other in decided), len(decided)),
        "undecided": exact(sum(one is None and other is not None for one, other in decided), len(decided)),
    }


def _largest(one: dict[str, Any], other: dict[str, Any]) -> float:
    return max(abs(a - b) for a, b in zip(one["probabilities"], other["probabilities"], strict=True))


def _print(figures: dict[str, Any]) -> None:
    table = Table("layout", "named right", "answered", "largest |dp|", "changed", "undecided", "AUROC", "AUPRC", "F1")
    for name, own in figures["layouts"].items():
        macro = own["macro"] or {}
        table.add_row(
            name, *(_share(own[key]) for key in ("named_right", "answered")),
            "-" if own["median_largest_difference"] is None else f"{own['median_largest_difference']:.4f}",
            *(_share(own[key]) for key in ("decisions_changed", "undecided")),
            *(_interval(macro.get(key)) for key in MACRO),
        )  # fmt: skip
    Console(width=170).print(table)


def _share(share: dict[str, Any]) -> str:
    return "-" if share["share"] is None else f"{share['share']:.1%}"


def _interval(value: dict[str, Any] | None) -> str:
    if value is None or value["value"] is None:
        return "-"
    return f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f})"
