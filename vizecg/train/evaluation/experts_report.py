"""Annotators, and perhaps a network beside them, as a report: Markdown and a diagram."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vizecg.spec import UsageError
from vizecg.spec.files import write_atomically
from vizecg.train.evaluation.experts import (
    PAIRS_SAY,
    class_head,
    class_rows,
    notes,
    pair_head,
    pair_rows,
    reader_head,
    reader_rows,
    starred,
)
from vizecg.train.evaluation.plots import draw_readers
from vizecg.train.evaluation.tables import markdown_table


def experts_markdown(figures: Mapping[str, Any], *, picture: str) -> list[str]:
    """Paragraphs of a report; ``picture`` is what ``draw_experts`` drew, beside it."""
    return [
        "F1 by class against the gold standard, and macro figures. Brackets: 95 % bootstrap intervals over tracings.",
        markdown_table(reader_head(figures), reader_rows(figures)),
        markdown_table(class_head(figures), class_rows(figures)),
        f"![F1 of every reader by class]({picture})",
        f"Differences of macro F1, paired. {PAIRS_SAY}; then Cohen's kappa of the two.",
        markdown_table(pair_head(figures), pair_rows(figures, kappa=True)),
        "\n".join(f"- {line}" for line in notes(figures)),
    ]


def draw_experts(path: Path, figures: Mapping[str, Any]) -> None:
    """F1 of every reader by class, into a PNG."""
    classes = tuple(figures["positives"])
    draw_readers(
        path,
        {
            starred(figures, name): [*(of["classes"][label]["f1"] for label in classes), of["macro"]["f1"]]
            for name, of in figures["readers"].items()
        },
        classes=(*(f"{label}, {figures['positives'][label]} of {figures['n']}" for label in classes), "macro"),
        title="F1 against CODE-test's gold standard; * not independent of it",
    )


def write_experts_report(folder: Path, figures: Mapping[str, Any]) -> Path:
    """``report.md``, ``figures.json`` and ``experts.png`` of the annotators alone; the path of the first.

    Raises:
        UsageError: ``folder`` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--report {folder} is a file, expected a folder")
    folder.mkdir(parents=True, exist_ok=True)
    draw_experts(folder / "experts.png", figures)
    write_atomically(folder / "figures.json", json.dumps(figures, indent=1, allow_nan=False) + "\n")
    parts = ["# CODE-test's annotators", *experts_markdown(figures, picture="experts.png")]
    write_atomically(folder / "report.md", "\n\n".join(parts) + "\n")
    return folder / "report.md"
