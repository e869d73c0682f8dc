"""The model card that lies in every bundle."""

from __future__ import annotations

from typing import Any

from vizecg.spec import INTENDED_USE, LABELS, DecisionRule, Label
from vizecg.train.config import TrainConfig

CARD = "MODEL_CARD.md"


def model_card(
    *,
    name: str,
    artefact: str,
    config: TrainConfig,
    training_data: dict[str, Any] | None,
    parameters: int,
    rule: DecisionRule,
    accuracy: dict[str, Any],
    parity: dict[str, Any],
) -> str:
    """Markdown: what the model is, what it was measured on, what it must not be used for."""
    conditions = sorted({condition.value for condition in config.conditions})
    lines = [
        f"# {name}",
        "",
        INTENDED_USE,
        "",
        f"Image stream of VizECGNet (arXiv 2408.02888), {parameters / 1e6:.2f} M parameters, artefact `{artefact}`.",
        f"Reads a rectified 3x4 + rhythm strip sheet at 25 mm/s and 10 mm/mV, {config.preprocess['width']} x"
        f" {config.preprocess['height']} pixels. Trained {config.epochs} epochs at most, on sheets drawn under:"
        f" {', '.join(conditions)}.",
        "",
        "Trained on: " + _trained_on(training_data),
        "",
        "Answers: " + ", ".join(f"{label.value} ({label.description})" for label in Label) + ".",
        "",
    ]
    if accuracy:
        lines += [f"Data: {accuracy['data']}; {accuracy['kind']}.", ""]
        for condition in (key for key in accuracy if key not in ("data", "kind")):
            lines += [f"## {condition}", "", *_table(accuracy[condition]), ""]
    else:
        lines += ["Not evaluated: scores are uncalibrated and thresholds are 0.5.", ""]
    golden = parity["golden"]
    lines += [
        f"Parity with the float network on {golden['n']} synthetic sheets: largest logit difference"
        f" {golden['max_abs']:.3g}, cosine {golden['cosine']:.5f}.",
        "",
        f"Undecided margin: {rule.margin:.3g} in logits.",
        "",
        "Limits: adults' resting ECGs of one German data set; not for paediatric, paced or ambulatory recordings;"
        " other layouts, speeds and gains are not read.",
        "",
    ]
    return "\n".join(lines)


def _trained_on(data: dict[str, Any] | None) -> str:
    if data is None:
        return "not told by the checkpoint."
    return (
        f"{data['source']}, {data['records']} records, {data['left_out']} left out"
        f" (sha256 of the list of ids {data['records_sha256'][:16]})."
    )


def _table(figures: dict[str, Any]) -> list[str]:
    artefact, floating = figures["artefact"], figures["float"]
    rows = ["| class | positives | AUROC | float AUROC | AUPRC | F1 | threshold |", "|---|---|---|---|---|---|---|"]
    for label in LABELS:
        c = artefact["classes"][label]
        rows.append(
            f"| {label} | {artefact['positives'][label]} | {_cell(c['auroc'])} |"
            f" {_cell(floating['classes'][label]['auroc'])} | {_cell(c['auprc'])} | {_cell(c['f1'])} |"
            f" {artefact['thresholds'][label]:.3f} |"
        )
    macro = artefact["macro"]
    rows.append(
        f"| macro | n = {artefact['n']} | {_cell(macro['auroc'])} | {_cell(floating['macro']['auroc'])} |"
        f" {_cell(macro['auprc'])} | {_cell(macro['f1'])} | |"
    )
    return rows


def _cell(interval: dict[str, float | None]) -> str:
    if interval["value"] is None:
        return "-"
    return f"{interval['value']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"
