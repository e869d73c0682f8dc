"""The model card that lies in every bundle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vizecg.spec import INTENDED_USE, RuleSource
from vizecg.spec.labels import Label
from vizecg.spec.manifest import Artefact
from vizecg.train.checkpoint import Checkpoint
from vizecg_export.targets import CONDITIONS

CARD = "MODEL_CARD.md"


def model_card(*, name: str, artefacts: Sequence[Artefact], checkpoint: Checkpoint, parameters: int) -> str:
    """Markdown: what the model is, what it was measured on, what it must not be used for."""
    config = checkpoint.config
    trained = f"{config.epochs} epochs at most" if config.steps is None else f"{config.steps} steps"
    conditions = sorted({condition.value for condition in config.conditions})
    lines = [
        f"# {name}",
        "",
        INTENDED_USE,
        "",
        f"Image stream of VizECGNet (arXiv 2408.02888), {parameters / 1e6:.2f} M parameters. Reads a rectified 3x4 +"
        f" rhythm strip sheet at 25 mm/s and 10 mm/mV, {config.preprocess['width']} x {config.preprocess['height']}"
        f" pixels. Trained {trained}, on sheets drawn under: {', '.join(conditions)}.",
        "",
        "Trained on: " + _trained_on(checkpoint.training_data),
        "",
        "Answers: " + ", ".join(_label(label) for label in config.label_set().labels) + ".",
        "",
        "Limits: adults' resting ECGs of one German data set; not for paediatric, paced or ambulatory recordings;"
        " trained on 3x4 sheets with strip II at 25 mm/s and 10 mm/mV, onto which pages of other layouts are laid.",
        "",
    ]
    for artefact in artefacts:
        lines += _artefact(artefact)
    return "\n".join(lines)


def _label(label: Label) -> str:
    return f"{label.name} ({label.english})" if label.english else label.name


def _artefact(artefact: Artefact) -> list[str]:
    golden = artefact.parity["golden"]
    lines = [
        f"## {artefact.name}",
        "",
        f"`{artefact.file}`, measured in {artefact.runtime}. Against the float network on {golden['n']} synthetic"
        f" sheets: largest logit difference {golden['max_abs']:.3g}, SQNR {golden['sqnr_db']:.1f} dB, cosine"
        f" {golden['cosine']:.5f}. Undecided margin: {artefact.decision.margin:.3g} in logits.",
        "",
    ]
    lines += [f"Tried before: {step['tried']} ({step['scope']}): {step['why']}\n" for step in artefact.fallbacks]
    if artefact.rule_source is RuleSource.NONE:
        return [*lines, "Not evaluated. **Uncalibrated**: thresholds are 0.5, and every answer says so.", ""]
    if artefact.rule_source is RuleSource.NETWORK:
        stored = artefact.parity["stored"]
        return [
            *lines,
            "Not evaluated by itself: calibration and thresholds are those that the checkpoint carries. Of the"
            f" {stored['decisions']} decisions stored with them, none is turned over, and {stored['decided_by_both']}"
            " are decided as by the float network.",
            "",
        ]
    lines += [f"Data: {artefact.accuracy['data']}; {artefact.accuracy['kind']}.", ""]
    for condition in CONDITIONS:
        lines += [f"### {condition.value}", "", *_table(artefact.accuracy[condition.value]), ""]
    return lines


def _trained_on(data: dict[str, Any] | None) -> str:
    if data is None:
        return "not told by the checkpoint."
    return (
        f"{data['source']}, {data['records']} records, {data['left_out']} left out"
        f" (sha256 of the list of ids {data['records_sha256'][:16]})."
    )


def _table(figures: dict[str, Any]) -> list[str]:
    own, floating = figures["artefact"], figures["float"]
    rows = [
        "| class | positives | AUROC | float AUROC | AUPRC | F1 | recall lost | threshold |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for label, c in own["classes"].items():
        rows.append(
            f"| {label} | {own['positives'][label]} | {_cell(c['auroc'])} |"
            f" {_cell(floating['classes'][label]['auroc'])} | {_cell(c['auprc'])} | {_cell(c['f1'])} |"
            f" {_cell(figures['recall_drop'][label])} | {own['thresholds'][label]:.3f} |"
        )
    macro = own["macro"]
    rows.append(
        f"| macro | n = {own['n']} | {_cell(macro['auroc'])} | {_cell(floating['macro']['auroc'])} |"
        f" {_cell(macro['auprc'])} | {_cell(macro['f1'])} | | |"
    )
    return rows


def _cell(interval: dict[str, float | None]) -> str:
    if interval["value"] is None:
        return "-"
    return f"{interval['value']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"
