"""What the evidence does to decisions on clean sheets: how many become undecided, right and wrong ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from vizecg.spec.code6 import with_limits
from vizecg_edge.judge.evidence import contradictions
from vizecg_edge.leads.measure import measure
from vizecg_lab.measuring.pages import page_of
from vizecg_lab.measuring.rates import share
from vizecg_lab.used import bundle_used


def decision_figures(records: Sequence[Any], *, bundle: Path | None, seed: int) -> dict[str, Any]:
    """Of each label that has limits: decisions contradicted, and how many of these were right by the record's label."""
    from dataclasses import asdict

    from vizecg.render import PrintStyle, render_sheet
    from vizecg.spec.preprocess import preprocess
    from vizecg_edge.pipeline import Pipeline

    pipeline = Pipeline(bundle=bundle, threads=1)
    manifest, rule = pipeline.bundle.manifest, pipeline.artefact.decision
    labels = with_limits(manifest.labels)
    rng = np.random.default_rng(seed)
    limited = [label for label in labels.labels if label.limits is not None]
    counts = {label.name: {"decided": 0, "wrong": 0, "right_undecided": 0, "wrong_undecided": 0} for label in limited}
    sinus = 0
    examples: list[dict[str, Any]] = []
    for record in track(records, description="decisions"):
        sheet = render_sheet(record, spec=manifest.sheet, style=PrintStyle()).image
        image = preprocess(sheet, sheet_spec=manifest.sheet, spec=manifest.preprocess)
        logits = pipeline.backend.logits(image)
        decisions = dict(zip(labels.names, rule.decide(logits), strict=True))
        distances = dict(zip(labels.names, rule.distances(logits).tolist(), strict=True))
        found = measure(page_of(record, rng))
        sinus += bool(found.sinus)
        contradicted = {one.label: one for one in contradictions(found, decisions, labels, distances)}
        for label in limited:
            decision, own = decisions[label.name], counts[label.name]
            if decision is None:
                continue
            right = decision == bool(record.labels[labels.names.index(label.name)])
            own["decided"] += 1
            own["wrong"] += not right
            if label.name in contradicted:
                own["right_undecided" if right else "wrong_undecided"] += 1
                one = contradicted[label.name]
                examples.append({"record": record.record_id, "label": label.name, "decision": decision,
                                 "right": right, one.quantity: one.value})  # fmt: skip
    return {
        "bundle": bundle_used(pipeline),
        "records": len(records),
        "measured_as_sinus": sinus,
        "labels": {
            label.name: {
                "limits": asdict(label.limits) if label.limits else None,
                **counts[label.name],
                "undecided": share(
                    counts[label.name]["right_undecided"] + counts[label.name]["wrong_undecided"],
                    counts[label.name]["decided"],
                ),
            }
            for label in limited
        },
        "undecided": examples[:60],
    }
