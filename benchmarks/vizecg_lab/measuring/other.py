"""Rhythms that are none of the six: how many of the network's wrong decisions their signs stop, and what they cost."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from vizecg.spec import InputRefusedError, UsageError
from vizecg.spec.results import write_result
from vizecg_edge.judge.undecided import of_other_rhythm
from vizecg_edge.leads.measure import measure
from vizecg_lab.measuring.drawn_rhythms import faster, paced
from vizecg_lab.measuring.pages import page_of
from vizecg_lab.measuring.rates import share
from vizecg_lab.used import bundle_used

SEED = 21
FINDINGS = {
    "PR": "paced", "AFL": "atrial flutter", "SVT": "supraventricular tachycardia", "PSVT": "the same, in attacks",
    "VBig": "bigeminy", "VTrig": "trigeminy", "CHB": "complete AV block", "IIAVB": "second-degree AV block",
    "WPW": "pre-excitation",
}  # fmt: skip
"""Findings of the PhysioNet Challenge's that are none of the six, and change what the six are read from."""
DRAWN: dict[str, Callable[[Any, np.random.Generator], Any | None]] = {"paced": paced, "fast": faster}


class Judge:
    """Decisions of a bundle on a record's clean sheet, and what its rhythm, as read of a page, makes undecided."""

    def __init__(self, bundle: Path | None) -> None:
        from vizecg_edge.pipeline import Pipeline

        self.pipeline = Pipeline(bundle=bundle, threads=1)
        self.labels = self.pipeline.bundle.manifest.labels

    def judged(self, record: Any, rng: np.random.Generator) -> dict[str, Any]:
        """``signs``; and of the decisions the names: ``wrong`` by the record's labels, ``right``, and ``stopped``."""
        from vizecg.render import PrintStyle, render_sheet
        from vizecg.spec.preprocess import preprocess

        manifest = self.pipeline.bundle.manifest
        sheet = render_sheet(record, spec=manifest.sheet, style=PrintStyle()).image
        image = preprocess(sheet, sheet_spec=manifest.sheet, spec=manifest.preprocess)
        decided = self.pipeline.artefact.decision.decide(self.pipeline.backend.logits(image))
        measured = measure(page_of(record, rng))
        known = [
            (name, decision == bool(true))
            for name, decision, true in zip(self.labels.names, decided, record.labels, strict=True)
            if decision is not None
        ]
        return {
            "signs": [other.sign.value for other in measured.other],
            "wrong": {name for name, right in known if not right},
            "right": {name for name, right in known if right},
            "stopped": set(of_other_rhythm(self.labels, measured)),
        }


def measure_rhythms(
    *, root: Path, findings: Path, folds: Sequence[int], ordinary: int, bundle: Path | None, out: Path | None
) -> dict[str, Any]:
    """Judge the records of some folds that have such a finding, ``ordinary`` ones, and drawn rhythms; print and save.

    Args:
        root: PTB-XL.
        findings: CSV with ``ecg_id`` and ``cinc_diagnoses``, names with semicolons between.
        folds: those that the bundle was not trained on show what it does.
        ordinary: records without these findings; the first of them are drawn paced, and faster.
        bundle: None takes the shipped one.

    Raises:
        UsageError: the table is another, or no record has a finding.
    """
    from vizecg.records.ptbxl import Ptbxl

    codes = _codes(findings)
    entries = Ptbxl(root=root).select(folds=folds)
    found = [entry for entry in entries if codes.get(entry.ecg_id, set()) & set(FINDINGS)]
    if not found:
        raise UsageError(f"no record of fold {', '.join(map(str, folds))} has one of {', '.join(FINDINGS)}")
    others = [entry for entry in entries if entry.ecg_id in codes and not codes[entry.ecg_id] & set(FINDINGS)]
    some = random.Random(SEED).sample(others, min(ordinary, len(others)))
    judge, rng = Judge(bundle), np.random.default_rng(SEED)
    by_finding: dict[str, list[dict[str, Any]]] = {name: [] for name in FINDINGS}
    every = []
    for entry in track(found, description="findings"):
        if (record := _read(root, entry)) is None:
            continue
        every.append(judge.judged(record, rng))
        for name in codes[entry.ecg_id] & set(FINDINGS):
            by_finding[name].append(every[-1])
    usual = [record for entry in track(some, description="records") if (record := _read(root, entry)) is not None]
    figures: dict[str, Any] = {
        "bundle": bundle_used(judge.pipeline),
        "data": f"PTB-XL fold {', '.join(map(str, folds))}: clean sheets, and leads as read of a 3x4 sheet",
        "other": _figures(every),
        "by_finding": {f"{name} ({FINDINGS[name]})": _figures(rows) for name, rows in by_finding.items() if rows},
        "ordinary": _figures([judge.judged(record, rng) for record in usual]),
        "drawn": {
            name: _drawn(
                judge, [one for record in usual[: ordinary // 4] if (one := draw(record, rng)) is not None], rng
            )
            for name, draw in DRAWN.items()
        },
    }
    write_result(out, kind="rhythms", figures=figures)
    for name in ("other", "ordinary", "drawn"):
        print(name, figures[name])
    return figures


def _codes(table: Path) -> dict[int, set[str]]:
    if not table.is_file():
        raise UsageError(f"{table} does not exist: expected a table of findings")
    with table.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        if not {"ecg_id", "cinc_diagnoses"} <= set(rows.fieldnames or ()):
            raise UsageError(f"{table}: expected the columns ecg_id and cinc_diagnoses")
        return {int(row["ecg_id"]): set(row["cinc_diagnoses"].split(";")) for row in rows}


def _read(root: Path, entry: Any) -> Any | None:
    from vizecg.records.ptbxl import read_entry

    try:
        return read_entry(entry, root=root)
    except InputRefusedError:
        return None


def _figures(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Of judged records: how many are warned of, and what becomes of the decisions."""
    rows = list(rows)
    wrong, right = ([(row, name) for row in rows for name in row[what]] for what in ("wrong", "right"))
    signs = sorted({sign for row in rows for sign in row["signs"]})
    return {
        "warned": share(sum(bool(row["signs"]) for row in rows), len(rows)),
        "signs": {sign: sum(sign in row["signs"] for row in rows) for sign in signs},
        "records_with_a_wrong_decision": sum(bool(row["wrong"]) for row in rows),
        "of_these_left_without_a_warning": sum(bool(row["wrong"]) and not row["signs"] for row in rows),
        "wrong_decisions_stopped": share(sum(name in row["stopped"] for row, name in wrong), len(wrong)),
        "right_decisions_stopped": share(sum(name in row["stopped"] for row, name in right), len(right)),
    }


def _drawn(judge: Judge, records: Sequence[Any], rng: np.random.Generator) -> dict[str, Any]:
    """Of records whose rhythm was changed, by whose labels nothing is right or wrong any more."""
    rows = [judge.judged(record, rng) for record in records]
    return {"warned": share(sum(bool(row["signs"]) for row in rows), len(rows))}
